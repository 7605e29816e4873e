"""Bodies: parameters written as JSON, answers taken out of their packing and read in one pass.

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

from leyden.drivers.base import DATA_APIS
from leyden.drivers.lean.http11 import ANSWER_LIMIT, TOO_LONG, ForeignAnswerError, HttpAnswer

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


_STRINGS: Final = (
    "ConditionExpression FilterExpression IndexName KeyConditionExpression ProjectionExpression "
    "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues "
    "ReturnValuesOnConditionCheckFailure Select TableName UpdateExpression ClientRequestToken"
)
_MAPS: Final = "ExclusiveStartKey ExpressionAttributeNames ExpressionAttributeValues Item Key"
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys([*_MAPS.split(), "RequestItems"], "map"),
    **dict.fromkeys(["ConsistentRead", "ScanIndexForward"], "boolean"),
    **dict.fromkeys(["Limit", "Segment", "TotalSegments"], "integer"),
    "TransactItems": "list",
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
    api: {name: _KINDS[_TYPES[name]] for name in names.split()}
    for api, names in {
        "BatchGetItem": "RequestItems ReturnConsumedCapacity",
        "BatchWriteItem": "RequestItems ReturnConsumedCapacity ReturnItemCollectionMetrics",
        "DeleteItem": f"{_WRITE} Key",
        "GetItem": f"{_NAMES} ConsistentRead Key ProjectionExpression",
        "PutItem": f"{_WRITE} Item",
        "Query": f"{_PAGE} KeyConditionExpression ScanIndexForward",
        "Scan": f"{_PAGE} Segment TotalSegments",
        "TransactGetItems": "ReturnConsumedCapacity TransactItems",
        "TransactWriteItems": (
            "ClientRequestToken ReturnConsumedCapacity ReturnItemCollectionMetrics TransactItems"
        ),
        "UpdateItem": f"{_WRITE} Key UpdateExpression",
    }.items()
}
"""What the parameters of calls on data must be, those that AWS calls legacy left out."""


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


_Item: TypeAlias = dict[str, dict[str, Any]]


class _Written(TypedDict, total=False):
    Attributes: _Item | None
    ConsumedCapacity: Any
    ItemCollectionMetrics: Any


class _Found(TypedDict, total=False):
    Item: _Item | None
    ConsumedCapacity: Any


class _Page(TypedDict, total=False):
    Items: list[_Item]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: _Item | None
    ConsumedCapacity: Any


class _BatchFound(TypedDict, total=False):
    Responses: Required[dict[str, list[_Item]]]
    UnprocessedKeys: dict[str, dict[str, Any]] | None
    ConsumedCapacity: Any


class _BatchWritten(TypedDict, total=False):
    # Without it nothing says that the requests were taken.
    UnprocessedItems: Required[dict[str, list[dict[str, dict[str, Any]]]]]
    ItemCollectionMetrics: Any
    ConsumedCapacity: Any


class _AllFound(TypedDict, total=False):
    Responses: Required[list[_Found]]
    ConsumedCapacity: Any


class _AllWritten(TypedDict, total=False):
    ConsumedCapacity: Any
    ItemCollectionMetrics: Any


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
    "TransactGetItems": _AllFound,
    "TransactWriteItems": _AllWritten,
    "UpdateItem": _Written,
}

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
    if "Items" not in found and _ANSWERS.get(api) is _Page and "Count" not in found:
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
