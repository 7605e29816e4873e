"""What botocore overlooks: answers that are none, and attempts that may have written."""

from __future__ import annotations

import json
import random
import re
import zlib
from contextvars import ContextVar
from typing import Any, Final

from botocore.exceptions import ConnectionClosedError

from leyden._ledger import EARLIER_UNANSWERED, IN_PROGRESS, SERVER_FAULT
from leyden.drivers.bounded import bound_answers
from leyden.drivers.wire.asking import is_asking
from leyden.drivers.wire.http11 import LENGTH_DIGITS, ForeignAnswerError, HttpAnswer
from leyden.drivers.wire.messages import plain_content
from leyden.drivers.wire.shapes import readable_refusal
from leyden.drivers.wire.unfit import UNFIT, fault_of

_REFUSED: Final = 300
_FIRST_WAIT: Final = 0.05
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
            return random.uniform(0, _FIRST_WAIT * 2**attempts)
        raise ConnectionClosedError(endpoint_url=response[0].url)
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
