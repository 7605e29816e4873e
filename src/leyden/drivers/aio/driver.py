"""The driver whose answers are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from pynamodb.models import Model

from leyden._attrs import define, field
from leyden._ledger import WRITING_APIS, Ledger
from leyden.drivers.aio.connection import AsyncConnection
from leyden.drivers.aio.pool import ChannelPool
from leyden.drivers.connection import HasCredentials
from leyden.drivers.observe import Observation
from leyden.drivers.prepare import prepare
from leyden.drivers.programs import Done, advance, fail
from leyden.drivers.translate import FAILURES, broken_off, original, translate
from leyden.errors import CallStyleError, LeydenError
from leyden.events import Callback, Listener, Listeners
from leyden.program import Gather, Pause, Program, Request, Response, Step
from leyden.tracebacks import shorten

T = TypeVar("T")
pause = asyncio.sleep


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
        course = _Course(self.connection.pool())
        try:
            step = advance(program, None)
            while not isinstance(step, Done):
                try:
                    result = await self._perform(step, course)
                except LeydenError as error:
                    step = fail(program, error)
                else:
                    step = advance(program, result)
            return step.value
        except LeydenError as error:
            course.ledger.tell(error)
            shorten(error)
            raise error
        except asyncio.CancelledError as cancelled:
            if written := course.ledger.requests:
                cancelled.add_note(
                    f"requests of the same call that had written before: {written}; what they "
                    "wrote is there"
                )
            raise
        except BaseException as ended:
            course.ledger.mark(ended)
            raise
        finally:
            program.close()

    async def send(self, request: Request) -> Response:
        """Send one request and return the response. Raises a LeydenError when it fails."""
        return await self._send(request, _Course(self.connection.pool()))

    async def _send(self, request: Request, course: _Course) -> Response:
        if request.api not in WRITING_APIS:
            return await self._exchange(request, course)
        try:
            response = await self._exchange(request, course)
        except LeydenError as error:
            course.ledger.note(request, error)
            raise
        except BaseException:
            course.ledger.note(request, broken_off(request))
            raise
        course.ledger.note(request, response)
        return response

    async def _exchange(self, request: Request, course: _Course) -> Response:
        params = prepare(request, self._capacity)
        observation = Observation.begin(self._listeners, request, params)
        try:
            response = await self.connection.dispatch(
                request.api, params, request.reader, course.pool
            )
        except LeydenError as refused:
            if observation:
                observation.failed(refused)
            raise
        except FAILURES as error:
            translated = translate(error, request, self.connection.place)
            if observation:
                observation.failed(translated)
            raise translated from original(error, request)
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

    async def _perform(self, step: Step, course: _Course) -> Any:
        match step:
            case Request():
                return await self._send(step, course)
            case Pause(seconds=seconds):
                await pause(seconds)
                return None
            case Gather(requests=requests, concurrency=concurrency):
                return await self._gather(requests, concurrency, course)

    async def _gather(
        self, requests: tuple[Request, ...], concurrency: int, course: _Course
    ) -> list[Response | LeydenError]:
        answers: list[Any] = [None] * len(requests)
        waiting = iter(enumerate(requests))
        count = min(concurrency, len(requests))
        if count <= 1:
            await self._work(waiting, answers, course)
            return answers
        workers = [asyncio.create_task(self._work(waiting, answers, course)) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            # After an error or a cancellation, what has not begun is not sent any more.
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return answers

    async def _work(
        self, waiting: Iterator[tuple[int, Request]], answers: list[Any], course: _Course
    ) -> None:
        for place, request in waiting:
            try:
                answers[place] = await self._send(request, course)
            except LeydenError as error:
                answers[place] = error


@define(eq=False)
class _Course:
    """What the requests of one program share."""

    pool: ChannelPool
    ledger: Ledger = field(factory=Ledger)
