"""What botocore overlooks: answers that are none, or broken off, and what may have written.

botocore checks neither the length of a body nor its JSON, and takes a wrong checksum after the last
attempt: half an answer reads as an empty one, as if no item were there. It reads whatever comes for
as long as it comes, and takes an interim answer (103) for the answer. And it makes an addition
again whose answer was lost. So each attempt of each client is looked at here, before botocore
decides on the next.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from contextvars import ContextVar
from typing import Any, Final

import botocore.exceptions as aws
import urllib3.exceptions as http
from botocore.awsrequest import AWSResponse

from leyden._ledger import EARLIER_UNANSWERED, IN_PROGRESS, SERVER_FAULT
from leyden.drivers.base import FIRST_WAIT
from leyden.drivers.lean.client import is_asking
from leyden.drivers.lean.http11 import (
    ANSWER_LIMIT,
    LENGTH_DIGITS,
    READ_SIZE,
    TOO_LONG,
    ForeignAnswerError,
    HttpAnswer,
)
from leyden.drivers.lean.messages import UNFIT, fault_of, plain_content, readable_refusal

_REFUSED: Final = 300
_COUNTS: Final = re.compile(r" [+-] |list_append\(")


_answered: Final[ContextVar[bool]] = ContextVar("leyden_answered", default=False)


def watch(client: Any) -> None:
    """Look at every attempt of a client's requests, before it is decided on the next."""
    events = client.meta.events
    events.register_first("before-parse.dynamodb", _prepare, unique_id="leyden-parsing")
    events.register_first("needs-retry.dynamodb", _look, unique_id="leyden-answers")
    bound_answers(client)


def expect_answer() -> None:
    """Forget that an earlier request was answered; see `is_answered`."""
    _answered.set(False)


def is_answered() -> bool:
    """Whether something came back since `expect_answer`, in this thread."""
    return _answered.get()


def _prepare(
    *,
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """Have botocore read nothing of an answer that it would take for another, or show as it is."""
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
    """Say whether to try again: seconds to wait, False for no, None for botocore's own answer.

    botocore checks neither the length of a body nor its JSON, and takes a wrong checksum after
    the last attempt: half an answer reads as an empty one, as if no item were there. It also
    makes an addition again whose answer was lost.
    """
    if is_asking():
        return None
    context = request_dict["context"]
    unanswered = response is None or not _is_whole(response[0])
    if response is not None and context.get(EARLIER_UNANSWERED):
        response[1].setdefault("ResponseMetadata", {})[EARLIER_UNANSWERED] = True
    why = None if response is None else response[1].pop(UNFIT, None)
    if not unanswered and response[0].status_code < SERVER_FAULT:
        if response[1].get("Error", {}).get("Code") == IN_PROGRESS:
            # It may yet happen, whatever a later attempt is refused for.
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
    """Whether an update made twice is the same as made once: it counts and appends nothing."""
    params = json.loads(body)
    expression = params.get("UpdateExpression", "")
    if _COUNTS.search(expression):
        return False
    _, adds, rest = expression.partition("ADD ")
    values = params.get("ExpressionAttributeValues", {})
    # Adding members to a set twice changes nothing.
    return not adds or not any("N" in values.get(v, {}) for v in re.findall(r":\w+", rest))


_FINAL: Final = 200
"""The least status of an answer after which no other one follows."""


def bound_answers(client: Any) -> None:
    """Bound what a client reads. One that has no HTTP session of botocore's stays as it is."""
    endpoint = getattr(client, "_endpoint", None)
    session = getattr(endpoint, "http_session", None)
    if endpoint is not None and session is not None and not isinstance(session, _Bounded):
        endpoint.http_session = _Bounded(session)


class _Bounded:
    """An HTTP session of botocore's that reads its answers with care.

    botocore itself reads whatever comes, for as long as it comes. It also takes an interim answer
    (103) for the answer, and what follows for the answer to the next request.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def send(self, request: Any) -> Any:
        """Send a request and read the answer. Raises botocore's errors and ForeignAnswerError."""
        if request.stream_output:
            return self._session.send(request)
        # Read here, and not before the answer is looked at.
        request.stream_output = True
        answer = self._session.send(request)
        raw = answer.raw
        try:
            if answer.status_code < _FINAL:
                raise ForeignAnswerError(f"its status is {answer.status_code}")
            _check_length(answer.headers.get("content-length", "0"), request.url)
            content = _read(raw, request.url)
        except BaseException:
            # What else is on its way must not become the answer to another request.
            raw.close()
            raise
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Content(content))


class _Content:
    """A body that has been read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Any:
        """The body in one piece."""
        return iter((self._content,))


def _check_length(declared: str, url: str) -> None:
    if not declared.isdecimal():
        raise aws.ConnectionClosedError(endpoint_url=url)
    if len(declared) > LENGTH_DIGITS or int(declared) > ANSWER_LIMIT:
        raise ForeignAnswerError(TOO_LONG)


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
