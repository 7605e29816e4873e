"""Bodies as they are sent and received: parameters into JSON, answers out of their packing."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from leyden.drivers.wire.http11 import ANSWER_LIMIT, TOO_LONG, ForeignAnswerError, HttpAnswer

CHECKSUM: Final = "x-amz-crc32"
"""The header with the CRC-32 of the body as it was sent."""

write_body: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
"""JSON of a request's parameters; bytes become base64. Raises TypeError for strangers."""

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple, set, frozenset),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
}


def parameter_kinds(operation_model: Any) -> dict[str, tuple[type, ...]]:
    """What an operation's parameters must be, by their names."""
    members = operation_model.input_shape.members
    return {name: _KINDS.get(shape.type_name, (object,)) for name, shape in members.items()}


def check_parameters(params: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise TypeError or KeyError for what cannot be the parameters of an operation."""
    for name, value in params.items():
        if not isinstance(value, kinds[name]):
            raise TypeError(f"{name} is {type(value).__name__}")


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
