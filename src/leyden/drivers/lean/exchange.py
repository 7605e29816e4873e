"""One request with all of its attempts, as steps to take: what to send, and what to wait for.

`Exchange.of` gives a generator. Whoever drives it sends, waits and calls what may block, on a
thread or on an event loop, so that both drivers run the very same one.

There is a fast path and a slow path, for two reasons that are AWS's:

- What an answer other than a good one means is botocore's to say. It knows which errors are worth
  another attempt, how long to wait, what its quota of retries has left (in adaptive mode also its
  rate), and which class of error a code has. A second reading of those rules would be wrong as soon
  as AWS changes one. So the fast path, `Profile.first`, reads only what most requests get: status
  200, the right checksum, JSON of the shape that the call answers with. Anything else, from a
  refusal to a lost connection, goes on the slow path, `FullProfile.of`, where botocore's client
  decides. It is told of the attempt that was made and counts it as the first one: were it
  forgotten, a write that happened, and whose answer got lost, would be taken for one that did not.
- To import botocore and to make its session and client takes a fresh process longer than all the
  rest up to its first answer. So the fast path needs no botocore where nothing is configured that
  only botocore knows (`lean.plain`), and a process whose requests succeed never imports it.
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
"""What a parameter must be, by the name that AWS's description has for its kind."""

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
"""What the parameters of calls on data must be, those that AWS calls legacy left out."""

_OK: Final = 200

write_body: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
"""JSON of a request's parameters; bytes become base64. Raises TypeError for strangers."""


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
Where: TypeAlias = tuple[str, Any, Any]
"""What decides where a request goes: the call, the account, and tables named by their ARNs."""


@frozen
class Sent:
    """A first attempt that was sent, and what came of it: an answer or a failure."""

    invocation: str
    answer: HttpAnswer | None
    failure: Exception | None


class Profile:
    """Who sends, and where requests of each kind go; may be used by many threads."""

    def __init__(self, credentials: Any) -> None:
        self.credentials = credentials
        self.destinations: dict[Where, Destination] = {}
        self.clock = Clock()
        self.is_direct = True
        """Whether first attempts need nothing but an answer."""
        self.retry_quota_owed = 0
        """What attempts have taken from the quota of retries; a good answer gives it back."""

    def first(
        self, api: str, params: Params, body: bytes, reader: Reader | None
    ) -> Generator[WireStep, Any, dict[str, Any] | Sent | None]:
        """The first attempt of a request: its response, where the answer is a good one.

        Otherwise what came of the attempt, and None where nothing was sent: the call is none on
        data, nobody knows yet where it goes, or botocore says what is wrong with it.
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
        """Where requests go that went nowhere yet; None where that takes a look at botocore's."""
        return None


class FullProfile(Profile, ABC):
    """A profile that can also go on after anything but a good answer."""

    @abstractmethod
    def of(
        self, api: str, params: Params, body: bytes, reader: Reader | None, sent: Sent | None
    ) -> Steps:
        """The steps of a request, the first attempt of which may have been `sent` already."""


class Source(Protocol):
    """Where the ways to send are made, at first use."""

    def plain_profile(self) -> Profile | None:
        """How to send without botocore, where that does."""

    def client_profile(self) -> FullProfile:
        """How to send with botocore's client. Raises botocore's own errors."""


class Exchange:
    """Makes requests with what a source knows; may be used by many threads."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._profile: Profile | None = None
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
        """Ask for credentials, client and endpoints anew, at the next request."""
        self._profile = None

    def after_fork(self) -> None:
        """Let go of locks that a thread of the parent may have held."""
        self._lock = Lock()

    def _open(self) -> Profile:
        with self._lock:
            if self._profile is None:
                self._profile = self._source.plain_profile() or self._source.client_profile()
            return self._profile

    def _step_aside(self, plain: Profile) -> FullProfile:
        """The way with botocore's client, for this request and for those that follow."""
        with self._lock:
            if isinstance(self._profile, FullProfile):
                return self._profile
            made = self._source.client_profile()
            if self._profile is plain:
                self._profile = made
            return made


def fresh(credentials: Any) -> Generator[WireStep, Any, Any]:
    """The credentials at this moment, which may have to be fetched first."""
    freeze = getattr(credentials, "get_frozen_credentials", None)
    if freeze is None:
        return credentials
    refresh_needed = getattr(credentials, "refresh_needed", None)
    if refresh_needed is not None and refresh_needed():
        return (yield Call(freeze))
    return freeze()


def check_parameters(params: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise TypeError or KeyError for what cannot be the parameters of an operation."""
    for name, value in params.items():
        if not isinstance(value, kinds[name]):
            raise TypeError(f"{name} is {type(value).__name__}")


def plainly_read(answer: HttpAnswer, api: str, reader: Reader | None) -> dict[str, Any] | None:
    """The response in a good answer on data; None for all that needs a closer look."""
    if answer.status_code != _OK or api not in DATA_APIS or not checksum_fits(answer):
        return None
    if "json" not in answer.headers.get("content-type", "json"):
        return None
    try:
        content = plain_content(answer)
        try:
            response = read_body(content, api) if reader is None else reader(content)
        except ValueError:
            # What a reader cannot read may be a good answer all the same.
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
    """Tables that are named by their ARNs, which may decide where a request goes."""
    name = params.get("TableName", "")
    if name:
        return name if name.startswith("arn:") else None
    names = set(params.get("RequestItems", ()))
    for entry in params.get("TransactItems", ()):
        names.update(part["TableName"] for part in entry.values())
    found = tuple(sorted(name for name in names if name.startswith("arn:")))
    return found or None
