"""The base of vector stores: checks, batches, waiting, and errors that say what was not written.

Each store implements the steps below, which get checked input.
"""

from __future__ import annotations

import builtins
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final, TypeAlias

from leyden._text import quoted
from leyden.errors import VectorIndexNotFoundError, VectorStoreError
from leyden.memory.checks import (
    METRICS,
    check_alike,
    check_definition,
    checked_deletion,
    checked_query,
    checked_vectors,
    requests_of,
)
from leyden.memory.filters import Condition, conditions_of
from leyden.memory.protocols import Filter, Vector, VectorIndex, VectorMatch, VectorMatches

__all__ = ["BaseVectors", "Conditions", "Floats", "Ids"]

# Defined outside the class, because `list` is a method inside it.
Floats: TypeAlias = list[float]
Ids: TypeAlias = list[str]
Conditions: TypeAlias = Sequence[Condition]

_LONGEST_PAUSE: Final = 5.0


class BaseVectors(ABC):
    """A vector store that is built from its steps."""

    separator: str = "_"
    metrics: ClassVar[Sequence[str]] = METRICS
    """The metrics that the store supports."""
    most: ClassVar[int | None] = None
    """The largest `top_k` that the store supports; None for any."""
    service: ClassVar[str]
    """The name of the store in messages."""
    batch_size: int = 500
    """The most vectors in one request."""
    batch_bytes: int | None = 16_000_000
    """The approximate size limit of a request that writes vectors; None for no limit."""
    ready_within: float = 300.0
    """How many seconds `create_index` waits for an index to be ready."""

    def __init__(self) -> None:
        self._shapes: dict[str, VectorIndex] = {}

    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> None:
        """Create an index and wait until it is ready; an existing index that fits stays.

        Raises VectorIndexMismatchError if it has other dimensions or another metric.
        """
        check_definition(name, dimensions, metric, self.metrics)
        found = self._look(name)
        if found is None:
            try:
                with self._asking(name):
                    self._create(name, dimensions, metric)
            except VectorStoreError:
                # Another process may have created it in the meantime.
                if self._look(name) is None:
                    raise
        deadline, pause = time.monotonic() + self.ready_within, 0.05
        while (found := self._look(name)) is None or not found.ready:
            if time.monotonic() + pause > deadline:
                raise VectorStoreError(
                    f"The index {quoted(name)} is not ready after {self.ready_within:g} seconds; "
                    "call create_index again to wait longer",
                    index=name,
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        check_alike(found, dimensions, metric)

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        """Store vectors; each replaces the stored vector with its id.

        If a call does not write all vectors, its error has the ids of the others in `unsaved`.
        """
        vectors = [*vectors]
        try:
            checked = checked_vectors(vectors, self._shape(index))
        except VectorStoreError as error:
            error.unsaved = tuple(str(getattr(vector, "id", "")) for vector in vectors)
            raise
        batches = requests_of(checked, self.batch_size, self.batch_bytes)
        for done, batch in enumerate(batches):
            try:
                with self._asking(index):
                    self._write(index, batch)
            except VectorStoreError as error:
                error.unsaved = tuple(one.id for rest in batches[done:] for one in rest)
                raise

    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> VectorMatches:
        """Return the `top_k` vectors most similar to this one that match the filter."""
        conditions = conditions_of(filter)
        shape = self._shape(index)
        numbers = checked_query(vector, shape, top_k, self.most)
        if not all(condition.values for condition in conditions):
            return VectorMatches((), requests=0)
        with self._asking(index):
            return VectorMatches(tuple(self._nearest(shape, numbers, top_k, conditions)))

    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> None:
        """Delete vectors by their ids or by a filter; give exactly one of the two.

        Ids that do not exist are no error. A filter without conditions is refused.
        """
        named, conditions = checked_deletion(ids, filter)
        shape = self._shape(index)
        if named is None and not all(condition.values for condition in conditions):
            return
        with self._asking(index):
            if named is None:
                self._delete_where(shape, conditions)
            elif named:
                self._delete(index, named)

    def list(self) -> builtins.list[str]:
        """Return the names of the store's indexes, sorted."""
        with self._asking(None):
            return sorted(self._names())

    def describe(self, index: str) -> VectorIndex:
        """Return an index's dimensions and metric, how many vectors it has, and if it is ready."""
        found = self._look(index)
        if found is None:
            raise self._not_found(index)
        return found

    # --- the steps of a store ---

    @abstractmethod
    def _describe(self, name: str) -> VectorIndex:
        """Return the index, or raise an exception that `_is_missing` recognizes."""

    @abstractmethod
    def _create(self, name: str, dimensions: int, metric: str) -> None: ...

    @abstractmethod
    def _write(self, index: str, vectors: Sequence[Vector]) -> None: ...

    @abstractmethod
    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]: ...

    @abstractmethod
    def _delete(self, index: str, ids: Ids) -> None: ...

    @abstractmethod
    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None: ...

    @abstractmethod
    def _names(self) -> Iterable[str]: ...

    @abstractmethod
    def _is_missing(self, error: Exception) -> bool:
        """Return whether an exception of the client means that the index does not exist."""

    # --- what the stores share ---

    def _look(self, name: str) -> VectorIndex | None:
        try:
            with self._asking(name):
                found = self._shapes[name] = self._describe(name)
        except VectorIndexNotFoundError:
            return None
        return found

    def _shape(self, name: str) -> VectorIndex:
        """Return the index as last described, so that only the first call sends a request."""
        return self._shapes.get(name) or self.describe(name)

    def _not_found(self, name: str) -> VectorIndexNotFoundError:
        return VectorIndexNotFoundError(
            f"{self.service} has no index {quoted(name)}; create_index creates it", index=name
        )

    @contextmanager
    def _asking(self, index: str | None) -> Iterator[None]:
        """Turn exceptions of the store's client into VectorStoreErrors that keep the cause."""
        try:
            yield
        except VectorStoreError as error:
            error.index = error.index or index
            raise
        except Exception as error:
            # The stored description of the index may be out of date.
            if index is not None:
                self._shapes.pop(index, None)
                if self._is_missing(error):
                    raise self._not_found(index) from error
            raise VectorStoreError(
                f"{self.service} refused the call or could not be reached "
                f"({type(error).__name__}); the cause says why",
                index=index,
            ) from error
