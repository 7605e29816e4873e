"""The memory store on one DynamoDB table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self

from leyden import Entities, Service, bind, bind_async
from leyden.errors import CallStyleError
from leyden.program import Program
from leyden.schema import ServiceSpec
from leyden.store.dynamodb.clearing import clear
from leyden.store.dynamodb.domains import EvalSteps, ScoreSteps, TraceSteps, WorkflowSteps
from leyden.store.dynamodb.memory import MemorySteps
from leyden.store.dynamodb.settings import (
    CONCURRENCY,
    TTL,
    Hooks,
    LargeValues,
    Source,
    TtlRules,
    check_table,
    memory_schemas,
    refuse_unfit,
)
from leyden.store.dynamodb.writing import OnTable
from leyden.store.interface import Evals, Memory, Scores, Traces, Workflows
from leyden.store.methods import Awaited, Blocking, name_of, named
from leyden.store.values import Clock, cut, system_clock

if TYPE_CHECKING:
    import asyncio

    from leyden import AsyncService

DomainName = Literal["memory", "workflows", "scores", "traces", "evals"]


class StoreBase(ABC):
    """What a store on DynamoDB is, whichever way its programs are run."""

    _domains: ClassVar[tuple[type[OnTable], ...]]

    def __init__(
        self,
        *,
        table_name: str,
        name: str = "dynamodb",
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | None = None,
        profile: str | None = None,
        client: Any = None,
        session: Any = None,
        ttl: Mapping[str, timedelta | TTL] | None = None,
        large_values: LargeValues = "error",
        entities: Source | None = None,
        hooks: Hooks | None = None,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        refuse_unfit(name, table_name, concurrency, clock)
        self._name, self._concurrency, self._ttl = name, concurrency, TtlRules.of(ttl)
        spec = memory_schemas(
            entities=entities, hooks=hooks, ttl=self._ttl, large_values=large_values
        )
        where: dict[str, Any] = {
            "region": region,
            "endpoint_url": endpoint_url,
            "credentials": credentials,
            "profile": profile,
            "client": client,
            "session": session,
        }
        self._app = self._service(spec, {**where, "table": table_name, "hooks": hooks})
        now = cut(clock or system_clock)
        for kind in self._domains:
            setattr(self, name_of(kind), kind(self._app, now, self._ttl, concurrency))
        self._checked = False

    @abstractmethod
    def _service(self, spec: ServiceSpec, where: dict[str, Any]) -> Service:
        """The service; `where` has the options that say how its requests are sent."""

    @property
    def name(self) -> str:
        """What the store is called in messages."""
        return self._name

    @property
    def table_name(self) -> str:
        """The table."""
        return self._app.table

    @property
    def app(self) -> Service:
        """The service of all entities, the store's and your own."""
        return self._app

    @property
    def entities(self) -> Entities:
        """The entities, the store's and your own."""
        return self._app.entities

    @property
    def ttl(self) -> Mapping[str, TTL]:
        """How long items live, by entity."""
        return self._ttl.rules

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on table {self.table_name}>"

    def _checking(self) -> Program[None]:
        return named("store.init", check_table(self._app, self._ttl))

    def _clearing(self, domain: Any) -> Program[None]:
        clearing = clear(self._app, domain, concurrency=self._concurrency)
        return named("store.clear", clearing)


class DynamoDBMemory(MemorySteps, Blocking, Memory):
    """The memory of a `DynamoDBStore`; see `Memory`."""


class DynamoDBWorkflows(WorkflowSteps, Blocking, Workflows):
    """The workflows of a `DynamoDBStore`; see `Workflows`."""


class DynamoDBScores(ScoreSteps, Blocking, Scores):
    """The scores of a `DynamoDBStore`; see `Scores`."""


class DynamoDBTraces(TraceSteps, Blocking, Traces):
    """The traces of a `DynamoDBStore`; see `Traces`."""


class DynamoDBEvals(EvalSteps, Blocking, Evals):
    """The evals of a `DynamoDBStore`; see `Evals`."""


class DynamoDBStore(StoreBase):
    """An agent's memory in one DynamoDB table, item for item as `@mastra/dynamodb` writes it.

    One store may be used by many threads. Nothing is sent until the first call.

    * `table_name`: 3 to 255 letters, digits, dots, dashes and underscores.
    * `region`, `endpoint_url`, `credentials` (`access_key_id`, `secret_access_key`,
      `session_token`), `profile`: as in `leyden.load`, by the usual AWS rules where not given.
    * `client`: in place of these, a boto3 client of DynamoDB, whose credentials, region,
      endpoint, configuration and event handlers are used and which stays open at `close()`; or
      an engine of `leyden.local()`. `session`: a `boto3.Session`, as in `leyden.load`.
    * `ttl`: how long items live, by entity: `{"message": timedelta(days=30)}`, or a `TTL` to
      name the attribute. Counted from the last save.
    * `large_values`: `error` refuses an item over 400 KB with ItemTooLargeError before it is
      sent, `chunk` compresses large values and splits them over several items.
    * `entities`: schemas of your own, of the service `mastra`, in the same table:
      `store.entities.NAME`. `hooks` are the functions that they name.
    * `clock`: gives the time, as an aware datetime. `concurrency`: how many requests of one call
      are under way at once.
    * `name`: what to call the store in messages.

    Raises InvalidOptionError, SchemaError.

    >>> with DynamoDBStore(table_name="mastra-single-table") as store:    # doctest: +SKIP
    ...     store.init()
    ...     store.memory.save_thread({"id": "t1", "resource_id": "alice"})
    """

    memory: DynamoDBMemory
    workflows: DynamoDBWorkflows
    scores: DynamoDBScores
    traces: DynamoDBTraces
    evals: DynamoDBEvals

    _domains = (DynamoDBMemory, DynamoDBWorkflows, DynamoDBScores, DynamoDBTraces, DynamoDBEvals)

    def _service(self, spec: ServiceSpec, where: dict[str, Any]) -> Service:
        self._checking_now = Lock()
        return bind(spec, **where)

    def init(self) -> None:
        """Check that the table is there and fits the schemas; once it does, not again.

        Compares key, indexes and projections, and the time to live where something expires.
        Changes nothing. Raises TableNotFoundError, or TableMismatchError with all differences,
        which say how to put them right.
        """
        with self._checking_now:
            if not self._checked:
                self.app.driver.run(self._checking())
                self._checked = True

    def clear(self, domain: DomainName) -> None:
        """Delete everything of a domain, by reading the whole table. Safe to run again."""
        self.app.driver.run(self._clearing(domain))

    def close(self) -> None:
        """Close the connections; a client that was handed in stays open."""
        self.app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDynamoDBMemory(MemorySteps, Awaited):
    """The memory of an `AsyncDynamoDBStore`; see `Memory`."""


class AsyncDynamoDBWorkflows(WorkflowSteps, Awaited):
    """The workflows of an `AsyncDynamoDBStore`; see `Workflows`."""


class AsyncDynamoDBScores(ScoreSteps, Awaited):
    """The scores of an `AsyncDynamoDBStore`; see `Scores`."""


class AsyncDynamoDBTraces(TraceSteps, Awaited):
    """The traces of an `AsyncDynamoDBStore`; see `Traces`."""


class AsyncDynamoDBEvals(EvalSteps, Awaited):
    """The evals of an `AsyncDynamoDBStore`; see `Evals`."""


class AsyncDynamoDBStore(StoreBase):
    """`DynamoDBStore` for event loops: the same names and arguments, and methods are awaited.

    One store may be used by many tasks. Making it reads the schema files and sends nothing.
    `client` takes an engine of `leyden.local()` only: a boto3 client would block the loop. Its
    `session` does not.

    >>> async with AsyncDynamoDBStore(table_name="mastra-single-table") as store:  # doctest: +SKIP
    ...     await store.init()
    ...     await store.memory.save_thread({"id": "t1", "resource_id": "alice"})
    """

    if TYPE_CHECKING:

        @property
        def app(self) -> AsyncService:
            """The service of all entities, the store's and your own."""

    memory: AsyncDynamoDBMemory
    workflows: AsyncDynamoDBWorkflows
    scores: AsyncDynamoDBScores
    traces: AsyncDynamoDBTraces
    evals: AsyncDynamoDBEvals

    _domains = (
        *(AsyncDynamoDBMemory, AsyncDynamoDBWorkflows, AsyncDynamoDBScores),
        *(AsyncDynamoDBTraces, AsyncDynamoDBEvals),
    )

    def _service(self, spec: ServiceSpec, where: dict[str, Any]) -> Service:
        self._turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        return bind_async(spec, **where)

    async def init(self) -> None:
        """Check that the table is there and fits the schemas; see `DynamoDBStore.init`.

        Of several tasks that ask at once one checks and the others wait for it; where it fails or
        is cancelled, the next one checks.
        """
        import asyncio

        if self._checked:
            return
        # A lock of the running loop: one that was waited for serves no other.
        loop = asyncio.get_running_loop()
        for other in [one for one in list(self._turns) if one.is_closed()]:
            self._turns.pop(other, None)
        async with self._turns.setdefault(loop, asyncio.Lock()):
            if not self._checked:
                await self.app.driver.run(self._checking())
                self._checked = True
                self._turns.clear()

    async def clear(self, domain: DomainName) -> None:
        """Delete everything of a domain, by reading the whole table. Safe to run again."""
        await self.app.driver.run(self._clearing(domain))

    async def close(self) -> None:
        """Close the connections."""
        await self.app.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __enter__(self) -> NoReturn:
        raise CallStyleError("the store is asynchronous: use `async with`")

    def __exit__(self, *_: object) -> None:
        """Never reached; a `with` block looks for it first."""
