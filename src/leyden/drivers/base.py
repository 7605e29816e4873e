"""What all drivers share: limits, events for listeners, and how forked processes are handled.

Nothing here imports botocore, PynamoDB, asyncio or TLS: half of the time until a process has its
first answer would go into imports that most processes never need. `aws` and `ssl` stand for those
modules, which are imported when one of their names is first used, as in `except aws.SSLError` once
something has gone wrong.
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
"""How many seconds each attempt waits for a connection."""

READ_TIMEOUT: Final = 30.0
"""How many seconds each attempt waits for an answer."""

POOL_SIZE: Final = 50
"""The most connections that stay open; if more are in use, they are closed afterwards."""

IDLE_LIMIT: Final = 50.0
"""For how many seconds an idle connection may be used again. DynamoDB closes a connection after a
minute, and if a request meets that, nobody knows whether DynamoDB has read it."""

ATTEMPTS: Final = 4
"""How often botocore's standard mode sends a request to DynamoDB, including the first attempt."""

UNSTATED_ATTEMPTS: Final = 3
"""The number of attempts that a request declares if botocore does not."""

FIRST_WAIT: Final = 0.05
"""The longest wait in seconds before half an answer is asked for again; each further wait is twice
as long. botocore decides on all other waits."""

LOGGER: Final = "leyden.drivers"
T = TypeVar("T")


class Driver(Protocol):
    """Runs programs: sends the requests that they yield and hands them the answers."""

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
"""The API calls that read or write items, and so consume capacity."""

BOTOCORE_NEEDED: Final[Mapping[str, str]] = {"SearchVectors": "1.43.64"}
"""The first version of botocore for each API call that older versions do not have."""

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
"""The error codes for too many requests."""

CONDITIONAL_APIS: Final = frozenset({"DeleteItem", "PutItem", "UpdateItem"})


def table_of(params: Mapping[str, Any]) -> str | None:
    """Return the table of a request, several joined by commas, or None if it names none."""
    try:
        if "TableName" in params:
            return str(params["TableName"])
        if "RequestItems" in params:
            return ", ".join(params["RequestItems"]) or None
        entries = params.get("TransactItems", ())
        names = {str(part["TableName"]) for entry in entries for part in entry.values()}
        return ", ".join(sorted(names)) or None
    except (AttributeError, KeyError, TypeError):
        # Parameters of the wrong shape; sending them produces an error in words.
        return None


class Observation:
    """A request that listeners hear about, from the moment before it is sent."""

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
        """Tell listeners about an answer."""
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
        """Tell listeners about an error, and what botocore reported with it."""
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
    """An operation that listeners hear about, from before its first step to its end.

    A program with a name, such as a method's, begins at once. Any other program begins with its
    first request, which names it.
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
        """Note a step that is about to be taken."""
        if self._operation is not None:
            return
        asked = step.requests if isinstance(step, Gather) else (step,)
        first = next((one for one in asked if isinstance(one, Request)), None)
        if first is not None:
            self._begin(first.operation or first.api, first.entity)

    def ended(self, error: BaseException | None) -> None:
        """Tell listeners about the end; an unnamed program without a request has none."""
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
    """Return whether a program has a name of its own, not that of the function that made it."""
    return "." in getattr(program, "__name__", "")


UNSURE: Final = "; a write may or may not have happened"


def broken_off(request: Request) -> ConnectionFailedError:
    """Return the error for a request that was given up before it was answered."""
    unsure = request.api in WRITING_APIS
    return ConnectionFailedError(
        f"{request.api} was canceled before it was answered{UNSURE if unsure else ''}",
        unsure=unsure,
        request=request,
        operation=request.operation or None,
        entity=request.entity,
    )


_renewed: Final[WeakSet[Any]] = WeakSet()


def renew_at_fork(owner: Any) -> None:
    """Call `owner.after_fork()` in each process that is forked from this one.

    A lock that another thread held would stay locked in the child, which does not have that thread.
    And two processes that read from one connection would take each other's answers.
    """
    _renewed.add(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: [owner.after_fork() for owner in list(_renewed)])
