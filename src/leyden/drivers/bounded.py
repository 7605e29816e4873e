"""How much of an answer botocore takes in: no more than the longest that DynamoDB gives."""

from __future__ import annotations

from typing import Any, Final

import botocore.exceptions as aws
import urllib3.exceptions as http
from botocore.awsrequest import AWSResponse

from leyden.drivers.wire.http11 import (
    ANSWER_LIMIT,
    LENGTH_DIGITS,
    READ_SIZE,
    TOO_LONG,
    ForeignAnswerError,
)

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
