"""Answers with a good status that are none of DynamoDB's, on whatever way they came."""

from __future__ import annotations

from typing import Any, Final

from leyden.drivers.prepare import DATA_APIS
from leyden.drivers.wire.http11 import ForeignAnswerError
from leyden.drivers.wire.messages import plain_content
from leyden.drivers.wire.shapes import read_body

UNFIT: Final = "LeydenUnfit"
"""In a parsed response, until it is looked at: why it is none of DynamoDB's, empty where it is."""

UNREADABLE: Final = "it cannot be read"
TOO_DEEP: Final = "it is nested too deeply"

_OK: Final = 200


def fault_of(answer: Any, api: str) -> str:
    """Why an answer to `api` that refuses nothing is none of DynamoDB's; empty where it is.

    botocore reads what is no JSON as an empty answer: as if no item were there, or as if the write
    had happened.
    """
    if answer.status_code != _OK:
        return f"its status is {answer.status_code}"
    if "json" not in answer.headers.get("content-type", "json"):
        return "it is not JSON"
    try:
        content = plain_content(answer)
        read_body(content if api in DATA_APIS else content or b"{}", api)
    except ForeignAnswerError as error:
        return str(error)
    except ValueError:
        return UNREADABLE
    return ""
