"""The blocking driver, and what both drivers do for each request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeVar

from leyden._calls import shorten
from leyden._late import imported
from leyden._ledger import WRITING_APIS, Ledger
from leyden.drivers.base import (
    CONDITIONAL_APIS,
    DATA_APIS,
    LOGGER,
    Observation,
    Running,
    broken_off,
)
from leyden.drivers.connection import Access, HasCredentials
from leyden.drivers.lean.exchange import Call, Exchange, Reader, Send, Wait
from leyden.drivers.lean.sockets import Pool
from leyden.errors import InvalidOptionError, LeydenError
from leyden.events import EVERYWHERE, Callback, Listener, Listeners, OperationId
from leyden.program import Gather, Params, Pause, Program, Request, Response, Step, Work, gathered

if TYPE_CHECKING:
    import logging

    from pynamodb.models import Model

    from leyden.drivers.pynamodb import SharedConnection

T = TypeVar("T")

Transport: TypeAlias = Literal["lean", "pynamodb"]
"""The way of requests: Leyden's own transport, or PynamoDB and botocore."""

TRANSPORTS: Final = ("lean", "pynamodb")

pause = retry_pause = time.sleep

_DEBUG: Final = 10
_log: logging.Logger | None = None


def prepare(request: Request, capacity: str = "TOTAL") -> Params:
    """Return a copy of the request's parameters with what a driver always adds.

    API calls on items report the capacity they consume, and a conditional write that fails returns
    the stored item. Options that the request sets itself stay.
    """
    params = dict(request.params)
    if request.api in DATA_APIS:
        params.setdefault("ReturnConsumedCapacity", capacity)
    if request.api in CONDITIONAL_APIS and "ConditionExpression" in params:
        params.setdefault("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
    return params


def observe(
    own: Listeners, request: Request, params: Params, within: OperationId | None = None
) -> Observation | None:
    """Return an observation of the request if anyone listens, else None."""
    global _log
    # If nobody has imported logging, nobody has set a level.
    if _log is None and (logging := imported("logging")) is not None:
        _log = logging.getLogger(LOGGER)
    log = _log if _log is not None and _log.isEnabledFor(_DEBUG) else None
    if own.all or EVERYWHERE.all or log is not None:
        return Observation(own, request, params, log, within)
    return None


def running(own: Listeners, program: Any) -> Running | None:
    """Tell listeners that an operation begins, or return None if nobody listens to operations."""
    if own.of_operations or EVERYWHERE.of_operations:
        return Running(own, program)
    return None


def writes(step: Step) -> bool:
    """Return whether a step may change items, so that the program needs a ledger from here on."""
    if isinstance(step, Request):
        return step.api in WRITING_APIS
    return isinstance(step, Gather) and any(
        isinstance(one, Request) and one.api in WRITING_APIS for one in step.requests
    )


class HasPlace(Protocol):
    """What `Sending` needs from a connection."""

    @property
    def place(self) -> str:
        """Where requests go, for messages."""

    @property
    def endpoint(self) -> str | None:
        """The address that requests go to, once it is known."""


class Sending:
    """A request on its way: prepares it first, and informs listeners and the ledger afterwards.

    Both drivers send within `with Sending(...) as sending`, and set its `response`. An error that
    ends the request leaves the block as the error that the caller gets.
    """

    __slots__ = ("_connection", "_ledger", "_observation", "_request", "params", "response")

    def __init__(
        self,
        request: Request,
        connection: HasPlace,
        capacity: str,
        listeners: Listeners,
        ledger: Ledger | None,
        within: OperationId | None = None,
    ) -> None:
        self.params = prepare(request, capacity)
        self.response: Response = {}
        self._request = request
        self._connection = connection
        self._ledger = ledger if request.api in WRITING_APIS else None
        self._observation = observe(listeners, request, self.params, within)

    def __enter__(self) -> Sending:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            if self._ledger is not None:
                self._ledger.note(self._request, self.response)
            if self._observation is not None:
                self._observation.answered(self.response, self._connection.endpoint)
            return
        ended, cause, is_told = error, error.__cause__, True
        if isinstance(error, Exception) and not isinstance(error, LeydenError):
            # This import is slow, and most processes never need it.
            from leyden.drivers.translate import failure_of

            failure = failure_of(error, self._request, self._connection.place)
            if failure is None:
                # A mistake in a program, not a failure of the request.
                is_told = False
            else:
                ended, cause = failure
        noted = ended if isinstance(ended, LeydenError) else broken_off(self._request)
        if self._ledger is not None:
            self._ledger.note(self._request, noted)
        if self._observation is not None and is_told:
            self._observation.failed(noted, cause, self._connection.endpoint)
        if ended is not error:
            raise ended from cause


class LeanConnection(Access):
    """A connection whose requests need a fraction of botocore's processor time.

    `leyden.drivers.lean` writes, signs and reads requests, and sends them over its own sockets.
    Several threads may share a connection. The arguments are those of `Access`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._exchange = Exchange(self)
        self._pool = Pool(
            self.trust,
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            size=self.pool_size,
        )

    def __repr__(self) -> str:
        return f"LeanConnection({self.place})"

    def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
    ) -> dict[str, Any]:
        """Send one request without changing `operation_kwargs`; `reader` is a `Request`'s."""
        steps = self._exchange.of(operation_name, operation_kwargs, reader)
        try:
            step = next(steps)
            while True:
                try:
                    result: Any = None
                    match step:
                        case Send(destination, data):
                            result = self._pool.exchange(destination, data)
                        case Wait(seconds):
                            retry_pause(seconds)
                        case Call(function):
                            result = function()
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            response: dict[str, Any] = end.value
            return response

    def close(self) -> None:
        """Close the open connections. A later request opens new ones."""
        self._exchange.forget()
        self._pool.close()
        self.forget_client()


class SyncDriver:
    """Runs programs on the calling thread; several threads may share one driver.

    The arguments are those of `Access`. `connection` takes an existing connection instead, which
    `close()` leaves open. `transport` is `lean`, or `pynamodb` to send requests through PynamoDB
    and botocore. `capacity` is what requests on items report about their cost: `TOTAL`, `INDEXES`
    or `NONE`.

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
        session: Any = None,
        shared: Access | None = None,
        capacity: str = "TOTAL",
        connection: LeanConnection | SharedConnection | None = None,
        transport: Transport = "lean",
    ) -> None:
        if transport not in TRANSPORTS:
            names = " or ".join(f'"{name}"' for name in TRANSPORTS)
            raise InvalidOptionError(f"transport takes {names}")
        self._owns_connection = connection is None
        self.connection = connection or connection_over(
            transport,
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            profile=profile,
            session=session,
            shared=shared,
        )
        self._capacity = capacity
        self._listeners = Listeners()

    def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result.

        A LeydenError from a step is raised inside the program, at its `yield`, so that the program
        can handle it. If it does not, the error is raised here.
        """
        told = running(self._listeners, program)
        try:
            if told is None:
                return self._run(program, None)
            with told:
                return self._run(program, told)
        except LeydenError as error:
            shorten(error)
            raise error

    def _run(self, program: Program[T], told: Running | None) -> T:
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
                            result = self._send(step, ledger, within)
                        case Pause(seconds):
                            pause(seconds)
                        case Gather():
                            result = self._gather(step, ledger, within)
                        case Work():
                            result = step.blocking()
                except LeydenError as error:
                    step = program.throw(error)
                except StopIteration as stray:
                    # Otherwise it would look like the end of the program.
                    raise RuntimeError("a step raised StopIteration") from stray
                else:
                    step = program.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        except LeydenError as error:
            if ledger is not None:
                ledger.tell(error)
            raise
        except BaseException as ended:
            if ledger is not None:
                ledger.mark(ended)
            raise
        finally:
            program.close()

    def send(self, request: Request) -> Response:
        """Send one request and return the response. Raises a LeydenError when it fails."""
        told = running(self._listeners, None)
        if told is None:
            return self._send(request, None, None)
        with told:
            told.at(request)
            return self._send(request, None, told.id)

    def _send(
        self, request: Request, ledger: Ledger | None, within: OperationId | None
    ) -> Response:
        connection, listeners = self.connection, self._listeners
        with Sending(request, connection, self._capacity, listeners, ledger, within) as sending:
            if request.reader is not None and isinstance(connection, LeanConnection):
                sending.response = connection.dispatch(request.api, sending.params, request.reader)
            else:
                sending.response = connection.dispatch(request.api, sending.params)
        return sending.response

    def _gather(self, step: Gather, ledger: Ledger | None, within: OperationId | None) -> list[Any]:
        def answer(one: Request | Work) -> Any:
            return one.blocking() if isinstance(one, Work) else self._send(one, ledger, within)

        return gathered(step, answer)

    def listen(self, callback: Callback, *, operations: bool = False) -> Listener:
        """Call `callback` with the events of this driver; see `leyden.events`."""
        return self._listeners.listen(callback, operations=operations)

    def attach(self, model: type[Model]) -> None:
        """Let a PynamoDB model send through this driver's connection."""
        from leyden.drivers.pynamodb import attach

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


def connection_over(transport: Transport, **options: Any) -> LeanConnection | SharedConnection:
    """Return a connection for this transport."""
    if transport == "lean":
        return LeanConnection(**options)
    from leyden.drivers.pynamodb import SharedConnection

    # PynamoDB adds its own handlers to each client, and another connection must not get those.
    return SharedConnection(**{**options, "shared": None})
