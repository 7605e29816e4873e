"""Answers: from the bytes of HTTP/1.1 to what DynamoDB said, or why it cannot have said that.

An answer may be whole, well-formed JSON and none of DynamoDB's all the same: a gateway's, an
emulator's, or one that somebody made up. To take it for an answer would be to report an item that
is not there, or a write that has not happened. So every answer is checked against what DynamoDB
answers to that call, while it is read.
"""

from __future__ import annotations

import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, Required, TypeAlias, TypedDict

import msgspec

from leyden._attrs import define, field
from leyden.drivers.base import DATA_APIS

HEAD_LIMIT: Final = 65_536
"""The longest head that is read, in bytes."""

READ_SIZE: Final = 65_536
"""How many bytes to ask for while the length of an answer is not known."""

READ_LIMIT: Final = 1_048_576
"""How many bytes to ask for at most: what an answer announces is room that reading would take."""

ANSWER_LIMIT: Final = 256 * 1_048_576
"""The longest answer that is read, in bytes. DynamoDB's hold 16 MB of items at most, which JSON
writes with ten times as many where they are made of the smallest of values."""

TOO_LONG: Final = f"it is longer than {ANSWER_LIMIT // 1_048_576} MB"

LENGTH_DIGITS: Final = 15
"""More digits than a length has that may be read."""

_BLANK: Final = b"\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})
_SUCCESS: Final = 200


class BrokenAnswerError(Exception):
    """What came is no HTTP answer, or only a part of one."""


class ForeignAnswerError(Exception):
    """An answer that DynamoDB does not give. Its text holds nothing of the answer's."""


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
    Both raise BrokenAnswerError; `feed` raises ForeignAnswerError for more than ANSWER_LIMIT.
    `reusable` tells whether the connection may be used again.
    """

    __slots__ = (
        "_body",
        "_chunks",
        "_head",
        "_headers",
        "_length",
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
        self._length = 0
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
            if not length.isdecimal():
                raise BrokenAnswerError("the answer does not say how long it is")
            if len(length) > LENGTH_DIGITS or int(length) > ANSWER_LIMIT:
                raise ForeignAnswerError(TOO_LONG)
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
            self._length += len(data)
            if self._length > ANSWER_LIMIT:
                raise ForeignAnswerError(TOO_LONG)
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
    """A body that comes in chunks, each with its length before it.

    Every byte is looked at once, however small the chunks are or the pieces in which they arrive.
    """

    __slots__ = ("_begun", "_content", "_missing", "_rest", "left_over")

    def __init__(self) -> None:
        self._content = bytearray()
        self._missing = 0
        """Bytes of the present chunk that have not come."""
        self._begun = False
        """Whether a chunk has begun whose end, an empty line's worth, has not come."""
        self._rest = b""
        """The start of a line that has not come as a whole."""
        self.left_over = False

    def feed(self, data: bytes) -> bytes | None:
        """The whole content once it is there, None before."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = 0
        while True:
            if self._missing:
                piece = data[at : at + self._missing]
                self._content.extend(piece)
                self._missing -= len(piece)
                at += len(piece)
                if self._missing:
                    return None
            if self._begun:
                if len(data) < at + 2:
                    break
                if data[at : at + 2] != b"\r\n":
                    raise BrokenAnswerError("a chunk of the answer is longer than it says")
                self._begun = False
                at += 2
            line_end = data.find(b"\r\n", at)
            if line_end < 0:
                if len(data) - at > HEAD_LIMIT:
                    raise BrokenAnswerError("a chunk of the answer has no length")
                break
            size = _chunk_size(data[at:line_end])
            if size == 0:
                # Trailers, if any, end with an empty line, as the last chunk's line may at once.
                end = data.find(_BLANK, line_end)
                if end < 0:
                    if len(data) - line_end > HEAD_LIMIT:
                        raise BrokenAnswerError("the trailers of the answer do not end")
                    break
                self.left_over = len(data) > end + 4
                return bytes(self._content)
            if len(self._content) + size > ANSWER_LIMIT:
                raise ForeignAnswerError(TOO_LONG)
            self._begun, self._missing = True, size
            at = line_end + 2
        self._rest = data[at:]
        return None


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits.isalnum():
        raise BrokenAnswerError("a chunk of the answer has no length")
    try:
        return int(digits, 16)
    except ValueError:
        raise BrokenAnswerError("a chunk of the answer has no length") from None


CHECKSUM: Final = "x-amz-crc32"
"""The header with the CRC-32 of the body as it was sent."""


def checksum_fits(answer: HttpAnswer) -> bool:
    """Whether the body is the one that the service sent, as far as it says so."""
    declared = answer.headers.get(CHECKSUM)
    if declared is None:
        return True
    return declared.isdecimal() and int(declared) == zlib.crc32(answer.content)


def plain_content(answer: HttpAnswer) -> bytes:
    """The body without the compression that it may have come in. Raises ForeignAnswerError."""
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding == "identity":
        return answer.content
    if coding != "gzip":
        raise ForeignAnswerError("it is compressed in an unknown way")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        # A few bytes may hold any number of zeros.
        content = unpacking.decompress(answer.content, ANSWER_LIMIT + 1)
    except zlib.error as error:
        raise ForeignAnswerError("it cannot be decompressed") from error
    if len(content) > ANSWER_LIMIT:
        raise ForeignAnswerError(TOO_LONG)
    if not unpacking.eof:
        raise ForeignAnswerError("it cannot be decompressed")
    return content


_Item: TypeAlias = dict[str, dict[str, Any]]


class _Costed(TypedDict, total=False):
    ConsumedCapacity: Any


class _AllWritten(_Costed, total=False):
    ItemCollectionMetrics: Any


class _Written(_AllWritten, total=False):
    Attributes: _Item | None


class _BatchWritten(_AllWritten, total=False):
    # Without it nothing says that the requests were taken.
    UnprocessedItems: Required[dict[str, list[dict[str, dict[str, Any]]]]]


class _Found(_Costed, total=False):
    Item: _Item | None


class _AllFound(_Costed, total=False):
    Responses: Required[list[_Found]]


class _BatchFound(_Costed, total=False):
    Responses: Required[dict[str, list[_Item]]]
    UnprocessedKeys: dict[str, dict[str, Any]] | None


class _Page(_Costed, total=False):
    Items: list[_Item]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: _Item | None


class _Match(TypedDict, total=False):
    Item: _Item | None
    Score: float


class _Matches(_Costed, total=False):
    SearchResults: list[_Match]


class _Reason(TypedDict, total=False):
    Code: Required[str]
    Message: str | None
    Item: _Item | None


_Refusal = TypedDict(
    "_Refusal",
    {
        "__type": str | None,
        "message": str | None,
        "Message": str | None,
        "Item": _Item | None,
        "CancellationReasons": list[_Reason] | None,
    },
    total=False,
)

_ANSWERS: Final[Mapping[str, Any]] = {
    "BatchGetItem": _BatchFound,
    "BatchWriteItem": _BatchWritten,
    "DeleteItem": _Written,
    "GetItem": _Found,
    "PutItem": _Written,
    "Query": _Page,
    "Scan": _Page,
    "SearchVectors": _Matches,
    "TransactGetItems": _AllFound,
    "TransactWriteItems": _AllWritten,
    "UpdateItem": _Written,
}

_ONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("Query", "Scan"), ("Items", "Count")),
    # Nothing says that a search which finds nothing has the list; drivers ask for the cost.
    "SearchVectors": ("SearchResults", "ConsumedCapacity"),
}
"""What tells an answer from an empty object, which is none."""

_READERS: Final[Mapping[str, Callable[[bytes], dict[str, Any]]]] = {
    api: msgspec.json.Decoder(shape).decode for api, shape in _ANSWERS.items()
}
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_read_refusal: Final = msgspec.json.Decoder(_Refusal).decode


def read_body(content: bytes, api: str = "") -> dict[str, Any]:
    """What a body says, with binary values as bytes. Raises ValueError for anything else.

    `api` is the call that is answered; of one that is not about items, any JSON object is taken.
    """
    try:
        found: dict[str, Any] = _READERS.get(api, _read_object)(content)
        # Most answers hold nothing binary, and need no second look.
        if b'"B"' in content or b'"BS"' in content:
            _read_binary(found)
    except RecursionError as error:
        raise ValueError("the answer is nested too deeply") from error
    needed = _ONE_OF.get(api)
    if needed is not None and found.keys().isdisjoint(needed):
        raise ValueError("the answer has no items")
    return found


def readable_refusal(content: bytes) -> bytes:
    """The body of a refusal, or nothing where it is not one of DynamoDB's.

    botocore takes a text that it cannot read for the message: half of an answer with the stored
    item in it would be shown, and logged.
    """
    try:
        _read_binary(_read_refusal(content))
    except (ValueError, RecursionError):
        return b""
    return content


def _read_binary(node: Any) -> None:
    """Turn the base64 of binary AttributeValues into bytes, in place.

    `{"B": "..."}` is one wherever it stands: the value of an attribute that is called B is a
    mapping.
    """
    if isinstance(node, dict):
        if len(node) == 1:
            ((kind, value),) = node.items()
            if kind == "B" and isinstance(value, str):
                node[kind] = b64decode(value, validate=True)
                return
            if kind == "BS" and isinstance(value, list):
                node[kind] = [b64decode(one, validate=True) for one in value]
                return
        for inner in node.values():
            if isinstance(inner, dict | list):
                _read_binary(inner)
    else:
        for inner in node:
            if isinstance(inner, dict | list):
                _read_binary(inner)


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
