"""OpenTelemetry: a span for each operation, and metrics of its requests.

It needs the extra `opentelemetry`, which installs `opentelemetry-api` and nothing else. The
application brings the SDK and its exporters::

    import leyden.opentelemetry

    leyden.opentelemetry.instrument()

It is a listener of `leyden.events`, so it sees requests whatever transport sends them. Spans follow
the semantic conventions for databases and for DynamoDB. They hold names and numbers only, and no
values, keys or conditions.

If botocore is instrumented as well, it makes no spans for Leyden's requests. Most of these do not
go through botocore's client, and the others would appear twice.
"""

from __future__ import annotations

import json
from contextvars import ContextVar, Token
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from leyden._attrs import define, field
from leyden._calls import fitting
from leyden.errors import AwsError, InvalidOptionError, LeydenError
from leyden.events import (
    Listener,
    OperationEnded,
    OperationId,
    OperationStarted,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    listen,
)

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.trace import SpanKind, Status, StatusCode
except ImportError as error:
    raise ImportError(
        'leyden.opentelemetry needs OpenTelemetry: pip install "leyden[opentelemetry]"'
    ) from error

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["instrument", "uninstrument"]

_NAME: Final = "leyden"
_SYSTEM: Final = {"db.system.name": "aws.dynamodb"}
_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
"""The histogram's bucket boundaries in seconds, as the conventions recommend."""
_PORTS: Final = {"http": 80, "https": 443}
_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
_PARAMETERS: Final = {
    "ConsistentRead": "aws.dynamodb.consistent_read",
    "Limit": "aws.dynamodb.limit",
    "ScanIndexForward": "aws.dynamodb.scan_forward",
    "Segment": "aws.dynamodb.segment",
    "Select": "aws.dynamodb.select",
    "TotalSegments": "aws.dynamodb.total_segments",
}
"""Parameters of requests that spans report. None of them is a value of an item."""

# botocore's instrumentation looks for these keys in the context before it makes a span. All of its
# releases know the first key. The second is a private key of the API, which newer releases use.
_SUPPRESS: Final = tuple(
    key
    for key in (
        "suppress_instrumentation",
        getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", None),
    )
    if key is not None
)
_suppressing: Final[ContextVar[Token[Context] | None]] = ContextVar(
    "leyden_suppressing", default=None
)


@fitting("instrument(app, tracer_provider=provider)")
def instrument(
    app: Any = None,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> None:
    """Make spans and metrics for everything that `app` does, or for all services of this process.

    `app` is a service of `leyden.load` or `leyden.load_async`, or a store. Without providers, it
    uses the global ones. A second call for the same `app` replaces the first.

    Raises InvalidOptionError if `app` is neither a service nor a store, or if a provider is not
    one of OpenTelemetry's.

    >>> leyden.opentelemetry.instrument()                               # doctest: +SKIP
    """
    for name, provider, gives in (
        ("tracer_provider", tracer_provider, "get_tracer"),
        ("meter_provider", meter_provider, "get_meter"),
    ):
        if provider is not None and not hasattr(provider, gives):
            raise InvalidOptionError(
                f"`{name}` takes an OpenTelemetry provider, which has {gives}(), not "
                f"{type(provider).__name__}"
            )
    telemetry = _Telemetry(tracer_provider, meter_provider)
    if app is None:
        target: Any = None
        listener = listen(telemetry, operations=True)
    else:
        target = _driver_of(app)
        listener = target.listen(telemetry, operations=True)
    _replace(target, listener)


@fitting("uninstrument(app)")
def uninstrument(app: Any = None) -> None:
    """Undo `instrument` for the same `app`. It does nothing if `app` is not instrumented."""
    _replace(None if app is None else _driver_of(app), None)


_lock: Final = Lock()
_listening: Final[list[tuple[Any, Listener]]] = []


def _replace(target: Any, listener: Listener | None) -> None:
    with _lock:
        former = [pair for pair in _listening if pair[0] is target]
        _listening[:] = [pair for pair in _listening if pair[0] is not target]
        if listener is not None:
            _listening.append((target, listener))
    for _, ended in former:
        ended.close()
        telemetry: Any = ended.callback
        telemetry.close()


def _driver_of(app: Any) -> Any:
    # A store has its service under `app`.
    driver = getattr(getattr(app, "app", app), "driver", None)
    if not hasattr(driver, "listen"):
        raise InvalidOptionError(
            f"instrument() takes a service of leyden.load(), or a store, not {type(app).__name__}"
        )
    return driver


@define(eq=False)
class _Open:
    """An operation that is running, with what its requests have reported so far."""

    span: Span
    token: Token[Context]
    apis: list[str] = field(factory=list)
    tables: dict[str, float] = field(factory=dict)
    """The capacity units that each table consumed."""
    indexes: list[str] = field(factory=list)
    parameters: dict[str, Any] = field(factory=dict)
    requests: int = 0
    retries: int = 0
    throttles: int = 0
    count: int | None = None
    scanned: int | None = None
    endpoint: str | None = None


_claimed: Final[dict[OperationId, _Telemetry]] = {}
"""The listener that makes the span of an operation. If several listen, it is the first one."""


class _Telemetry:
    """The listener, which may get events from many threads."""

    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
    ) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            own = version("leyden")
        except PackageNotFoundError:
            own = ""
        self._tracer = trace.get_tracer(_NAME, own, tracer_provider)
        meter = metrics.get_meter(_NAME, own, meter_provider)
        self._duration = meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._requests = meter.create_counter(
            "leyden.requests", "{request}", "Requests to DynamoDB, each with all of its attempts."
        )
        self._retries = meter.create_counter(
            "leyden.retries", "{attempt}", "Attempts of requests beyond the first."
        )
        self._throttles = meter.create_counter(
            "leyden.throttles", "{attempt}", "Attempts of requests that were throttled."
        )
        self._consumed = meter.create_counter(
            "leyden.consumed_capacity", "{capacity_unit}", "Capacity that requests consumed."
        )
        self._lock = Lock()
        self._open: dict[OperationId, _Open] = {}

    def __call__(self, event: Any) -> None:
        match event:
            case RequestSent():
                self._sent(event)
            case ResponseReceived() | RequestFailed():
                self._answered(event)
            case OperationStarted():
                self._started(event)
            case OperationEnded():
                self._ended(event)

    def close(self) -> None:
        """End the spans of running operations, because no event will end them."""
        while self._open:
            within, operation = self._open.popitem()
            _claimed.pop(within, None)
            operation.span.end()

    def _started(self, event: OperationStarted) -> None:
        if _claimed.setdefault(event.within, self) is not self:
            return
        attributes = {**_SYSTEM, "leyden.operation": event.operation}
        if event.entity is not None:
            attributes["leyden.entity"] = event.entity
        name, pattern = _span_name(event.operation)
        if pattern is not None:
            attributes["leyden.access_pattern"] = pattern
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        self._open[event.within] = _Open(span, context.attach(trace.set_span_in_context(span)))

    def _ended(self, event: OperationEnded) -> None:
        operation = self._open.pop(event.within, None)
        if operation is None:
            return
        del _claimed[event.within]
        context.detach(operation.token)
        known = _known(operation) | _failure(event.error)
        span = operation.span
        self._duration.record(event.seconds, _SYSTEM | known, trace.set_span_in_context(span))
        if span.is_recording():
            span.set_attributes(known | _numbers(operation))
            if event.error is not None:
                # The code, not the message, which may name keys and attributes.
                kind = getattr(event.error, "code", type(event.error).__name__)
                span.set_status(Status(StatusCode.ERROR, kind))
        span.end()

    def _sent(self, event: RequestSent) -> None:
        operation = self._open.get(event.within) if event.within is not None else None
        if operation is None:
            return
        with self._lock:
            if event.api not in operation.apis:
                operation.apis.append(event.api)
            for table in (event.table or "").split(", "):
                if table:
                    operation.tables.setdefault(table, 0.0)
            if event.index is not None and event.index not in operation.indexes:
                operation.indexes.append(event.index)
            for name, attribute in _PARAMETERS.items():
                value = event.params.get(name)
                if isinstance(value, str | int | bool):
                    operation.parameters.setdefault(attribute, value)
        suppressed = context.get_current()
        for key in _SUPPRESS:
            suppressed = context.set_value(key, True, suppressed)
        _suppressing.set(context.attach(suppressed))

    def _answered(self, event: ResponseReceived | RequestFailed) -> None:
        operation = self._open.get(event.within) if event.within is not None else None
        if operation is None:
            return
        token = _suppressing.get()
        if token is not None:
            _suppressing.set(None)
            context.detach(token)
        consumed = event.consumed if isinstance(event, ResponseReceived) else None
        told: dict[str, Any] = {**_SYSTEM, "db.operation.name": event.api}
        tables = (event.table or "").split(", ")
        if event.table and len(tables) == 1:
            told["db.collection.name"] = event.table
        if event.index is not None:
            told["aws.dynamodb.index_name"] = event.index
        with self._lock:
            operation.requests += 1
            operation.retries += event.retries
            operation.throttles += event.throttles
            operation.endpoint = event.endpoint or operation.endpoint
            if consumed is not None and event.table is not None:
                whole = operation.tables
                whole[event.table] = whole.get(event.table, 0.0) + consumed
            if isinstance(event, ResponseReceived) and event.count is not None:
                operation.count = (operation.count or 0) + event.count
                operation.scanned = (operation.scanned or 0) + (event.scanned_count or 0)
        failed = _failure(event.error) if isinstance(event, RequestFailed) else {}
        self._requests.add(1, told | failed)
        for counter, number in (
            (self._retries, event.retries),
            (self._throttles, event.throttles),
            (self._consumed, consumed),
        ):
            if number:
                counter.add(number, told)


def _span_name(operation: str) -> tuple[str, str | None]:
    """Return `query order.by_status` for `order.query.by_status`, and its access pattern."""
    match operation.split("."):
        case [entity, ("query" | "search") as verb, pattern]:
            return f"{verb} {entity}.{pattern}", pattern
        case ["collections", collection]:
            return f"query collections.{collection}", collection
        case [entity, verb]:
            return f"{verb} {entity}", None
    return operation, None


def _known(operation: _Open) -> dict[str, Any]:
    """Return the attributes of an operation that spans and metrics share."""
    known: dict[str, Any] = {}
    if operation.apis:
        # If an operation writes, the write names it, whatever it had to read first.
        writing = (api for api in operation.apis if api not in _READS)
        known["db.operation.name"] = next(writing, operation.apis[0])
    names = [name for name in operation.tables if ", " not in name]
    if len(names) == 1:
        known["db.collection.name"] = names[0]
    if operation.endpoint:
        parts = urlsplit(operation.endpoint)
        if parts.hostname:
            known["server.address"] = parts.hostname
            if parts.port and parts.port != _PORTS.get(parts.scheme):
                known["server.port"] = parts.port
    return known


def _numbers(operation: _Open) -> dict[str, Any]:
    """Return the attributes that only spans have, because metrics have counters for them."""
    said: dict[str, Any] = {
        **operation.parameters,
        "leyden.requests": operation.requests,
        "leyden.retries": operation.retries,
        "leyden.throttles": operation.throttles,
    }
    names = [name for name in operation.tables if ", " not in name]
    if names:
        said["aws.dynamodb.table_names"] = names
    if len(operation.indexes) == 1:
        said["aws.dynamodb.index_name"] = operation.indexes[0]
    if operation.count is not None:
        said["aws.dynamodb.count"] = operation.count
        said["aws.dynamodb.scanned_count"] = operation.scanned
    consumed = {name: units for name, units in operation.tables.items() if units}
    if consumed:
        said["leyden.consumed_capacity"] = sum(consumed.values())
        said["aws.dynamodb.consumed_capacity"] = [
            json.dumps({"TableName": name, "CapacityUnits": units})
            for name, units in consumed.items()
        ]
    return said


def _failure(error: BaseException | None) -> dict[str, Any]:
    """Return the attributes for the kind of an error, without its message."""
    if error is None:
        return {}
    kind = type(error)
    said = {"error.type": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(error, LeydenError):
        said["leyden.error.code"] = error.code
    code = error.aws_code if isinstance(error, AwsError) else None
    return said | {"db.response.status_code": code} if code else said
