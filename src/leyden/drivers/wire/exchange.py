"""One request with all of its attempts: what is sent and waited for, as steps to take.

`Exchange.of` gives a generator. Whoever drives it sends, waits and calls what may block, on a
thread or on an event loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias
from weakref import WeakSet

import botocore.exceptions as aws
from botocore.credentials import RefreshableCredentials
from botocore.hooks import first_non_none_response
from botocore.parsers import ResponseParserError, create_parser

from leyden._attrs import field, frozen
from leyden._ledger import EARLIER_UNANSWERED
from leyden.drivers.prepare import DATA_APIS
from leyden.drivers.wire.asking import ask, stand_in
from leyden.drivers.wire.destination import Destination
from leyden.drivers.wire.http11 import ForeignAnswerError, HttpAnswer
from leyden.drivers.wire.invocation import new_invocation
from leyden.drivers.wire.messages import (
    check_parameters,
    checksum_fits,
    parameter_kinds,
    plain_content,
    write_body,
)
from leyden.drivers.wire.shapes import read_body, readable_refusal
from leyden.drivers.wire.signing import Clock
from leyden.drivers.wire.unfit import TOO_DEEP, UNFIT, fault_of
from leyden.program import Params

_OK: Final = 200
_REFUSED: Final = 300

_UNREADABLE: Final = (
    AttributeError,
    ForeignAnswerError,
    LookupError,
    RecursionError,
    ResponseParserError,
    TypeError,
    ValueError,
)
"""What reading something else than the JSON of an answer may raise."""


@frozen
class Send:
    """Send these bytes. The result is the answer; botocore's errors are thrown in."""

    destination: Destination
    data: bytes = field(repr=False)


@frozen
class Wait:
    """Wait for `seconds`."""

    seconds: float


@frozen
class Call:
    """Call `function`, which may block. The result is what it returns."""

    function: Callable[[], Any]


WireStep: TypeAlias = Send | Wait | Call
Reader: TypeAlias = Callable[[bytes], dict[str, Any]]
Steps: TypeAlias = Generator[WireStep, Any, dict[str, Any]]


class HasClient(Protocol):
    """Where the botocore client and session are made, at first use."""

    @property
    def client(self) -> Any:
        """The client. Raises botocore's own errors."""

    @property
    def session(self) -> Any:
        """The session, which knows the credentials."""


@frozen
class _Kind:
    """What botocore knows of one API call."""

    model: Any
    kinds: Mapping[str, tuple[type, ...]]
    name: str
    data: bool


class Exchange:
    """Makes requests with the client of a source; may be used by many threads."""

    def __init__(self, source: HasClient) -> None:
        self._source = source
        self._asked: _Asked | None = None
        self._lock = Lock()
        _exchanges.add(self)

    def of(self, api: str, params: Params, reader: Reader | None = None) -> Steps:
        """The steps of one request; their result is the response.

        `reader` may make the response of a good answer's body; where it raises ValueError, the
        body is read here.

        Raises botocore's errors, ClientError among them, ForeignAnswerError, and for parameters
        that cannot be written what writing them raises.
        """
        body = write_body(params)
        # A request keeps to what it began with, whatever `forget` does in the meantime.
        asked = self._asked
        if asked is None:
            asked = yield Call(self._open)
        response: dict[str, Any] = yield from asked.of(api, params, body, reader)
        return response

    def forget(self) -> None:
        """Ask for the client, its credentials and its endpoints anew, at the next request."""
        self._asked = None

    def _open(self) -> _Asked:
        with self._lock:
            if self._asked is None:
                self._asked = _Asked(self._source)
            return self._asked


class _Asked:
    """One botocore client, and what it said of its credentials and endpoints.

    Whether and when to try again is decided by the client's own handlers, which also keep its
    quota of retries and, in adaptive mode, its rate.
    """

    def __init__(self, source: HasClient) -> None:
        credentials = source.session.get_credentials()
        client = source.client
        if credentials is None:
            raise aws.NoCredentialsError
        credentials.get_frozen_credentials()
        self._credentials = credentials
        self._client = client
        self._adaptive = (client.meta.config.retries or {}).get("mode") == "adaptive"
        # Any call will do; this one has no side effects, should something else answer it.
        self._stubbed = ask(client, "ListTables", {"Limit": 1}) is None
        self._parser: Any = create_parser("json")
        self._kinds: dict[str, _Kind] = {}
        self._destinations: dict[Any, Destination] = {}
        self._clock = Clock()
        self._owed = 0
        self._lock = Lock()

    def of(self, api: str, params: Params, body: bytes, reader: Reader | None) -> Steps:
        if self._stubbed:
            response: dict[str, Any] = yield Call(
                partial(self._client._make_api_call, api, dict(params))
            )
            return response
        kind = self._kinds.get(api) or self._kind(api)
        check_parameters(params, kind.kinds)
        invocation = new_invocation()
        attempt = 1
        context: dict[str, Any] = {}
        while True:
            credentials = self._credentials
            if isinstance(credentials, RefreshableCredentials) and credentials.refresh_needed():
                frozen_credentials = yield Call(credentials.get_frozen_credentials)
            else:
                frozen_credentials = credentials.get_frozen_credentials()
            where = (api, getattr(frozen_credentials, "account_id", None), _arns(params))
            destination = self._destinations.get(where)
            if destination is None:
                destination = yield Call(partial(self._find, where, api, params))
            if self._adaptive:
                request = stand_in(destination.url)
                yield Call(partial(self._emit, "before-send", kind, request=request))
            data = destination.request(
                frozen_credentials, self._clock.now(), body, attempt=attempt, invocation=invocation
            )
            answer: HttpAnswer | None = None
            failure: Exception | None = None
            try:
                answer = yield Send(destination, data)
            except aws.HTTPClientError as error:
                failure = error
            if answer is not None and not self._adaptive:
                read = self._plainly_read(answer, kind, reader)
                if read is not None:
                    if attempt > 1 or self._owed:
                        self._note(read, context, attempt)
                        self._settle(answer, read, kind, context)
                    return read
            if attempt == 1:
                context |= {
                    "client_region": self._client.meta.region_name,
                    "client_config": self._client.meta.config,
                    "retries": {"invocation-id": invocation, "max": destination.max_attempts},
                }
            context["retries"]["attempt"] = attempt
            parsed = None
            if answer is not None:
                parsed = self._plainly_read(answer, kind) or self._parsed(answer, kind)
            seconds = self._again(answer, parsed, failure, kind, context, attempt, body)
            if seconds is None:
                return self._ended(answer, parsed, failure, kind, context, attempt)
            attempt += 1
            yield Wait(seconds)

    def _kind(self, api: str) -> _Kind:
        service = self._client.meta.service_model
        model = service.operation_model(api)
        kind = _Kind(model, parameter_kinds(model), model.name, api in DATA_APIS)
        self._kinds[api] = kind
        return kind

    def _find(self, where: Any, api: str, params: Params) -> Destination:
        with self._lock:
            found = self._destinations.get(where)
            if found is None:
                asked = ask(self._client, api, params)
                if asked is None:
                    raise aws.BotoCoreError
                found = self._destinations[where] = Destination.like(*asked)
            return found

    def _plainly_read(
        self, answer: HttpAnswer, kind: _Kind, reader: Reader | None = None
    ) -> dict[str, Any] | None:
        """The response in a good answer on data; None for all that needs a closer look."""
        if answer.status_code != _OK or not kind.data or not checksum_fits(answer):
            return None
        if "json" not in answer.headers.get("content-type", "json"):
            return None
        try:
            content = plain_content(answer)
            response = None if reader is None else _read_by(reader, content)
            if response is None:
                response = read_body(content, kind.name)
        except (ForeignAnswerError, ValueError):
            return None
        response["ResponseMetadata"] = {
            "RequestId": answer.headers.get("x-amzn-requestid"),
            "HTTPStatusCode": _OK,
            "HTTPHeaders": answer.headers,
            "RetryAttempts": 0,
        }
        return response

    def _parsed(self, answer: HttpAnswer, kind: _Kind) -> dict[str, Any]:
        """What botocore makes of an answer, the fields of its errors included."""
        refused = answer.status_code >= _REFUSED
        try:
            content = plain_content(answer)
            return self._parsed_as(readable_refusal(content) if refused else content, answer, kind)
        except _UNREADABLE:
            # No JSON object of DynamoDB's: the status is all that can be believed.
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

    def _again(
        self,
        answer: HttpAnswer | None,
        parsed: dict[str, Any] | None,
        failure: Exception | None,
        kind: _Kind,
        context: dict[str, Any],
        attempt: int,
        body: bytes,
    ) -> float | None:
        """Seconds to wait before the next attempt, None where there is none."""
        told = self._emit(
            "needs-retry",
            kind,
            response=None if answer is None else (answer, parsed),
            endpoint=None,
            operation=kind.model,
            attempts=attempt,
            caught_exception=failure,
            request_dict={"context": context, "body": body},
        )
        seconds = first_non_none_response(told)
        if seconds is None or seconds is False:
            return None
        self._owed += context.get("retry_quota_capacity", 0)
        return float(seconds)

    def _ended(
        self,
        answer: HttpAnswer | None,
        parsed: dict[str, Any] | None,
        failure: Exception | None,
        kind: _Kind,
        context: dict[str, Any],
        attempt: int,
    ) -> dict[str, Any]:
        if answer is None or parsed is None:
            assert failure is not None
            raise failure
        self._note(parsed, context, attempt)
        self._settle(answer, parsed, kind, context)
        if answer.status_code >= _REFUSED:
            kept = self._client.exceptions.from_code(parsed.get("Error", {}).get("Code"))
            raise kept(parsed, kind.name)
        return parsed

    def _note(self, response: dict[str, Any], context: dict[str, Any], attempt: int) -> None:
        metadata = response.setdefault("ResponseMetadata", {})
        metadata["RetryAttempts"] = attempt - 1
        if context.get(EARLIER_UNANSWERED):
            metadata[EARLIER_UNANSWERED] = True

    def _settle(
        self, answer: HttpAnswer, response: dict[str, Any], kind: _Kind, context: dict[str, Any]
    ) -> None:
        """Let the client take back what its retries have cost, as it does after each call."""
        self._emit(
            "after-call",
            kind,
            http_response=answer,
            parsed=response,
            model=kind.model,
            context=context,
        )
        if answer.status_code < _REFUSED:
            self._owed = max(0, self._owed - context.get("retry_quota_capacity", 1))

    def _emit(self, event: str, kind: _Kind, **told: Any) -> Any:
        return self._client.meta.events.emit(f"{event}.dynamodb.{kind.name}", **told)


_exchanges: WeakSet[Exchange] = WeakSet()


def _unlock_all() -> None:
    for exchange in list(_exchanges):
        exchange._lock = Lock()
        if exchange._asked is not None:
            exchange._asked._lock = Lock()


if hasattr(os, "register_at_fork"):
    # A lock that another thread held stays shut in the child, where that thread is not.
    os.register_at_fork(after_in_child=_unlock_all)


def _read_by(reader: Reader, content: bytes) -> dict[str, Any] | None:
    try:
        return reader(content)
    except ValueError:
        return None


def _arns(params: Params) -> Any:
    """Tables that are named by their ARNs, which may decide where a request goes."""
    name = params.get("TableName", "")
    if name:
        return name if name.startswith("arn:") else None
    names = set(params.get("RequestItems", ()))
    for entry in params.get("TransactItems", ()):
        names.update(part["TableName"] for part in entry.values())
    found = tuple(sorted(name for name in names if name.startswith("arn:")))
    return found or None
