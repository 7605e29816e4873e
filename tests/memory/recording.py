"""A vector store that keeps what it was asked, in front of another."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from leyden.memory import Filter, Vector, VectorIndex, VectorMatches, VectorStore


class RecordingVectors:
    """Asks `inner`, and keeps in `calls` what was asked: the method's name, and its arguments."""

    def __init__(self, inner: VectorStore, separator: str = "_") -> None:
        self.inner = inner
        self.separator = separator
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._lock = Lock()

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """What was asked since this was called last."""
        with self._lock:
            taken, self.calls = self.calls, []
        return taken

    def _tell(self, method: str, **arguments: Any) -> None:
        with self._lock:
            self.calls.append((method, arguments))

    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> None:
        self._tell("create_index", name=name, dimensions=dimensions, metric=metric)
        self.inner.create_index(name, dimensions, metric)

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        self._tell("upsert", index=index, vectors=list(vectors))
        self.inner.upsert(index, vectors)

    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> VectorMatches:
        self._tell("query", index=index, top_k=top_k, filter=filter)
        return self.inner.query(index, vector, top_k=top_k, filter=filter)

    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> None:
        self._tell("delete", index=index, ids=ids, filter=filter)
        self.inner.delete(index, ids=ids, filter=filter)

    def list(self) -> list[str]:
        self._tell("list")
        return self.inner.list()

    def describe(self, index: str) -> VectorIndex:
        return self.inner.describe(index)
