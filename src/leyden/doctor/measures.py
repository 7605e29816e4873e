"""How much there is, and where: counts and bytes, what an index holds, the largest partitions.

All of it is kept in memory that does not grow with the table. A table's own partitions are scanned
one after another, so the run that comes by is counted exactly, and the largest are kept. Those of
an index come mixed, and are counted as Metwally, Agrawal and El Abbadi do it ("space saving"): of
many counters the smallest is given to whatever is new, of which as many may have come by before as
that one had. So for each partition it is known how many it has at least, and at most.
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
"""The partitions of an index that are counted at a time."""

SHOWN: Final = 10
"""The most partitions that a report shows."""

ENTRY_BYTES: Final = 100
"""What DynamoDB adds to the size of an item, and of each entry of an index."""

MOST_NAMES: Final = 100
"""The most names that items of others are counted by; those of further names are counted as one."""

FURTHER: Final = "items of further names"

_STEP: Final = 1000.0


@frozen
class Tally:
    """How many items, and their bytes; `largest` is the size of the largest."""

    items: int = 0
    bytes: int = 0
    largest: int = 0

    def plus(self, size: int) -> Tally:
        """With one item more."""
        return Tally(self.items + 1, self.bytes + size, max(self.largest, size))


@frozen
class Partition:
    """One partition key, with its items and bytes.

    `key` is its text. It has at least so many, and at most `spare` more: items, or bytes where
    partitions are ranked by these. `spare` is 0 where they are counted exactly.
    """

    key: str
    items: int
    bytes: int
    spare: int = 0


@frozen
class IndexMeasure:
    """What an index holds of the items that were read, and what it costs.

    `unit_share` are the write units that a write of an item in it costs for the index alone, on
    average. `by_items` and `by_bytes` are the largest partitions. `description` is what
    DescribeTable says of the whole index: its items and bytes, up to six hours old.
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
        """The bytes that DynamoDB counts for what was read: entries have some of their own."""
        return self.entries.bytes + ENTRY_BYTES * self.entries.items


class Ranking:
    """The largest partitions of all that are counted, in a number of counters.

    With `in_runs` the items of a partition come together, as those of a table do.
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
        """The smallest counter, brought to the top of the heap, which knows what each once was."""
        while True:
            noted, key = self._heap[0]
            weight = self._counts[key][2]
            if weight == noted:
                return weight
            heapq.heapreplace(self._heap, (weight, key))

    def largest(self) -> tuple[Partition, ...]:
        """The largest partitions, of those that are counted well enough to be called so."""
        found = (
            Partition(key, items, size, spare)
            for key, (items, size, weight, spare) in self._counts.items()
            if spare * 2 <= weight
        )
        return tuple(heapq.nlargest(SHOWN, found, key=lambda p: (getattr(p, self._by), p.key)))

    def save(self) -> dict[str, list[int]]:
        """The counters, as JSON holds them."""
        return dict(self._counts)

    def restore(self, saved: Mapping[str, Sequence[int]]) -> None:
        """Go on from what was saved."""
        self._counts = {key: [*counts] for key, counts in saved.items()}
        self._heap = [(counts[2], key) for key, counts in self._counts.items()]
        heapq.heapify(self._heap)


@define
class _Index:
    """What is counted of one index."""

    name: str
    keys: tuple[str, ...]
    hash: tuple[str, ...]
    held: frozenset[str] | None
    """The fields that it holds; None for all."""
    entries: Tally = Tally()
    units: int = 0
    by_items: Ranking = field(factory=lambda: Ranking("items"))
    by_bytes: Ranking = field(factory=lambda: Ranking("bytes"))


class Measures:
    """What is counted of the items that were read."""

    def __init__(self, definition: TableDefinition) -> None:
        self._hash = definition.hash
        own = [definition.hash, *([definition.range] if definition.range else [])]
        self.all = Tally()
        self.of: dict[str, Tally] = {}
        """By the alias of the entity; `guards`, `parts` and what foreign items say, beside."""
        self._foreign: set[str] = set()
        """The names of foreign items among these."""
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
        """Count an item; gives its size in bytes. `run` is that of the segment it is from."""
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
        """What an item is counted by."""
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
        """Count an item of a partition, or end the run that is under way, with None."""
        if run.items and run.key != key:
            for ranking in (self.by_items, self.by_bytes):
                ranking.add(run.key, run.items, run.bytes)
            run.items = run.bytes = 0
        if key is not None:
            run.key, run.items, run.bytes = key, run.items + 1, run.bytes + size

    def indexes(self, described: Mapping[str, Mapping[str, Any]]) -> tuple[IndexMeasure, ...]:
        """What each index holds; `described` is what DescribeTable says of each."""
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
        """All counts, as JSON holds them."""
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
        """Go on from what was saved."""
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
    """The partition that a segment is at: how much of it came by."""

    key: str = ""
    items: int = 0
    bytes: int = 0


def size_text(count: float) -> str:
    """A number of bytes for people: `812 bytes`, `1.5 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= _STEP
    return f"{count:,.1f} TB"


def _plain(tally: Tally) -> list[int]:
    return [tally.items, tally.bytes, tally.largest]


def _text(item: Item, fields: Sequence[str]) -> str:
    """A partition key as text: as it is where it is one text."""
    if len(fields) == 1 and "S" in item[fields[0]]:
        return str(item[fields[0]]["S"])
    return " ".join(portable_text(item[name]) for name in fields)
