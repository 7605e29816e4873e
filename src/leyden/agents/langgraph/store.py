"""The store: LangGraph's interface for what agents remember across threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from langgraph.store.base import BaseStore, IndexConfig, Op, Result, TTLConfig

from leyden import tables
from leyden.agents.backend import Access, Backend, EitherAdapter
from leyden.agents.langgraph.batching import LONGEST, Batches, is_minutes
from leyden.agents.langgraph.items import Items
from leyden.agents.langgraph.meaning import Meaning, dimensions_of, with_vectors
from leyden.errors import InvalidOptionError
from leyden.program import Program

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings


class LeydenStore(EitherAdapter, BaseStore):
    """What agents remember across threads, in a DynamoDB table, blocking and awaited.

    Values are JSON objects of any size up to 4 MB, compressed, and come back as they were. Reads
    are consistent. A search sees a namespace with its children, in the order of their labels and
    keys, and applies `limit` and `offset` after the `filter`.

    * `table_name`: the table; `leyden table schemas/agents/langgraph` prints its definition, and
      `store.app.create_table()` creates it. Savers and stores may share it.
    * `index`: how to find items by meaning: `dims`, `embed` and `fields`, as LangGraph's other
      stores take it. The table then has a vector index, which `setup` adds.
    * `ttl`: how long items live: `default_ttl` in minutes, `refresh_on_read` and `omit_expired`.
      Reads leave out what has expired, unless `omit_expired` is False.
    * further options say how to reach DynamoDB: see `leyden.agents.backend.Access`.

    A namespace's first label says in which partition it is, so begin namespaces with what divides
    your data, such as a user's id. One store may serve many threads and event loops.

    **Search by meaning** finds the nearest items below up to four labels by the index. DynamoDB
    calls that approximate, and the index follows the table with a delay. For deeper labels, and
    where a filter leaves fewer than `limit` of the 100 nearest, the store reads all items of the
    namespace and compares them itself. The answer is then complete, and costs that reading. Items
    without a vector come last, without a score.

    Raises InvalidOptionError.

    >>> with LeydenStore("agents", region="eu-central-1") as store:         # doctest: +SKIP
    ...     store.put(("ada", "memories"), "m1", {"text": "Ada drinks tea"})
    ...     store.search(("ada",), filter={"text": {"$ne": ""}})
    """

    supports_ttl = True

    def __init__(
        self,
        table_name: str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        **options: Unpack[Access],
    ) -> None:
        super().__init__()
        if ttl is not None and not isinstance(ttl, Mapping):
            raise InvalidOptionError(
                'ttl takes a mapping as LangGraph has it, such as {"default_ttl": 60}, in minutes'
            )
        self.ttl_config = ttl
        said: Mapping[str, Any] = ttl or {}
        lives = said.get("default_ttl")
        if lives is not None and not (is_minutes(lives) and lives > 0):
            raise InvalidOptionError(
                f"default_ttl takes minutes, more than 0 and up to {LONGEST:,}, not {lives!r}"
            )
        change = None
        if index is not None:
            change = partial(with_vectors, dimensions=dimensions_of(index))
        self._backend = Backend(
            "agents/langgraph",
            type(self).__name__,
            table_name,
            ttl=None if lives is None else timedelta(minutes=lives),
            change=change,
            **options,
        )
        items = Items(self._backend, shows_expired=said.get("omit_expired") is False)
        self._meaning = None if index is None else Meaning(items, index)
        self._batches = Batches(items, self._meaning)

    @property
    def embeddings(self) -> Embeddings | None:
        """What embeds texts, if there is an `index`."""
        return self._meaning.embeddings if self._meaning else None

    def setup(self) -> None:
        """Check that the table is there and fits; with an `index`, add its vector index first.

        Adding it to a table with items takes minutes. Raises TableNotFoundError, and
        TableMismatchError with all differences.
        """
        self._backend.run(self._set_up(), "setup")

    async def asetup(self) -> None:
        """Check that the table is there and fits; see `setup`."""
        await self._backend.arun(self._set_up(), "setup")

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Execute operations together: first all reads, then all writes.

        Of several writes to one key, the last one counts. Writes are not one transaction: if the
        process dies, some are there and some are not, each as a whole.

        Raises InvalidNamespaceError for an empty label, TypeError for a value that JSON cannot
        hold, and ItemTooLargeError for one above 4 MB, compressed, or for a namespace and a key of
        more than about 1,000 bytes together. Then nothing has been written.
        """
        return self._backend.run(self._batches.batch([*ops]), "batch")

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Execute operations together; see `batch`."""
        return await self._backend.arun(self._batches.batch([*ops]), "batch")

    def _set_up(self) -> Program[None]:
        if self._meaning is not None:
            yield from tables.add_vector_indexes(self.app.table_definition, self.app.table)
        yield from self._backend.check_table()


AsyncLeydenStore: TypeAlias = LeydenStore
"""The same class: its methods that begin with `a` are awaited."""
