"""What all ways to DynamoDB share: their limits, what listeners are told, processes that fork.

Nothing here imports botocore, PynamoDB, asyncio or TLS: half of the time in which a process comes
to its first answer would go into imports that most processes do not need. `aws` and `ssl` are
those modules, imported when the first of their names is asked for, as by `except aws.SSLError`
once something has gone wrong.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from weakref import WeakSet

from leyden._late import Late
from leyden._ledger import THROTTLED_ATTEMPTS, WRITING_APIS
from leyden.errors import ConnectionFailedError, LeydenError
from leyden.events import (
    EVERYWHERE,
    Callback,
    Event,
    Listener,
    Listeners,
    OperationEnded,
    OperationId,
    OperationStarted,
    RequestFailed,
    RequestSent,
    ResponseReceived,
)
from leyden.program import Gather, Params, Program, Request, Response, Step
from leyden.results import bytes_searched, bytes_written, consumed_units

if TYPE_CHECKING:
    import logging
    import ssl as ssl

    import botocore.exceptions
    from pynamodb.models import Model

    aws = botocore.exceptions
else:
    aws = Late("botocore.exceptions")
    ssl = Late("ssl")

CONNECT_TIMEOUT: Final = 5.0
"""Seconds to wait for a connection, each attempt."""

READ_TIMEOUT: Final = 30.0
"""Seconds to wait for an answer, each attempt."""

POOL_SIZE: Final = 50
"""Connections kept open at most; more are opened, and closed again, when more are in use."""

IDLE_LIMIT: Final = 50.0
"""Seconds after which a connection that was not used is not used again: DynamoDB closes one after
a minute, and a request that meets the end of its connection may or may not have been read."""

ATTEMPTS: Final = 4
"""How often botocore's standard mode sends a request to DynamoDB, the first time included."""

UNSTATED_ATTEMPTS: Final = 3
"""What a request says of that where botocore does not."""

FIRST_WAIT: Final = 0.05
"""Seconds, at most, before half an answer is asked for again; each further wait is twice as long.
Other waits are botocore's."""

LOGGER: Final = "leyden.drivers"
T = TypeVar("T")


class Driver(Protocol):
    """Runs programs: sends what they ask for and hands them what comes back."""

    def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result."""

    def send(self, request: Request) -> Response:
        """Send one request. Raises a LeydenError when it fails."""

    def listen(self, callback: Callback, *, operations: bool = False) -> Listener:
        """Call `callback` with the events of this driver."""

    def attach(self, model: type[Model]) -> None:
        """Let a PynamoDB model send through this driver's connection."""

    def close(self) -> None:
        """Close the driver's connections."""


DATA_APIS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "SearchVectors",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
"""The calls that read or write items, and so consume capacity."""

BOTOCORE_NEEDED: Final[Mapping[str, str]] = {"SearchVectors": "1.43.64"}
"""The first version of botocore that knows a call which older ones do not."""

THROTTLING: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The codes of refusals for too many requests."""

CONDITIONAL_APIS: Final = frozenset({"DeleteItem", "PutItem", "UpdateItem"})


def table_of(params: Mapping[str, Any]) -> str | None:
    """Name the table of a request; several are joined with a comma, None where it has none."""
    try:
        if "TableName" in params:
            return str(params["TableName"])
        if "RequestItems" in params:
            return ", ".join(params["RequestItems"]) or None
        entries = params.get("TransactItems", ())
        names = {str(part["TableName"]) for entry in entries for part in entry.values()}
        return ", ".join(sorted(names)) or None
    except (AttributeError, KeyError, TypeError):
        # Parameters of the wrong shape: sending them says so, in words.
        return None


class Observation:
    """One request under observation, from the moment before it is sent."""

    def __init__(
        self,
        own: Listeners,
        request: Request,
        params: Params,
        log: logging.Logger | None,
        within: OperationId | None = None,
    ) -> None:
        self._own = own
        self._logger = log
        index = params.get("IndexName")
        self._where: dict[str, Any] = {
            "operation": request.operation,
            "entity": request.entity,
            "api": request.api,
            "table": table_of(params),
            "index": None if index is None else str(index),
            "within": within,
        }
        self._tell(RequestSent(**self._where, params=params))
        self._started = perf_counter()

    def answered(self, response: Response, endpoint: str | None = None) -> None:
        """Tell of an answer."""
        seconds = perf_counter() - self._started
        consumed = consumed_units(response)
        metadata = response.get("ResponseMetadata", {})
        self._tell(
            ResponseReceived(
                **self._where,
                consumed=consumed,
                seconds=seconds,
                count=response.get("Count"),
                scanned_count=response.get("ScannedCount"),
                bytes_searched=bytes_searched(response),
                bytes_written=bytes_written(response),
                retries=metadata.get("RetryAttempts", 0),
                throttles=metadata.get(THROTTLED_ATTEMPTS, 0),
                endpoint=endpoint,
            )
        )
        self._log("answered", seconds, consumed)

    def failed(
        self, error: LeydenError, cause: BaseException | None = None, endpoint: str | None = None
    ) -> None:
        """Tell of an error, and of what botocore said of it."""
        seconds = perf_counter() - self._started
        said = getattr(cause, "response", None) or {}
        metadata = said.get("ResponseMetadata", {})
        is_throttled = said.get("Error", {}).get("Code") in THROTTLING
        self._tell(
            RequestFailed(
                **self._where,
                seconds=seconds,
                error=error,
                retries=metadata.get("RetryAttempts", 0),
                throttles=metadata.get(THROTTLED_ATTEMPTS, 0) + is_throttled,
                endpoint=endpoint,
            )
        )
        self._log(error.code, seconds, None)

    def _tell(self, event: Event) -> None:
        self._own.tell(event)
        EVERYWHERE.tell(event)

    def _log(self, outcome: str, seconds: float, consumed: float | None) -> None:
        if self._logger is None:
            return
        self._logger.debug(
            "%s entity=%s api=%s table=%s index=%s consumed=%s milliseconds=%.1f %s",
            self._where["operation"] or "-",
            self._where["entity"] or "-",
            self._where["api"],
            self._where["table"] or "-",
            self._where["index"] or "-",
            "-" if consumed is None else consumed,
            seconds * 1000,
            outcome,
        )


class Running:
    """One operation that listeners are told of, from before its first step to its end.

    A program that is named, as those of methods are, has begun at once. Any other is known by its
    first request.
    """

    def __init__(self, own: Listeners, program: Any) -> None:
        self.id = OperationId()
        self._own = own
        self._operation: str | None = None
        self._entity: str | None = None
        self._started = perf_counter()
        if is_named(program):
            self._begin(program.__name__, None)

    def at(self, step: Step) -> None:
        """Take note of a step that is about to be taken."""
        if self._operation is not None:
            return
        asked = step.requests if isinstance(step, Gather) else (step,)
        first = next((one for one in asked if isinstance(one, Request)), None)
        if first is not None:
            self._begin(first.operation or first.api, first.entity)

    def ended(self, error: BaseException | None) -> None:
        """Tell of the end, which a program that asked nobody for anything comes to unnoticed."""
        if self._operation is not None:
            seconds = perf_counter() - self._started
            self._tell(OperationEnded(self._operation, self._entity, seconds, error, self.id))

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ended(error)

    def _begin(self, operation: str, entity: str | None) -> None:
        self._operation, self._entity = operation, entity
        self._tell(OperationStarted(operation, entity, self.id))

    def _tell(self, event: OperationStarted | OperationEnded) -> None:
        self._own.tell(event)
        EVERYWHERE.tell(event)


def is_named(program: Any) -> bool:
    """Whether a program has a name of its own, not that of the function that made it."""
    return "." in getattr(program, "__name__", "")


UNSURE: Final = "; a write may or may not have happened"


def broken_off(request: Request) -> ConnectionFailedError:
    """The error of a request that was given up before it was answered."""
    unsure = request.api in WRITING_APIS
    return ConnectionFailedError(
        f"{request.api} was cancelled before it was answered{UNSURE if unsure else ''}",
        unsure=unsure,
        request=request,
        operation=request.operation or None,
        entity=request.entity,
    )


_renewed: Final[WeakSet[Any]] = WeakSet()


def renew_at_fork(owner: Any) -> None:
    """Call `owner.after_fork()` in each process that is forked from this one.

    A lock that another thread held stays shut in the child, where that thread is not; and two
    processes that read from one connection would take each other's answers.
    """
    _renewed.add(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: [owner.after_fork() for owner in list(_renewed)])
