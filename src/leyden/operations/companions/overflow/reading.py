"""Reading the values that are stored outside of their items: programs, as in `request`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from leyden._attrs import evolve, field, frozen
from leyden.errors import DecodeError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity, ItemId, item_id, name_item
from leyden.operations.companions.overflow.format import (
    Decompressed,
    Entry,
    part_keys,
    put_together,
    sort_field_of,
    unfold,
)
from leyden.operations.options import Options
from leyden.operations.plan.identity import held_fields
from leyden.operations.run.sending import READS, chunks, pause_before, send_all, settle
from leyden.program import AttributeValue, Item, Program
from leyden.results import BatchResult, add_units
from leyden.schema.spec import OVERFLOW_FIELD

_GET_LIMIT: Final = 40
"""The parts of one request: as many as an answer of 16 MB holds for sure."""

EntityOf: TypeAlias = Callable[[Item], BoundEntity | None]
Keep: TypeAlias = Callable[[Item], bool]


@frozen
class OverflowRead:
    """How to join what was read.

    `entity_of` says whose an item is, `wanted` which fields were asked for, by entity; `keep`
    whether an item that had to be read again is still one of those meant. With `again=False` no
    item is read again, as it is not the present one that is wanted.
    """

    operation: str
    table: str
    options: Options
    entity_of: EntityOf
    wanted: Callable[[BoundEntity], frozenset[str]]
    keep: Keep
    again: bool = True
    last: bool = True
    """Whether the caller tries no further: what cannot be read now is unreadable."""


@frozen
class Joined:
    """Items with their values in place, in the order of those given; None for one that is gone.

    `consumed` and `requests` are what reading the parts took.
    """

    items: list[Item | None] = field(repr=False)
    consumed: float | None = None
    requests: int = 0
    error: DecodeError | None = None
    """Why a value could not be read, with `again=False`; it is raised otherwise."""
    unreadable: tuple[DecodeError, ...] = ()
    """With `unreadable="collect"`: why items could not be read, in whose places None stands."""


def wanted_fields(
    entity: BoundEntity, options: Options, index: IndexKeys | None = None
) -> frozenset[str]:
    """The fields that may be stored outside, as far as the read asks for them."""
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
    index: IndexKeys | None = None,
    *,
    again: bool = True,
) -> OverflowRead | None:
    """How to join the items of one entity; None where there can be nothing to join."""
    if not entity.mapping.overflow or options.data == "raw":
        return None
    wanted = wanted_fields(entity, options, index)
    return OverflowRead(
        operation, table, options, lambda item: entity, lambda _: wanted, keep, again
    )


def reading_notes(
    entity: BoundEntity, options: Options, index: IndexKeys | None = None
) -> tuple[str, ...]:
    """What large values mean for a read, in words."""
    wanted = wanted_fields(entity, options, index)
    names = [f'"{name}"' for name, spec in entity.spec.attributes.items() if spec.field in wanted]
    if not names:
        return ()
    return (
        f"a large {', '.join(names)} may be spread over items of its own, which are read as well, "
        "several values together; leave it out of `attributes` where it is not needed",
    )


def join_items(joining: OverflowRead | None, items: Sequence[Item]) -> Program[Joined]:
    """Put the values of these items in their places.

    The parts of several items are read together. Where they are not those that the item names,
    it was written meanwhile, and is read again, consistently. Raises DecodeError where that does
    not help, unless such errors are collected, BatchIncompleteError where parts could not be read
    in time.
    """
    done: list[Item | None] = list(items)
    if joining is None or not any(OVERFLOW_FIELD in item for item in items):
        return Joined(done)
    consumed: float | None = None
    requests = 0
    waiting = {n: item for n, item in enumerate(items) if OVERFLOW_FIELD in item}
    collects = joining.options.unreadable == "collect"
    unreadable: list[DecodeError] = []
    attempt = 0
    while True:
        attempt += 1
        open_items: dict[int, tuple[BoundEntity, Decompressed]] = {}
        for place, item in waiting.items():
            entity = joining.entity_of(item)
            if entity is None:
                continue
            try:
                unfolded = unfold(item, joining.wanted(entity))
            except DecodeError as error:
                name_item(error, entity, item)
                if not collects:
                    raise
                done[place] = None
                error.operation = joining.operation
                unreadable.append(error)
                continue
            done[place] = unfolded.item
            if unfolded.missing:
                open_items[place] = entity, unfolded
        if not open_items:
            return Joined(done, consumed, requests, unreadable=tuple(unreadable))
        torn, cost, sent = yield from _fill(joining, open_items, again=attempt > 1)
        consumed, requests = add_units(consumed, cost), requests + sent
        if not torn:
            return Joined(done, consumed, requests, unreadable=tuple(unreadable))
        if attempt >= READS or not joining.again:
            errors = []
            for place in torn:
                entity, unfolded = open_items[place]
                errors.append(_unreadable(entity, unfolded, joining.operation, attempt))
                name_item(errors[-1], entity, waiting[place])
            if collects and joining.last:
                done = [None if place in torn else item for place, item in enumerate(done)]
                return Joined(done, consumed, requests, unreadable=(*unreadable, *errors))
            if joining.again:
                raise errors[0]
            return Joined(done, consumed, requests, errors[0])
        if attempt > 1:
            yield pause_before(attempt)
        waiting = {place: waiting[place] for place in torn}
        cost, sent = yield from _reread(joining, waiting, done)
        consumed, requests = add_units(consumed, cost), requests + sent


def _fill(
    joining: OverflowRead, open_items: dict[int, tuple[BoundEntity, Decompressed]], *, again: bool
) -> Program[tuple[list[int], float | None, int]]:
    """Read the parts and put the values in; gives the places where they do not fit."""
    keys: dict[tuple[int, str], list[Item]] = {}
    for place, (entity, unfolded) in open_items.items():
        own = _key(entity, unfolded.item)
        sort = sort_field_of(entity)
        for name, entry in unfolded.missing.items():
            keys[place, name] = part_keys(own, sort, entry)
    wanted = [key for some in keys.values() for key in some]
    found, consumed, requests = yield from _read(joining, wanted, consistent=again)
    torn: dict[int, None] = {}
    for (place, name), some in keys.items():
        unfolded = open_items[place][1]
        parts = [found.get(item_id(joining.table, key)) for key in some]
        value = put_together(parts, unfolded.missing[name])
        if value is None:
            torn[place] = None
        else:
            _put(unfolded, name, value)
    return list(torn), consumed, requests


def _put(unfolded: Decompressed, name: str, value: AttributeValue) -> None:
    unfolded.item[name] = value


def _reread(
    joining: OverflowRead, waiting: dict[int, Item], done: list[Item | None]
) -> Program[tuple[float | None, int]]:
    """Read these items again; one that is gone, or another one by now, is left out."""
    keys = {}
    for place, item in waiting.items():
        entity = joining.entity_of(item)
        assert entity is not None
        keys[place] = _key(entity, item)
    found, consumed, requests = yield from _read(joining, keys.values(), consistent=True)
    for place, key in keys.items():
        now = found.get(item_id(joining.table, key))
        done[place] = now if now is not None and joining.keep(now) else None
        if done[place] is None:
            del waiting[place]
        else:
            waiting[place] = found[item_id(joining.table, key)]
    for place in [place for place, item in waiting.items() if OVERFLOW_FIELD not in item]:
        del waiting[place]
    return consumed, requests


def _read(
    joining: OverflowRead, keys: Iterable[Item], *, consistent: bool
) -> Program[tuple[dict[ItemId, Item], float | None, int]]:
    table, options = joining.table, evolve(joining.options, progress=None)
    wanted = list(keys)
    shared = {"ConsistentRead": True} if consistent or options.consistent else {}
    bodies = [
        {"RequestItems": {table: {**shared, "Keys": list(some)}}}
        for some in chunks(wanted, _GET_LIMIT)
    ]
    sent = yield from send_all(
        "BatchGetItem", joining.operation, bodies, options, left_in="UnprocessedKeys"
    )
    left = tuple(
        key for part in sent.unprocessed for entry in part.values() for key in entry["Keys"]
    )
    result = BatchResult((), left, sent.consumed, sent.requests)
    settle(sent, result, evolve(options, unprocessed="raise"), joining.operation)
    fields = next(iter(wanted)).keys() if wanted else ()
    found = {
        item_id(table, {name: item[name] for name in fields}): item
        for response in sent.responses
        for item in response.get("Responses", {}).get(table, ())
    }
    return found, sent.consumed, sent.requests


def _key(entity: BoundEntity, item: Item) -> Item:
    return {form.field: item[form.field] for form in entity.keys.primary.forms}


def _unreadable(
    entity: BoundEntity, unfolded: Decompressed, operation: str, attempts: int
) -> DecodeError:
    names = {spec.field: name for name, spec in entity.spec.attributes.items()}
    name, entry = next(iter(unfolded.missing.items()))
    return DecodeError(
        f'the value of "{names[name]}" ({entry.size:,} bytes in {_parts(entry)}) could not be put '
        f"together (attempts: {attempts}): it is written meanwhile, or another program has deleted "
        "or changed parts of it",
        field=name,
        operation=operation,
        entity=entity.spec.entity,
    )


def _parts(entry: Entry) -> str:
    return f"{entry.parts} items of its own" if entry.parts > 1 else "an item of its own"
