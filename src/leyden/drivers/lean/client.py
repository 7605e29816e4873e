"""Requests as botocore's client would send them, with its endpoints, retries and errors.

The endpoint with all its rules (regions, account ids, FIPS, dual stack, configured addresses), the
user agent and the scope of the signature are left to botocore: it writes one request of each kind,
which is caught just before it would be sent, and later requests are written like that one. The
client's own handlers also decide whether and when to retry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from threading import Lock
from typing import Any, Final

import botocore.exceptions as aws
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.hooks import first_non_none_response
from botocore.parsers import ResponseParserError, create_parser

from leyden._attrs import define, field, frozen
from leyden._late import imported
from leyden._ledger import EARLIER_UNANSWERED, THROTTLED_ATTEMPTS
from leyden.drivers.base import THROTTLING, renew_at_fork
from leyden.drivers.lean.answers import (
    TOO_DEEP,
    UNFIT,
    ForeignAnswerError,
    HttpAnswer,
    fault_of,
    plain_content,
    readable_refusal,
)
from leyden.drivers.lean.endpoint import Destination, new_invocation
from leyden.drivers.lean.exchange import (
    KINDS,
    Call,
    FullProfile,
    Reader,
    Send,
    Sent,
    Steps,
    Wait,
    Where,
    arns,
    check_parameters,
    fresh,
    plainly_read,
)
from leyden.program import Params

_REFUSED: Final = 300
_MARK: Final = "x-leyden-asked"
_caught: Final[ContextVar[list[Any] | None]] = ContextVar("leyden_caught", default=None)


_UNREADABLE: Final = (
    AttributeError,
    ForeignAnswerError,
    LookupError,
    RecursionError,
    ResponseParserError,
    TypeError,
    ValueError,
)
"""What reading an answer may raise if it is not the JSON that was expected."""


@frozen
class _Kind:
    """botocore's description of one API call."""

    model: Any
    parameters: Mapping[str, tuple[type, ...]]
    name: str


@define(eq=False)
class _Attempt:
    """The current attempt of a request, and what botocore's handlers keep between attempts."""

    kind: _Kind
    body: bytes
    number: int = 1
    throttled: int = 0
    answer: HttpAnswer | None = None
    failure: Exception | None = None
    parsed: dict[str, Any] | None = None
    context: dict[str, Any] = field(factory=dict)


class ClientProfile(FullProfile):
    """A botocore client with its credentials and the endpoints that it has resolved.

    The client's own handlers decide whether and when to retry. They also keep its quota of retries
    and, in adaptive mode, its rate.
    """

    def __init__(self, session: Any, client: Any) -> None:
        credentials = session.get_credentials()
        if credentials is None:
            raise aws.NoCredentialsError
        credentials.get_frozen_credentials()
        super().__init__(credentials)
        self._client = client
        self._adaptive = (client.meta.config.retries or {}).get("mode") == "adaptive"
        # Any call would do; this one has no side effects, even if something else answers it.
        self._stubbed = resolve_endpoint(client, "ListTables", {"Limit": 1}) is None
        self.is_direct = not (self._adaptive or self._stubbed)
        self._parser: Any = create_parser("json")
        self._kinds: dict[str, _Kind] = {}
        self._lock = Lock()
        renew_at_fork(self)

    def after_fork(self) -> None:
        """Replace a lock that a thread of the parent may have held."""
        self._lock = Lock()

    def of(
        self,
        api: str,
        params: Params,
        body: bytes,
        reader: Reader | None,
        sent: Sent | None,
    ) -> Steps:
        """Return the steps of one request, whose first attempt may have been `sent` already."""
        if self._stubbed:
            response: dict[str, Any] = yield Call(
                partial(self._client._make_api_call, api, dict(params))
            )
            return response
        kind = self._kinds.get(api)
        if kind is None:
            model = self._client.meta.service_model.operation_model(api)
            kind = self._kinds[api] = _Kind(model, parameter_kinds(model), model.name)
        check_parameters(params, kind.parameters)
        invocation = new_invocation() if sent is None else sent.invocation
        now = _Attempt(kind, body)
        while True:
            credentials = yield from fresh(self.credentials)
            where = (api, getattr(credentials, "account_id", None), arns(params))
            destination = self.destinations.get(where)
            if destination is None:
                destination = yield Call(partial(self._find, where, api, params))
            if self._adaptive:
                request = stand_in(destination.url)
                yield Call(partial(self._emit, "before-send", kind, request=request))
            if sent is not None:
                now.answer, now.failure, sent = sent.answer, sent.failure, None
            else:
                data = destination.request(
                    credentials, self.clock.now(), body, attempt=now.number, invocation=invocation
                )
                now.answer = now.failure = now.parsed = None
                try:
                    now.answer = yield Send(destination, data)
                except aws.HTTPClientError as error:
                    now.failure = error
            if now.answer is not None and not self._adaptive:
                now.parsed = plainly_read(now.answer, kind.name, reader)
                if now.parsed is not None:
                    if now.number > 1 or self.retry_quota_owed:
                        self._settle(now.answer, now.parsed, now)
                    return now.parsed
            if now.number == 1:
                now.context |= {
                    "client_region": self._client.meta.region_name,
                    "client_config": self._client.meta.config,
                    "retries": {"invocation-id": invocation, "max": destination.max_attempts},
                }
            now.context["retries"]["attempt"] = now.number
            if now.answer is not None:
                now.parsed = plainly_read(now.answer, kind.name, None) or self._parsed(
                    now.answer, kind
                )
            seconds = self._again(now)
            if seconds is None:
                return self._ended(now)
            now.number += 1
            yield Wait(seconds)

    def _find(self, where: Where, api: str, params: Params) -> Destination:
        with self._lock:
            found = self.destinations.get(where)
            if found is None:
                asked = resolve_endpoint(self._client, api, params)
                if asked is None:
                    raise aws.BotoCoreError
                found = self.destinations[where] = Destination.like(*asked)
            return found

    def _parsed(self, answer: HttpAnswer, kind: _Kind) -> dict[str, Any]:
        """Parse an answer as botocore does, including the fields of its errors."""
        refused = answer.status_code >= _REFUSED
        try:
            content = plain_content(answer)
            return self._parsed_as(readable_refusal(content) if refused else content, answer, kind)
        except _UNREADABLE:
            # This is not a JSON object of DynamoDB's, so only the status can be trusted.
            parsed = self._parsed_as(b"", answer, kind)
            return parsed if refused else parsed | {UNFIT: fault_of(answer, kind.name) or TOO_DEEP}

    def _parsed_as(self, content: bytes, answer: HttpAnswer, kind: _Kind) -> dict[str, Any]:
        received = {
            "status_code": answer.status_code,
            "headers": answer.headers,
            "body": content,
            "context": {"operation_name": kind.name},
        }
        parsed: dict[str, Any] = self._parser.parse(received, kind.model.output_shape)
        if not isinstance(parsed, dict):
            raise ResponseParserError("the answer is no JSON object")
        if answer.status_code >= _REFUSED:
            code = parsed.get("Error", {}).get("Code")
            shape = code and self._client.meta.service_model.shape_for_error_code(code)
            if shape:
                parsed.update(self._parser.parse(received, shape))
        return parsed

    def _again(self, now: _Attempt) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there is none."""
        told = self._emit(
            "needs-retry",
            now.kind,
            response=None if now.answer is None else (now.answer, now.parsed),
            endpoint=None,
            operation=now.kind.model,
            attempts=now.number,
            caught_exception=now.failure,
            request_dict={"context": now.context, "body": now.body},
        )
        seconds = first_non_none_response(told)
        if seconds is None or seconds is False:
            return None
        self.retry_quota_owed += now.context.get("retry_quota_capacity", 0)
        if now.parsed is not None and now.parsed.get("Error", {}).get("Code") in THROTTLING:
            now.throttled += 1
        return float(seconds)

    def _ended(self, now: _Attempt) -> dict[str, Any]:
        """Return the last attempt's response, or raise botocore's error for it."""
        if now.answer is None or now.parsed is None:
            assert now.failure is not None
            raise now.failure
        self._settle(now.answer, now.parsed, now)
        if now.answer.status_code >= _REFUSED:
            kept = self._client.exceptions.from_code(now.parsed.get("Error", {}).get("Code"))
            raise kept(now.parsed, now.kind.name)
        return now.parsed

    def _settle(self, answer: HttpAnswer, response: dict[str, Any], now: _Attempt) -> None:
        """Note the number of attempts in the response, and give quota back to the client.

        The client does the latter after each call, because all its calls share one quota of
        retries.
        """
        metadata = response.setdefault("ResponseMetadata", {})
        metadata["RetryAttempts"] = now.number - 1
        if now.throttled:
            metadata[THROTTLED_ATTEMPTS] = now.throttled
        if now.context.get(EARLIER_UNANSWERED):
            metadata[EARLIER_UNANSWERED] = True
        self._emit(
            "after-call",
            now.kind,
            http_response=answer,
            parsed=response,
            model=now.kind.model,
            context=now.context,
        )
        if answer.status_code < _REFUSED:
            self.retry_quota_owed = max(
                0, self.retry_quota_owed - now.context.get("retry_quota_capacity", 1)
            )

    def _emit(self, event: str, kind: _Kind, **told: Any) -> Any:
        return self._client.meta.events.emit(f"{event}.dynamodb.{kind.name}", **told)


def parameter_kinds(operation_model: Any) -> dict[str, tuple[type, ...]]:
    """Return the types that an operation's parameters may have, by name."""
    members = operation_model.input_shape.members
    return {name: KINDS.get(shape.type_name, (object,)) for name, shape in members.items()}


def install_probe(client: Any) -> None:
    """Prepare a client for `resolve_endpoint`, without changing its other requests."""
    client.meta.events.register_last("before-send", _catch, unique_id="leyden-asking")


def resolve_endpoint(
    client: Any, api: str, params: Mapping[str, Any]
) -> tuple[str, dict[str, str]] | None:
    """Return the address and the headers of the request that `client` would send.

    Returns None if the client would not send at all because something else answers for the service,
    such as a stand-in in tests. Raises botocore's own errors, and NoCredentialsError if the client
    would not sign.
    """
    caught: list[Any] = []
    token = _caught.set(caught)
    try:
        with _untraced():
            response = client._make_api_call(api, dict(params))
    finally:
        _caught.reset(token)
    if not caught or _MARK not in response.get("ResponseMetadata", {}).get("HTTPHeaders", {}):
        return None
    request = caught[0]
    headers = {name: _text(value) for name, value in request.headers.items()}
    if "Authorization" not in headers:
        raise aws.NoCredentialsError
    return str(request.url), headers


@contextmanager
def _untraced() -> Iterator[None]:
    """Keep a request that is never sent out of OpenTelemetry's traces, if there are any.

    Otherwise instrumentations of botocore would record it as a call of the client.
    """
    tracing = imported("opentelemetry.context")
    if tracing is None:
        yield
        return
    token = tracing.attach(tracing.set_value("suppress_instrumentation", True))
    try:
        yield
    finally:
        tracing.detach(token)


def is_asking() -> bool:
    """Return whether the client in this thread is reading the answer of `resolve_endpoint`."""
    return _caught.get() is not None


def stand_in(url: str) -> Any:
    """Return a request for handlers that expect one before it is sent."""
    return AWSRequest(method="POST", url=url, headers={}).prepare()


class _Nothing:
    """The body of the answer that a probed client gets."""

    def stream(self) -> Iterator[bytes]:
        return iter((b"{}",))


def _catch(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
    caught = _caught.get()
    if caught is None:
        return None
    target = _text(request.headers.get("X-Amz-Target", ""))
    # Ignore other requests that botocore may send first, such as one for the endpoint.
    if not event_name.endswith(f".{target.rpartition('.')[2]}"):
        return None
    if target.endswith(".DescribeEndpoints"):
        return None
    caught.append(request)
    headers = {"content-length": "2", "content-type": "application/x-amz-json-1.0", _MARK: "1"}
    return AWSResponse(request.url, 200, headers, _Nothing())


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
