"""What answers of DynamoDB look like: read in one pass, and refused where they look otherwise.

An answer may be whole, well-formed JSON and none of DynamoDB's all the same: a gateway's, an
emulator's, or one that somebody made up. To take it for an answer would be to report an item that
is not there, or a write that has not happened.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, Required, TypeAlias, TypedDict

import msgspec

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
