"""The driver for asyncio: the same programs and requests as the blocking driver's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from leyden._calls import shorten
from leyden._ledger import Ledger
from leyden.drivers.base import Running, broken_off, renew_at_fork
from leyden.drivers.connection import Access, HasCredentials
from leyden.drivers.lean.aio_sockets import AsyncPool
from leyden.drivers.lean.exchange import Call, Exchange, Reader, Send, Wait
from leyden.drivers.sync import Sending, running, writes
from leyden.errors import CallStyleError, LeydenError
from leyden.events import Callback, Listener, Listeners, OperationId
from leyden.program import Gather, Pause, Program, Request, Response, Work

if TYPE_CHECKING:
    from pynamodb.models import Model

T = TypeVar("T")

pause = asyncio.sleep
retry_pause = asyncio.sleep


class AsyncConnection:
    """The `LeanConnection` for event loops; the arguments are those of `Access`.

    Nothing is bound to a loop before the first request, and each loop gets connections of its own.
    Calls of botocore that may block, such as fetching credentials or reading configuration, run on
    a thread of the loop's executor.
    """

    def __init__(self, **options: Any) -> None:
        self._access = Access(**options)
        self._exchange = Exchange(self._access)
        self._trust = self._access.trust
        self._lock = Lock()
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncPool] = WeakKeyDictionary()
        renew_at_fork(self)

    def __repr__(self) -> str:
        return f"AsyncConnection({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        return self._access.place

    @property
    def endpoint(self) -> str | None:
        """The address that requests go to, once it is known."""
        return self._access.endpoint

    @property
    def session(self) -> Any:
        """The botocore session, which finds credentials and configuration."""
        return self._access.session

    async def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
        pool: AsyncPool | None = None,
    ) -> dict[str, Any]:
        """Send one request without changing `operation_kwargs`; `reader` is a `Request`'s.

        `pool` is the pool that existed when the request's program began.
        """
        if pool is None:
            pool = self.pool()
        steps = self._exchange.of(operation_name, operation_kwargs, reader)
        try:
            step = next(steps)
            while True:
                try:
                    result: Any = None
                    match step:
                        case Send(destination, data):
                            result = await pool.exchange(destination, data)
                        case Wait(seconds):
                            await retry_pause(seconds)
                        case Call(function):
                            result = await asyncio.to_thread(function)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            response: dict[str, Any] = end.value
            return response

    async def close(self) -> None:
        """Close the connections, or those in use once they are free. Later calls open new ones."""
        loop = asyncio.get_running_loop()
        with self._lock:
            own = self._pools.pop(loop, None)
            for other, pool in list(self._pools.items()):
                # If a loop still runs on another thread, only that loop may close its connections.
                if not other.is_running():
                    del self._pools[other]
                    pool.abandon()
        self._exchange.forget()
        try:
            if own is not None:
                await own.close()
        finally:
            await asyncio.to_thread(self._access.forget_client)

    def after_fork(self) -> None:
        """Leave the connections to the parent, and replace a lock that a thread may have held."""
        self._lock = Lock()
        # Closing a socket here would end the parent's watch over it, and dropping it closes it.
        _inherited.append(self._pools)
        self._pools = WeakKeyDictionary()

    def pool(self) -> AsyncPool:
        """Return the connections of the running loop; after `close()`, these are new ones."""
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is not None:
            return found
        new = AsyncPool(
            self._trust,
            connect_timeout=self._access.connect_timeout,
            read_timeout=self._access.read_timeout,
            size=self._access.pool_size,
        )
        with self._lock:
            for other, pool in list(self._pools.items()):
                # Nobody closed these connections before their loop was closed. With an
                # `asyncio.run` for each call, there may be thousands of such loops.
                if other.is_closed():
                    del self._pools[other]
                    pool.abandon()
            self._pools[loop] = new
        return new


_inherited: Final[list[Any]] = []
"""Pools of the process that this one was forked from; closing them would break them there."""


class AsyncDriver:
    """Runs programs on the running event loop; several tasks may share one driver.

    The arguments are those of `SyncDriver`. `connection` takes an existing connection instead,
    which `close()` leaves open. A task that is canceled ends at once: listeners hear that the
    request under way failed, and its connection is closed. As after a timeout, nobody knows then
    whether a write has happened. The notes of the CancelledError say so, and how many requests of
    the program had written before.

    ::

        async with AsyncDriver(endpoint_url="http://127.0.0.1:8000") as driver:
            await driver.send(Request("ListTables", {}))
    """

    asynchronous = True

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | HasCredentials | None = None,
        profile: str | None = None,
        session: Any = None,
        shared: Access | None = None,
        capacity: str = "TOTAL",
        connection: AsyncConnection | None = None,
    ) -> None:
        self._owns_connection = connection is None
        self.connection = connection or AsyncConnection(
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            profile=profile,
            session=session,
            shared=shared,
        )
        self._capacity = capacity
        self._listeners = Listeners()

    async def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result; errors are those of `SyncDriver.run`."""
        told = running(self._listeners, program)
        try:
            if told is None:
                return await self._run(program, None)
            with told:
                return await self._run(program, told)
        except LeydenError as error:
            shorten(error)
            raise error

    async def _run(self, program: Program[T], told: Running | None) -> T:
        # All requests of a program use the connections that existed when it began.
        pool = self.connection.pool()
        within = None if told is None else told.id
        ledger: Ledger | None = None
        try:
            step = next(program)
            while True:
                if ledger is None and writes(step):
                    ledger = Ledger()
                if told is not None:
                    told.at(step)
                try:
                    result: Any = None
                    match step:
                        case Request():
                            result = await self._send(step, pool, ledger, within)
                        case Pause(seconds):
                            await pause(seconds)
                        case Gather():
                            result = await self._gather(step, pool, ledger, within)
                        case Work():
                            result = await done(step)
                except LeydenError as error:
                    step = program.throw(error)
                else:
                    step = program.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        except LeydenError as error:
            if ledger is not None:
                ledger.tell(error)
            raise
        except asyncio.CancelledError as canceled:
            if ledger is not None and (written := ledger.requests):
                canceled.add_note(
                    f"requests of the same call that had written before: {written}; their writes "
                    "stay"
                )
            raise
        except BaseException as ended:
            if ledger is not None:
                ledger.mark(ended)
            raise
        finally:
            program.close()

    async def send(self, request: Request) -> Response:
        """Send one request and return the response. Raises a LeydenError when it fails."""
        pool = self.connection.pool()
        told = running(self._listeners, None)
        if told is None:
            return await self._send(request, pool, None, None)
        with told:
            told.at(request)
            return await self._send(request, pool, None, told.id)

    async def _send(
        self, request: Request, pool: AsyncPool, ledger: Ledger | None, within: OperationId | None
    ) -> Response:
        connection, listeners = self.connection, self._listeners
        with Sending(request, connection, self._capacity, listeners, ledger, within) as sending:
            try:
                sending.response = await connection.dispatch(
                    request.api, sending.params, request.reader, pool
                )
            except asyncio.CancelledError as canceled:
                canceled.add_note(str(broken_off(request)))
                raise
        return sending.response

    async def _gather(
        self, step: Gather, pool: AsyncPool, ledger: Ledger | None, within: OperationId | None
    ) -> list[Any]:
        answers: list[Any] = [None] * len(step.requests)
        waiting = iter(enumerate(step.requests))

        async def work() -> None:
            for place, one in waiting:
                try:
                    if isinstance(one, Work):
                        answers[place] = await done(one)
                    else:
                        answers[place] = await self._send(one, pool, ledger, within)
                except LeydenError as error:
                    answers[place] = error

        count = min(step.concurrency, len(step.requests))
        if count <= 1:
            await work()
            return answers
        workers = [asyncio.create_task(work()) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            # After an error or a cancellation, requests that have not begun are not sent.
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return answers

    def listen(self, callback: Callback, *, operations: bool = False) -> Listener:
        """Call `callback` with the events of this driver; see `leyden.events`."""
        return self._listeners.listen(callback, operations=operations)

    def attach(self, model: type[Model]) -> NoReturn:
        """Raise CallStyleError, because PynamoDB's models block."""
        raise CallStyleError(
            "PynamoDB's models block the event loop; load the service with `leyden.load` to use "
            "them"
        )

    async def close(self) -> None:
        """Close the connections, or those in use once they are free. Later calls open new ones."""
        if self._owns_connection:
            await self.connection.close()

    async def __aenter__(self) -> AsyncDriver:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


async def done(work: Work) -> Any:
    """Do the work and return its result: awaited if it can be, or else on a thread."""
    if work.awaited is not None:
        return await work.awaited()

    def blocking() -> Any:
        try:
            return work.blocking()
        except StopIteration as stray:
            # A future cannot hold a StopIteration, so awaiting it would never end.
            raise RuntimeError("a step raised StopIteration") from stray

    return await asyncio.to_thread(blocking)
