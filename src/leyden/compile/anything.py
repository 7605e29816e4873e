"""Values of type `any`: the Python value says how it is stored.

str, bool, bytes, int, float, Decimal, None, lists (tuples become lists), dicts with str keys,
and sets of strings, of numbers or of bytes. A number is an int or a float where one of the two
is exact, and a Decimal otherwise, on the way in as on the way back.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from leyden.compile.faults import UnreadableError, refuse, wrong_type
from leyden.compile.lacking import refuse_lacking
from leyden.compile.numbers import (
    accept_decimal,
    accept_number,
    any_number_value,
)
from leyden.compile.texts import accept_binary, accept_string
from leyden.compile.wire import MAX_DEPTH, AttributeValue
from leyden.errors import ValidationError
from leyden.keys.text import number_text, timestamp_text

__all__ = [
    "accept_any",
    "accept_any_element",
    "decode_any",
    "encode_any",
    "encode_any_set",
    "plain_any",
]

_WANTED: Final = "str, bool, bytes, int, float, Decimal, None, list, dict or set"


def accept_any(value: Any, path: str, depth: int = 1) -> Any:
    """A value that DynamoDB can store, as it will be read back.

    `depth` is the number of containers around it, and it itself.
    """
    kind = value.__class__
    if kind is bool or value is None:
        return value
    if isinstance(value, str):
        return accept_string(value, path)
    if isinstance(value, int | float):
        return accept_number(value, path)
    if isinstance(value, Decimal):
        return _accept_decimal(value, path)
    if isinstance(value, bytes | bytearray | memoryview):
        return accept_binary(value, path)
    if isinstance(value, set | frozenset):
        return accept_any_set(value, path)
    if isinstance(value, datetime):
        raise wrong_type(
            path, _WANTED, value, '; declare the attribute as "timestamp", or give its text'
        )
    if isinstance(value, list | tuple | Mapping):
        check_depth(depth, path)
        refuse_lacking(value, path)
        if isinstance(value, Mapping):
            return {
                accept_key(key, path): accept_any(item, f"{path}.{key}", depth + 1)
                for key, item in value.items()
            }
        return [accept_any(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise wrong_type(path, _WANTED, value)


def check_depth(depth: int, path: str) -> None:
    """Refuse a container that DynamoDB would find nested too deeply."""
    if depth > MAX_DEPTH:
        raise refuse(
            path.partition(".")[0].partition("[")[0],
            f"is nested deeper than the {MAX_DEPTH} lists and maps that DynamoDB stores",
        )


def accept_key(key: Any, path: str) -> str:
    """A key of an open map."""
    if not isinstance(key, str):
        raise wrong_type(path, "only str as keys", key)
    if not key:
        raise refuse(path, "has an empty key, and DynamoDB stores no map with one")
    return accept_string(key, path)


def _accept_decimal(value: Decimal, path: str) -> int | float | Decimal:
    try:
        return accept_number(value, path)
    except ValidationError:
        return accept_decimal(value, path)


def accept_any_set(value: set[Any] | frozenset[Any], path: str) -> frozenset[Any]:
    """A set that is all strings, all numbers or all bytes."""
    if not value:
        raise refuse(path, "is an empty set, which DynamoDB cannot store; leave it out")
    members = frozenset(accept_any_element(member, path) for member in value)
    kinds = {_SET_KIND[member.__class__] for member in members}
    if len(kinds) > 1:
        raise refuse(path, "is a set of mixed types; DynamoDB stores sets of one type only")
    return members


def accept_any_element(value: Any, path: str) -> Any:
    """A member of a set: a string, a number or bytes."""
    if isinstance(value, bool) or not isinstance(
        value, str | int | float | Decimal | bytes | bytearray
    ):
        raise wrong_type(path, "sets of str, of numbers or of bytes", value)
    return accept_any(value, path)


_SET_KIND: Final = {str: "SS", int: "NS", float: "NS", Decimal: "NS", bytes: "BS"}


def encode_any_set(value: frozenset[Any]) -> AttributeValue:
    """A set of strings, numbers or bytes, in order."""
    kind = _SET_KIND[next(iter(value)).__class__]
    members = sorted(value)
    return {kind: [number_text(member) for member in members] if kind == "NS" else members}


def _encode_number(value: int | float | Decimal) -> AttributeValue:
    return {"N": number_text(value)}


def _encode_list(value: list[Any]) -> AttributeValue:
    return {"L": [_ENCODE[item.__class__](item) for item in value]}


def _encode_map(value: dict[str, Any]) -> AttributeValue:
    return {"M": {key: _ENCODE[item.__class__](item) for key, item in value.items()}}


_ENCODE: Final[dict[type, Callable[[Any], AttributeValue]]] = {
    str: lambda value: {"S": value},
    bool: lambda value: {"BOOL": value},
    bytes: lambda value: {"B": value},
    int: _encode_number,
    float: _encode_number,
    Decimal: _encode_number,
    type(None): lambda value: {"NULL": True},
    list: _encode_list,
    dict: _encode_map,
    frozenset: encode_any_set,
}


def encode_any(value: Any) -> AttributeValue:
    """A value that `accept_any` gave, typed for the table."""
    return _ENCODE[value.__class__](value)


_DECODE: Final[dict[str, Callable[[Any], Any]]] = {
    "S": lambda value: value,
    "BOOL": lambda value: value,
    "B": bytes,
    "N": any_number_value,
    "NULL": lambda value: None,
    "L": lambda value: [decode_any(item) for item in value],
    "M": lambda value: {key: decode_any(item) for key, item in value.items()},
    "SS": frozenset,
    "NS": lambda value: frozenset(map(any_number_value, value)),
    "BS": lambda value: frozenset(map(bytes, value)),
}


def decode_any(value: AttributeValue) -> Any:
    """The Python value of any AttributeValue. Raises UnreadableError."""
    for kind, inner in value.items():
        try:
            return _DECODE[kind](inner)
        except KeyError:
            break
    raise UnreadableError("holds something that is no AttributeValue")


def plain_any(value: Any) -> Any:
    """A value as JMESPath sees it: JSON types only."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        whole = int(value)
        return whole if whole == value else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, set | frozenset):
        return sorted(plain_any(member) for member in value)
    if isinstance(value, Mapping):
        return {key: plain_any(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_any(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no type of the schema language")
