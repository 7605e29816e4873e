"""The memory store on one DynamoDB table, for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from leyden import AsyncEntity, AsyncService
from leyden.drivers.aio import AsyncDriver
from leyden.drivers.base import Driver
from leyden.errors import CallStyleError, InvalidOptionError
from leyden.service.service import Service, build_service
from leyden.store.dynamodb.memory import MemoryMethods
from leyden.store.dynamodb.methods import Awaited
from leyden.store.dynamodb.observability import EvalMethods, ScoreMethods, TraceMethods
from leyden.store.dynamodb.settings import Hooks
from leyden.store.dynamodb.store import DomainName, StoreBase
from leyden.store.dynamodb.workflows import WorkflowMethods


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
        if self._checked:
            return
        async with self._turn():
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
