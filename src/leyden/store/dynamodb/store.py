"""The memory store on one DynamoDB table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self, cast

from leyden.drivers.pynamodb import ClientConnection
from leyden.drivers.sync import SyncDriver
from leyden.engine import DynamoDBLocal, LocalEngine
from leyden.errors import CallStyleError, InvalidOptionError
from leyden.program import Program
from leyden.service.service import Entities, Service, build_service
from leyden.store.dynamodb import table
from leyden.store.dynamodb.domains import EvalSteps, ScoreSteps, TraceSteps, WorkflowSteps
from leyden.store.dynamodb.memory import MemorySteps
from leyden.store.dynamodb.settings import CONCURRENCY, TTL, Hooks, LargeValues, Settings, Source
from leyden.store.dynamodb.writing import OnTable
from leyden.store.interface import Evals, Memory, Scores, Traces, Workflows
from leyden.store.methods import Awaited, Blocking, name_of, named
from leyden.store.values import Clock

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
        ttl: Mapping[str, timedelta | TTL] | None = None,
        large_values: LargeValues = "error",
        entities: Source | None = None,
        hooks: Hooks | None = None,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._settings = Settings.of(
            name=name,
            table_name=table_name,
            ttl=ttl,
            large_values=large_values,
            entities=entities,
            hooks=hooks,
            clock=clock,
            concurrency=concurrency,
        )
        where = driver_options(
            client,
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            profile=profile,
        )
        self._app = self._service(where, client, hooks)
        known = self._settings
        for kind in self._domains:
            domain = kind(self._app, known.now, known.ttl, known.concurrency)
            setattr(self, name_of(kind), domain)
        self._checked = False

    @abstractmethod
    def _service(self, where: Mapping[str, Any], client: Any, hooks: Hooks | None) -> Service:
        """The service, which sends `where` it is told to, or by the client that is given."""

    @property
    def name(self) -> str:
        """What the store is called in messages."""
        return self._settings.name

    @property
    def table_name(self) -> str:
        """The table."""
        return self._settings.table_name

    @property
    def app(self) -> Service:
        """The service of all entities, the store's and your own."""
        return self._app

    @property
    def entities(self) -> Entities:
        """The entities, the store's and your own."""
        return self._app.entities

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on table {self.table_name}>"

    def _checking(self) -> Program[None]:
        known = self._settings
        return named("store.init", table.check(known.spec, known.ttl, known.table_name))

    def _clearing(self, domain: Any) -> Program[None]:
        clearing = table.clear(self._app, domain, concurrency=self._settings.concurrency)
        return named("store.clear", clearing)


def driver_options(client: Any, **given: Any) -> dict[str, Any]:
    """What a driver is told of where to send: of an engine, or what was given.

    Raises InvalidOptionError where both a client and something else are given.
    """
    if client is None:
        return given
    if any(given.values()):
        raise InvalidOptionError(
            "`client` brings its own endpoint, region and credentials; leave those out"
        )
    if isinstance(client, LocalEngine | DynamoDBLocal):
        return {
            "region": client.region,
            "endpoint_url": client.endpoint_url,
            "credentials": client.credentials,
        }
    return {}


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
      an engine of `leyden.local()`.
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

    _domains = (
        DynamoDBMemory,
        DynamoDBWorkflows,
        DynamoDBScores,
        DynamoDBTraces,
        DynamoDBEvals,
    )

    def _service(self, where: Mapping[str, Any], client: Any, hooks: Hooks | None) -> Service:
        self._checking_now = Lock()
        driver = SyncDriver(**where) if where else SyncDriver(connection=ClientConnection(client))
        return build_service(self._settings.spec, driver, table=self.table_name, hooks=hooks)

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
    `client` takes an engine of `leyden.local()` only: a boto3 client would block the loop.

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
        AsyncDynamoDBMemory,
        AsyncDynamoDBWorkflows,
        AsyncDynamoDBScores,
        AsyncDynamoDBTraces,
        AsyncDynamoDBEvals,
    )

    def _service(self, where: Mapping[str, Any], client: Any, hooks: Hooks | None) -> Service:
        if not where:
            raise InvalidOptionError(
                f"client takes an engine of leyden.local() here, not {type(client).__name__}: an "
                "asynchronous store sends by its own means; give region, credentials or profile"
            )
        # Event loops are for those who use them: the rest is spared what they need.
        from leyden import AsyncEntity, AsyncService
        from leyden.drivers.aio import AsyncDriver
        from leyden.drivers.base import Driver

        self._turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        return build_service(
            self._settings.spec,
            cast(Driver, AsyncDriver(**where)),
            table=self.table_name,
            hooks=hooks,
            kind=AsyncService,
            entity_kind=AsyncEntity,
        )

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
