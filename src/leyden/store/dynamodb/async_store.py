"""The memory store on one DynamoDB table, for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, Self, cast

from leyden.drivers.aio import AsyncDriver
from leyden.drivers.base import Driver
from leyden.errors import CallStyleError, InvalidOptionError
from leyden.service.asynchronous import AsyncEntity, AsyncService
from leyden.service.service import build_service
from leyden.store.dynamodb.base import StoreBase, driver_options
from leyden.store.dynamodb.methods import Awaited
from leyden.store.dynamodb.programs.evals import EvalMethods
from leyden.store.dynamodb.programs.memory import MemoryMethods
from leyden.store.dynamodb.programs.scores import ScoreMethods
from leyden.store.dynamodb.programs.traces import TraceMethods
from leyden.store.dynamodb.programs.workflows import WorkflowMethods
from leyden.store.dynamodb.schemas import LargeValues, Source
from leyden.store.dynamodb.settings import CONCURRENCY, Hooks, settings
from leyden.store.dynamodb.ttl import TTL
from leyden.store.times import Clock


class AsyncDynamoDBMemory(MemoryMethods, Awaited):
    """The memory of an `AsyncDynamoDBStore`; see `Memory`."""


class AsyncDynamoDBWorkflows(WorkflowMethods, Awaited):
    """The workflows of an `AsyncDynamoDBStore`; see `Workflows`."""


class AsyncDynamoDBScores(ScoreMethods, Awaited):
    """The scores of an `AsyncDynamoDBStore`; see `Scores`."""


class AsyncDynamoDBTraces(TraceMethods, Awaited):
    """The traces of an `AsyncDynamoDBStore`; see `Traces`."""


class AsyncDynamoDBEvals(EvalMethods, Awaited):
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
        known = settings(
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
        if not where:
            raise InvalidOptionError(
                f"client takes an engine of leyden.local() here, not {type(client).__name__}: an "
                "asynchronous store sends by its own means; give region, credentials or profile"
            )
        driver = AsyncDriver(**where)
        app = build_service(
            known.spec,
            cast(Driver, driver),
            table=table_name,
            hooks=hooks,
            kind=AsyncService,
            entity_kind=AsyncEntity,
        )
        super().__init__(known, app)
        rules = self._rules()
        self.memory: Final = AsyncDynamoDBMemory(app, **rules)
        self.workflows: Final = AsyncDynamoDBWorkflows(app, **rules)
        self.scores: Final = AsyncDynamoDBScores(app, **rules)
        self.traces: Final = AsyncDynamoDBTraces(app, **rules)
        self.evals: Final = AsyncDynamoDBEvals(app, **rules)
        self._turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        self._checked = False

    async def init(self) -> None:
        """Check that the table is there and fits the schemas; see `DynamoDBStore.init`.

        Of several tasks that ask at once one checks and the others wait for it; where it fails or
        is cancelled, the next one checks.
        """
        if self._checked:
            return
        async with self._turn():
            if not self._checked:
                await self.app.driver.run(self._checking())
                self._checked = True
                self._turns.clear()

    async def clear(
        self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]
    ) -> None:
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

    def _turn(self) -> asyncio.Lock:
        """The lock of the running loop: one that was waited for serves no other."""
        loop = asyncio.get_running_loop()
        if loop not in self._turns:
            for other in list(self._turns):
                if other.is_closed():
                    self._turns.pop(other, None)
        return self._turns.setdefault(loop, asyncio.Lock())

    def __enter__(self) -> NoReturn:
        raise CallStyleError("the store is asynchronous: use `async with`")

    def __exit__(self, *_: object) -> None:
        """Never reached; a `with` block looks for it first."""
