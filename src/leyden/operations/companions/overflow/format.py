"""The stored form of large values: compression, parts, and the manifest.

The manifest is a field of the item. It names each value that is not stored plainly, and says where
it is. Parts are items of the same partition, which hold the key of their owner.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from leyden import _attrs as attrs
from leyden._attrs import define, field, frozen
from leyden.errors import DecodeError, InvalidOptionError, ItemTooLargeError
from leyden.operations.bound import BoundEntity
from leyden.operations.plan import expressions
from leyden.operations.plan.expressions import item_size
from leyden.program import AttributeValue, Item, Params
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD, VERSION_FIELD
from leyden.types import portable_text, portable_value

OVERFLOW_SUFFIX: Final = "$overflow"
"""What parts have after the entity's name, so that they belong to no entity."""

PART_PREFIX: Final = "$$overflow#"
"""The beginning of the sort keys of parts. No key that Leyden makes begins with two dollars."""

PART_FIELD: Final = "__leyden_part__"
"""The field in which a part holds its bytes."""

OWNER_FIELD: Final = "__leyden_owner__"
"""The field in which a part holds the key of its item."""

PART_BYTES: Final = 350 * 1024
"""The most bytes of a value in one part."""

MOST_PARTS: Final = 100
"""The most parts of one value, because one transaction writes them all."""

VALUE_LIMIT: Final = 32 * 1024 * 1024
"""The most bytes of one value. It stops a few stored bytes from inflating without limit."""

PART_LIFE_BEYOND: Final = 7 * 24 * 3600
"""Seconds by which parts outlive their item, since time to live deletes in any order."""

CODEC: Final = "zlib"

_TEXT: Final = "S"
_BYTES: Final = "B"


@frozen
class Entry:
    """What a manifest says of one field.

    `kind` is the type of the value, `size` its uncompressed bytes, `parts` the number of items that
    hold it (0 if it is compressed in its own field), and `checksum` the CRC-32 of the compressed
    bytes.
    """

    kind: str
    size: int
    parts: int
    generation: str
    checksum: int

    def encode(self) -> AttributeValue:
        """Return the entry as it is stored."""
        return {
            "M": {
                "codec": {"S": CODEC},
                "type": {"S": self.kind},
                "bytes": {"N": str(self.size)},
                "parts": {"N": str(self.parts)},
                "generation": {"S": self.generation},
                "checksum": {"N": str(self.checksum)},
            }
        }


@frozen
class Packed:
    """A compressed value; `size` is its uncompressed bytes."""

    kind: str
    size: int
    content: bytes = field(repr=False)

    def entry(self, parts: int, generation: str) -> Entry:
        """Return the entry of the manifest."""
        return Entry(self.kind, self.size, parts, generation, zlib.crc32(self.content))


@frozen
class StoredApart:
    """Stands in a record for a value that is stored outside its item and was not read.

    `size` is that of the value in bytes. Records from streams and on errors have it, because the
    parts cannot be read there; `get` returns the value.
    """

    size: int
    checksum: int = field(repr=False)


@frozen
class Decompressed:
    """An item without its manifest; `missing` are the fields whose values are in parts."""

    item: Item = field(repr=False)
    missing: Mapping[str, Entry]


def pack(value: AttributeValue) -> Packed:
    """Compress a typed value. Text and bytes are compressed as such, all else as canonical JSON."""
    ((kind, content),) = value.items()
    if kind == _TEXT:
        plain = content.encode("utf-8")
    elif kind == _BYTES:
        plain = bytes(content)
    else:
        plain = portable_text(value).encode("utf-8")
    return Packed(kind, len(plain), zlib.compress(plain))


def unpack(content: bytes, entry: Entry) -> AttributeValue:
    """Return the value in compressed bytes. Raises ValueError where they do not fit the entry."""
    if zlib.crc32(content) != entry.checksum:
        raise ValueError("the checksum differs")
    inflating = zlib.decompressobj()
    try:
        plain = inflating.decompress(content, entry.size + 1)
    except zlib.error as error:
        raise ValueError("the bytes are not compressed") from error
    if len(plain) != entry.size:
        raise ValueError("the size differs")
    if entry.kind == _TEXT:
        return {_TEXT: plain.decode("utf-8")}
    if entry.kind == _BYTES:
        return {_BYTES: plain}
    return portable_value(plain)


def write_manifest(entries: Mapping[str, Entry]) -> AttributeValue:
    """Return a manifest as it is stored."""
    return {"M": {name: entry.encode() for name, entry in sorted(entries.items())}}


def read_manifest(item: Item | None) -> dict[str, Entry]:
    """Return the entries of an item's manifest; empty where it has none.

    Raises DecodeError for a manifest that this version cannot read.
    """
    stored = (item or {}).get(OVERFLOW_FIELD)
    if stored is None:
        return {}
    try:
        return {name: _entry(one["M"]) for name, one in stored["M"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DecodeError(
            f'the field "{OVERFLOW_FIELD}", which says where large values are, cannot be read: '
            "it was written by another program or a later version",
            field=OVERFLOW_FIELD,
        ) from error


def _entry(stored: Mapping[str, Any]) -> Entry:
    if stored["codec"] != {"S": CODEC}:
        raise ValueError("another codec")
    entry = Entry(
        stored["type"]["S"],
        int(stored["bytes"]["N"]),
        int(stored["parts"]["N"]),
        stored["generation"]["S"],
        int(stored["checksum"]["N"]),
    )
    if not (0 <= entry.parts <= MOST_PARTS and 0 <= entry.size <= VALUE_LIMIT):
        raise ValueError("more than any value has")
    return entry


def asking_manifests(key: Iterable[str]) -> dict[str, Any]:
    """Return a batch-get request, without keys yet, for manifests and the fields of `key`."""
    names = {f"#{n}": name for n, name in enumerate((*key, OVERFLOW_FIELD))}
    return {
        "Keys": [],
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


def part_keys(key: Item, sort_field: str, entry: Entry) -> list[Item]:
    """Return the keys of a value's parts, in order; `key` is that of its item."""
    return [
        {**key, sort_field: {"S": f"{PART_PREFIX}{entry.generation}#{number:04}"}}
        for number in range(entry.parts)
    ]


def delete_parts(
    entity: BoundEntity, key: Item, entries: Iterable[Entry], table: str
) -> list[Params]:
    """Return the requests that delete the parts of an item's values; `key` is the item's."""
    sort = sort_field_of(entity)
    keys = (part for entry in entries for part in part_keys(key, sort, entry))
    return [{"Delete": {"TableName": table, "Key": part}} for part in keys]


def part_items(
    entity: BoundEntity, key: Item, packed: Packed, generation: str, lifetimes: Item, size: int
) -> tuple[Entry, list[Item]]:
    """Return the manifest's entry, and the parts of a value, each of at most `size` bytes.

    `lifetimes` are the item's fields of time to live. Its parts have them too, but live longer.
    """
    content = packed.content
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    entry = packed.entry(len(pieces), generation)
    shared: Item = {
        ENTITY_FIELD: {"S": f"{entity.spec.entity}{OVERFLOW_SUFFIX}"},
        VERSION_FIELD: {"S": entity.spec.version},
        OWNER_FIELD: {"M": key},
        **part_lifetimes(lifetimes),
    }
    keys = part_keys(key, sort_field_of(entity), entry)
    return entry, [
        {**own, **shared, PART_FIELD: {"B": piece}} for own, piece in zip(keys, pieces, strict=True)
    ]


def part_lifetimes(lifetimes: Item) -> Item:
    """Return an item's fields of time to live, as its parts have them."""
    return {
        name: {"N": str(int(float(value["N"])) + PART_LIFE_BEYOND)}
        for name, value in lifetimes.items()
        if "N" in value
    }


def sort_field_of(entity: BoundEntity) -> str:
    """Return the field of the table's own sort key."""
    sort = entity.keys.primary.sk
    assert sort is not None, "an entity without a sort key is refused when it is loaded"
    return sort.field


def is_part(item: Item, names: Iterable[str] | None = None) -> bool:
    """Whether a raw item is a part: of the entities with these names, or of any entity."""
    said = item.get(ENTITY_FIELD, {}).get("S", "")
    if not isinstance(said, str) or not said.endswith(OVERFLOW_SUFFIX):
        return False
    return names is None or said.removesuffix(OVERFLOW_SUFFIX) in names


def is_part_key(sort_key: AttributeValue | None) -> bool:
    """Whether a sort key is that of a part."""
    text = (sort_key or {}).get("S", "")
    return isinstance(text, str) and text.startswith(PART_PREFIX)


def unfold(item: Item, wanted: frozenset[str] | None = None) -> Decompressed:
    """Return an item with its compressed fields uncompressed; `wanted` are fields to look for.

    A field with a plain value takes precedence over the manifest, because another client that knows
    no manifests wrote it. Raises DecodeError.
    """
    entries = read_manifest(item)
    plain = {name: value for name, value in item.items() if name != OVERFLOW_FIELD}
    missing = {}
    for name, entry in entries.items():
        held = plain.get(name)
        if held is None:
            if entry.parts and (wanted is None or name in wanted):
                missing[name] = entry
        elif not entry.parts and _BYTES in held:
            content = bytes(held[_BYTES])
            # With another checksum, they are plain bytes that somebody stored.
            if zlib.crc32(content) == entry.checksum:
                try:
                    plain[name] = unpack(content, entry)
                except ValueError as error:
                    raise DecodeError(
                        f'the compressed value in "{name}" cannot be read: {error}', field=name
                    ) from error
    return Decompressed(plain, missing)


def put_together(parts: Sequence[Item | None], entry: Entry) -> AttributeValue | None:
    """Return the value in the parts; None where one is missing or does not fit the entry."""
    pieces = []
    for part in parts:
        if part is None or _BYTES not in part.get(PART_FIELD, {}):
            return None
        pieces.append(bytes(part[PART_FIELD][_BYTES]))
    try:
        return unpack(b"".join(pieces), entry)
    except ValueError:
        return None


def placed(entity: BoundEntity, item: Item) -> Decompressed:
    """Return an item's fields as far as the item itself has them."""
    if not entity.mapping.overflow or OVERFLOW_FIELD not in item:
        return Decompressed(item, {})
    return unfold(item, entity.mapping.overflow)


def values_apart(entity: BoundEntity, missing: Mapping[str, Entry]) -> dict[str, StoredApart]:
    """Return what stands for the values of these fields, by attribute."""
    names = {spec.field: name for name, spec in entity.spec.attributes.items()}
    return {names[f]: StoredApart(entry.size, entry.checksum) for f, entry in missing.items()}


def record_in_place(entity: BoundEntity, item: Item, *, deferred: bool = False) -> Any:
    """Return the record of an item, with a `StoredApart` for each value that is not in it.

    Raises DecodeError.
    """
    unfolded = placed(entity, item)
    record = entity.mapping.decode(unfolded.item, deferred)
    apart = values_apart(entity, unfolded.missing)
    slots = entity.mapping.slots
    shown = {slots[name]: value for name, value in apart.items() if name in slots}
    return attrs.evolve(record, **shown) if shown else record


def record_or_none(entity: BoundEntity, item: Item | None) -> Any:
    """Return the record for an error; None where it cannot be read, which is another error."""
    try:
        return None if item is None else record_in_place(entity, item)
    except (DecodeError, InvalidOptionError):
        # InvalidOptionError is raised where no encryption keys are at hand.
        return None


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
    """The values of one write, each compressed at most once, however often it is sent."""

    packed: dict[str, Packed] = field(factory=dict)

    def of(self, name: str, values: Item) -> Packed:
        """Return the compressed value of a field."""
        if name not in self.packed:
            self.packed[name] = pack(values[name])
        return self.packed[name]


def as_they_are(values: Item) -> Layout:
    """Return a layout with all values inside, uncompressed."""
    return Layout(dict(values), {}, [])


def arrange(
    entity: BoundEntity,
    key: Item,
    values: Item,
    others: int,
    lifetimes: Item,
    packing: Packing,
) -> Layout:
    """Return a layout with which the item is not too large.

    `values` are those that may go outside; `others` is the size of everything else, in bytes. It
    compresses as few values as possible, the largest first. If they are still too large together,
    it puts the largest into parts. Raises ItemTooLargeError where that is not enough.
    """
    layout = as_they_are(values)
    limit = expressions.ITEM_LIMIT
    if others + item_size(layout.inside) <= limit:
        return layout
    for name in _largest_first(values):
        packed = packing.of(name, values)
        if packed.size > VALUE_LIMIT:
            raise ItemTooLargeError(
                f"{_named(entity, {name: None})} has {packed.size:,} bytes, and a value that is "
                f"stored outside its item has at most {VALUE_LIMIT:,}",
                size=packed.size,
                limit=VALUE_LIMIT,
                entity=entity.spec.entity,
            )
        smaller = {"B": packed.content}
        if expressions.value_size(smaller) < expressions.value_size(values[name]):
            layout.inside[name] = smaller
            layout.entries[name] = packed.entry(0, uuid4().hex)
            if others + _inside_size(layout) <= limit:
                return layout
    for name in _largest_first(layout.inside):
        packed = packing.of(name, values)
        entry, parts = part_items(entity, key, packed, uuid4().hex, lifetimes, PART_BYTES)
        del layout.inside[name]
        layout.entries[name] = entry
        layout.parts += parts
        if others + _inside_size(layout) <= limit:
            break
    else:
        found = others + _inside_size(layout)
        raise ItemTooLargeError(
            f"without {_named(entity, values)}, which may be stored outside it, the item still "
            f"has {found:,} bytes, and DynamoDB stores at most {limit:,}",
            size=found,
            limit=limit,
            entity=entity.spec.entity,
        )
    _refuse_oversize(entity, layout, packing)
    return layout


def _largest_first(values: Item) -> list[str]:
    return sorted(values, key=lambda name: expressions.value_size(values[name]), reverse=True)


def _inside_size(layout: Layout) -> int:
    inside = dict(layout.inside)
    if layout.entries:
        inside[OVERFLOW_FIELD] = write_manifest(layout.entries)
    return item_size(inside)


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
