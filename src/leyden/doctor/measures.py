"""Measures: counts and bytes, what each index holds, the largest partitions.

All of them need memory that does not grow with the table. The table's own partitions are scanned
one after another, so each is counted exactly as it passes, and the largest are kept. The partitions
of an index come mixed. They are counted with the "space saving" algorithm of Metwally, Agrawal and
El Abbadi: a new partition takes over the smallest of many counters, and at most as many of its
items as that counter had may have passed before. So both a lower and an upper bound is known for
each partition.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Final

from leyden._attrs import define, field, frozen
from leyden.doctor.items import FOREIGN, GUARD, PART, Seen
from leyden.mapping.table import TableDefinition, held_fields
from leyden.operations.plan.costs import write_units
from leyden.operations.plan.expressions import item_size
from leyden.program import Item
from leyden.types import portable_text

COUNTERS: Final = 1000
"""How many partitions of an index are counted at a time."""

SHOWN: Final = 10
"""The maximum number of partitions in a report."""

ENTRY_BYTES: Final = 100
"""The bytes that DynamoDB adds to the size of an item, and of each entry of an index."""

MOST_NAMES: Final = 100
"""The maximum number of names that foreign items are counted by. Further names are counted as one.
"""

FURTHER: Final = "items with other names"

_STEP: Final = 1000.0


@frozen
class Tally:
    """The number of items and their bytes; `largest` is the size of the largest item."""

    items: int = 0
    bytes: int = 0
    largest: int = 0

    def plus(self, size: int) -> Tally:
        """Return the tally with one more item."""
        return Tally(self.items + 1, self.bytes + size, max(self.largest, size))


@frozen
class Partition:
    """A partition key with its number of items and bytes.

    `key` is its text. The numbers are lower bounds; the partition may have up to `spare` more
    items, or bytes if partitions are ranked by bytes. `spare` is 0 if they are counted exactly.
    """

    key: str
    items: int
    bytes: int
    spare: int = 0


@frozen
class IndexMeasure:
    """What an index holds of the items that were read, and what it costs.

    `unit_share` is the average number of write units that a write of an item in the index costs for
    the index alone. `by_items` and `by_bytes` are the largest partitions. `items` and `bytes` are
    what DescribeTable reports for the whole index, up to six hours old.
    """

    name: str
    entries: Tally
    unit_share: float
    by_items: tuple[Partition, ...]
    by_bytes: tuple[Partition, ...]
    items: int | None = None
    bytes: int | None = None

    @property
    def stored(self) -> int:
        """The bytes that DynamoDB counts for what was read, with its overhead for each entry."""
        return self.entries.bytes + ENTRY_BYTES * self.entries.items


class Ranking:
    """The largest of many partitions, counted with a limited number of counters.

    With `in_runs`, the items of a partition come one after another, as in the scan of a table.
    """

    def __init__(self, by: str, *, in_runs: bool = False, counters: int = COUNTERS) -> None:
        self._by = by
        self._in_runs = in_runs
        self._most = counters
        self._counts: dict[str, list[int]] = {}
        self._heap: list[tuple[int, str]] = []

    def add(self, key: str, items: int, size: int) -> None:
        """Count items of a partition."""
        weight = items if self._by == "items" else size
        known = self._counts.get(key)
        if known is not None:
            known[0] += items
            known[1] += size
            known[2] += weight
            return
        spare = 0
        if len(self._counts) >= self._most:
            least = self._least()
            if self._in_runs and weight <= least:
                return
            spare = 0 if self._in_runs else least
            del self._counts[heapq.heappop(self._heap)[1]]
        self._counts[key] = [items, size, spare + weight, spare]
        heapq.heappush(self._heap, (spare + weight, key))

    def _least(self) -> int:
        """Bring the smallest counter to the top of the heap, whose weights may be out of date."""
        while True:
            noted, key = self._heap[0]
            weight = self._counts[key][2]
            if weight == noted:
                return weight
            heapq.heapreplace(self._heap, (weight, key))

    def largest(self) -> tuple[Partition, ...]:
        """Return the largest partitions, without those whose count is too uncertain."""
        found = (
            Partition(key, items, size, spare)
            for key, (items, size, weight, spare) in self._counts.items()
            if spare * 2 <= weight
        )
        return tuple(heapq.nlargest(SHOWN, found, key=lambda p: (getattr(p, self._by), p.key)))

    def save(self) -> dict[str, list[int]]:
        """Return the counters as JSON."""
        return dict(self._counts)

    def restore(self, saved: Mapping[str, Sequence[int]]) -> None:
        """Continue from saved counters."""
        self._counts = {key: [*counts] for key, counts in saved.items()}
        self._heap = [(counts[2], key) for key, counts in self._counts.items()]
        heapq.heapify(self._heap)


@define
class _Index:
    """The counts of one index."""

    name: str
    keys: tuple[str, ...]
    hash: tuple[str, ...]
    held: frozenset[str] | None
    """The fields that it holds; None means all."""
    entries: Tally = Tally()
    units: int = 0
    by_items: Ranking = field(factory=lambda: Ranking("items"))
    by_bytes: Ranking = field(factory=lambda: Ranking("bytes"))


class Measures:
    """The counts of the items that were read."""

    def __init__(self, definition: TableDefinition) -> None:
        self._hash = definition.hash
        own = [definition.hash, *([definition.range] if definition.range else [])]
        self.all = Tally()
        self.of: dict[str, Tally] = {}
        """By alias of the entity; also `guards`, `parts`, and the names that foreign items carry.
        """
        self._foreign: set[str] = set()
        """Which of these are the names of foreign items."""
        self.by_items = Ranking("items", in_runs=True)
        self.by_bytes = Ranking("bytes", in_runs=True)
        self._indexes: list[_Index] = []
        for index in definition.indexes.values():
            keys = (*index.hash, *index.range)
            held = held_fields(index.projection, (*own, *keys))
            self._indexes.append(_Index(index.name, keys, index.hash, held))
        for vector in definition.vectors.values():
            parted = (vector.hash,) if vector.hash is not None else ()
            held = held_fields(vector.projection, (*own, vector.field, *vector.read))
            self._indexes.append(_Index(vector.name, (vector.field, *parted), parted, held))

    def count(self, item: Item, seen: Seen, run: Run) -> int:
        """Count an item of a segment with the current partition `run`; return its size in bytes."""
        size = item_size(item)
        self.all = self.all.plus(size)
        name = self._named(seen)
        self.of[name] = self.of.get(name, Tally()).plus(size)
        self.pass_by(run, _text(item, (self._hash,)), size)
        for index in self._indexes:
            if not all(key in item for key in index.keys):
                continue
            held = index.held
            entry = size
            if held is not None:
                entry = item_size({name: item[name] for name in held if name in item})
            index.entries = index.entries.plus(entry)
            index.units += write_units(entry)
            if index.hash:
                key = _text(item, index.hash)
                index.by_items.add(key, 1, entry)
                index.by_bytes.add(key, 1, entry)
        return size

    def _named(self, seen: Seen) -> str:
        """Return the name that an item is counted by."""
        if seen.kind in (GUARD, PART):
            return f"{seen.kind}s"
        if seen.kind != FOREIGN:
            assert seen.entity is not None
            return seen.entity.spec.alias
        if seen.name not in self._foreign:
            if len(self._foreign) >= MOST_NAMES:
                return FURTHER
            self._foreign.add(seen.name)
        return seen.name

    def pass_by(self, run: Run, key: str | None, size: int = 0) -> None:
        """Count an item of a partition, or with None end the current partition."""
        if run.items and run.key != key:
            for ranking in (self.by_items, self.by_bytes):
                ranking.add(run.key, run.items, run.bytes)
            run.items = run.bytes = 0
        if key is not None:
            run.key, run.items, run.bytes = key, run.items + 1, run.bytes + size

    def indexes(self, described: Mapping[str, Mapping[str, Any]]) -> tuple[IndexMeasure, ...]:
        """Return what each index holds; `described` is what DescribeTable reports for each."""
        return tuple(
            IndexMeasure(
                index.name,
                index.entries,
                index.units / index.entries.items if index.entries.items else 0.0,
                index.by_items.largest(),
                index.by_bytes.largest(),
                described.get(index.name, {}).get("ItemCount"),
                described.get(index.name, {}).get("IndexSizeBytes"),
            )
            for index in self._indexes
        )

    def save(self) -> dict[str, Any]:
        """Return all counts as JSON."""
        return {
            "all": _plain(self.all),
            "of": {name: _plain(tally) for name, tally in self.of.items()},
            "foreign": sorted(self._foreign),
            "by_items": self.by_items.save(),
            "by_bytes": self.by_bytes.save(),
            "indexes": {
                index.name: {
                    "entries": _plain(index.entries),
                    "units": index.units,
                    "by_items": index.by_items.save(),
                    "by_bytes": index.by_bytes.save(),
                }
                for index in self._indexes
            },
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Continue from saved counts."""
        self.all = Tally(*saved["all"])
        self.of = {name: Tally(*tally) for name, tally in saved["of"].items()}
        self._foreign = {*saved["foreign"]}
        self.by_items.restore(saved["by_items"])
        self.by_bytes.restore(saved["by_bytes"])
        for index in self._indexes:
            own = saved["indexes"][index.name]
            index.entries, index.units = Tally(*own["entries"]), own["units"]
            index.by_items.restore(own["by_items"])
            index.by_bytes.restore(own["by_bytes"])


@define
class Run:
    """The partition that a segment is reading, and how much of it has passed."""

    key: str = ""
    items: int = 0
    bytes: int = 0


def size_text(count: float) -> str:
    """Return a number of bytes for people: `812 bytes`, `1.5 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= _STEP
    return f"{count:,.1f} TB"


def _plain(tally: Tally) -> list[int]:
    return [tally.items, tally.bytes, tally.largest]


def _text(item: Item, fields: Sequence[str]) -> str:
    """Return a partition key as text; a single text unchanged."""
    if len(fields) == 1 and "S" in item[fields[0]]:
        return str(item[fields[0]]["S"])
    return " ".join(portable_text(item[name]) for name in fields)
