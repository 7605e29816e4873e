"""botocore's client: how it is made, and a check of its answers.

Each attempt of each client is checked here before botocore decides on the next, because botocore
trusts the network more than it should:

- It checks neither the length of a body nor its JSON, and accepts a wrong checksum after the last
  attempt. Half an answer then reads as an empty one, as if the item did not exist.
- It reads for as long as data comes. DynamoDB's answers have a limit, those of a wrong address do
  not.
- It takes an interim answer (103) for the answer, and then the real answer for that to the next
  request.
- It takes a text that is not JSON for the message of an error. Half an answer with the stored item
  in it would then be shown and logged.
- It repeats an addition whose answer was lost. DynamoDB has no token for single writes, so `ADD`
  and `list_append` would count twice. All other writes have the same effect when repeated.
- It forgets that an attempt got no answer once a later attempt is refused. But a condition may fail
  in the second attempt because the first one wrote. So the answer says that in its
  `ResponseMetadata`, and the refused write counts as `unsure`.
"""

from __future__ import annotations

import json
import os
import random
import re
import zlib
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

import botocore.config
import botocore.exceptions as aws
import botocore.loaders
import botocore.session
import urllib3.exceptions as http
from botocore.awsrequest import AWSResponse

from leyden._ledger import EARLIER_UNANSWERED, IN_PROGRESS, SERVER_FAULT, THROTTLED_ATTEMPTS
from leyden.drivers.base import FIRST_WAIT, THROTTLING
from leyden.drivers.lean.answers import (
    ANSWER_LIMIT,
    LENGTH_DIGITS,
    READ_SIZE,
    TOO_LONG,
    UNFIT,
    ForeignAnswerError,
    HttpAnswer,
    fault_of,
    plain_content,
    readable_refusal,
)
from leyden.drivers.lean.client import install_probe, is_asking

LOCAL_REGION: Final = "us-east-1"
"""The region if none is set and an `endpoint_url` makes it a mere formality."""

_REFUSED: Final = 300
_FINAL: Final = 200
"""The lowest status of an answer that is final."""

_COUNTS: Final = re.compile(r" [+-] |list_append\(")


@cache
def _loader(data_path: str | None) -> botocore.loaders.Loader:
    """Return the loader of botocore's descriptions of services, which reads each once per process.

    Otherwise each session reads them again, which is most of the cost of a client.
    """
    return botocore.loaders.create_loader(data_path)


def make_session(profile: str | None, explicit: Any) -> botocore.session.Session:
    """Return a botocore session, with these `Credentials` or those that it finds."""
    session = botocore.session.Session(profile=profile)
    if explicit is not None:
        session.set_credentials(
            explicit.access_key_id, explicit.secret_access_key, explicit.session_token
        )
    loader = _loader(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)
    return session


def find_region(session: botocore.session.Session, endpoint_url: str | None) -> str:
    """Return the region if no argument gives it. Raises NoRegionError."""
    # A region that somebody has set on the session takes precedence over the environment.
    region = (
        session.instance_variables().get("region")
        or os.environ.get("AWS_REGION")
        or session.get_config_variable("region")
    )
    if region or endpoint_url:
        return str(region or LOCAL_REGION)
    raise aws.NoRegionError


def make_client(
    session: botocore.session.Session, region: str, endpoint_url: str | None, **limits: Any
) -> Any:
    """Return a client whose attempts are checked. Raises botocore's own errors.

    It retries in botocore's standard mode, unless the AWS configuration or the session's
    configuration of clients sets another mode.
    """
    configured = os.environ.get("AWS_RETRY_MODE") or session.get_scoped_config().get("retry_mode")
    default = session.get_default_client_config()
    if not configured and not getattr(default, "retries", None):
        limits["retries"] = {"mode": "standard"}
    extra = getattr(default, "user_agent_extra", None)
    config = botocore.config.Config(
        tcp_keepalive=True,
        user_agent_extra=f"{extra} leyden" if extra else "leyden",
        # DynamoDB checks the parameters as well, and botocore's check is slow.
        parameter_validation=False,
        **limits,
    )
    client = session.create_client("dynamodb", region, endpoint_url=endpoint_url, config=config)
    watch(client)
    install_probe(client)
    return client


_answered: Final[ContextVar[bool]] = ContextVar("leyden_answered", default=False)


def watch(client: Any) -> None:
    """Check every attempt of a client's requests before the client decides on the next."""
    events = client.meta.events
    events.register_first("before-parse.dynamodb", _prepare, unique_id="leyden-parsing")
    events.register_first("needs-retry.dynamodb", _look, unique_id="leyden-answers")
    # A client without botocore's HTTP session stays as it is.
    endpoint = getattr(client, "_endpoint", None)
    session = getattr(endpoint, "http_session", None)
    if endpoint is not None and session is not None and not isinstance(session, _Bounded):
        endpoint.http_session = _Bounded(session)


def expect_answer() -> None:
    """Forget that an earlier request in this thread was answered; see `is_answered`."""
    _answered.set(False)


def is_answered() -> bool:
    """Return whether anything came back since `expect_answer` in this thread."""
    return _answered.get()


def _prepare(
    *,
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """Keep from botocore the parts of an answer that it would misread, or show as they are."""
    _answered.set(True)
    if is_asking():
        return
    status, body = response_dict["status_code"], response_dict["body"]
    headers = {name.lower(): value for name, value in response_dict["headers"].items()}
    answer = HttpAnswer(status, headers, body)
    if status >= _REFUSED:
        try:
            response_dict["body"] = readable_refusal(plain_content(answer))
        except ForeignAnswerError:
            response_dict["body"] = b""
        return
    why = customized_response_dict[UNFIT] = fault_of(answer, operation_model.name)
    response_dict["body"] = b"" if why else plain_content(answer)


def _look(
    *,
    operation: Any,
    request_dict: Any,
    attempts: int,
    response: Any = None,
    **_: Any,
) -> float | bool | None:
    """Say whether to retry: seconds to wait, False for no, None to let botocore decide."""
    if is_asking():
        return None
    context = request_dict["context"]
    unanswered = response is None or not _is_whole(response[0])
    if response is not None and context.get(EARLIER_UNANSWERED):
        response[1].setdefault("ResponseMetadata", {})[EARLIER_UNANSWERED] = True
    if response is not None:
        _count_throttled(context, response[1])
    why = None if response is None else response[1].pop(UNFIT, None)
    if not unanswered and response[0].status_code < SERVER_FAULT:
        if response[1].get("Error", {}).get("Code") == IN_PROGRESS:
            # The write may still happen, even if a later attempt is refused.
            context[EARLIER_UNANSWERED] = True
        if response[0].status_code < _REFUSED:
            if why is None:
                why = fault_of(response[0], operation.name)
            if why:
                raise ForeignAnswerError(why)
        return None
    context[EARLIER_UNANSWERED] = True
    repeatable = operation.name != "UpdateItem" or _may_be_repeated(request_dict["body"])
    if response is not None and unanswered:
        if repeatable and attempts < context.get("retries", {}).get("max", 1):
            return random.uniform(0, FIRST_WAIT * 2**attempts)
        raise aws.ConnectionClosedError(endpoint_url=response[0].url)
    return None if repeatable else False


def _count_throttled(context: dict[str, Any], parsed: dict[str, Any]) -> None:
    """Add to an answer how many attempts before it were throttled, for listeners."""
    before = context.get(THROTTLED_ATTEMPTS, 0)
    if before:
        parsed.setdefault("ResponseMetadata", {})[THROTTLED_ATTEMPTS] = before
    if parsed.get("Error", {}).get("Code") in THROTTLING:
        context[THROTTLED_ATTEMPTS] = before + 1


def _is_whole(http: Any) -> bool:
    checksum = http.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(http.content)):
        return False
    declared = http.headers.get("content-length")
    if declared is not None:
        if not declared.isdecimal() or len(declared) > LENGTH_DIGITS:
            return False
        return len(http.content) == int(declared)
    if "json" not in http.headers.get("content-type", ""):
        return True
    if http.headers.get("content-encoding", "identity") != "identity":
        return True
    try:
        json.loads(http.content or b"{}")
    except ValueError:
        return False
    return True


def _may_be_repeated(body: bytes | str) -> bool:
    """Return whether an update has the same effect when repeated: it must not count or append."""
    params = json.loads(body)
    expression = params.get("UpdateExpression", "")
    if _COUNTS.search(expression):
        return False
    _, adds, rest = expression.partition("ADD ")
    values = params.get("ExpressionAttributeValues", {})
    # Adding members to a set is safe to repeat.
    return not adds or not any("N" in values.get(v, {}) for v in re.findall(r":\w+", rest))


class _Bounded:
    """An HTTP session of botocore's that stops reading at the size limit of answers."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def send(self, request: Any) -> Any:
        """Send a request and read the answer. Raises botocore's errors and ForeignAnswerError."""
        if request.stream_output:
            return self._session.send(request)
        # The body is read here, after the head has been checked.
        request.stream_output = True
        answer = self._session.send(request)
        raw = answer.raw
        try:
            if answer.status_code < _FINAL:
                raise ForeignAnswerError(f"its status is {answer.status_code}")
            declared = answer.headers.get("content-length", "0")
            if not declared.isdecimal():
                raise aws.ConnectionClosedError(endpoint_url=request.url)
            if len(declared) > LENGTH_DIGITS or int(declared) > ANSWER_LIMIT:
                raise ForeignAnswerError(TOO_LONG)
            content = _read(raw, request.url)
        except BaseException:
            # The rest of this answer must not become the answer to another request.
            raw.close()
            raise
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Content(content))


class _Content:
    """A body that has been read already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Any:
        """Return the body in one piece."""
        return iter((self._content,))


def _read(raw: Any, url: str) -> bytes:
    pieces: list[bytes] = []
    length = 0
    try:
        for piece in raw.stream(READ_SIZE):
            length += len(piece)
            if length > ANSWER_LIMIT:
                raise ForeignAnswerError(TOO_LONG)
            pieces.append(piece)
    except http.ReadTimeoutError as error:
        raise aws.ReadTimeoutError(endpoint_url=url, error=error) from error
    except http.ProtocolError as error:
        raise aws.ConnectionClosedError(endpoint_url=url, error=error) from error
    except (http.HTTPError, OSError) as error:
        raise aws.HTTPClientError(error=error) from error
    return b"".join(pieces)
