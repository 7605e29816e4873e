"""Vectors of messages: which there are to be, and keeping them so in whatever vector store.

The messages are what counts, and vectors follow them: they are written after the messages, and
what fails with them is told and can be mended by indexing again. The id of a vector is made of its
message's id, so that writing it again replaces it.
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
"""How many messages a vector store is asked to delete the vectors of at once."""

AT_ONCE: Final = 8
"""How many calls of a vector store are under way at once."""


def vector_id(message_id: str, chunk: int) -> str:
    """The id of the vector of one chunk of a message.

    >>> vector_id("m1", 0)
    'm1#0'
    """
    return f"{message_id}#{chunk}"


def message_of_vector(id: str) -> str:
    """The id of the message that a vector is of.

    >>> message_of_vector("m#1#0")
    'm#1'
    """
    return id.rpartition("#")[0]


VectorKey: TypeAlias = tuple[str, str, int]
"""A vector within its resource: its thread's id, its message's, and the number of its chunk."""


def keys_of(message: Message) -> list[VectorKey]:
    """Where the vectors of a message are to be, one for each chunk of its text."""
    chunks = chunks_of(embedded_text(message) or "")
    return [(message.thread_id, message.id, number) for number in range(len(chunks))]


@frozen
class Where:
    """Which vectors are meant: a resource's, or those of one of its threads, or of messages there.

    `resource_id` may be None where nobody knows it any more.
    """

    resource_id: str | None
    thread_id: str | None = None
    message_ids: tuple[str, ...] | None = None


@frozen
class Unindexed:
    """What is not in the index: the ids of messages, and why."""

    ids: tuple[str, ...]
    error: LeydenError


class Indexing:
    """The index of messages in a vector store.

    The store's methods are called by `asked`: it needs no more than the Protocol says. What it
    finds where is up to filters on metadata, as the TypeScript client has them, so that both can
    share the store.
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
        """Make the index, where this has not been done yet, and wait until it is ready."""
        if not self._is_there:
            yield from self._ask("create_index", self.name, self.embedder.dimensions, "cosine")
            self._is_there = True

    def vectors_of(
        self, messages: Iterable[Message], threads: Mapping[str, Thread | None]
    ) -> Program[list[Vector]]:
        """The vectors of messages, all of them in one call of the embedder.

        `threads` are those of the messages by id. A vector belongs to the resource of the
        message's thread; where there is no thread, to that of the message. Raises EmbedderError.
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
        # A vector of zeros has no direction, and is like nothing: nothing could find it.
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
        """Index messages; what failed is given, not raised.

        What else there is of the messages in the places of `replacing`, where they may have been
        before, is deleted.
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
        """Delete vectors, in all indexes of messages, whatever their dimensions are."""
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
        """What is most like each of the vectors, of what the filter lets through."""
        yield from self.prepare()
        calls = [
            self._ask("query", self.name, vector, top_k=top_k, filter=filter)
            for vector in vectors
            if has_direction(vector)
        ]
        return (yield from run_together(calls, AT_ONCE))

    def begin_again(self, where: Where) -> Program[list[VectorKey]]:
        """Make ready to index all there is anew: gives the vectors that may turn out stale.

        A store that cannot list its vectors forgets them instead, once the embedder that is to make
        the new ones has shown that it answers. Raises EmbedderError.
        """
        yield from embedded(self.embedder, ["a"])
        yield from self.forget(where)
        return []

    def drop(self, resource_id: str, keys: Sequence[VectorKey]) -> Program[None]:
        """Delete vectors that turned out stale."""
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
            # Somebody deleted it: the next call makes it anew.
            self._is_there = False
            raise


def has_direction(vector: Sequence[float]) -> bool:
    """Whether it has a number that is not 0 in the 32 bits that a vector store keeps."""
    return any(array("f", vector))
