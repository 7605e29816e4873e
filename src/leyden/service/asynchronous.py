"""The service for event loops: it has the names of `Service`, and you await what sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Never, NoReturn, Protocol, Self, cast, overload

from leyden._attrs import frozen
from leyden._calls import fitting
from leyden.errors import CallStyleError, LeydenError
from leyden.operations.chains.put import Delete, Put
from leyden.operations.chains.reads import Get
from leyden.operations.chains.write import Write
from leyden.operations.companions.backfill import Adoption, adopt_unique
from leyden.operations.companions.overflow.sweeping import Sweep, sweep_overflow
from leyden.operations.plan.reads import Explanation
from leyden.program import Params, Program
from leyden.results import BatchResult, TransactionResult
from leyden.service import verbs
from leyden.service.entity import Batch, Entity
from leyden.service.service import Service
from leyden.tables import (
    AddedIndexes,
    CreateTableResult,
    IndexProgress,
    add_indexes,
    add_vector_indexes,
    check_table,
    create_table,
)

if TYPE_CHECKING:
    from leyden.doctor import Finding, Progress, Report
    from leyden.drivers.aio import AsyncDriver
    from leyden.mapping.sealing import Keys
    from leyden.migration import MigrationPlan, MigrationProgress, MigrationReport
    from leyden.service.migration import MigrationSource


class AsyncBatch(Protocol):
    """A batch whose `go()` is awaited."""

    def params(self, /, **options: Any) -> list[Params]:
        """Return the low-level requests, without sending them."""

    def program(self, /, **options: Any) -> Program[BatchResult]:
        """Return the batch as a program, which a larger program can run as a part."""

    def explain(self, /, **options: Any) -> Explanation:
        """Say in words what the batch reads or writes."""

    async def go(self, /, **options: Any) -> BatchResult:
        """Send the batch, as `BatchGet.go` and `BatchWrite.go` do."""


class AsyncTransaction(Protocol):
    """A transaction whose `go()` is awaited."""

    def params(self, /, **options: Any) -> Params:
        """Return the low-level request, without sending it."""

    def program(self, /, **options: Any) -> Program[TransactionResult]:
        """Return the transaction as a program, which a larger program can run as a part."""

    async def go(self, /, **options: Any) -> TransactionResult:
        """Send the transaction, as `TransactWrite.go` and `TransactGet.go` do."""


@frozen(repr=False)
class AsyncEntity(Entity):
    """An entity of an asynchronous service: you await `.go()`, and use `async for` over queries.

    >>> task = app.entities.task                                             # doctest: +SKIP
    >>> await task.create(task_id="t1", project_id="p1").go()                # doctest: +SKIP
    >>> async for record in task.query.project(project_id="p1"): ...         # doctest: +SKIP
    """

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def get(self, keys: Batch, /) -> AsyncBatch: ...
        @overload
        def get(self, key: Any = ..., /, **attributes: Any) -> Get: ...
        def get(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Get | AsyncBatch:
            """Read the item with this key, or, for a list of keys, all their items in batches."""

        @overload  # type: ignore[override]
        def put(self, items: Batch, /) -> AsyncBatch: ...
        @overload
        def put(self, item: Any = None, /, **attributes: Any) -> Put: ...
        def put(self, item: Any = None, /, *wrong: Never, **attributes: Any) -> Put | AsyncBatch:
            """Write an item, replacing the stored one, or write a list of items in batches."""

        @overload  # type: ignore[override]
        def delete(self, keys: Batch, /) -> AsyncBatch: ...
        @overload
        def delete(self, key: Any = ..., /, **attributes: Any) -> Delete: ...
        def delete(
            self, key: Any = ..., /, *wrong: Never, **attributes: Any
        ) -> Delete | AsyncBatch:
            """Delete the item with this key if it exists, or the items of a list of keys."""

    @fitting("await task.adopt_unique(pages=10)")
    async def adopt_unique(  # type: ignore[override]
        self,
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Adoption], object] | None = None,
    ) -> Adoption:
        """Write guard items for the unique values of existing items; see `Entity`."""
        program = adopt_unique(self._bound, cursor=cursor, pages=pages, progress=progress)
        return await cast("AsyncDriver", self._driver).run(program)

    @fitting("await task.sweep_overflow(pages=10)")
    async def sweep_overflow(  # type: ignore[override]
        self,
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Sweep], object] | None = None,
    ) -> Sweep:
        """Delete parts of large values that no item refers to; see `Entity`."""
        program = sweep_overflow(self._bound, cursor=cursor, pages=pages, progress=progress)
        return await cast("AsyncDriver", self._driver).run(program)


@frozen(repr=False)
class AsyncService(Service):
    """The entities of one service, on one table, for event loops.

    `leyden.load_async` returns it. It has the names of `Service`. You await everything that sends
    requests, and iterate over queries with `async for`. `async with` closes the connections.

    >>> async with await leyden.load_async("schemas/taskapp") as app:        # doctest: +SKIP
    ...     await app.entities.task.get(project_id="p1", task_id="t1").go()
    """

    if TYPE_CHECKING:
        entities: AsyncEntities  # type: ignore[assignment]
        driver: AsyncDriver  # type: ignore[assignment]

        def __getitem__(self, alias: str) -> AsyncEntity: ...

        def batch_get(self, entries: Sequence[Get]) -> AsyncBatch:  # type: ignore[override]
            """Read many items by key, from any entities."""

        def batch_write(  # type: ignore[override]
            self, entries: Sequence[Put | Delete]
        ) -> AsyncBatch:
            """Put and delete many items, from any entities, without a transaction."""

        def transact_write(  # type: ignore[override]
            self, entries: Sequence[Write]
        ) -> AsyncTransaction:
            """Write and check up to 100 items: all of them, or none."""

        def transact_get(  # type: ignore[override]
            self, entries: Sequence[Get]
        ) -> AsyncTransaction:
            """Read up to 100 items as they were at one moment."""

    @fitting("await app.create_table()")
    async def create_table(self) -> CreateTableResult:  # type: ignore[override]
        """Create the table unless it exists, and wait until it is active.

        Raises TableMismatchError if the existing table differs from the schemas. Leyden does not
        change that table.
        """
        return await self.driver.run(create_table(self.table_definition, self.table))

    @fitting("await app.add_indexes(time_limit=600)")
    async def add_indexes(  # type: ignore[override]
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes:
        """Add the global and vector indexes that the table lacks; see `Service`.

        `progress` runs on the event loop's thread, so it must not block. It must not be a coroutine
        function either, because nothing awaits it.
        """
        return await self.driver.run(
            add_indexes(self.table_definition, self.table, time_limit=time_limit, progress=progress)
        )

    @fitting("await app.add_vector_indexes(time_limit=600)")
    async def add_vector_indexes(  # type: ignore[override]
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes:
        """Add the vector indexes that the table lacks; see `Service`.

        `progress` runs on the event loop's thread, so it must not block. It must not be a coroutine
        function either, because nothing awaits it.
        """
        return await self.driver.run(
            add_vector_indexes(
                self.table_definition, self.table, time_limit=time_limit, progress=progress
            )
        )

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        async def migrate(
            self,
            migration: MigrationSource,
            *,
            dry_run: Literal[True],
            rollback: bool = ...,
            commit: bool = ...,
            rate: float | None = ...,
            segments: int = ...,
            progress: Callable[[MigrationProgress], object] | None = ...,
            encryption_keys: Keys | None = ...,
            lease: float = ...,
        ) -> MigrationPlan: ...
        @overload
        async def migrate(
            self,
            migration: MigrationSource,
            *,
            dry_run: Literal[False] = ...,
            rollback: bool = ...,
            commit: bool = ...,
            rate: float | None = ...,
            segments: int = ...,
            progress: Callable[[MigrationProgress], object] | None = ...,
            encryption_keys: Keys | None = ...,
            lease: float = ...,
        ) -> MigrationReport: ...

    @fitting('await app.migrate("migrations/assignee.yaml", rate=100)')
    async def migrate(
        self,
        migration: MigrationSource,
        *,
        dry_run: bool = False,
        rollback: bool = False,
        commit: bool = False,
        rate: float | None = None,
        segments: int = 4,
        progress: Callable[[MigrationProgress], object] | None = None,
        encryption_keys: Keys | None = None,
        lease: float = 30.0,
    ) -> MigrationPlan | MigrationReport:
        """Move the table's items from earlier schemas to those of this service; see `Service`.

        `progress` runs on the event loop's thread, so it must not block. It must not be a coroutine
        function either, because nothing awaits it.
        """
        from leyden.service.migration import work_of

        work = work_of(
            self,
            migration,
            dry_run=dry_run,
            rollback=rollback,
            commit=commit,
            rate=rate,
            segments=segments,
            progress=progress,
            encryption_keys=encryption_keys,
            lease=lease,
        )
        try:
            return await self.driver.run(work.program())
        except BaseException:
            # Release the lease, so that the next run need not wait for it to expire. An error of
            # the release must not hide the one that ended this run.
            with suppress(LeydenError):
                await self.driver.run(work.job.give_back())
            raise

    @fitting("await app.check_table()")
    async def check_table(self) -> None:  # type: ignore[override]
        """Check that the table has the keys, indexes and settings that the entities need.

        Raises TableNotFoundError, or TableMismatchError with all differences.
        """
        await self.driver.run(check_table(self.table_definition, self.table))

    @fitting("await app.doctor(full=True, rate=25)")
    async def doctor(  # type: ignore[override]
        self,
        *,
        full: bool = False,
        sample: int = 1000,
        segments: int | None = None,
        rate: float | None = None,
        strict: bool = False,
        resume: str | None = None,
        progress: Callable[[Progress], object] | None = None,
        found: Callable[[Finding], object] | None = None,
    ) -> Report:
        """Check the live table and its items against the schemas; see `Service`.

        `progress` and `found` run on the event loop's thread, so they must not block, and must not
        be coroutine functions.
        """
        return await self.driver.run(
            verbs.examine(
                [entity._bound for entity in self.entities.values()],
                self.table_definition,
                full=full,
                sample=sample,
                segments=segments,
                rate=rate,
                strict=strict,
                resume=resume,
                progress=progress,
                found=found,
            )
        )

    async def close(self) -> None:  # type: ignore[override]
        """Close the connections."""
        await self.driver.close()

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
        raise CallStyleError("the service is asynchronous: use `async with`")


if TYPE_CHECKING:

    class AsyncEntities(Mapping[str, AsyncEntity]):
        """`app.entities`: the entities by alias, as attributes or with `[...]`."""

        def __getattr__(self, alias: str) -> AsyncEntity: ...
