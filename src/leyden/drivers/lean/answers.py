"""Answers: from the bytes of HTTP/1.1 to DynamoDB's response, or the reason why it cannot be one.

An answer may be complete, well-formed JSON and still not be DynamoDB's: it may come from a gateway,
an emulator, or an attacker. Accepting it could mean reporting an item that does not exist, or a
write that has not happened. So every answer is checked, while it is read, against what DynamoDB
returns for the call.
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
"""How many bytes to read at once while the length of an answer is unknown."""

READ_LIMIT: Final = 1_048_576
"""The most bytes to read at once, because reading reserves as much memory as it asks for."""

ANSWER_LIMIT: Final = 256 * 1_048_576
"""The longest answer that is read, in bytes. DynamoDB's answers have at most 16 MB of items; as
JSON, items that consist of the smallest possible values are ten times as long."""

TOO_LONG: Final = f"it is longer than {ANSWER_LIMIT // 1_048_576} MB"

LENGTH_DIGITS: Final = 15
"""A length with more digits than this is too long to read."""

_BLANK: Final = b"\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})
_SUCCESS: Final = 200


class BrokenAnswerError(Exception):
    """The data is not an HTTP answer, or only a part of one."""


class ForeignAnswerError(Exception):
    """An answer that DynamoDB does not give; the error's text quotes nothing from it."""


@define(slots=True, eq=False)
class HttpAnswer:
    """One complete answer, with header names in lower case.

    The fields have the names of botocore's answers, because its handlers read them.
    """

    status_code: int
    headers: dict[str, str]
    content: bytes = field(repr=False)
    url: str = ""


class AnswerReader:
    """Assembles one answer from the pieces in which it arrives.

    `feed` returns True when the answer is complete; call `finish` when nothing more will come. Both
    raise BrokenAnswerError, and `feed` raises ForeignAnswerError beyond ANSWER_LIMIT. `reusable`
    tells whether the connection may be used again.
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
        """The status once the head is complete, 0 before."""
        return self._status

    @property
    def read_size(self) -> int:
        """The number of bytes to read next."""
        if self._missing <= READ_SIZE:
            return READ_SIZE
        return self._missing if self._missing < READ_LIMIT else READ_LIMIT

    def feed(self, data: bytes) -> bool:
        """Add the next bytes; return whether the answer is complete."""
        if self.answer is not None:
            # More bytes than announced: they do not belong to this answer.
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
                # This is an interim answer; the final one follows.
                self._status = 0
                if not data:
                    return False
        return self._more(data)

    def finish(self) -> bool:
        """Note that the connection has ended; return True if the answer is complete."""
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
    """A body in chunks, each preceded by its length.

    Every byte is read only once, however small the chunks or the arriving pieces are.
    """

    __slots__ = ("_begun", "_content", "_missing", "_rest", "left_over")

    def __init__(self) -> None:
        self._content = bytearray()
        self._missing = 0
        """How many bytes of the current chunk are missing."""
        self._begun = False
        """Whether the line break at the end of the current chunk is still missing."""
        self._rest = b""
        """The beginning of an incomplete line."""
        self.left_over = False

    def feed(self, data: bytes) -> bytes | None:
        """Add bytes; return the content once it is complete, and None before."""
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
                # An empty line ends the trailers; without trailers it follows at once.
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
    """Return whether the body matches its checksum; True if the answer has none."""
    declared = answer.headers.get(CHECKSUM)
    if declared is None:
        return True
    return declared.isdecimal() and int(declared) == zlib.crc32(answer.content)


def plain_content(answer: HttpAnswer) -> bytes:
    """Return the body without compression. Raises ForeignAnswerError."""
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding == "identity":
        return answer.content
    if coding != "gzip":
        raise ForeignAnswerError("it is compressed in an unknown way")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        # A few bytes may expand to any number of zeros, so the size is limited.
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
    # Required, because otherwise nothing would confirm that the requests were taken.
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
    # A search that finds nothing may lack the list, but the drivers always ask for the cost.
    "SearchVectors": ("SearchResults", "ConsumedCapacity"),
}
"""Members of which an answer must have one, to tell it from an empty object."""

_READERS: Final[Mapping[str, Callable[[bytes], dict[str, Any]]]] = {
    api: msgspec.json.Decoder(shape).decode for api, shape in _ANSWERS.items()
}
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_read_refusal: Final = msgspec.json.Decoder(_Refusal).decode


def read_body(content: bytes, api: str = "") -> dict[str, Any]:
    """Decode a body, with binary values as bytes. Raises ValueError for anything unexpected.

    `api` is the call that was answered. For calls that do not concern items, any JSON object will
    do.
    """
    try:
        found: dict[str, Any] = _READERS.get(api, _read_object)(content)
        # Most answers hold no binary values and do not need this second pass.
        if b'"B"' in content or b'"BS"' in content:
            _read_binary(found)
    except RecursionError as error:
        raise ValueError("the answer is nested too deeply") from error
    needed = _ONE_OF.get(api)
    if needed is not None and found.keys().isdisjoint(needed):
        raise ValueError("the answer has no items")
    return found


def readable_refusal(content: bytes) -> bytes:
    """Return the body of a refusal, or nothing if it is not one of DynamoDB's.

    botocore would take a text that it cannot read for the message. Half an answer with the stored
    item in it would then be shown and logged.
    """
    try:
        _read_binary(_read_refusal(content))
    except (ValueError, RecursionError):
        return b""
    return content


def _read_binary(node: Any) -> None:
    """Turn the base64 of binary AttributeValues into bytes, in place.

    `{"B": "..."}` is always such a value, because the value of an attribute named B is a mapping.
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
"""In a parsed response that has not been checked: why it is not DynamoDB's, or an empty text."""

UNREADABLE: Final = "it cannot be read"
TOO_DEEP: Final = "it is nested too deeply"

_OK: Final = 200


def fault_of(answer: Any, api: str) -> str:
    """Return why a successful answer to `api` is not DynamoDB's, or an empty text if it is.

    botocore reads an answer that is not JSON as an empty one, as if the item did not exist or the
    write had happened.
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
