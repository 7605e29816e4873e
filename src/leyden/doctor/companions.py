"""What is wrong between items: guards and their owners, large values and their parts.

A page of a scan is checked by reading what belongs to its items, a hundred keys at a time, so
memory does not grow with the table. Somebody may write meanwhile. What looks wrong is therefore
looked at again, with all that it depends on in one transaction, and only told if it is still so.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from leyden._attrs import frozen
from leyden.doctor.findings import Problem
from leyden.doctor.items import Seen
from leyden.errors import AwsError, DecodeError
from leyden.operations.bound import BoundEntity, ItemId, item_id
from leyden.operations.companions.overflow.format import (
    PART_FIELD,
    PART_PREFIX,
    Entry,
    part_keys,
    placed,
    read_manifest,
)
from leyden.operations.companions.unique import OWNER_FIELD, Claim, claims_of, is_guard
from leyden.operations.options import DEFAULT
from leyden.operations.run.sending import chunks, get_items
from leyden.operations.run.verdicts import cancellation, send_transaction
from leyden.program import Item, Program, Request

OPERATION: Final = "doctor"

_READ: Final = 100
"""How many keys are read at a time."""

_PARTS: Final = 20
"""How many parts are read at a time: 7 MB."""

_REMEMBERED: Final = 1000
"""How many values in parts are remembered until their items come by."""


_KEY_BYTES: Final = (2048, 1024)
"""How many bytes a partition key and a sort key may have."""


@frozen
class Wrong:
    """A problem of the item with this key."""

    problem: Problem
    key: Item


class PassingParts:
    """The values in parts that came by: a scan gives parts shortly before their items.

    Both are in one partition, in which parts are sorted first. So most values are checked while
    they are read anyway.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def pass_by(self, part: Item, sort_field: str) -> None:
        """Take note of a part."""
        sort_key = part[sort_field].get("S", "")
        generation, _, number = sort_key.removeprefix(PART_PREFIX).rpartition("#")
        count, checksum = self._seen.pop(generation, (0, 0))
        content = part.get(PART_FIELD, {}).get("B")
        if number.isdecimal() and int(number) == count and content is not None:
            self._seen[generation] = (count + 1, zlib.crc32(bytes(content), checksum))
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    def had(self, entry: Entry) -> bool:
        """Whether all parts of a value came by, and are what they should be."""
        return self._seen.pop(entry.generation, None) == (entry.parts, entry.checksum)


class Companions:
    """Checks the items of one table with what belongs to them."""

    def __init__(self, table: str, key_fields: Sequence[str]) -> None:
        self._table = table
        self._key_fields = tuple(key_fields)

    def key_of(self, item: Item) -> Item:
        """The table's own key of an item."""
        return {name: item[name] for name in self._key_fields}

    def guards(self, seen: Sequence[tuple[Item, Seen]]) -> Program[list[Wrong]]:
        """What is wrong with the guards of these items: not there, or another item's."""
        wanted = [
            (one.entity, claim, self.key_of(item))
            for item, one in seen
            for claim in one.claims.values()
            if one.entity is not None
        ]
        wrong: list[Wrong] = []
        for some in chunks(wanted, _READ):
            there = yield from self._read(claim.key for _, claim, _ in some)
            for entity, claim, key in some:
                if not self._is_owned(there.get(item_id(self._table, claim.key)), key):
                    wrong += yield from self.check_claim(entity, claim, key)
        return wrong

    def owners(self, guards: Sequence[tuple[Item, Seen]]) -> Program[list[Wrong]]:
        """What is wrong with these guards: their owners are gone, or have other values."""
        wrong: list[Wrong] = []
        for some in chunks(guards, _READ):
            there = yield from self._read(self.owner_of(guard) for guard, _ in some)
            for guard, one in some:
                owner = there.get(item_id(self._table, self.owner_of(guard)))
                assert one.entity is not None
                if self.state_of(one.entity, guard, owner):
                    wrong += yield from self.check_guard(one.entity, guard)
        return wrong

    def parts(
        self, seen: Sequence[tuple[Item, Seen]], passing: PassingParts
    ) -> Program[list[Wrong]]:
        """What is wrong with the values of these items that stand in parts."""
        wrong: list[Wrong] = []
        for item, one in seen:
            for name, entry in one.outside.items():
                if one.entity is not None and not passing.had(entry):
                    wrong += yield from self.check_value(one.entity, self.key_of(item), name, entry)
        return wrong

    def orphans(self, parts: Sequence[tuple[Item, Seen]]) -> Program[list[Wrong]]:
        """Which of these parts no item names."""
        wrong: list[Wrong] = []
        for some in chunks(parts, _READ):
            there = yield from self._read(self.owner_of(part) for part, _ in some)
            for part, one in some:
                owner = there.get(item_id(self._table, self.owner_of(part)))
                assert one.entity is not None
                if not self._names(owner, part):
                    wrong += yield from self.check_part(one.entity, part)
        return wrong

    # ---- second looks, in one transaction each

    def check_claim(self, entity: BoundEntity, claim: Claim, key: Item) -> Program[list[Wrong]]:
        """What is wrong with the guard of an item's unique values, if it still is."""
        now = yield from self._together(key, claim.key)
        if now is None or now[0] is None or claim.text not in _claims(entity, now[0]):
            return []
        guard = now[1]
        if self._is_owned(guard, key):
            return []
        names = ", ".join(f'"{name}"' for name in claim.attributes)
        code, said = "unique.unguarded", f"its unique {names} has no guard"
        if guard is not None:
            owner = self.owner_of(guard)
            holder = (yield from self._read([owner])).get(item_id(self._table, owner))
            if self.state_of(entity, guard, holder) == "":
                code, said = "unique.duplicate", f"another item has its unique {names}, and a guard"
            else:
                said += " of its own: the one that is there was left by another item"
        return [Wrong(Problem(code, entity.spec.alias, said), key)]

    def check_guard(self, entity: BoundEntity, guard: Item) -> Program[list[Wrong]]:
        """What is wrong with a guard, if it still is."""
        now = yield from self._together(self.owner_of(guard), self.key_of(guard))
        # A guard that names another item by now was written meanwhile, with that item.
        if now is None or now[1] is None or self.owner_of(now[1]) != self.owner_of(guard):
            return []
        state = self.state_of(entity, now[1], now[0])
        said = {
            "guard.ownerless": "the item that this guard names is gone",
            "guard.stale": "the item that this guard names has other values",
            "guard.unneeded": "this guard is of a unique constraint that the schema does not have",
        }
        if not state:
            return []
        return [Wrong(Problem(state, entity.spec.alias, said[state]), self.key_of(guard))]

    def check_value(
        self, entity: BoundEntity, key: Item, name: str, entry: Entry
    ) -> Program[list[Wrong]]:
        """What is wrong with a value in parts, read by these; its item still names them."""
        count = checksum = 0
        for some in chunks(self._part_keys(key, entry), _PARTS):
            there = yield from self._read(some, consistent=True)
            for one in some:
                part = there.get(item_id(self._table, one), {})
                content = part.get(PART_FIELD, {}).get("B")
                if content is not None:
                    count, checksum = count + 1, zlib.crc32(bytes(content), checksum)
        if (count, checksum) == (entry.parts, entry.checksum):
            return []
        # What an item has ceased to name it never names again: if it names the parts still, it did
        # so while they were read.
        now = (yield from self._read([key], consistent=True)).get(item_id(self._table, key))
        if now is None or name not in placed(entity, now).missing:
            return []
        code, what = "part.damaged", "cannot be put together from its parts"
        if count < entry.parts:
            code, what = "part.missing", "is not there as a whole: parts are missing"
        said = f'its large value in "{name}" {what}'
        return [Wrong(Problem(code, entity.spec.alias, said), key)]

    def check_part(self, entity: BoundEntity, part: Item) -> Program[list[Wrong]]:
        """What is wrong with a part, if it still is."""
        now = yield from self._together(self.owner_of(part), self.key_of(part))
        if now is None or now[1] is None or self._names(now[0], part):
            return []
        said = "no item names this part of a large value"
        return [Wrong(Problem("part.orphan", entity.spec.alias, said), self.key_of(part))]

    # ---- looking

    def state_of(self, entity: BoundEntity, guard: Item, owner: Item | None) -> str:
        """What is wrong between a guard and what stands under the key that it names, as a code."""
        if not is_guard(entity, guard):
            return "guard.unneeded"
        if owner is None or not entity.owns(owner):
            return "guard.ownerless"
        text = guard[self._key_fields[0]]["S"]
        return "" if text in _claims(entity, owner) else "guard.stale"

    def _is_owned(self, guard: Item | None, key: Item) -> bool:
        if guard is None:
            return False
        return item_id(self._table, self.owner_of(guard)) == item_id(self._table, key)

    def owner_of(self, one: Item) -> Item:
        """The key that a guard or a part names; its own where it names none."""
        owner = one.get(OWNER_FIELD, {}).get("M")
        own = self.key_of(one)
        # Whatever is no key of this table would be refused, and the whole batch with it.
        return owner if isinstance(owner, dict) and _is_like(owner, own) else own

    def _names(self, owner: Item | None, part: Item) -> bool:
        """Whether an item names a part in its manifest; one that cannot be read names any."""
        if owner is None:
            return False
        own = item_id(self._table, self.key_of(part))
        try:
            entries = read_manifest(owner).values()
        except DecodeError:
            return True
        return any(
            own == item_id(self._table, one)
            for entry in entries
            for one in self._part_keys(self.key_of(owner), entry)
        )

    def _part_keys(self, key: Item, entry: Entry) -> list[Item]:
        return part_keys(key, self._key_fields[-1], entry)

    def _read(
        self, keys: Iterable[Item], *, consistent: bool = False
    ) -> Program[dict[ItemId, Item]]:
        distinct = {item_id(self._table, key): key for key in keys}
        if not distinct:
            return {}
        found, _, _ = yield from get_items(
            self._table, [*distinct.values()], DEFAULT, OPERATION, consistent=consistent
        )
        return found

    def _together(self, *keys: Item) -> Program[list[Item | None] | None]:
        """Items as they all are at one moment; None while somebody is writing them."""
        gets = [{"Get": {"TableName": self._table, "Key": key}} for key in keys]
        try:
            response, _ = yield from send_transaction(
                Request("TransactGetItems", {"TransactItems": gets}, OPERATION)
            )
        except AwsError as error:
            if cancellation(error) is None:
                raise
            return None
        answers: list[dict[str, Any]] = response["Responses"]
        return [answer.get("Item") or None for answer in answers]


def _is_like(owner: Item, own: Item) -> bool:
    """Whether what an item names can be a key of the table that its own key is of."""
    if owner.keys() != own.keys():
        return False
    for (name, other), most in zip(own.items(), _KEY_BYTES, strict=False):
        value = owner[name]
        if not isinstance(value, dict) or value.keys() != other.keys():
            return False
        (content,) = value.values()
        if not isinstance(content, str | bytes):
            return False
        if not 0 < len(content.encode() if isinstance(content, str) else content) <= most:
            return False
    return True


def _claims(entity: BoundEntity, item: Item) -> Collection[str]:
    """The texts of what an item claims; nothing for one that cannot be read, which is told of."""
    try:
        return claims_of(entity, item)
    except DecodeError:
        return ()
