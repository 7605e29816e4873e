"""Vectors kept as rows, and the exact search for the nearest of them.

The embedded engine keeps a `Partition` for each partition of a vector index, the vector store in
memory one for each of its indexes. With each vector goes an item, which searches give back, and a
code in each column of filters: equal codes are equal values.
"""

from __future__ import annotations

import heapq
import importlib
import math
import operator
from array import array
from collections.abc import Collection, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

__all__ = ["Found", "Matrix", "Partition", "Wanted", "numpy"]

Found: TypeAlias = list[tuple[float, Any]]
"""The scores and the items that a search found, the most similar first."""
Wanted: TypeAlias = Sequence[tuple[int, Collection[int]]]
"""Columns of filters, each with the codes of which an item must have one."""

_F32_STEP: Final = 2.0**-24
"""How far, in relation to itself, rounding to 32 bits moves a number."""
_LARGEST_F32: Final = 3.4028234663852886e38
_SAFE: Final = 1e30
"""Lengths and products between its inverse and this stay far from the limits of 32 bits."""


@lru_cache(maxsize=1)
def numpy() -> Any:
    """The module NumPy; None where it is not installed."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


class Partition:
    """The vectors of a partition, a row each, in plain Python.

    `metric` is `cosine`, `euclidean` or `dot_product`. The first two give distances, a cosine from
    0 to 2; the third gives the product, and there the highest is the nearest.
    """

    def __init__(self, dimensions: int, columns: int = 0) -> None:
        self.items: list[Any] = []
        self._keys: list[Hashable] = []
        self._rows: dict[Hashable, int] = {}
        self._vectors: Any = []
        self._lengths: Any = []
        self._codes: Any = []

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._rows

    def put(self, key: Hashable, item: Any, vector: array[float], codes: list[int]) -> None:
        """Add an item, whose key is not there, with its code in each column."""
        self._rows[key] = len(self.items)
        self._keys.append(key)
        self._append(vector, codes)
        self.items.append(item)

    def drop(self, key: Hashable) -> None:
        """Take an item out; the last one takes its row."""
        row = self._rows.pop(key)
        last, item = self._keys.pop(), self.items.pop()
        if row < len(self.items):
            self._rows[last] = row
            self._keys[row], self.items[row] = last, item
        self._fill(row, len(self.items))

    def add_column(self, codes: Iterable[int]) -> None:
        """Add a column of filters at the end, with the code of each item in their order."""
        for row, code in zip(self._codes, codes, strict=True):
            row.append(code)

    def meeting(self, wanted: Wanted) -> list[Hashable]:
        """The keys of the items that have the wanted codes."""
        return [self._keys[row] for row in self._rows_of(wanted)]

    def nearest(
        self, query: array[float], metric: str, wanted: Wanted, top_k: int
    ) -> tuple[int, Found]:
        """How many items have the wanted codes, and the nearest of them."""
        rows = self._rows_of(wanted)
        length = math.hypot(*query)
        sign = -1.0 if metric == "dot_product" else 1.0
        scores = []
        for row in rows:
            vector = self._vectors[row]
            if metric == "euclidean":
                score = math.dist(query, vector)
            else:
                score = sum(map(operator.mul, query, vector))
                if metric == "cosine":
                    # The service takes a vector of zeros; its angle to any other counts as right.
                    lengths = length * self._lengths[row]
                    score = min(max(1.0 - score / lengths, 0.0), 2.0) if lengths else 1.0
            scores.append((sign * score, row))
        best = heapq.nsmallest(top_k, scores)
        items = (self.items[row] for _, row in best)
        return len(rows), _said((sign * score for score, _ in best), items)

    def _rows_of(self, wanted: Wanted) -> list[int]:
        return [
            row
            for row, codes in enumerate(self._codes)
            if all(codes[column] in among for column, among in wanted)
        ]

    def _append(self, vector: array[float], codes: list[int]) -> None:
        self._vectors.append(vector)
        self._lengths.append(math.hypot(*vector))
        self._codes.append(codes)

    def _fill(self, row: int, last: int) -> None:
        """Move what the last row holds to a row."""
        for column in (self._vectors, self._lengths, self._codes):
            column[row] = column[last]
            column.pop()


def _said(scores: Iterable[float], items: Iterable[Any]) -> Found:
    """Items with their scores as the service says them: in 32 bits, and a zero without a sign."""
    within = [
        score if -_LARGEST_F32 <= score <= _LARGEST_F32 else math.copysign(_LARGEST_F32, score)
        for score in scores
    ]
    return [(score + 0.0, item) for score, item in zip(array("f", within), items, strict=True)]


class Matrix(Partition):
    """The vectors of a partition as one matrix, for NumPy.

    A search multiplies in 32 bits, which says within a known error how similar each vector is.
    What may be among the best by that error is then measured in 64 bits: so the answer is exact,
    and costs little more than the multiplication.
    """

    def __init__(self, dimensions: int, columns: int = 0) -> None:
        super().__init__(dimensions, columns)
        self._np = np = numpy()
        self._vectors = self._room(16, dimensions)
        self._codes = np.empty((columns, 16), np.int32)
        self._lengths = np.empty(16)
        self._inverse = np.empty(16, np.float32)
        self._shortest, self._longest = math.inf, 0.0

    def _room(self, rows: int, dimensions: int) -> Any:
        """A matrix that begins where a processor's cache line does: it multiplies faster."""
        room = self._np.empty(rows * dimensions + 16, self._np.float32)
        start = -room.ctypes.data % 64 // 4
        return room[start : start + rows * dimensions].reshape(rows, dimensions)

    def _append(self, vector: array[float], codes: list[int]) -> None:
        np, row = self._np, len(self.items)
        if row == len(self._vectors):
            vectors = self._room(2 * row, self._vectors.shape[1])
            vectors[:row] = self._vectors
            self._vectors = vectors
            self._codes = np.concatenate((self._codes, np.empty_like(self._codes)), axis=1)
            self._lengths = np.concatenate((self._lengths, np.empty_like(self._lengths)))
            self._inverse = np.concatenate((self._inverse, np.empty_like(self._inverse)))
        self._vectors[row] = np.frombuffer(vector, np.float32)
        self._codes[:, row] = codes
        self._lengths[row] = length = math.hypot(*vector)
        self._inverse[row] = 1 / length if 1 / _SAFE < length < _SAFE else 0.0
        if length:
            self._shortest = min(self._shortest, length)
            self._longest = max(self._longest, length)

    def _fill(self, row: int, last: int) -> None:
        self._vectors[row] = self._vectors[last]
        self._codes[:, row] = self._codes[:, last]
        self._lengths[row] = self._lengths[last]
        self._inverse[row] = self._inverse[last]

    def add_column(self, codes: Iterable[int]) -> None:
        """Add a column of filters at the end, with the code of each item in their order."""
        np = self._np
        column = np.empty((1, self._codes.shape[1]), np.int32)
        column[0, : len(self.items)] = [*codes]
        self._codes = np.concatenate((self._codes, column))

    def _met(self, wanted: Wanted) -> Any:
        """Of each row, whether it has the wanted codes."""
        np, count = self._np, len(self.items)
        met = np.ones(count, bool)
        for column, among in wanted:
            codes = self._codes[column, :count]
            met &= codes == [*among] if len(among) == 1 else np.isin(codes, [*among])
        return met

    def _rows_of(self, wanted: Wanted) -> list[int]:
        rows: list[int] = self._np.flatnonzero(self._met(wanted)).tolist()
        return rows

    def nearest(
        self, query: array[float], metric: str, wanted: Wanted, top_k: int
    ) -> tuple[int, Found]:
        """How many items have the wanted codes, and the nearest of them."""
        np, count = self._np, len(self.items)
        # What is done for each search, and not for each vector, takes a fifth of the time for a few
        # thousand vectors: hence methods in place of NumPy's functions, and Python for the few.
        single = np.frombuffer(query, np.float32)
        sought = single.astype(float)
        length = math.sqrt(sought @ sought)
        met: Any = None
        rows: Any = None
        if wanted:
            met = self._met(wanted)
            total, count = count, int(np.count_nonzero(met))
            # To gather rows costs more than to multiply all of them, unless they are few.
            if count <= top_k or 4 * count < total:
                met, rows = None, met.nonzero()[0]
        if count > top_k:
            near, slack = self._roughly(single, sought, length, metric, rows)
            if met is not None:
                near = np.where(met, near, np.inf)
            ranked = near.copy()
            ranked.partition(top_k - 1)
            picked = (near <= ranked[top_k - 1] + slack).nonzero()[0]
            rows = picked if rows is None else rows[picked]
        elif rows is None:
            rows = np.arange(count)
        scores = self._exactly(sought, length, metric, rows)
        order = (-scores if metric == "dot_product" else scores).argsort(kind="stable")[:top_k]
        return count, _said(
            scores[order].tolist(), map(self.items.__getitem__, rows[order].tolist())
        )

    def _roughly(
        self, single: Any, sought: Any, length: float, metric: str, rows: Any
    ) -> tuple[Any, float]:
        """How far vectors are, the nearest lowest, and how wrong the difference of two may be."""
        np = self._np
        at = slice(len(self.items)) if rows is None else rows
        longest = self._longest
        extremes = (length, length * self._shortest, length * longest, self._shortest, longest)
        if not (min(extremes) > 1 / _SAFE and max(extremes) < _SAFE):
            near = self._exactly(sought, length, metric, at)
            return -near if metric == "dot_product" else near, 0.0
        error = 2 * _F32_STEP * (len(sought) + 8)
        product = self._vectors[at] @ single
        if metric == "euclidean":
            return np.square(self._lengths[at]) - 2.0 * product, 2 * error * length * longest
        if metric == "cosine":
            product *= self._inverse[at]
            return np.negative(product, out=product), error * length
        return -product, error * length * longest

    def _exactly(self, sought: Any, length: float, metric: str, rows: Any) -> Any:
        np = self._np
        all_rows = isinstance(rows, slice)
        vectors = (self._vectors[rows] if all_rows else self._vectors.take(rows, 0)).astype(float)
        if metric == "euclidean":
            return np.sqrt(np.square(vectors - sought).sum(axis=1))
        products = vectors @ sought
        if metric == "dot_product":
            return products
        lengths = self._lengths[rows] * length
        lengths[lengths == 0.0] = np.inf
        return np.maximum(np.minimum(1.0 - products / lengths, 2.0), 0.0)
