"""Reading values that are stored outside their items, and putting them in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from leyden._attrs import define, field, frozen
from leyden.errors import DecodeError
from leyden.operations.bound import BoundEntity, ItemId, ReadIndex, item_id, name_item
from leyden.operations.companions.overflow.format import (
    Decompressed,
    part_keys,
    put_together,
    sort_field_of,
    unfold,
)
from leyden.operations.options import Options
from leyden.operations.plan.identity import held_fields
from leyden.operations.run.sending import READS, get_items, pause_before
from leyden.program import Item, Program, Work
from leyden.results import add_units
from leyden.schema.spec import OVERFLOW_FIELD

_GET_LIMIT: Final = 40
"""The parts of one request: as many as surely fit into an answer of 16 MB."""

EntityOf: TypeAlias = Callable[[Item], BoundEntity | None]
Keep: TypeAlias = Callable[[Item], bool]


@frozen
class OverflowRead:
    """How to join the values of items that were read.

    `entity_of` returns the entity of an item, `wanted` the fields that were asked for, by entity,
    and `keep` whether an item that was read again is still wanted. With `again=False` no item is
    read again, because the present item is not the one that is wanted.
    """

    operation: str
    table: str
    options: Options
    entity_of: EntityOf
    wanted: Callable[[BoundEntity], frozenset[str]]
    keep: Keep
    again: bool = True
    last: bool = True
    """Whether the caller does not try again: a value that cannot be read now is unreadable."""


@frozen
class Joined:
    """Items with their values in place, in the given order; None for one that is gone.

    `consumed` and `requests` are the cost of reading the parts.
    """

    items: list[Item | None] = field(repr=False)
    consumed: float | None = None
    requests: int = 0
    error: DecodeError | None = None
    """Why a value could not be read, with `again=False`; it is raised otherwise."""
    unreadable: tuple[DecodeError, ...] = ()
    """With `unreadable="collect"`: the errors of items that could not be read and are None."""


def wanted_fields(
    entity: BoundEntity, options: Options, index: ReadIndex | None = None
) -> frozenset[str]:
    """Return the fields that may be stored outside, as far as the read asks for them."""
    if not entity.mapping.overflow or options.data == "raw":
        return frozenset()
    wanted = entity.mapping.overflow
    if options.attributes:
        attributes = entity.spec.attributes
        wanted &= {attributes[name].field for name in options.attributes if name in attributes}
    held = None if options.hydrate else held_fields(entity, index)
    return wanted if held is None else wanted & held


def joining_for(
    entity: BoundEntity,
    operation: str,
    table: str,
    options: Options,
    keep: Keep,
    index: ReadIndex | None = None,
    *,
    again: bool = True,
) -> OverflowRead | None:
    """Return how to join the items of one entity; None where there can be nothing to join."""
    if not entity.mapping.overflow or options.data == "raw":
        return None
    wanted = wanted_fields(entity, options, index)
    return OverflowRead(
        operation, table, options, lambda item: entity, lambda _: wanted, keep, again
    )


def reading_notes(
    entity: BoundEntity, options: Options, index: ReadIndex | None = None
) -> tuple[str, ...]:
    """Say what large values mean for a read."""
    wanted = wanted_fields(entity, options, index)
    names = [f'"{name}"' for name, spec in entity.spec.attributes.items() if spec.field in wanted]
    if not names:
        return ()
    return (
        f"a large {', '.join(names)} may be spread over items of its own, which are also read, "
        "several values together; leave it out of `attributes` where you do not need it",
    )


def join_items(joining: OverflowRead | None, items: Sequence[Item]) -> Program[Joined]:
    """Put the values of these items in place.

    The parts of several items are read together. If parts do not fit their item, the item was
    written meanwhile, and is read again consistently. Raises DecodeError where that does not help
    (unless such errors are collected), and BatchIncompleteError where parts could not be read in
    time.
    """
    waiting = {n: item for n, item in enumerate(items) if OVERFLOW_FIELD in item}
    if joining is None or not waiting:
        return Joined([*items])
    join = _Join(joining, [*items], waiting)
    for attempt in range(1, READS + 1):
        # To uncompress values takes long, and must not hold up an event loop.
        unfolded = yield Work(join.unfold)
        torn: list[int] = []
        if unfolded:
            torn = yield from join.fill(unfolded, again=attempt > 1)
        if not torn:
            break
        if attempt == READS or not joining.again:
            return join.give_up({place: unfolded[place] for place in torn}, attempt)
        if attempt > 1:
            yield pause_before(attempt)
        yield from join.read_again(torn)
    return join.result()


_Unfolded: TypeAlias = dict[int, tuple[BoundEntity, Decompressed]]
"""Items that lack values which are stored outside, by their positions."""


@define
class _Join:
    """Items on the way to having their values in place; `waiting` are those that lack some."""

    how: OverflowRead
    done: list[Item | None]
    waiting: dict[int, Item]
    consumed: float | None = None
    requests: int = 0
    unreadable: list[DecodeError] = field(factory=list)

    @property
    def collects(self) -> bool:
        """Whether errors are collected beside the items that can be read."""
        return self.how.options.unreadable == "collect"

    def result(self, error: DecodeError | None = None) -> Joined:
        """Return the items as they are now."""
        return Joined(self.done, self.consumed, self.requests, error, tuple(self.unreadable))

    def unfold(self) -> _Unfolded:
        """Uncompress the waiting items' own fields. Returns the items that lack further values."""
        unfolded: _Unfolded = {}
        for place, item in self.waiting.items():
            entity = self.how.entity_of(item)
            if entity is None:
                continue
            try:
                found = unfold(item, self.how.wanted(entity))
            except DecodeError as error:
                name_item(error, entity, item)
                if not self.collects:
                    raise
                self.done[place] = None
                error.operation = self.how.operation
                self.unreadable.append(error)
                continue
            self.done[place] = found.item
            if found.missing:
                unfolded[place] = entity, found
        return unfolded

    def fill(self, unfolded: _Unfolded, *, again: bool) -> Program[list[int]]:
        """Read the parts and insert the values. Returns the positions whose parts do not fit."""
        keys: dict[tuple[int, str], list[Item]] = {}
        for place, (entity, item) in unfolded.items():
            own, sort = _key(entity, item.item), sort_field_of(entity)
            for name, entry in item.missing.items():
                keys[place, name] = part_keys(own, sort, entry)
        found = yield from self._read([key for some in keys.values() for key in some], again)

        def insert() -> list[int]:
            torn: dict[int, None] = {}
            for (place, name), some in keys.items():
                item = unfolded[place][1]
                parts = [found.get(item_id(self.how.table, key)) for key in some]
                value = put_together(parts, item.missing[name])
                if value is None:
                    torn[place] = None
                else:
                    item.item[name] = value
            return [*torn]

        torn: list[int] = yield Work(insert)
        return torn

    def read_again(self, torn: list[int]) -> Program[None]:
        """Read these items again, and drop those that are gone or have become other items."""
        keys = {}
        for place in torn:
            entity = self.how.entity_of(self.waiting[place])
            assert entity is not None
            keys[place] = _key(entity, self.waiting[place])
        found = yield from self._read([*keys.values()], True)
        self.waiting = {}
        for place, key in keys.items():
            now = found.get(item_id(self.how.table, key))
            self.done[place] = now if now is not None and self.how.keep(now) else None
            if now is not None and self.done[place] is not None and OVERFLOW_FIELD in now:
                self.waiting[place] = now

    def give_up(self, torn: _Unfolded, attempts: int) -> Joined:
        """Return the result without the values that cannot be read. Raises DecodeError."""
        errors = []
        for place, (entity, item) in torn.items():
            names = {spec.field: name for name, spec in entity.spec.attributes.items()}
            field, entry = next(iter(item.missing.items()))
            parts = f"{entry.parts} items" if entry.parts > 1 else "an item"
            error = DecodeError(
                f'the value of "{names[field]}" ({entry.size:,} bytes in {parts} of its own) could '
                f"not be put together (attempts: {attempts}): it keeps being written, or another "
                "program has deleted or changed parts of it",
                field=field,
                operation=self.how.operation,
                entity=entity.spec.entity,
            )
            name_item(error, entity, self.waiting[place])
            errors.append(error)
        if self.collects and self.how.last:
            for place in torn:
                self.done[place] = None
            self.unreadable += errors
            return self.result()
        if self.how.again:
            raise errors[0]
        return self.result(errors[0])

    def _read(self, keys: list[Item], consistent: bool) -> Program[dict[ItemId, Item]]:
        how = self.how
        found, consumed, requests = yield from get_items(
            how.table,
            keys,
            how.options,
            how.operation,
            consistent=consistent or how.options.consistent,
            size=_GET_LIMIT,
        )
        self.consumed = add_units(self.consumed, consumed)
        self.requests += requests
        return found


def _key(entity: BoundEntity, item: Item) -> Item:
    return {field: item[field] for field in entity.key_fields}
