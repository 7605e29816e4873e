"""One request with all of its attempts: what is sent and waited for, as steps to take.

`Exchange.of` gives a generator. Whoever drives it sends, waits and calls what may block, on a
thread or on an event loop.

The first attempt may go out without botocore, where nothing but plain credentials in the
environment is configured (`lean.plain`). A good answer, which most are, ends the request there.
Anything else, from a refusal to a lost connection, is left to botocore's client (`lean.client`),
which knows whether to try again and what the errors of each call look like.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from leyden._attrs import field, frozen
from leyden.drivers.base import DATA_APIS, renew_at_fork
from leyden.drivers.lean.endpoint import Destination
from leyden.drivers.lean.http11 import ForeignAnswerError, HttpAnswer
from leyden.drivers.lean.messages import checksum_fits, plain_content, read_body, write_body
from leyden.program import Params

if TYPE_CHECKING:
    from leyden.drivers.lean.client import ClientProfile
    from leyden.drivers.lean.plain import PlainProfile

_OK: Final = 200


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


@frozen
class Sent:
    """A first attempt that was sent, and what came of it: an answer or a failure."""

    invocation: str
    answer: HttpAnswer | None
    failure: Exception | None


def fresh(credentials: Any) -> Generator[WireStep, Any, Any]:
    """The credentials at this moment, which may have to be fetched first."""
    refresh_needed = getattr(credentials, "refresh_needed", None)
    if refresh_needed is not None and refresh_needed():
        return (yield Call(credentials.get_frozen_credentials))
    return credentials.get_frozen_credentials()


class Source(Protocol):
    """Where the ways to send are made, at first use."""

    @property
    def client(self) -> Any:
        """botocore's client. Raises botocore's own errors."""

    @property
    def session(self) -> Any:
        """botocore's session, which knows the credentials."""

    def plain_profile(self) -> PlainProfile | None:
        """How to send without botocore, where that does."""


class Exchange:
    """Makes requests with what a source knows; may be used by many threads."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._plain: PlainProfile | None = None
        self._profile: ClientProfile | None = None
        self._lock = Lock()
        renew_at_fork(self)

    def of(self, api: str, params: Params, reader: Reader | None = None) -> Steps:
        """The steps of one request; their result is the response.

        `reader` may make the response of a good answer's body; where it raises ValueError, the
        body is read here.

        Raises botocore's errors, ClientError among them, ForeignAnswerError, and for parameters
        that cannot be written what writing them raises.
        """
        body = write_body(params)
        # A request keeps to what it began with, whatever `forget` does in the meantime.
        profile, plain, sent = self._profile, self._plain, None
        if profile is None and plain is None:
            profile, plain = yield Call(self._open)
        if profile is None:
            assert plain is not None
            outcome = yield from plain.first(api, params, body, reader)
            if isinstance(outcome, dict):
                return outcome
            sent = outcome
            profile = yield Call(partial(self._step_aside, plain))
        response: dict[str, Any] = yield from profile.of(api, params, body, reader, sent)
        return response

    def forget(self) -> None:
        """Ask for credentials, client and endpoints anew, at the next request."""
        self._plain = self._profile = None

    def after_fork(self) -> None:
        """Let go of locks that a thread of the parent may have held."""
        self._lock = Lock()

    def _open(self) -> tuple[ClientProfile | None, PlainProfile | None]:
        with self._lock:
            if self._plain is None and self._profile is None:
                self._plain = self._source.plain_profile()
            if self._plain is None and self._profile is None:
                self._profile = self._with_client()
            return self._profile, self._plain

    def _step_aside(self, plain: PlainProfile) -> ClientProfile:
        """The way with botocore's client, for this request and for those that follow."""
        with self._lock:
            if self._profile is not None:
                return self._profile
            made = self._with_client()
            if self._plain is plain:
                self._profile = made
            return made

    def _with_client(self) -> ClientProfile:
        from leyden.drivers.lean.client import ClientProfile

        return ClientProfile(self._source)


def plainly_read(answer: HttpAnswer, api: str, reader: Reader | None) -> dict[str, Any] | None:
    """The response in a good answer on data; None for all that needs a closer look."""
    if answer.status_code != _OK or api not in DATA_APIS or not checksum_fits(answer):
        return None
    if "json" not in answer.headers.get("content-type", "json"):
        return None
    try:
        content = plain_content(answer)
        response = None if reader is None else _read_by(reader, content)
        if response is None:
            response = read_body(content, api)
    except (ForeignAnswerError, ValueError):
        return None
    response["ResponseMetadata"] = {
        "RequestId": answer.headers.get("x-amzn-requestid"),
        "HTTPStatusCode": _OK,
        "HTTPHeaders": answer.headers,
        "RetryAttempts": 0,
    }
    return response


def _read_by(reader: Reader, content: bytes) -> dict[str, Any] | None:
    try:
        return reader(content)
    except ValueError:
        return None


def arns(params: Params) -> Any:
    """Tables that are named by their ARNs, which may decide where a request goes."""
    name = params.get("TableName", "")
    if name:
        return name if name.startswith("arn:") else None
    names = set(params.get("RequestItems", ()))
    for entry in params.get("TransactItems", ()):
        names.update(part["TableName"] for part in entry.values())
    found = tuple(sorted(name for name in names if name.startswith("arn:")))
    return found or None
