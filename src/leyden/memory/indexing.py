"""Vectors of messages: which ones should exist, and how any vector store is brought to that state.

The messages matter most, so vectors are written after them. If that fails, the error says so, and
indexing again mends it. A vector's id is made of its message's id, so that writing the vector again
replaces it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import evolve

from leyden._attrs import frozen
from leyden._methods import Methods
from leyden.errors import (
    EmbedderError,
    LeydenError,
    VectorIndexNotFoundError,
    VectorStoreError,
)
from leyden.memory.asking import asked, embedded
from leyden.memory.checks import batches_of
from leyden.memory.embedding import CachedEmbedder
from leyden.memory.protocols import Filter, Vector, VectorMatches, VectorStore
from leyden.memory.text import (
    PLAIN_DIMENSIONS,
    chunks_of,
    embedded_text,
    index_name,
    vector_metadata,
)
from leyden.program import Program, Runner, run_together
from leyden.store import Message, Thread

__all__ = [
    "AT_ONCE",
    "Indexing",
    "Unindexed",
    "VectorKey",
    "Where",
    "has_direction",
    "keys_of",
    "message_of_vector",
    "vector_id",
]

_BATCH: Final = 100
"""For how many messages one call of a vector store deletes the vectors."""

AT_ONCE: Final = 8
"""How many calls of a vector store may be under way at once."""


def vector_id(message_id: str, chunk: int) -> str:
    """Return the id of the vector of one chunk of a message.

    >>> vector_id("m1", 0)
    'm1#0'
    """
    return f"{message_id}#{chunk}"


def message_of_vector(id: str) -> str:
    """Return the id of a vector's message.

    >>> message_of_vector("m#1#0")
    'm#1'
    """
    return id.rpartition("#")[0]


VectorKey: TypeAlias = tuple[str, str, int]
"""A vector within its resource: the ids of its thread and message, and the number of its chunk."""


def keys_of(message: Message) -> list[VectorKey]:
    """Return the keys of the vectors that a message should have, one for each chunk of its text."""
    chunks = chunks_of(embedded_text(message) or "")
    return [(message.thread_id, message.id, number) for number in range(len(chunks))]


@frozen
class Where:
    """A set of vectors: those of a resource, of one of its threads, or of messages in that thread.

    `resource_id` is None if nobody knows the resource any more.
    """

    resource_id: str | None
    thread_id: str | None = None
    message_ids: tuple[str, ...] | None = None


@frozen
class Unindexed:
    """The ids of messages that are not in the index, and the error that says why."""

    ids: tuple[str, ...]
    error: LeydenError


class Indexing:
    """The index of messages in a vector store.

    The vector store needs only the methods of the Protocol, which `asked` calls. Filters on
    metadata select the vectors, as the TypeScript client's do, so that both can share the store.
    """

    def __init__(self, runner: Runner, store: VectorStore, embedder: CachedEmbedder) -> None:
        self._runner = runner
        self.store = store
        self.embedder = embedder
        self.name = index_name(embedder.dimensions, store.separator)
        self._is_there = False

    @property
    def is_in_line(self) -> bool:
        """Whether the store's requests are steps of the memory's own programs."""
        return isinstance(self.store, Methods) and self.store._runner is self._runner

    def prepare(self) -> Program[None]:
        """Create the index, unless this was done before, and wait until it is ready."""
        if not self._is_there:
            yield from self._ask("create_index", self.name, self.embedder.dimensions, "cosine")
            self._is_there = True

    def vectors_of(
        self, messages: Iterable[Message], threads: Mapping[str, Thread | None]
    ) -> Program[list[Vector]]:
        """Return the vectors of messages, which takes one call of the embedder.

        `threads` has the messages' threads by id. A vector belongs to the resource of its message's
        thread or, without a thread, to the message's resource. Raises EmbedderError.
        """
        planned: list[tuple[str, str, dict[str, Any]]] = []
        for message in messages:
            text = embedded_text(message)
            if text is None:
                continue
            thread = threads.get(message.thread_id)
            owner = message.resource_id if thread is None else thread.resource_id
            metadata = vector_metadata(
                evolve(message, resource_id=owner), text, thread.metadata if thread else None
            )
            planned += [
                (vector_id(message.id, number), chunk, metadata)
                for number, chunk in enumerate(chunks_of(text))
            ]
        vectors = yield from embedded(self.embedder, [chunk for _, chunk, _ in planned])
        # A vector of zeros has no direction, so no search could find it.
        return [
            Vector(id, vector, metadata)
            for (id, _, metadata), vector in zip(planned, vectors, strict=True)
            if has_direction(vector)
        ]

    def write(
        self,
        messages: Sequence[Message],
        threads: Mapping[str, Thread | None],
        *,
        replacing: Sequence[Where] = (),
    ) -> Program[Unindexed | None]:
        """Index messages; a failure is returned, not raised.

        Other vectors of the messages in the places of `replacing`, where the messages may have been
        before, are deleted.
        """
        all_ids = tuple(message.id for message in messages)
        try:
            vectors = yield from self.vectors_of(messages, threads)
            if vectors:
                yield from self.prepare()
            yield from self._replace(vectors, replacing)
        except VectorStoreError as error:
            unsaved = {message_of_vector(id) for id in error.unsaved}
            return Unindexed(tuple(id for id in all_ids if id in unsaved) or all_ids, error)
        except LeydenError as error:
            texts = tuple(one.id for one in messages if embedded_text(one) is not None)
            return Unindexed(texts if isinstance(error, EmbedderError) else all_ids, error)
        return None

    def forget(self, where: Where) -> Program[None]:
        """Delete vectors in all indexes of messages, whatever their dimensions."""
        filters: list[Filter] = []
        if where.message_ids is not None:
            parts = batches_of(where.message_ids, _BATCH)
            filters = [{"message_id": {"in": list(part)}} for part in parts]
        elif where.thread_id is not None:
            filters = [{"thread_id": where.thread_id}]
        elif where.resource_id is not None:
            filters = [{"resource_id": where.resource_id}]
        prefix = index_name(PLAIN_DIMENSIONS, self.store.separator)
        names = yield from self._ask("list")
        calls = [
            self._ask("delete", name, filter=filter)
            for name in names
            if name.startswith(prefix)
            for filter in filters
        ]
        yield from run_together(calls, AT_ONCE)

    def find(
        self, vectors: Sequence[Sequence[float]], top_k: int, filter: Filter
    ) -> Program[list[VectorMatches]]:
        """Return the vectors most similar to each of these that match the filter."""
        yield from self.prepare()
        calls = [
            self._ask("query", self.name, vector, top_k=top_k, filter=filter)
            for vector in vectors
            if has_direction(vector)
        ]
        return (yield from run_together(calls, AT_ONCE))

    def begin_again(self, where: Where) -> Program[list[VectorKey]]:
        """Prepare to index everything again; return the vectors that may turn out stale.

        A store that cannot list its vectors deletes them instead, after a test that the embedder
        works. Raises EmbedderError.
        """
        yield from embedded(self.embedder, ["a"])
        yield from self.forget(where)
        return []

    def drop(self, resource_id: str, keys: Sequence[VectorKey]) -> Program[None]:
        """Delete vectors that turned out to be stale."""
        yield from ()

    def _replace(self, vectors: Sequence[Vector], replacing: Sequence[Where]) -> Program[None]:
        for where in replacing:
            yield from self.forget(where)
        if vectors:
            yield from self._ask("upsert", self.name, vectors)

    def _ask(self, name: str, *given: Any, **named: Any) -> Program[Any]:
        try:
            return (yield from asked(self._runner, self.store, name, *given, **named))
        except VectorIndexNotFoundError:
            # Somebody deleted the index, so the next call creates it again.
            self._is_there = False
            raise


def has_direction(vector: Sequence[float]) -> bool:
    """Return whether a number of the vector is not 0 in the 32 bits that vector stores keep."""
    return any(array("f", vector))
