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
    """What both stores on DynamoDB share, however they run their programs."""

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
        """Return the service; `where` has the options that say how requests are sent."""

    @property
    def name(self) -> str:
        """The name that messages use for the store."""
        return self._name

    @property
    def table_name(self) -> str:
        """The name of the table."""
        return self._app.table

    @property
    def app(self) -> Service:
        """The service of all entities: the store's and your own."""
        return self._app

    @property
    def entities(self) -> Entities:
        """All entities: the store's and your own."""
        return self._app.entities

    @property
    def ttl(self) -> Mapping[str, TTL]:
        """How long items live, by entity; entities without an entry do not expire."""
        return self._ttl.rules

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on table {self.table_name}>"

    def _checking(self) -> Program[None]:
        return named("store.init", check_table(self._app, self._ttl))

    def _clearing(self, domain: Any) -> Program[None]:
        clearing = clear(self._app, domain, concurrency=self._concurrency)
        return named("store.clear", clearing)


class DynamoDBMemory(MemorySteps, Blocking, Memory):
    """The threads, messages and resources of a `DynamoDBStore`; see `Memory`."""


class DynamoDBWorkflows(WorkflowSteps, Blocking, Workflows):
    """The workflow runs of a `DynamoDBStore`; see `Workflows`."""


class DynamoDBScores(ScoreSteps, Blocking, Scores):
    """The scores of a `DynamoDBStore`; see `Scores`."""


class DynamoDBTraces(TraceSteps, Blocking, Traces):
    """The spans of a `DynamoDBStore`; see `Traces`."""


class DynamoDBEvals(EvalSteps, Blocking, Evals):
    """The evaluations of a `DynamoDBStore`; see `Evals`."""


class DynamoDBStore(StoreBase):
    """An agent's memory in one DynamoDB table, item for item as `@mastra/dynamodb` stores it.

    Several threads may share one store. It sends no request before the first call.

    * `table_name`: 3 to 255 letters, digits, dots, dashes and underscores.
    * `region`, `endpoint_url`, `credentials` (`access_key_id`, `secret_access_key`,
      `session_token`) and `profile`: as in `leyden.load`. What you leave out follows the usual AWS
      rules.
    * `client`: a boto3 client of DynamoDB, in place of these. The store uses its credentials,
      region, endpoint, configuration and event handlers, and `close()` leaves it open. It may also
      be an engine of `leyden.local()`.
    * `session`: a `boto3.Session`, as in `leyden.load`.
    * `ttl`: how long items live after the last save, by entity: `{"message": timedelta(days=30)}`,
      or a `TTL` to name the attribute as well.
    * `large_values`: what happens with an item over 400 KB. `error` raises ItemTooLargeError before
      a request is sent; `chunk` compresses large values and splits them over several items.
    * `entities`: your own schemas for the same table, of the service `mastra`; you reach them as
      `store.entities.NAME`. `hooks` has the functions that they name.
    * `clock`: a function that returns the time as an aware datetime.
    * `concurrency`: how many requests of one call may run at once.
    * `name`: the name that messages use for the store.

    Raises InvalidOptionError, and SchemaError for faults in your schemas.

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
        """Check that the table exists and fits the schemas; after a success, do nothing.

        Compares the key, the indexes, their projections and, if anything expires, the time to live.
        Changes nothing. Raises TableNotFoundError, or TableMismatchError with all differences and
        how to put them right.
        """
        with self._checking_now:
            if not self._checked:
                self.app.driver.run(self._checking())
                self._checked = True

    def clear(self, domain: DomainName) -> None:
        """Delete everything in a domain, which reads the whole table. It is safe to run again."""
        self.app.driver.run(self._clearing(domain))

    def close(self) -> None:
        """Close the connections; a client that you passed in stays open."""
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
    """The threads, messages and resources of an `AsyncDynamoDBStore`; see `Memory`."""


class AsyncDynamoDBWorkflows(WorkflowSteps, Awaited):
    """The workflow runs of an `AsyncDynamoDBStore`; see `Workflows`."""


class AsyncDynamoDBScores(ScoreSteps, Awaited):
    """The scores of an `AsyncDynamoDBStore`; see `Scores`."""


class AsyncDynamoDBTraces(TraceSteps, Awaited):
    """The spans of an `AsyncDynamoDBStore`; see `Traces`."""


class AsyncDynamoDBEvals(EvalSteps, Awaited):
    """The evaluations of an `AsyncDynamoDBStore`; see `Evals`."""


class AsyncDynamoDBStore(StoreBase):
    """`DynamoDBStore` for asyncio: the same names and arguments, with methods that are awaited.

    Several tasks may share one store. Making a store reads the schema files and sends nothing.
    `client` only takes an engine of `leyden.local()`, because a boto3 client would block the event
    loop. `session` takes a `boto3.Session`, which does not.

    >>> async with AsyncDynamoDBStore(table_name="mastra-single-table") as store:  # doctest: +SKIP
    ...     await store.init()
    ...     await store.memory.save_thread({"id": "t1", "resource_id": "alice"})
    """

    if TYPE_CHECKING:

        @property
        def app(self) -> AsyncService:
            """The service of all entities: the store's and your own."""

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
        """Check that the table exists and fits the schemas; see `DynamoDBStore.init`.

        If several tasks call this at once, one checks and the others wait for it. If that check
        fails or is canceled, the next task checks.
        """
        import asyncio

        if self._checked:
            return
        # Each loop gets a lock of its own: once a task has waited for a lock, it works in no other.
        loop = asyncio.get_running_loop()
        for other in [one for one in list(self._turns) if one.is_closed()]:
            self._turns.pop(other, None)
        async with self._turns.setdefault(loop, asyncio.Lock()):
            if not self._checked:
                await self.app.driver.run(self._checking())
                self._checked = True
                self._turns.clear()

    async def clear(self, domain: DomainName) -> None:
        """Delete everything in a domain, which reads the whole table. It is safe to run again."""
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
        """Do nothing; `with` looks for this method before it calls `__enter__`, which raises."""
