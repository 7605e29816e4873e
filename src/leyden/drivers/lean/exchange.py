"""One request with all its attempts, as a generator of steps: data to send, and times to wait.

Whoever drives the generator of `Exchange.of` sends, waits and makes blocking calls, either on a
thread or on an event loop. So both drivers share the same code.

There is a fast path and a slow path, for two reasons that come from AWS:

- Only botocore can tell what an unsuccessful answer means. It knows which errors are worth another
  attempt, how long to wait, what is left of its quota of retries (and its rate, in adaptive mode),
  and which class of error a code has. A copy of those rules would be wrong as soon as AWS changes
  one. So the fast path, `Profile.first`, reads only what most requests get: status 200, the right
  checksum, and JSON of the shape that the call returns. Everything else, from a refusal to a lost
  connection, takes the slow path, `FullProfile.of`, where botocore's client decides. It learns of
  the attempt that was made and counts it as the first. If it did not, a write that happened but
  whose answer was lost would look like one that did not happen.
- Importing botocore and making its session and client takes a new process longer than everything
  else up to its first answer. So the fast path does without botocore in configurations that do not
  need it (`lean.plain`), and a process whose requests succeed never imports it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from leyden._attrs import field, frozen
from leyden.drivers.base import DATA_APIS, aws, renew_at_fork
from leyden.drivers.lean.answers import (
    ForeignAnswerError,
    HttpAnswer,
    checksum_fits,
    plain_content,
    read_body,
)
from leyden.drivers.lean.endpoint import Clock, Destination, new_invocation
from leyden.program import Params

KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple, set, frozenset),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
}
"""The types of a parameter, by the name of its kind in AWS's description."""

_STRINGS: Final = (
    "ConditionExpression FilterExpression IndexName KeyConditionExpression ProjectionExpression "
    "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues "
    "ReturnValuesOnConditionCheckFailure SearchConditionExpression Select TableName "
    "UpdateExpression ClientRequestToken"
)
_MAPS: Final = "ExclusiveStartKey ExpressionAttributeNames ExpressionAttributeValues Item Key"
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys([*_MAPS.split(), "RequestItems"], "map"),
    **dict.fromkeys(["ConsistentRead", "ScanIndexForward"], "boolean"),
    **dict.fromkeys(["Limit", "Segment", "TopK", "TotalSegments"], "integer"),
    **dict.fromkeys(["SearchVector", "TransactItems"], "list"),
}
_NAMES: Final = "TableName ExpressionAttributeNames ReturnConsumedCapacity"
_WRITE: Final = (
    f"{_NAMES} ConditionExpression ExpressionAttributeValues ReturnItemCollectionMetrics "
    "ReturnValues ReturnValuesOnConditionCheckFailure"
)
_PAGE: Final = (
    f"{_NAMES} ConsistentRead ExclusiveStartKey ExpressionAttributeValues FilterExpression "
    "IndexName Limit ProjectionExpression Select"
)

PARAMETERS: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = {
    api: {name: KINDS[_TYPES[name]] for name in names.split()}
    for api, names in {
        "BatchGetItem": "RequestItems ReturnConsumedCapacity",
        "BatchWriteItem": "RequestItems ReturnConsumedCapacity ReturnItemCollectionMetrics",
        "DeleteItem": f"{_WRITE} Key",
        "GetItem": f"{_NAMES} ConsistentRead Key ProjectionExpression",
        "PutItem": f"{_WRITE} Item",
        "Query": f"{_PAGE} KeyConditionExpression ScanIndexForward",
        "Scan": f"{_PAGE} Segment TotalSegments",
        "SearchVectors": (
            f"{_NAMES} ExpressionAttributeValues IndexName ProjectionExpression "
            "SearchConditionExpression SearchVector TopK"
        ),
        "TransactGetItems": "ReturnConsumedCapacity TransactItems",
        "TransactWriteItems": (
            "ClientRequestToken ReturnConsumedCapacity ReturnItemCollectionMetrics TransactItems"
        ),
        "UpdateItem": f"{_WRITE} Key UpdateExpression",
    }.items()
}
"""The types of the parameters of calls on items, without those that AWS calls legacy."""

_OK: Final = 200

write_body: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
"""Returns a request's parameters as JSON, with bytes as base64. Raises TypeError for others."""


@frozen
class Send:
    """Send these bytes. The result is the answer; botocore's errors are thrown in."""

    destination: Destination
    data: bytes = field(repr=False)


@frozen
class Wait:
    """Wait for this number of seconds."""

    seconds: float


@frozen
class Call:
    """Call a function that may block. The result is what it returns."""

    function: Callable[[], Any]


WireStep: TypeAlias = Send | Wait | Call
Reader: TypeAlias = Callable[[bytes], dict[str, Any]]
Steps: TypeAlias = Generator[WireStep, Any, dict[str, Any]]
Where: TypeAlias = tuple[str, Any, Any]
"""What decides where a request goes: the call, the account, and tables named by ARN."""


@frozen
class Sent:
    """A first attempt that was sent, and its answer or failure."""

    invocation: str
    answer: HttpAnswer | None
    failure: Exception | None


class Profile:
    """The credentials, and the destinations of requests; several threads may share a profile."""

    def __init__(self, credentials: Any) -> None:
        self.credentials = credentials
        self.destinations: dict[Where, Destination] = {}
        self.clock = Clock()
        self.is_direct = True
        """Whether a first attempt needs only an answer, without botocore's handlers."""
        self.retry_quota_owed = 0
        """How much attempts have taken from the quota of retries; successes give it back."""

    def first(
        self, api: str, params: Params, body: bytes, reader: Reader | None
    ) -> Generator[WireStep, Any, dict[str, Any] | Sent | None]:
        """Make the first attempt of a request; return its response if it succeeds.

        Otherwise return the outcome of the attempt, or None if nothing was sent: because the call
        does not concern items, its destination is unknown, or botocore has to report a fault in it.
        """
        kinds = PARAMETERS.get(api)
        if kinds is None or self.retry_quota_owed or not self.is_direct:
            return None
        try:
            check_parameters(params, kinds)
            named = arns(params)
        except (AttributeError, LookupError, TypeError):
            return None
        credentials = yield from fresh(self.credentials)
        where = (api, getattr(credentials, "account_id", None), named)
        destination = self.destinations.get(where) or self.locate(where)
        if destination is None:
            return None
        invocation = new_invocation()
        data = destination.request(
            credentials, self.clock.now(), body, attempt=1, invocation=invocation
        )
        try:
            answer = yield Send(destination, data)
        except aws.HTTPClientError as error:
            return Sent(invocation, None, error)
        return plainly_read(answer, api, reader) or Sent(invocation, answer, None)

    def locate(self, where: Where) -> Destination | None:
        """Return a new destination, or None if only botocore can find it."""
        return None


class FullProfile(Profile, ABC):
    """A profile that can also handle unsuccessful attempts."""

    @abstractmethod
    def of(
        self, api: str, params: Params, body: bytes, reader: Reader | None, sent: Sent | None
    ) -> Steps:
        """Return the steps of a request, whose first attempt may have been `sent` already."""


class Source(Protocol):
    """What makes the profiles, when they are first needed."""

    def plain_profile(self) -> Profile | None:
        """Return how to send without botocore, or None if that is not possible."""

    def client_profile(self) -> FullProfile:
        """Return how to send with botocore's client. Raises botocore's own errors."""


class Exchange:
    """Makes requests with the profiles of a source; several threads may share an exchange."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._profile: Profile | None = None
        self._lock = Lock()
        renew_at_fork(self)

    def of(self, api: str, params: Params, reader: Reader | None = None) -> Steps:
        """Return the steps of one request; their result is the response.

        `reader` may decode the body of a successful answer. If it raises ValueError, the body is
        decoded here.

        Raises botocore's errors such as ClientError, ForeignAnswerError, and whatever writing
        raises for parameters that cannot be written.
        """
        body = write_body(params)
        # A request keeps the profile that it began with, even after `forget`.
        profile = self._profile
        if profile is None:
            profile = yield Call(self._open)
            assert profile is not None
        outcome = yield from profile.first(api, params, body, reader)
        if isinstance(outcome, dict):
            return outcome
        if not isinstance(profile, FullProfile):
            profile = yield Call(partial(self._step_aside, profile))
        response: dict[str, Any] = yield from profile.of(api, params, body, reader, outcome)
        return response

    def forget(self) -> None:
        """Look up credentials, client and endpoints again for the next request."""
        self._profile = None

    def after_fork(self) -> None:
        """Replace locks that a thread of the parent may have held."""
        self._lock = Lock()

    def _open(self) -> Profile:
        with self._lock:
            if self._profile is None:
                self._profile = self._source.plain_profile() or self._source.client_profile()
            return self._profile

    def _step_aside(self, plain: Profile) -> FullProfile:
        """Return the profile with botocore's client, for this request and all that follow."""
        with self._lock:
            if isinstance(self._profile, FullProfile):
                return self._profile
            made = self._source.client_profile()
            if self._profile is plain:
                self._profile = made
            return made


def fresh(credentials: Any) -> Generator[WireStep, Any, Any]:
    """Return the current credentials, which may have to be fetched first."""
    freeze = getattr(credentials, "get_frozen_credentials", None)
    if freeze is None:
        return credentials
    refresh_needed = getattr(credentials, "refresh_needed", None)
    if refresh_needed is not None and refresh_needed():
        return (yield Call(freeze))
    return freeze()


def check_parameters(params: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise TypeError or KeyError for parameters that the operation cannot have."""
    for name, value in params.items():
        if not isinstance(value, kinds[name]):
            raise TypeError(f"{name} is {type(value).__name__}")


def plainly_read(answer: HttpAnswer, api: str, reader: Reader | None) -> dict[str, Any] | None:
    """Return the response of a successful answer on items, or None if it needs a closer look."""
    if answer.status_code != _OK or api not in DATA_APIS or not checksum_fits(answer):
        return None
    if "json" not in answer.headers.get("content-type", "json"):
        return None
    try:
        content = plain_content(answer)
        try:
            response = read_body(content, api) if reader is None else reader(content)
        except ValueError:
            # The answer may be good even if the reader cannot decode it.
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


def arns(params: Params) -> Any:
    """Return the tables named by ARN, which may decide where a request goes."""
    name = params.get("TableName", "")
    if name:
        return name if name.startswith("arn:") else None
    names = set(params.get("RequestItems", ()))
    for entry in params.get("TransactItems", ()):
        names.update(part["TableName"] for part in entry.values())
    found = tuple(sorted(name for name in names if name.startswith("arn:")))
    return found or None
