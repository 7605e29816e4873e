"""Keeps vectors as rows, and finds the nearest of them exactly.

The embedded engine keeps a `Partition` for each partition of a vector index; the vector store in
memory keeps one for each of its indexes. Each vector has an item, which searches return, and a code
in each filter column. Equal codes stand for equal values.
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
"""The scores and items that a search found, the most similar first."""
Wanted: TypeAlias = Sequence[tuple[int, Collection[int]]]
"""Filter columns, each with the codes that match: an item must have one of them."""

_F32_STEP: Final = 2.0**-24
"""The relative error of rounding a number to 32 bits."""
_LARGEST_F32: Final = 3.4028234663852886e38
_SAFE: Final = 1e30
"""Lengths and products between 1/1e30 and 1e30 stay far from the limits of 32-bit floats."""


@lru_cache(maxsize=1)
def numpy() -> Any:
    """Return the module NumPy; None if it is not installed."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


class Partition:
    """The vectors of a partition, one row each, in plain Python.

    A search's `metric` is `cosine`, `euclidean` or `dot_product`. The first two score by distance,
    from 0 to 2 for cosine. The third scores by the product, and the highest is the nearest.
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
        """Add an item under a new key, with its code in each filter column."""
        self._rows[key] = len(self.items)
        self._keys.append(key)
        self._append(vector, codes)
        self.items.append(item)

    def drop(self, key: Hashable) -> None:
        """Remove an item. The last item moves to its row."""
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
        """Return the keys of the items that have the wanted codes."""
        return [self._keys[row] for row in self._rows_of(wanted)]

    def nearest(
        self, query: array[float], metric: str, wanted: Wanted, top_k: int
    ) -> tuple[int, Found]:
        """Return the number of items with the wanted codes, and the nearest of them."""
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
                    # DynamoDB accepts a vector of zeros, and treats it as orthogonal to all others.
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
        """Move the values of the last row to another row."""
        for column in (self._vectors, self._lengths, self._codes):
            column[row] = column[last]
            column.pop()


def _said(scores: Iterable[float], items: Iterable[Any]) -> Found:
    """Return items with scores as DynamoDB returns them: in 32 bits, without a negative zero."""
    within = [
        score if -_LARGEST_F32 <= score <= _LARGEST_F32 else math.copysign(_LARGEST_F32, score)
        for score in scores
    ]
    return [(score + 0.0, item) for score, item in zip(array("f", within), items, strict=True)]


class Matrix(Partition):
    """The vectors of a partition as one matrix, for NumPy.

    A search multiplies in 32 bits, which gives the similarity of each vector within a known error.
    The vectors that may be among the nearest, given that error, are then measured in 64 bits. So
    the answer is exact, and costs little more than the multiplication.
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
        """Return a matrix that is aligned to a cache line, because it multiplies faster."""
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
        """Return a mask of the rows that have the wanted codes."""
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
        """Return the number of items with the wanted codes, and the nearest of them."""
        np, count = self._np, len(self.items)
        # With a few thousand vectors, work per search (not per vector) takes a fifth of the time.
        # Hence the array methods instead of NumPy's functions, and plain Python for small inputs.
        single = np.frombuffer(query, np.float32)
        sought = single.astype(float)
        length = math.sqrt(sought @ sought)
        met: Any = None
        rows: Any = None
        if wanted:
            met = self._met(wanted)
            total, count = count, int(np.count_nonzero(met))
            # Gathering rows costs more than multiplying all of them, unless there are only a few.
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
        """Return rough distances, and the largest error in the difference of two of them."""
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
