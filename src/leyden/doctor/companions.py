"""Faults between items: guards and their owners, large values and their parts.

To check a page of a scan, this module reads what belongs to its items, a hundred keys at a time, so
that memory does not grow with the table. Others may write meanwhile. So whatever looks wrong is
read again, in one transaction with all that it depends on, and only reported if it is still wrong.
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
"""How many keys to read at a time."""

_PARTS: Final = 20
"""How many parts to read at a time: 7 MB."""

_REMEMBERED: Final = 1000
"""How many values in parts to remember until their items follow."""


_KEY_BYTES: Final = (2048, 1024)
"""The maximum bytes of a partition key and of a sort key."""


@frozen
class Wrong:
    """A problem of the item with this key."""

    problem: Problem
    key: Item


class PassingParts:
    """The values whose parts the scan has passed. A scan returns parts shortly before their items.

    Both are in one partition, where parts sort first. So most values are checked without further
    reads.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def pass_by(self, part: Item, sort_field: str) -> None:
        """Add a part to its value."""
        sort_key = part[sort_field].get("S", "")
        generation, _, number = sort_key.removeprefix(PART_PREFIX).rpartition("#")
        count, checksum = self._seen.pop(generation, (0, 0))
        content = part.get(PART_FIELD, {}).get("B")
        if number.isdecimal() and int(number) == count and content is not None:
            self._seen[generation] = (count + 1, zlib.crc32(bytes(content), checksum))
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    def had(self, entry: Entry) -> bool:
        """Return whether all parts of a value have passed, and match its checksum."""
        return self._seen.pop(entry.generation, None) == (entry.parts, entry.checksum)


class Companions:
    """Checks the items of one table against what belongs to them."""

    def __init__(self, table: str, key_fields: Sequence[str]) -> None:
        self._table = table
        self._key_fields = tuple(key_fields)

    def key_of(self, item: Item) -> Item:
        """Return the table's own key of an item."""
        return {name: item[name] for name in self._key_fields}

    def guards(self, seen: Sequence[tuple[Item, Seen]]) -> Program[list[Wrong]]:
        """Find items without the guards that they need, or whose guards belong to other items."""
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
        """Find guards whose owners are gone or have other values."""
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
        """Find items whose values in parts are incomplete or damaged."""
        wrong: list[Wrong] = []
        for item, one in seen:
            for name, entry in one.outside.items():
                if one.entity is not None and not passing.had(entry):
                    wrong += yield from self.check_value(one.entity, self.key_of(item), name, entry)
        return wrong

    def orphans(self, parts: Sequence[tuple[Item, Seen]]) -> Program[list[Wrong]]:
        """Find parts that no item names."""
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
        """Check again, in one transaction, whether an item lacks the guard of its unique values."""
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
                said += " of its own: another item has left one with these values"
        return [Wrong(Problem(code, entity.spec.alias, said), key)]

    def check_guard(self, entity: BoundEntity, guard: Item) -> Program[list[Wrong]]:
        """Check again, in one transaction, whether a guard is wrong."""
        now = yield from self._together(self.owner_of(guard), self.key_of(guard))
        # If the guard names another item now, it was written meanwhile, with that item.
        if now is None or now[1] is None or self.owner_of(now[1]) != self.owner_of(guard):
            return []
        state = self.state_of(entity, now[1], now[0])
        said = {
            "guard.ownerless": "the item that this guard names is gone",
            "guard.stale": "the item that this guard names has other values",
            "guard.unneeded": "this guard is for a unique constraint that the schema does not have",
        }
        if not state:
            return []
        return [Wrong(Problem(state, entity.spec.alias, said[state]), self.key_of(guard))]

    def check_value(
        self, entity: BoundEntity, key: Item, name: str, entry: Entry
    ) -> Program[list[Wrong]]:
        """Check a value in parts by reading them, and then whether its item still names them."""
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
        # An item never names the same parts again. If it still names them, it did so all the time
        # that they were read.
        now = (yield from self._read([key], consistent=True)).get(item_id(self._table, key))
        if now is None or name not in placed(entity, now).missing:
            return []
        code, what = "part.damaged", "cannot be put together from its parts"
        if count < entry.parts:
            code, what = "part.missing", "is incomplete: parts are missing"
        said = f'its large value in "{name}" {what}'
        return [Wrong(Problem(code, entity.spec.alias, said), key)]

    def check_part(self, entity: BoundEntity, part: Item) -> Program[list[Wrong]]:
        """Check again, in one transaction, whether no item names a part."""
        now = yield from self._together(self.owner_of(part), self.key_of(part))
        if now is None or now[1] is None or self._names(now[0], part):
            return []
        said = "no item names this part of a large value"
        return [Wrong(Problem("part.orphan", entity.spec.alias, said), self.key_of(part))]

    # ---- looking

    def state_of(self, entity: BoundEntity, guard: Item, owner: Item | None) -> str:
        """Return the code for what is wrong between a guard and its owner; "" if nothing is."""
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
        """Return the key that a guard or a part names; its own if it names none."""
        owner = one.get(OWNER_FIELD, {}).get("M")
        own = self.key_of(one)
        # A key that cannot be one of this table would make DynamoDB refuse the whole batch.
        return owner if isinstance(owner, dict) and _is_like(owner, own) else own

    def _names(self, owner: Item | None, part: Item) -> bool:
        """Return whether an item's manifest names a part; an unreadable manifest may name any."""
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
        """Return items as they are at one moment; None while somebody writes them."""
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
    """Return whether the key that an item names can be a key of its table."""
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
    """Return the guard keys of an item's unique values; none if it is unreadable, as reported."""
    try:
        return claims_of(entity, item)
    except DecodeError:
        return ()
