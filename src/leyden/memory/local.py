"""A vector store in this process's memory, which searches exactly."""

from __future__ import annotations

import builtins
import sys
from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from threading import RLock
from typing import Any, ClassVar

from leyden.memory.base import BaseVectors, Conditions, Floats, Ids
from leyden.memory.checks import score_of
from leyden.memory.filters import Condition, members_of
from leyden.memory.protocols import Filter, Vector, VectorIndex, VectorMatch, VectorMatches
from leyden.nearest import Matrix, Partition, numpy

__all__ = ["LocalVectors"]


class LocalVectors(BaseVectors):
    """Stores vectors in this process and finds the nearest exactly, with NumPy if it is installed.

    It is for tests, for development, and for agents whose memory is small or short-lived: it is
    empty in every new process. Several threads may share it.

    The score is `1 - distance / 2` for `cosine`, `1 / (1 + distance)` for `euclidean`, and
    `(1 + product) / 2` for `dot_product`, which is meant for vectors of length 1.

    >>> store = LocalVectors()
    >>> store.create_index("memory_messages", 2)
    >>> store.upsert("memory_messages", [Vector("m1#0", [0.0, 1.0], {"thread_id": "t1"})])
    >>> [(match.id, match.score) for match in store.query("memory_messages", [0.0, 1.0])]
    [('m1#0', 1.0)]
    """

    service: ClassVar[str] = "This process"
    batch_size = sys.maxsize
    batch_bytes: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self._indexes: dict[str, _Index] = {}
        self._lock = RLock()

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        """Store all vectors or none; each replaces the stored vector with its id."""
        with self._lock:
            super().upsert(index, vectors)

    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> VectorMatches:
        """Return the `top_k` vectors most similar to this one that match the filter."""
        with self._lock:
            return super().query(index, vector, top_k=top_k, filter=filter)

    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> None:
        """Delete vectors by their ids or by a filter; give exactly one of the two."""
        with self._lock:
            super().delete(index, ids=ids, filter=filter)

    def _describe(self, name: str) -> VectorIndex:
        found = self._indexes[name]
        return VectorIndex(name, found.dimensions, found.metric, len(found.partition), True)

    def _create(self, name: str, dimensions: int, metric: str) -> None:
        with self._lock:
            self._indexes.setdefault(name, _Index(dimensions, metric))

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        found = self._indexes[index]
        for vector in vectors:
            found.put(vector, _copied(vector.metadata))

    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]:
        found = self._indexes[index.name]
        wanted = found.wanted(conditions)
        _, nearest = found.partition.nearest(array("f", vector), index.metric, wanted, top_k)
        return [
            VectorMatch(id, score_of(measure, index.metric), _copied(metadata))
            for measure, (id, metadata) in nearest
        ]

    def _delete(self, index: str, ids: Ids) -> None:
        partition = self._indexes[index].partition
        for id in ids:
            if id in partition:
                partition.drop(id)

    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None:
        found = self._indexes[index.name]
        for id in found.partition.meeting(found.wanted(conditions)):
            found.partition.drop(id)

    def _names(self) -> Iterable[str]:
        return [*self._indexes]

    def _is_missing(self, error: Exception) -> bool:
        return isinstance(error, KeyError)


class _Index:
    """The vectors of an index, and a column of codes for each field that a filter has named."""

    def __init__(self, dimensions: int, metric: str) -> None:
        self.dimensions = dimensions
        self.metric = metric
        self.partition: Partition = (Matrix if numpy() else Partition)(dimensions)
        self._columns: dict[str, _Column] = {}

    def put(self, vector: Vector, metadata: Mapping[str, Any]) -> None:
        codes = [column.code_of(metadata) for column in self._columns.values()]
        if vector.id in self.partition:
            self.partition.drop(vector.id)
        self.partition.put(vector.id, (vector.id, metadata), array("f", vector.values), codes)

    def wanted(self, conditions: Sequence[Condition]) -> builtins.list[tuple[int, set[int]]]:
        """Return, for each condition, its column and the codes of the values that meet it."""
        wanted = []
        for condition in conditions:
            column = self._columns.get(condition.field)
            if column is None:
                column = self._columns[condition.field] = _Column(condition.field)
                self.partition.add_column(
                    column.code_of(metadata) for _, metadata in self.partition.items
                )
            wanted.append(([*self._columns].index(condition.field), column.meeting(condition)))
        return wanted


class _Column:
    """The values of one field; values that meet the same conditions share a code."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._codes: dict[Hashable, int] = {}
        self._having: dict[Hashable, set[int]] = {}

    def code_of(self, metadata: Mapping[str, Any]) -> int:
        members = members_of(metadata.get(self._field))
        code = self._codes.get(members)
        if code is None:
            code = self._codes[members] = len(self._codes)
            for member in members:
                self._having.setdefault(member, set()).add(code)
        return code

    def meeting(self, condition: Condition) -> set[int]:
        return set().union(*(self._having.get(each, ()) for each in members_of(condition.values)))


def _copied(value: Any) -> Any:
    """Copy a JSON value, several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {
            name: _copied(each) if isinstance(each, (dict, list, tuple)) else each
            for name, each in value.items()
        }
    return [_copied(each) for each in value] if isinstance(value, (list, tuple)) else value
