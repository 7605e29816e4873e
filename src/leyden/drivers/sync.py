"""The driver that blocks until each answer is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import repeat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from leyden._calls import shorten
from leyden._ledger import WRITING_APIS, Ledger
from leyden.drivers.base import Done, Observation, advance, broken_off, fail, prepare
from leyden.drivers.connection import HasCredentials, LeanConnection
from leyden.errors import InvalidOptionError, LeydenError
from leyden.events import Callback, Listener, Listeners
from leyden.program import Gather, Pause, Program, Request, Response, Step

if TYPE_CHECKING:
    from pynamodb.models import Model

    from leyden.drivers.botocore import SharedConnection

T = TypeVar("T")

Transport: TypeAlias = Literal["lean", "pynamodb"]
"""How requests travel: by Leyden's own means, or through PynamoDB and botocore."""

TRANSPORTS: Final = ("lean", "pynamodb")


class SyncDriver:
    """Runs programs on the calling thread; one driver may be used by many threads.

    The arguments are those of `SharedConnection`; `connection` takes one that exists
    instead, and leaves it open at `close()`. `transport` is `lean`, or `pynamodb` for requests
    that go through PynamoDB and botocore all the way. `capacity` is what a data request reports on
    its cost: `TOTAL`, `INDEXES` or `NONE`.

    ::

        with SyncDriver(endpoint_url="http://127.0.0.1:8000") as driver:
            driver.send(Request("ListTables", {}))
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | HasCredentials | None = None,
        profile: str | None = None,
        capacity: str = "TOTAL",
        connection: LeanConnection | SharedConnection | None = None,
        transport: Transport = "lean",
    ) -> None:
        if transport not in TRANSPORTS:
            names = " or ".join(f'"{name}"' for name in TRANSPORTS)
            raise InvalidOptionError(f"`transport` is {names}")
        self._owns_connection = connection is None
        self.connection = connection or connection_over(
            transport,
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            profile=profile,
        )
        self._capacity = capacity
        self._listeners = Listeners()

    def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result.

        A LeydenError that a step ends in is raised inside the program, at its `yield`, so
        that it can deal with it; what it does not catch is raised here.
        """
        ledger = Ledger()
        try:
            step = advance(program, None)
            while not isinstance(step, Done):
                try:
                    result = self._perform(step, ledger)
                except LeydenError as error:
                    step = fail(program, error)
                else:
                    step = advance(program, result)
            return step.value
        except LeydenError as error:
            ledger.tell(error)
            shorten(error)
            raise error
        except BaseException as ended:
            ledger.mark(ended)
            raise
        finally:
            program.close()

    def send(self, request: Request) -> Response:
        """Send one request and return the response. Raises a LeydenError when it fails."""
        return self._send(request, Ledger())

    def _send(self, request: Request, ledger: Ledger) -> Response:
        if request.api not in WRITING_APIS:
            return self._exchange(request)
        try:
            response = self._exchange(request)
        except LeydenError as error:
            ledger.note(request, error)
            raise
        except BaseException:
            ledger.note(request, broken_off(request))
            raise
        ledger.note(request, response)
        return response

    def _exchange(self, request: Request) -> Response:
        params = prepare(request, self._capacity)
        observation = Observation.begin(self._listeners, request, params)
        try:
            if request.reader is not None and isinstance(self.connection, LeanConnection):
                response = self.connection.dispatch(request.api, params, request.reader)
            else:
                response = self.connection.dispatch(request.api, params)
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
        if observation:
            observation.answered(response)
        return response

    def listen(self, callback: Callback) -> Listener:
        """Call `callback` with the events of this driver; see `leyden.events`."""
        return self._listeners.listen(callback)

    def attach(self, model: type[Model]) -> None:
        """Let a PynamoDB model send through this driver's connection."""
        from leyden.drivers.botocore import attach

        attach(model, self.connection)

    def close(self) -> None:
        """Close the connections. A later request opens new ones."""
        if self._owns_connection:
            self.connection.close()

    def __enter__(self) -> SyncDriver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _perform(self, step: Step, ledger: Ledger) -> Any:
        match step:
            case Request():
                return self._send(step, ledger)
            case Pause(seconds=seconds):
                time.sleep(seconds)
                return None
            case Gather(requests=requests, concurrency=concurrency):
                return self._gather(requests, concurrency, ledger)

    def _gather(
        self, requests: tuple[Request, ...], concurrency: int, ledger: Ledger
    ) -> list[Response | LeydenError]:
        threads = min(concurrency, len(requests))
        if threads <= 1:
            return [self._outcome(request, ledger) for request in requests]
        # Threads are for those who ask for several requests at a time.
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(threads, thread_name_prefix="leyden")
        try:
            return list(pool.map(self._outcome, requests, repeat(ledger)))
        finally:
            # After an interrupt, what has not begun is not sent any more.
            pool.shutdown(cancel_futures=True)

    def _outcome(self, request: Request, ledger: Ledger) -> Response | LeydenError:
        try:
            return self._send(request, ledger)
        except LeydenError as error:
            return error


def connection_over(transport: Transport, **options: Any) -> LeanConnection | SharedConnection:
    """A connection that requests travel over in one of these ways."""
    if transport == "lean":
        return LeanConnection(**options)
    from leyden.drivers.botocore import SharedConnection

    return SharedConnection(**options)
