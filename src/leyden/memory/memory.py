"""The memory that agents hold, over a store: blocking, and for event loops."""

from __future__ import annotations

from typing import Any, Final

from leyden._methods import Awaited, Blocking, Methods, method
from leyden._text import listed
from leyden.errors import CallStyleError, InvalidOptionError
from leyden.memory.dynamodb import (
    AsyncDynamoDBVectors,
    DynamoDBVectors,
    VectorMethods,
)
from leyden.memory.embedding import CachedEmbedder
from leyden.memory.indexing import Indexing
from leyden.memory.local import LocalVectors
from leyden.memory.options import LAST_MESSAGES, Options, SemanticRecall, WorkingMemory
from leyden.memory.protocols import Embedder, VectorStore
from leyden.memory.recalling import RecallMethods
from leyden.memory.table import TableIndexing
from leyden.program import Program, is_asynchronous
from leyden.store import InMemoryStore

__all__ = ["AsyncMemory", "Memory"]

_OF_A_STORE: Final = ("separator", "create_index", "upsert", "query", "delete", "list")
"""What a memory needs of a vector store."""


class MemoryBase(RecallMethods):
    """What a memory is, whichever way its programs are run."""

    def __init__(
        self,
        store: Any,
        *,
        embedder: Embedder | None = None,
        vector: VectorStore | None = None,
        last_messages: int | bool = LAST_MESSAGES,
        semantic_recall: SemanticRecall | bool = False,
        working_memory: WorkingMemory | bool = False,
    ) -> None:
        domain = getattr(store, "memory", None)
        if not isinstance(domain, Methods):
            raise InvalidOptionError(
                "store takes a DynamoDBStore, an AsyncDynamoDBStore or an InMemoryStore, not "
                f"{type(store).__name__}"
            )
        self._refuse_style(domain)
        super().__init__(domain._runner)
        self.store = store
        self._store: Any = domain
        if vector is not None and embedder is None:
            raise InvalidOptionError("vector needs an embedder beside it, which makes the vectors")
        self._indexing = None
        if embedder is not None:
            cached = embedder if isinstance(embedder, CachedEmbedder) else CachedEmbedder(embedder)
            self._indexing = self._index(store, vector, cached)
        self._options = Options.of(LAST_MESSAGES, False, False)
        self._options = self._with(
            last_messages=last_messages,
            semantic_recall=semantic_recall,
            working_memory=working_memory,
        )

    def _index(self, store: Any, vector: VectorStore | None, embedder: CachedEmbedder) -> Indexing:
        """The index of messages: in the store's own table, unless told otherwise."""
        given: Any = vector
        if given is None and isinstance(store, InMemoryStore):
            given = LocalVectors()
        if given is None:
            kind = AsyncDynamoDBVectors if isinstance(self, Awaited) else DynamoDBVectors
            given = kind(store, embedder.dimensions)
        if not isinstance(given, VectorMethods):
            lacking = [name for name in _OF_A_STORE if not hasattr(given, name)]
            if lacking:
                raise InvalidOptionError(
                    f"vector takes a vector store, and {type(given).__name__} has no "
                    f"{listed(lacking, 'and no')}"
                )
            return Indexing(self._runner, given, embedder)
        if given.dimensions != embedder.dimensions:
            raise InvalidOptionError(
                f"the embedder makes vectors of {embedder.dimensions} dimensions, and vector has "
                f"{given.dimensions}"
            )
        if given._runner is not self._runner:
            raise InvalidOptionError("vectors in a table are for the store of that table")
        return TableIndexing(self._runner, given, embedder)

    def _refuse_style(self, domain: Methods) -> None:
        awaited = is_asynchronous(domain._runner)
        if awaited is not isinstance(self, Awaited):
            raise CallStyleError(
                "an asynchronous store is for AsyncMemory, and others are for Memory"
            )

    @property
    def options(self) -> Options:
        """What the memory was made with."""
        return self._options

    @method
    def init(self) -> Program[None]:
        """Make the index of vectors, where it is missing, and wait until it is ready.

        The first save does so as well. On a table it takes minutes, so do it when you deploy.
        """
        if self._indexing is not None:
            yield from self._indexing.prepare()


class Memory(MemoryBase, Blocking):
    """An agent's memory: threads, messages, recall by meaning, and working memory.

    * `store`: where threads, messages and working memory are: a `DynamoDBStore`, or an
      `InMemoryStore`.
    * `embedder`: turns texts into vectors; without one there is no recall by meaning.
    * `vector`: the vector store; None for the store's own table, by a vector index, and for
      `LocalVectors` beside an `InMemoryStore`.
    * `last_messages`: how many of a thread's last messages are recalled.
    * `semantic_recall`, `working_memory`: True, False, or a `SemanticRecall` or `WorkingMemory`.

    Every option can be given to a call as well. One memory may be used by many threads. Raises
    InvalidOptionError, and EmbedderError for what is no embedder.

    >>> memory = Memory(                                                     # doctest: +SKIP
    ...     store, embedder=embedder, semantic_recall=True, working_memory=True
    ... )
    >>> thread = memory.create_thread(resource_id="alice", title="Travel")   # doctest: +SKIP
    """


class AsyncMemory(MemoryBase, Awaited):
    """`Memory` for event loops, over an `AsyncDynamoDBStore`: the same names, and all is awaited.

    >>> memory = AsyncMemory(store, embedder=embedder, semantic_recall=True)  # doctest: +SKIP
    >>> recall = await memory.recall("t1", search="Kyoto")                    # doctest: +SKIP
    """
