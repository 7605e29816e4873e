"""What memory asks of an embedder and of a vector store, and what goes between them.

A vector store that you write yourself needs the methods of `VectorStore`, and no base class. A
store may have asynchronous methods beside them, named with an `a` in front: `aupsert`, `aquery`
and so on. Asynchronous callers await these; without them they run the blocking ones on a thread.
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
"""What the metadata of a match must be: every entry of the mapping has to hold.

A field stands beside the value that it must equal, a text, a number or a boolean, or beside
`{"in": [values]}`. The entry `"and"` has a list of further filters. Where the metadata has a list,
one of its members must fit.

>>> recent: Filter = {"resource_id": "alice", "role": {"in": ["user", "assistant"]}}
>>> one_thread: Filter = {"and": [recent, {"thread_id": "t1"}]}
"""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors.

    An embedder may have `async def aembed(self, texts)` as well, which asynchronous callers await,
    and `batch_size`, the most texts that it takes at once.

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
        """One vector for each text, in their order."""


@frozen
class Vector:
    """A vector to be stored: its id, its numbers, and JSON values to filter by and to give back.

    >>> Vector("m1#0", [0.6, 0.8], {"thread_id": "t1"}).id
    'm1#0'
    """

    id: str
    values: Sequence[float]
    metadata: Mapping[str, Any]


@frozen
class VectorMatch:
    """A vector that a query found. `score` goes from 0 to 1, and 1 is the best.

    Each store documents how its score comes about.
    """

    id: str
    score: float
    metadata: Mapping[str, Any]


@frozen
class VectorMatches(Sequence[VectorMatch]):
    """What a query found, the best first, and what it cost.

    `requests` counts the requests made. `consumed` is in capacity units and `bytes_searched` in
    bytes; both are None where the store does not say.
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
    """An index as the store describes it. `count` is None where the store does not say."""

    name: str
    dimensions: int
    metric: str
    count: int | None
    ready: bool


@runtime_checkable
class VectorStore(Protocol):
    """Keeps vectors in named indexes and finds the nearest.

    All methods raise `leyden.errors.VectorStoreError` where the store refuses a call or cannot be
    reached, `VectorInputError` for what it does not take, and `VectorIndexNotFoundError` where it
    does not have the index.
    """

    separator: str
    """What joins the words of an index's name: `_`, and `-` where the store takes no other."""

    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> None:
        """Make an index, and wait until it is ready.

        `metric` is `cosine`, `euclidean` or `dot_product`. An index that is there and alike stays
        as it is. Raises VectorIndexMismatchError where it has other dimensions or another metric.
        """

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        """Store vectors, over those that have the same ids, in as many requests as it takes.

        The error of a call that did not write all of them says in `unsaved` which it did not.
        """

    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> VectorMatches:
        """The `top_k` vectors most like this one, of those that the filter lets through."""

    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> None:
        """Remove vectors by their ids or by a filter, exactly one of the two.

        Ids that are not there are no error.
        """

    def list(self) -> builtins.list[str]:
        """The names of the store's indexes, sorted."""

    def describe(self, index: str) -> VectorIndex:
        """An index's dimensions and metric, how many vectors it has, and whether it is ready."""
