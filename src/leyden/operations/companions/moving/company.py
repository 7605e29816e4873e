"""The companions of an item that moves: guards of unique values, and parts of large ones.

A guard's key also contains its entity and version, and it holds its owner's key; a part is in its
item's partition. So they move in the same transaction as the item. Large values that no step
concerns keep their parts byte for byte, except for the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from leyden._attrs import evolve, field, frozen
from leyden.errors import DecodeError, LeydenError
from leyden.operations.bound import BoundEntity, ItemId, item_id
from leyden.operations.companions.moving.kept import same_items
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.overflow.format import (
    OVERFLOW_SUFFIX,
    Entry,
    Packing,
    arrange,
    delete_parts,
    part_keys,
    part_lifetimes,
    read_manifest,
    sort_field_of,
    write_manifest,
)
from leyden.operations.companions.overflow.format import OWNER_FIELD as PART_OWNER_FIELD
from leyden.operations.companions.overflow.reading import OverflowRead, join_items
from leyden.operations.companions.unique import OWNER_FIELD, Claim, GuardPart, claims_of, take
from leyden.operations.options import DEFAULT
from leyden.operations.plan.expressions import ITEM_LIMIT, item_size
from leyden.operations.run.sending import get_items
from leyden.program import Item, Params, Program
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD, VERSION_FIELD

Direction: TypeAlias = Literal["forward", "back", "commit"]
"""To the new form; back to the old one; or to the new one with no way back."""

_PARTS: Final = 40
"""The parts of one request: as many as surely fit into an answer of 16 MB."""


@frozen
class Prepared:
    """What moving one item writes.

    `before` is the item as it was read, under `old_key`; `after` is the item to put under
    `new_key`. `guards` and `parts` go into the same transaction: guards of unique values that are
    taken or given up, and requests (`{"Put": ...}`, `{"Delete": ...}`) for the parts of large
    values.
    """

    before: Item = field(repr=False)
    after: Item = field(repr=False)
    old_key: Item = field(repr=False)
    new_key: Item = field(repr=False)
    guards: tuple[GuardPart, ...] = field(default=(), repr=False)
    parts: tuple[Params, ...] = field(default=(), repr=False)

    @property
    def moves(self) -> bool:
        """Whether the item gets another key."""
        return self.old_key != self.new_key

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write."""
        return self.after is self.before and not (self.guards or self.parts)


def prepare(
    moving: Moving,
    items: Sequence[Item],
    table: str,
    operation: str,
    *,
    direction: Direction = "forward",
    copy_to: str | None = None,
) -> Program[list[Prepared | LeydenError]]:
    """Return what moving these raw items writes, or an error for an item that cannot move.

    It reads what it needs: large values that move or that a step needs, and the guards of items
    that come under unique constraints. With `copy_to`, the table that items are copied to, the
    items keep everything where they are.
    """
    how = _Preparing(moving, table, operation, direction, copy_to)
    found: list[Prepared | LeydenError] = []
    for item in items:
        try:
            found.append((yield from how.converted(item)))
        except LeydenError as error:
            found.append(error)
    guards = yield from how.guards_there([one for one in found if isinstance(one, Prepared)])
    for place, one in enumerate(found):
        if isinstance(one, Prepared):
            try:
                with_parts = yield from how.with_parts(one)
                found[place] = how.as_left(how.with_guards(with_parts, guards))
            except LeydenError as error:
                found[place] = error
    return found


@frozen
class _Preparing:
    moving: Moving
    table: str
    operation: str
    direction: Direction
    copy_to: str | None

    @property
    def back(self) -> bool:
        return self.direction == "back"

    @property
    def origin(self) -> BoundEntity:
        """The entity whose form the items have."""
        return self.moving.entity if self.back else self.moving.earlier

    @property
    def target(self) -> BoundEntity:
        """The entity whose form they get."""
        return self.moving.earlier if self.back else self.moving.entity

    def converted(self, item: Item) -> Program[Prepared]:
        """Return the item in its other form. Raises ConversionError, DecodeError."""
        whole = item
        if self.moving.joins(item, back=self.back):
            joining = OverflowRead(
                self.operation,
                self.table,
                DEFAULT,
                lambda _: self.origin,
                lambda entity: entity.mapping.overflow,
                lambda _: True,
                again=False,
            )
            joined = yield from join_items(joining, [item])
            if joined.error is not None:
                raise joined.error
            (found,) = joined.items
            assert found is not None
            whole = found
        after = self.moving.back(whole) if self.back else self.moving.forward(whole)
        same = whole is item and same_items(after, item)
        return Prepared(
            item,
            item if same else after,
            self.origin.key_in(item),
            self.target.key_in(after),
        )

    def with_parts(self, one: Prepared) -> Program[Prepared]:
        """Add the parts of its large values that have to be written."""
        origin, target = self.origin, self.target
        if not (origin.mapping.overflow or target.mapping.overflow):
            return one
        old = {name: entry for name, entry in read_manifest(one.before).items() if entry.parts}
        one, added = self._arranged(one)
        new = {entry.generation: entry for entry in read_manifest(one.after).values()}
        carried = [entry for entry in old.values() if entry.generation in new]
        dropped = [entry for entry in old.values() if entry.generation not in new]
        there = self._there
        lifetimes = _lifetimes(target, one.after)
        shared: Item = {
            ENTITY_FIELD: {"S": f"{target.spec.entity}{OVERFLOW_SUFFIX}"},
            VERSION_FIELD: {"S": target.spec.version},
            PART_OWNER_FIELD: {"M": one.new_key},
            **lifetimes,
        }
        puts, deletes = list(added), self._deletes(one, dropped)
        must_move = (
            one.moves
            or self.copy_to is not None
            or origin.identifiers != target.identifiers
            or _lifetimes(origin, one.before) != lifetimes
        )
        if carried and must_move:
            read = yield from self._read(one, carried)
            gone = {*one.old_key, *_lifetimes(origin, one.before)}
            for entry in carried:
                keys = part_keys(one.new_key, sort_field_of(target), entry)
                for key, part in zip(keys, read[entry.generation], strict=True):
                    rest = {name: value for name, value in part.items() if name not in gone}
                    puts.append({"Put": {"TableName": there, "Item": {**rest, **shared, **key}}})
                if keys != part_keys(one.old_key, sort_field_of(origin), entry):
                    deletes += self._deletes(one, [entry])
        return evolve(one, parts=(*puts, *deletes)) if puts or deletes else one

    def _arranged(self, one: Prepared) -> tuple[Prepared, list[Params]]:
        """Move large values outside if the item would be too large. Returns their parts too."""
        target, entries = self.target, read_manifest(one.after)
        values = {
            name: value
            for name, value in one.after.items()
            if name in target.mapping.overflow and name not in entries
        }
        if item_size(one.after) <= ITEM_LIMIT or not values:
            return one, []
        rest = {name: value for name, value in one.after.items() if name not in values}
        lifetimes = {name: rest[name] for name in target.lifetimes if name in rest}
        layout = arrange(target, one.new_key, values, item_size(rest), lifetimes, Packing())
        after = {**rest, **layout.inside}
        after[OVERFLOW_FIELD] = write_manifest({**entries, **layout.entries})
        puts = [{"Put": {"TableName": self._there, "Item": part}} for part in layout.parts]
        return evolve(one, after=after), puts

    def _read(self, one: Prepared, entries: Sequence[Entry]) -> Program[Mapping[str, list[Item]]]:
        """Return the parts of these values, by generation. Raises DecodeError."""
        sort = sort_field_of(self.origin)
        keys = {entry.generation: part_keys(one.old_key, sort, entry) for entry in entries}
        found, _, _ = yield from get_items(
            self.table,
            [key for some in keys.values() for key in some],
            DEFAULT,
            self.operation,
            consistent=True,
            size=_PARTS,
        )
        read = {}
        for generation, some in keys.items():
            parts = [found.get(item_id(self.table, key)) for key in some]
            if None in parts:
                raise DecodeError(
                    "a large value of the item cannot be moved: some of its parts are missing",
                    field=OVERFLOW_FIELD,
                    key=one.old_key,
                    entity=self.origin.spec.entity,
                )
            read[generation] = [part for part in parts if part is not None]
        return read

    def _deletes(self, one: Prepared, entries: Sequence[Entry]) -> list[Params]:
        if self.copy_to is not None:
            return []
        return delete_parts(self.origin, one.old_key, entries, self.table)

    # --- unique values

    def guards_there(self, found: Sequence[Prepared]) -> Program[Mapping[ItemId, Item]]:
        """Read the guards of values where the items do not show whether they have the guards."""
        keys = {}
        for one in found:
            try:
                untold = self._claims(one).untold
            except LeydenError:
                # The same error is raised again when its guards are added.
                continue
            for claim in untold.values():
                keys[item_id(self._there, claim.key)] = claim.key
        if not keys:
            return {}
        guards, _, _ = yield from get_items(
            self._there, [*keys.values()], DEFAULT, self.operation, consistent=True
        )
        return guards

    def with_guards(self, one: Prepared, there: Mapping[ItemId, Item]) -> Prepared:
        """Add the guards that it takes and gives up. Raises ItemTooLargeError."""
        claims = self._claims(one)
        guards = []
        for text, claim in claims.after.items():
            has = one.new_key
            if text in claims.untold:
                guard = there.get(item_id(self._there, claim.key), {})
                has = guard.get(OWNER_FIELD, {}).get("M") or {}
            elif self.copy_to is not None or text not in claims.before:
                has = {}
            elif one.moves:
                has = one.old_key
            if has != one.new_key:
                guards.append(
                    evolve(
                        take(self.target, claim, one.new_key, self._there), others=(one.old_key,)
                    )
                )
        for text, claim in claims.before.items():
            if text in claims.after or self.copy_to is not None:
                continue
            guard = there.get(item_id(self.table, claim.key), {})
            if text in claims.untold and guard.get(OWNER_FIELD, {}).get("M") != one.old_key:
                continue
            guards.append(
                GuardPart(self.origin, claim, False, one.old_key, self.table, (one.new_key,))
            )
        return evolve(one, guards=tuple(guards)) if guards else one

    def as_left(self, one: Prepared) -> Prepared:
        """Return the item as the last step leaves it, without what it keeps for a way back."""
        if self.direction != "commit" and self.copy_to is None:
            return one
        final = self.moving.final(one.after)
        return evolve(one, after=one.before if same_items(final, one.before) else final)

    @property
    def _there(self) -> str:
        """The table that the items move to."""
        return self.table if self.copy_to is None else self.copy_to

    def _claims(self, one: Prepared) -> _Claims:
        """Return the claims of an item before and after. Raises DecodeError."""
        moving = self.moving
        if not (moving.entity.spec.unique or moving.earlier.spec.unique):
            return _Claims()
        forms = [moving.earlier, moving.entity]
        if moving.tells_form:
            forms = [moving.earlier if moving.is_earlier(one.before) else moving.entity]
        held = [_claims(form, one.before) for form in forms]
        before = {text: claim for some in held for text, claim in some.items()}
        after = claims_of(self.target, one.after)
        untold = after if moving.change.unique and not self.back else {}
        if not (moving.tells_form or one.moves or self.copy_to is not None):
            # The fields for both schemas' claims may exist before and after, so only the guards
            # themselves show which of them the item has.
            either = {**before, **after}
            all_have = after.keys() & held[0].keys() & held[1].keys()
            untold = {**untold, **{text: either[text] for text in either.keys() - all_have}}
        return _Claims(before, after, untold)


@frozen
class _Claims:
    """What an item claims, by the texts of its guards' keys.

    For `untold` claims, only the guards show whether the item has them.
    """

    before: Mapping[str, Claim] = field(factory=dict)
    after: Mapping[str, Claim] = field(factory=dict)
    untold: Mapping[str, Claim] = field(factory=dict)


def _lifetimes(entity: BoundEntity, item: Item) -> Item:
    """Return the fields of time to live that an item's parts have."""
    return part_lifetimes({name: item[name] for name in entity.lifetimes if name in item})


def _claims(entity: BoundEntity, item: Item) -> dict[str, Claim]:
    """Return an item's claims; none for an item that another form wrote and this cannot read."""
    try:
        return claims_of(entity, item)
    except DecodeError:
        return {}
