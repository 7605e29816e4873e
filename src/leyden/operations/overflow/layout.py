"""Which of an item's large values are compressed, and which are stored in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from leyden._attrs import define, field
from leyden.errors import ItemTooLargeError
from leyden.operations import size
from leyden.operations.bound import BoundEntity
from leyden.operations.overflow import format as overflow
from leyden.operations.overflow.format import Entry, Packed, pack, part_items, write_manifest
from leyden.operations.size import item_size
from leyden.program import Item
from leyden.schema.spec import OVERFLOW_FIELD

TRANSACTION_LIMIT: Final = 100
"""The most operations that DynamoDB takes in a transaction."""

TRANSACTION_BYTES: Final = 4 * 1024 * 1024
"""The most bytes that DynamoDB takes in a transaction."""


@define
class Layout:
    """Where values go: `inside` the item (compressed or not), or into `parts`."""

    inside: Item
    entries: dict[str, Entry]
    parts: list[Item]


@define
class Packing:
    """The values of one write, compressed at most once however often it is tried."""

    packed: dict[str, Packed] = field(factory=dict)

    def of(self, name: str, values: Item) -> Packed:
        """The compressed value of a field."""
        if name not in self.packed:
            self.packed[name] = pack(values[name])
        return self.packed[name]


def as_they_are(values: Item) -> Layout:
    """All values inside, as they are."""
    return Layout(dict(values), {}, [])


def arrange(
    entity: BoundEntity,
    key: Item,
    values: Item,
    others: int,
    lifetimes: Item,
    packing: Packing,
) -> Layout:
    """A layout in which the item is not too large.

    `values` are those that may go outside; `others` is the size of all else, in bytes. As few as
    possible are compressed, the largest first; where all together are too large compressed, the
    largest of them go into parts. Raises ItemTooLargeError where that is not possible.
    """
    layout = as_they_are(values)
    limit = size.ITEM_LIMIT
    if others + item_size(layout.inside) <= limit:
        return layout
    for name in _largest_first(values):
        packed = packing.of(name, values)
        if packed.size > overflow.VALUE_LIMIT:
            raise ItemTooLargeError(
                f"{_named(entity, {name: None})} has {packed.size:,} bytes, and a value that is "
                f"stored outside of its item has at most {overflow.VALUE_LIMIT:,}",
                size=packed.size,
                limit=overflow.VALUE_LIMIT,
                entity=entity.spec.entity,
            )
        smaller = {"B": packed.content}
        if size.value_size(smaller) < size.value_size(values[name]):
            layout.inside[name] = smaller
            layout.entries[name] = packed.entry(0, uuid4().hex)
            if others + _inside_size(layout) <= limit:
                return layout
    for name in _largest_first(layout.inside):
        packed = packing.of(name, values)
        entry, parts = part_items(entity, key, packed, uuid4().hex, lifetimes, overflow.PART_BYTES)
        del layout.inside[name]
        layout.entries[name] = entry
        layout.parts += parts
        if others + _inside_size(layout) <= limit:
            break
    else:
        raise _too_large(entity, others + _inside_size(layout), values)
    _refuse_oversize(entity, layout, packing)
    return layout


def _largest_first(values: Item) -> list[str]:
    return sorted(values, key=lambda name: size.value_size(values[name]), reverse=True)


def _inside_size(layout: Layout) -> int:
    inside = dict(layout.inside)
    if layout.entries:
        inside[OVERFLOW_FIELD] = write_manifest(layout.entries)
    return item_size(inside)


def _too_large(entity: BoundEntity, found: int, values: Mapping[str, object]) -> ItemTooLargeError:
    names = _named(entity, values)
    return ItemTooLargeError(
        f"without {names}, which may be stored outside of it, the item still has {found:,} bytes, "
        f"and DynamoDB stores at most {size.ITEM_LIMIT:,}",
        size=found,
        limit=size.ITEM_LIMIT,
        entity=entity.spec.entity,
    )


def _refuse_oversize(entity: BoundEntity, layout: Layout, packing: Packing) -> None:
    found = sum(map(item_size, layout.parts))
    if found <= TRANSACTION_BYTES:
        return
    outside = [name for name in layout.entries if name not in layout.inside]
    before = sum(packing.packed[name].size for name in outside)
    raise ItemTooLargeError(
        f"{_named(entity, dict.fromkeys(outside))} has {before:,} bytes, compressed {found:,}, and "
        f"DynamoDB takes at most {TRANSACTION_BYTES:,} in the one transaction that must write "
        "them",
        size=found,
        limit=TRANSACTION_BYTES,
        entity=entity.spec.entity,
    )


def _named(entity: BoundEntity, fields: Mapping[str, object]) -> str:
    names = [name for name, spec in entity.spec.attributes.items() if spec.field in fields]
    return ", ".join(f'"{name}"' for name in names)
