"""The part of HTTP/1.1 that answers of DynamoDB use: from bytes to status, headers and content."""

from __future__ import annotations

from typing import Final

from attrs import define, field

HEAD_LIMIT: Final = 65_536
"""The longest head that is read, in bytes."""

READ_SIZE: Final = 65_536
"""How many bytes to ask for while the length of an answer is not known."""

READ_LIMIT: Final = 1_048_576
"""How many bytes to ask for at most: what an answer announces is room that reading would take."""

_DIGITS: Final = 15
"""The digits of the largest length that is believed."""

_BLANK: Final = b"\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})
_SUCCESS: Final = 200


class BrokenAnswerError(Exception):
    """What came is no HTTP answer, or only a part of one."""


@define(slots=True, eq=False)
class HttpAnswer:
    """One answer, complete. Header names are in lower case.

    The names of the fields are those of botocore's answers, whose handlers read them.
    """

    status_code: int
    headers: dict[str, str]
    content: bytes = field(repr=False)
    url: str = ""


class AnswerReader:
    """Puts one answer together from the pieces in which it arrives.

    `feed` returns True when the answer is complete, `finish` says that nothing more will come.
    Both raise BrokenAnswerError. `reusable` tells whether the connection may be used again.
    """

    __slots__ = (
        "_body",
        "_chunks",
        "_head",
        "_headers",
        "_missing",
        "_status",
        "_until_end",
        "answer",
        "reusable",
    )

    def __init__(self) -> None:
        self.answer: HttpAnswer | None = None
        self.reusable = False
        self._head = b""
        self._headers: dict[str, str] = {}
        self._status = 0
        self._body: list[bytes] = []
        self._missing = -1
        self._until_end = False
        self._chunks: _Chunks | None = None

    @property
    def status(self) -> int:
        """The status as soon as the head is there, 0 before."""
        return self._status

    @property
    def read_size(self) -> int:
        """How many bytes to read next."""
        if self._missing <= READ_SIZE:
            return READ_SIZE
        return self._missing if self._missing < READ_LIMIT else READ_LIMIT

    def feed(self, data: bytes) -> bool:
        """Take the next bytes."""
        if self.answer is not None:
            # More than was announced: whatever it is, it is no part of this answer.
            self.reusable = False
            return True
        while not self._status:
            head = self._head + data if self._head else data
            end = head.find(_BLANK)
            if end < 0:
                if len(head) > HEAD_LIMIT:
                    raise BrokenAnswerError("the head of the answer does not end")
                self._head = head
                return False
            self._head = b""
            self._begin(head[:end])
            data = head[end + 4 :]
            if self._status < _SUCCESS:
                # An interim answer: the one that counts follows.
                self._status = 0
                if not data:
                    return False
        return self._more(data)

    def finish(self) -> bool:
        """Take note of the connection's end."""
        self.reusable = False
        if self.answer is None and self._until_end:
            self._end(b"".join(self._body))
        if self.answer is None:
            raise BrokenAnswerError("the connection ended before the answer did")
        return True

    def _begin(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or len(code) < 3 or not code.isdecimal():
            raise BrokenAnswerError("the answer is not HTTP/1.1")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BrokenAnswerError("a header of the answer has no name")
            name = name.lower()
            value = value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._status, self._headers = int(code), headers
        connection = headers.get("connection", "").lower()
        if version == "HTTP/1.1":
            self.reusable = "close" not in connection
        else:
            self.reusable = "keep-alive" in connection
        coding = headers.get("transfer-encoding")
        if self._status < _SUCCESS or self._status in _BODILESS:
            self._missing = 0
        elif coding is not None:
            if coding.lower() != "chunked":
                raise BrokenAnswerError("the answer is coded in an unknown way")
            self._chunks = _Chunks()
        elif "content-length" in headers:
            length = headers["content-length"]
            if not length.isdecimal() or len(length) > _DIGITS:
                raise BrokenAnswerError("the answer does not say how long it is")
            self._missing = int(length)
        else:
            self._until_end = True
            self.reusable = False

    def _more(self, data: bytes) -> bool:
        if self._chunks is not None:
            content = self._chunks.feed(data)
            if content is None:
                return False
            self.reusable = self.reusable and not self._chunks.left_over
            return self._end(content)
        if self._until_end:
            self._body.append(data)
            return False
        size = len(data)
        if size < self._missing:
            self._body.append(data)
            self._missing -= size
            return False
        if size > self._missing:
            self.reusable = False
            data = data[: self._missing]
        if self._body:
            self._body.append(data)
            data = b"".join(self._body)
        return self._end(data)

    def _end(self, content: bytes) -> bool:
        self.answer = HttpAnswer(self._status, self._headers, content)
        return True


class _Chunks:
    """A body that comes in chunks, each with its length before it."""

    __slots__ = ("_buffer", "_content", "left_over")

    def __init__(self) -> None:
        self._buffer = b""
        self._content: list[bytes] = []
        self.left_over = False

    def feed(self, data: bytes) -> bytes | None:
        """The whole content once it is there, None before."""
        buffer = self._buffer + data
        while True:
            line_end = buffer.find(b"\r\n")
            if line_end < 0:
                if len(buffer) > HEAD_LIMIT:
                    raise BrokenAnswerError("a chunk of the answer has no length")
                break
            size = _chunk_size(buffer[:line_end])
            start = line_end + 2
            if size == 0:
                # Trailers, if any, end with an empty line.
                end = line_end if buffer[start : start + 2] == b"\r\n" else buffer.find(_BLANK)
                if end < 0 or len(buffer) < start + 2:
                    if len(buffer) > HEAD_LIMIT:
                        raise BrokenAnswerError("the trailers of the answer do not end")
                    break
                self.left_over = len(buffer) > end + 4
                return b"".join(self._content)
            if len(buffer) < start + size + 2:
                break
            if buffer[start + size : start + size + 2] != b"\r\n":
                raise BrokenAnswerError("a chunk of the answer is longer than it says")
            self._content.append(buffer[start : start + size])
            buffer = buffer[start + size + 2 :]
        self._buffer = buffer
        return None


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    try:
        if not digits.isalnum():
            raise ValueError
        size = int(digits, 16)
        if size >= 10**_DIGITS:
            raise ValueError
        return size
    except ValueError:
        raise BrokenAnswerError("a chunk of the answer has no length") from None
