"""The index of messages in the store's own table, and the schemas that it needs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, cast

from leyden.errors import (
    InvalidOptionError,
    LeydenError,
    VectorIndexNotFoundError,
)
from leyden.memory.dynamodb import VectorMethods, place_of
from leyden.memory.embedding import CachedEmbedder
from leyden.memory.indexing import AT_ONCE, Indexing, VectorKey, Where, has_direction
from leyden.memory.protocols import Filter, Vector, VectorMatches
from leyden.memory.text import index_name
from leyden.program import Program, Runner, outcomes_of
from leyden.schema import ServiceSpec
from leyden.store.dynamodb.vectors import vector_schemas

__all__ = ["TableIndexing", "with_vectors"]


def with_vectors(spec: ServiceSpec, dimensions: int) -> ServiceSpec:
    """Return the schemas of a memory's table with the entity of its vectors and their index.

    `dimensions` is the length of the vectors. Raises InvalidOptionError if the schemas are not
    those of a memory.

    >>> spec = with_vectors(leyden.schema.load_service("schemas/memory"), 256)   # doctest: +SKIP
    """
    if spec.service != "mastra" or "message" not in spec.entities:
        raise InvalidOptionError(
            f'with_vectors takes the schemas of a memory, not those of "{spec.service}"; they are '
            "in the folder schemas/memory"
        )
    return vector_schemas(dimensions, index_name(dimensions), beside=spec)


class TableIndexing(Indexing):
    """The index of messages in the table, which can list the vectors that exist."""

    def __init__(self, runner: Runner, store: VectorMethods, embedder: CachedEmbedder) -> None:
        super().__init__(runner, cast(Any, store), embedder)
        self._vectors = store

    def forget(self, where: Where) -> Program[None]:
        """Delete vectors. Those of other dimensions are in the same items and go with them."""
        if where.resource_id is not None:
            keys = yield from self._vectors.keys(where)
            yield from self._vectors.drop(where.resource_id, keys)

    def find(
        self, vectors: Sequence[Sequence[float]], top_k: int, filter: Filter
    ) -> Program[builtins.list[VectorMatches]]:
        """Return the matches of each vector, or none if the index does not exist yet."""
        calls = [
            self._ask("query", self.name, vector, top_k=top_k, filter=filter)
            for vector in vectors
            if has_direction(vector)
        ]
        found = yield from outcomes_of(calls, AT_ONCE)
        for one in found:
            if isinstance(one, LeydenError) and not isinstance(one, VectorIndexNotFoundError):
                raise one
        return [one for one in found if isinstance(one, VectorMatches)]

    def begin_again(self, where: Where) -> Program[builtins.list[VectorKey]]:
        """Return the existing vectors; they are deleted only after the new ones are written."""
        return (yield from self._vectors.keys(where))

    def drop(self, resource_id: str, keys: Sequence[VectorKey]) -> Program[None]:
        """Delete vectors that turned out to be stale."""
        yield from self._vectors.drop(resource_id, keys)

    def _replace(self, vectors: Sequence[Vector], replacing: Sequence[Where]) -> Program[None]:
        """Write the vectors first, then delete the messages' other vectors."""
        before = []
        for where in replacing:
            if where.resource_id is not None:
                keys = yield from self._vectors.keys(where)
                before.append((where.resource_id, keys))
        if vectors:
            yield from self._ask("upsert", self.name, vectors)
        written = {(vector.metadata.get("resource_id"), *place_of(vector)) for vector in vectors}
        for owner, keys in before:
            stale = [key for key in keys if (owner, *key) not in written]
            yield from self._vectors.drop(owner, stale)
