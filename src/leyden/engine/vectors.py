"""Vector indexes: their contents, and exact search over them.

An index keeps the vectors of a partition as one matrix of 32-bit floats. The matrix is built at the
first search. Each later search first updates it with what writes have changed.
"""

from __future__ import annotations

import base64
import math
import time
from array import array
from collections.abc import Iterable, Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from leyden.engine.items import stored
from leyden.nearest import Found, Matrix, Partition, numpy

Key = tuple[Any, Any]
"""The key of an item in moto: the partition key, and the sort key or None."""

_LEAST_WRITE: Final = 1024
"""The least number of bytes that a write to an index is metered as."""
_F32_BYTES: Final = 4


def typed(value: Any) -> tuple[str, Any]:
    """Return the type and the content of a value, as in a request or as moto stores it."""
    if isinstance(value, dict):
        return next(iter(value.items())) if len(value) == 1 else ("M", value)
    return value.type, value.value


def plain(value: Any) -> Any:
    """Return what equal values of a filter share, or None for a value that no filter can have."""
    kind, content = typed(value)
    if kind == "N":
        return kind, Decimal(content)
    if isinstance(content, bytes):
        content = base64.b64encode(content).decode()
    return (kind, content) if kind in ("S", "B") else None


def f32(texts: Iterable[Any]) -> array[float] | None:
    """Return numbers as 32-bit floats, or None if one of them does not fit."""
    try:
        numbers = array("f", map(float, texts))
    except (OverflowError, TypeError, ValueError):
        return None
    return numbers if math.isfinite(sum(numbers)) else None


def f32_texts(numbers: array[float]) -> list[str]:
    """Return the shortest decimal texts of these 32-bit floats."""
    texts = [""] * len(numbers)
    left = [*enumerate(numbers)]
    for digits in (6, 7, 8, 9):
        written = (f"%.{digits}g " * len(left) % tuple(number for _, number in left)).split()
        read = array("f", map(float, written))
        for (at, number), text, back in zip(left, written, read, strict=True):
            if back == number:
                texts[at] = format(Decimal(text), "f") if "e" in text else text
        left = [(at, number) for at, number in left if not texts[at]]
    return texts


def size_of(value: Any) -> int:
    """Return the number of bytes that DynamoDB counts for a value."""
    kind, content = typed(value)
    if kind == "N":
        # A byte holds two digits, aligned at the decimal point.
        _, digits, exponent = Decimal(content).normalize().as_tuple()
        if not any(digits):
            return 1
        pairs = (len(digits) + int(exponent) % 2 + 1) // 2
        return 1 + pairs + int(Decimal(content) < 0)
    if kind == "B":
        return len(content if isinstance(content, bytes) else base64.b64decode(content))
    if kind == "S":
        return len(content.encode())
    if kind in ("SS", "NS", "BS"):
        return sum(size_of({kind[0]: each}) for each in content)
    if kind == "L":
        return 3 + sum(1 + size_of(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in content.items())
    return 1


class VectorIndex:
    """A vector index of a table: its definition and, after the first search, its vectors.

    A table and the copy that moto makes of it before a transaction share one index. The index
    remembers which items changed, and at the next search reads them from the current table. So a
    transaction that is rolled back leaves nothing in it.
    """

    def __init__(
        self, definition: dict[str, Any], arn: str, seconds: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Create an index that allocates, and then backfills, for these seconds."""
        self.name: str = definition["IndexName"]
        self.attribute: str = definition["VectorAttribute"]["AttributeName"]
        self.dimensions: int = definition["Dimensions"]
        self.function: str = definition["DistanceFunction"]
        roles = {
            element["AttributeName"]: element["SearchSchemaElementType"]
            for element in definition.get("SearchSchema") or ()
        }
        self.schema = tuple(roles)
        self.hash = next((name for name, role in roles.items() if role == "HASH"), None)
        self._filters = tuple(name for name in roles if name != self.hash)
        self._projection = definition.get("Projection") or {"ProjectionType": "ALL"}
        self.definition = deepcopy(definition)
        self._arn = arn
        self._allocated = time.monotonic() + seconds[0]
        self._active = self._allocated + seconds[1]
        self._partitions: dict[Any, Partition] | None = None
        self._homes: dict[Key, Any] = {}
        self._changed: dict[Key, None] = {}
        self._codes: dict[tuple[str, Any], int] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> VectorIndex:
        return self

    @property
    def phase(self) -> str:
        """`allocating`, `backfilling` or `active`."""
        now = time.monotonic()
        if now >= self._active:
            return "active"
        return "backfilling" if now >= self._allocated else "allocating"

    def describe(self) -> dict[str, Any]:
        """Return the index as DescribeTable shows it."""
        phase = self.phase
        shown = {**deepcopy(self.definition), "IndexArn": self._arn, "IndexStatus": "ACTIVE"}
        if phase != "active":
            shown |= {"IndexStatus": "CREATING", "Backfilling": phase == "backfilling"}
        return {**shown, "IndexSizeBytes": 0, "ItemCount": 0}

    def why_not(self, attributes: Any, types: dict[str, str], *, by_expression: bool) -> str | None:
        """Return DynamoDB's message for an item that does not fit the index, or None if it fits.

        `types` are the table's attribute definitions. DynamoDB has another message for an empty
        value that an update expression made.
        """
        if self.attribute in attributes:
            fault = self._why_no_vector(*typed(attributes[self.attribute]))
            if fault:
                return f"One or more parameter values were invalid. {fault} IndexName: {self.name}"
        for name in self.schema:
            kind, content = typed(attributes[name]) if name in attributes else (None, None)
            if kind is not None and kind != types[name]:
                return (
                    "One or more parameter values were invalid: Type mismatch for Index Key "
                    f"{name} Expected: {types[name]} Actual: {kind} IndexName: {self.name}"
                )
            if kind in ("S", "B") and not content:
                said = "The AttributeValue for a key attribute cannot contain an empty "
                said += "string value." if kind == "S" else "binary value."
                if by_expression:
                    return (
                        "One or more parameter values are not valid. The update expression "
                        "attempted to update a secondary index key to a value that is not "
                        f"supported. {said}"
                    )
                return (
                    "One or more parameter values are not valid. A value specified for a secondary "
                    f"index key is not supported. {said} IndexName: {self.name}, IndexKey: {name}"
                )
        return None

    def _why_no_vector(self, kind: str, content: Any) -> str | None:
        name = self.attribute
        if kind != "L":
            return f"Invalid type for parameter {name}, Expected: 32-bit floating point number list"
        elements = [*map(typed, content)]
        # Check all numbers at once, and look for the wrong one only if there is any.
        if any(each != "N" for each, _ in elements) or f32(each for _, each in elements) is None:
            for position, (each, number) in enumerate(elements):
                if each != "N" or f32((number,)) is None:
                    return (
                        f"Invalid type for parameter {name}[{position}], Expected: 32-bit "
                        f"floating point number, Actual: {each}."
                    )
        if len(content) != self.dimensions:
            return (
                f"Invalid size for parameter {name}, Expected: {self.dimensions}, "
                f"Actual: {len(content)}"
            )
        return None

    def vector(self, item: Any) -> array[float] | None:
        """Return the vector of an item, or None if the item is not in the index."""
        value = item.attrs.get(self.attribute) if item is not None else None
        # Items older than the index may have values of any form.
        if value is None or value.type != "L" or len(value.value) != self.dimensions:
            return None
        if self.hash is not None and self.hash not in item.attrs:
            return None
        if any(number.type != "N" for number in value.value):
            return None
        return f32(number.value for number in value.value)

    def projected(self, item: Any, table: Any) -> dict[str, Any]:
        """Return an item's attributes in the index, without the vector."""
        attributes = {name: each for name, each in item.attrs.items() if name != self.attribute}
        if self._projection.get("ProjectionType") == "ALL":
            return attributes
        kept = {*table.table_key_attrs, *self.schema}
        kept.update(self._projection.get("NonKeyAttributes", ()))
        return {name: each for name, each in attributes.items() if name in kept}

    def cost_of(self, table: Any, old: Any, new: Any) -> float | None:
        """Return the bytes that a write is metered as, or None if it does not change the index."""
        entries = [
            (vector, self.projected(item, table))
            for item in (new, old)
            if (vector := self.vector(item)) is not None
        ]
        if not entries or (len(entries) == 2 and entries[0] == entries[1]):
            return None
        size = sum(len(name.encode()) + size_of(each) for name, each in entries[0][1].items())
        size += len(self.attribute.encode()) + _F32_BYTES * self.dimensions
        return float(max(_LEAST_WRITE, size))

    def changed(self, key: Key) -> None:
        """Note that the item with this key must be read again before the next search."""
        if self._partitions is not None:
            self._changed[key] = None

    def search(
        self, table: Any, query: array[float], terms: Iterable[tuple[str, Any]], top_k: int
    ) -> tuple[int, Found]:
        """Return how many items match the terms, and the best of them with their scores."""
        partitions = self._up_to_date(table)
        partition: Any = None if self.hash is None else ...
        wanted: list[tuple[int, tuple[int]]] = []
        for name, value in terms:
            if name == self.hash:
                if partition not in (..., value):
                    return 0, []
                partition = value
            else:
                code = self._codes.get((name, value), -1)
                wanted.append((self._filters.index(name), (code,)))
        if partition not in partitions:
            return 0, []
        return partitions[partition].nearest(query, self.function.lower(), wanted, top_k)

    def _up_to_date(self, table: Any) -> dict[Any, Partition]:
        if self._partitions is None:
            self._partitions = {}
            self._changed = dict.fromkeys(_keys(table))
        changed, self._changed = self._changed, {}
        for key in changed:
            if key in self._homes:
                home = self._homes.pop(key)
                self._partitions[home].drop(key)
                if not self._partitions[home].items:
                    del self._partitions[home]
            item = stored(table, *key)
            vector = self.vector(item)
            if vector is None:
                continue
            home = plain(item.attrs[self.hash]) if self.hash is not None else None
            if home not in self._partitions:
                kind = Matrix if numpy() else Partition
                self._partitions[home] = kind(self.dimensions, len(self._filters))
            codes = [
                self._codes.setdefault((name, plain(item.attrs[name])), len(self._codes))
                if name in item.attrs
                else -2
                for name in self._filters
            ]
            self._partitions[home].put(key, item, vector, codes)
            self._homes[key] = home
        return self._partitions


def _keys(table: Any) -> Iterator[Key]:
    for hash_key, found in table.items.items():
        if table.has_range_key:
            yield from ((hash_key, range_key) for range_key in found)
        else:
            yield hash_key, None
