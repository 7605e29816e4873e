"""The interfaces of embedders and vector stores, and the values that they exchange.

A vector store that you write needs the methods of `VectorStore`, but no base class. It may have
asynchronous methods as well, with names that begin with `a`: `aupsert`, `aquery` and so on.
Asynchronous callers await these; without them, they run the blocking methods on a thread.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from leyden._attrs import frozen

__all__ = [
    "Embedder",
    "Filter",
    "Vector",
    "VectorIndex",
    "VectorMatch",
    "VectorMatches",
    "VectorStore",
]

Filter: TypeAlias = Mapping[str, Any]
"""A filter on the metadata of matches: every entry of the mapping must hold.

A field maps to the value that it must equal (a text, a number or a boolean), or to
`{"in": [values]}`. The entry `"and"` takes a list of further filters. If the metadata has a list,
one of its members must match.

>>> recent: Filter = {"resource_id": "alice", "role": {"in": ["user", "assistant"]}}
>>> one_thread: Filter = {"and": [recent, {"thread_id": "t1"}]}
"""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors.

    An embedder may also have `async def aembed(self, texts)`, which asynchronous callers await, and
    `batch_size`, the most texts that one call takes.

    >>> class Letters:
    ...     dimensions = 26
    ...     def embed(self, texts):
    ...         return [[float(text.count(chr(97 + n))) for n in range(26)] for text in texts]
    >>> isinstance(Letters(), Embedder)
    True
    """

    dimensions: int
    """The length of every vector."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector for each text, in the same order."""


@frozen
class Vector:
    """A vector to store: its id, its numbers, and JSON metadata to filter by and to return.

    >>> Vector("m1#0", [0.6, 0.8], {"thread_id": "t1"}).id
    'm1#0'
    """

    id: str
    values: Sequence[float]
    metadata: Mapping[str, Any]


@frozen
class VectorMatch:
    """A vector that a query found. `score` goes from 0 to 1, which is the best.

    Each store documents how it computes its scores.
    """

    id: str
    score: float
    metadata: Mapping[str, Any]


@frozen
class VectorMatches(Sequence[VectorMatch]):
    """The matches of a query, best first, and what the query cost.

    `requests` counts the requests that were sent. `consumed` is in capacity units and
    `bytes_searched` in bytes; both are None if the store does not report them.
    """

    items: tuple[VectorMatch, ...]
    requests: int = 1
    consumed: float | None = None
    bytes_searched: int | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[VectorMatch]:
        return iter(self.items)


@frozen
class VectorIndex:
    """An index as the store describes it. `count` is None if the store does not report it."""

    name: str
    dimensions: int
    metric: str
    count: int | None
    ready: bool


@runtime_checkable
class VectorStore(Protocol):
    """Stores vectors in named indexes and finds the nearest.

    All methods raise `leyden.errors.VectorStoreError` if the store refuses a call or cannot be
    reached, `VectorInputError` for input that does not fit, and `VectorIndexNotFoundError` if the
    index does not exist.
    """

    separator: str
    """The character between the words of an index's name: `_`, or `-` if the store requires it."""

    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> None:
        """Create an index and wait until it is ready.

        `metric` is `cosine`, `euclidean` or `dot_product`. An existing index that fits stays as it
        is. Raises VectorIndexMismatchError if it has other dimensions or another metric.
        """

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        """Store vectors in as many requests as needed; each replaces the vector with its id.

        If a call does not write all vectors, its error has the ids of the others in `unsaved`.
        """

    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> VectorMatches:
        """Return the `top_k` vectors most similar to this one that match the filter."""

    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> None:
        """Delete vectors by their ids or by a filter; give exactly one of the two.

        Ids that do not exist are no error.
        """

    def list(self) -> builtins.list[str]:
        """Return the names of the store's indexes, sorted."""

    def describe(self, index: str) -> VectorIndex:
        """Return an index's dimensions and metric, how many vectors it has, and if it is ready."""
