"""The memory that agents use, over a store: blocking, and for asyncio."""

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
"""The members of a vector store that a memory uses."""


class MemoryBase(RecallMethods):
    """What both memories share, however they run their programs."""

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
            raise InvalidOptionError("vector needs an embedder, which makes the vectors")
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
        """Return the index of messages: in the store's own table, unless `vector` is given."""
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
                f"the embedder makes vectors of {embedder.dimensions} dimensions, but vector has "
                f"{given.dimensions}"
            )
        if given._runner is not self._runner:
            raise InvalidOptionError(
                "vector is for another store: vectors in a table need the store of that table"
            )
        return TableIndexing(self._runner, given, embedder)

    def _refuse_style(self, domain: Methods) -> None:
        awaited = is_asynchronous(domain._runner)
        if awaited is not isinstance(self, Awaited):
            raise CallStyleError(
                "AsyncMemory needs an asynchronous store, and Memory needs any other store"
            )

    @property
    def options(self) -> Options:
        """The options that the memory was created with."""
        return self._options

    @method
    def init(self) -> Program[None]:
        """Create the index of vectors if it is missing, and wait until it is ready.

        The first save does this as well. On a table it takes minutes, so call it when you deploy.
        """
        if self._indexing is not None:
            yield from self._indexing.prepare()


class Memory(MemoryBase, Blocking):
    """An agent's memory: threads, messages, recall by meaning, and working memory.

    * `store`: holds threads, messages and working memory; a `DynamoDBStore` or an `InMemoryStore`.
    * `embedder`: turns texts into vectors; without it, there is no recall by meaning.
    * `vector`: the vector store. None means a vector index of the store's own table, or
      `LocalVectors` for an `InMemoryStore`.
    * `last_messages`: how many of a thread's last messages are recalled.
    * `semantic_recall`, `working_memory`: True for the defaults, False for off, or a
      `SemanticRecall` or `WorkingMemory`.

    You can also give every option to a call. Several threads may share one memory. Raises
    InvalidOptionError, and EmbedderError for an object that is not an embedder.

    >>> memory = Memory(                                                     # doctest: +SKIP
    ...     store, embedder=embedder, semantic_recall=True, working_memory=True
    ... )
    >>> thread = memory.create_thread(resource_id="alice", title="Travel")   # doctest: +SKIP
    """


class AsyncMemory(MemoryBase, Awaited):
    """`Memory` for asyncio, over an `AsyncDynamoDBStore`: the same names, and methods are awaited.

    >>> memory = AsyncMemory(store, embedder=embedder, semantic_recall=True)  # doctest: +SKIP
    >>> recall = await memory.recall("t1", search="Kyoto")                    # doctest: +SKIP
    """
