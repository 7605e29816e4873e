"""The driver for event loops: the same programs and the same requests, over asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from leyden._attrs import define, field
from leyden._calls import shorten
from leyden._ledger import WRITING_APIS, Ledger
from leyden.drivers.base import (
    Done,
    Observation,
    advance,
    broken_off,
    fail,
    prepare,
    renew_at_fork,
)
from leyden.drivers.connection import Access, HasCredentials
from leyden.drivers.lean.aio_sockets import AsyncPool
from leyden.drivers.lean.exchange import Call, Exchange, Reader, Send, Wait
from leyden.errors import CallStyleError, LeydenError
from leyden.events import Callback, Listener, Listeners
from leyden.program import Gather, Pause, Program, Request, Response, Step

if TYPE_CHECKING:
    from pynamodb.models import Model

T = TypeVar("T")

pause = asyncio.sleep
retry_pause = asyncio.sleep


class AsyncConnection:
    """What `SharedConnection` is to threads, for event loops; takes its arguments.

    Nothing is tied to a loop before the first request. Each loop that it is used on has
    connections of its own. What botocore does that may block, such as fetching credentials or
    reading configuration, is done on a thread of the loop's executor.
    """

    def __init__(self, **options: Any) -> None:
        self._shared = Access(**options)
        self._exchange = Exchange(self._shared)
        self._trust = self._shared.trust
        self._lock = Lock()
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncPool] = WeakKeyDictionary()
        renew_at_fork(self)

    def __repr__(self) -> str:
        return f"AsyncConnection({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        return self._shared.place

    @property
    def session(self) -> Any:
        """The botocore session, which finds credentials and configuration."""
        return self._shared.session

    async def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
        pool: AsyncPool | None = None,
    ) -> dict[str, Any]:
        """Send one request. `operation_kwargs` stays as it is; `reader` is a `Request`'s.

        `pool` is the one that was there when the program began whose request it is.
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
        """Close the connections, those in use when they are free. Later calls open new ones."""
        loop = asyncio.get_running_loop()
        with self._lock:
            own = self._pools.pop(loop, None)
            for other, pool in list(self._pools.items()):
                # Those of a loop that still runs, on another thread, are that loop's to close.
                if not other.is_running():
                    del self._pools[other]
                    pool.abandon()
        self._exchange.forget()
        try:
            if own is not None:
                await own.close()
        finally:
            await asyncio.to_thread(self._shared.forget_client)

    def after_fork(self) -> None:
        """Leave the connections to the parent, and let go of a lock that a thread may have held."""
        self._lock = Lock()
        # To close one would end the parent's watch over it, and to let go of one closes it.
        _inherited.append(self._pools)
        self._pools = WeakKeyDictionary()

    def pool(self) -> AsyncPool:
        """The connections of the running loop. After `close()` it is another one."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        return self._new_pool(loop) if pool is None else pool

    def _new_pool(self, loop: asyncio.AbstractEventLoop) -> AsyncPool:
        new = AsyncPool(
            self._trust,
            connect_timeout=self._shared.connect_timeout,
            read_timeout=self._shared.read_timeout,
            size=self._shared.pool_size,
        )
        with self._lock:
            for other, pool in list(self._pools.items()):
                # Nobody closed the connections before their loop, as with `asyncio.run` for each
                # call: there may be thousands of such loops.
                if other.is_closed():
                    del self._pools[other]
                    pool.abandon()
            self._pools[loop] = new
        return new


_inherited: Final[list[Any]] = []
"""Pools of the process that this one was forked from: to close them would take them from it."""


class AsyncDriver:
    """Runs programs on the running event loop; many tasks may use one driver.

    The arguments are those of `SyncDriver`; `connection` takes one that exists instead, and
    leaves it open at `close()`. A task that is cancelled ends at once: the request that was
    under way is told to listeners as failed, and its connection is closed. Whether a write has
    happened is then not known, as with a timeout; the notes of the CancelledError say so, and how
    many requests of its program had written before.

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
        capacity: str = "TOTAL",
        connection: AsyncConnection | None = None,
    ) -> None:
        self._owns_connection = connection is None
        self.connection = connection or AsyncConnection(
            region=region, endpoint_url=endpoint_url, credentials=credentials, profile=profile
        )
        self._capacity = capacity
        self._listeners = Listeners()

    async def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result; errors as `SyncDriver.run`."""
        context = _ProgramContext(self.connection.pool())
        try:
            step = advance(program, None)
            while not isinstance(step, Done):
                try:
                    result = await self._perform(step, context)
                except LeydenError as error:
                    step = fail(program, error)
                else:
                    step = advance(program, result)
            return step.value
        except LeydenError as error:
            context.ledger.tell(error)
            shorten(error)
            raise error
        except asyncio.CancelledError as cancelled:
            if written := context.ledger.requests:
                cancelled.add_note(
                    f"requests of the same call that had written before: {written}; what they "
                    "wrote is there"
                )
            raise
        except BaseException as ended:
            context.ledger.mark(ended)
            raise
        finally:
            program.close()

    async def send(self, request: Request) -> Response:
        """Send one request and return the response. Raises a LeydenError when it fails."""
        return await self._send(request, _ProgramContext(self.connection.pool()))

    async def _send(self, request: Request, context: _ProgramContext) -> Response:
        if request.api not in WRITING_APIS:
            return await self._exchange(request, context)
        try:
            response = await self._exchange(request, context)
        except LeydenError as error:
            context.ledger.note(request, error)
            raise
        except BaseException:
            context.ledger.note(request, broken_off(request))
            raise
        context.ledger.note(request, response)
        return response

    async def _exchange(self, request: Request, context: _ProgramContext) -> Response:
        params = prepare(request, self._capacity)
        observation = Observation.begin(self._listeners, request, params)
        try:
            response = await self.connection.dispatch(
                request.api, params, request.reader, context.pool
            )
        except LeydenError as refused:
            if observation:
                observation.failed(refused)
            raise
        except Exception as error:
            # What most processes never need is imported when something fails.
            from leyden.drivers.translate import failure_of

            failure = failure_of(error, request, self.connection.place)
            if failure is None:
                raise
            translated, cause = failure
            if observation:
                observation.failed(translated)
            raise translated from cause
        except asyncio.CancelledError as cancelled:
            ended = broken_off(request)
            cancelled.add_note(str(ended))
            if observation:
                observation.failed(ended)
            raise
        if observation:
            observation.answered(response)
        return response

    def listen(self, callback: Callback) -> Listener:
        """Call `callback` with the events of this driver; see `leyden.events`."""
        return self._listeners.listen(callback)

    def attach(self, model: type[Model]) -> NoReturn:
        """Raise CallStyleError: PynamoDB's models block."""
        raise CallStyleError(
            "PynamoDB's models block the event loop; load the service with `leyden.load` to use "
            "them"
        )

    async def close(self) -> None:
        """Close the connections, those in use when they are free. Later calls open new ones."""
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

    async def _perform(self, step: Step, context: _ProgramContext) -> Any:
        match step:
            case Request():
                return await self._send(step, context)
            case Pause(seconds=seconds):
                await pause(seconds)
                return None
            case Gather(requests=requests, concurrency=concurrency):
                return await self._gather(requests, concurrency, context)

    async def _gather(
        self, requests: tuple[Request, ...], concurrency: int, context: _ProgramContext
    ) -> list[Response | LeydenError]:
        answers: list[Any] = [None] * len(requests)
        waiting = iter(enumerate(requests))
        count = min(concurrency, len(requests))
        if count <= 1:
            await self._work(waiting, answers, context)
            return answers
        workers = [asyncio.create_task(self._work(waiting, answers, context)) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            # After an error or a cancellation, what has not begun is not sent any more.
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return answers

    async def _work(
        self, waiting: Iterator[tuple[int, Request]], answers: list[Any], context: _ProgramContext
    ) -> None:
        for place, request in waiting:
            try:
                answers[place] = await self._send(request, context)
            except LeydenError as error:
                answers[place] = error


@define(eq=False)
class _ProgramContext:
    """What the requests of one program share."""

    pool: AsyncPool
    ledger: Ledger = field(factory=Ledger)
