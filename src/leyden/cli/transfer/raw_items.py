"""Raw items, with typed AttributeValues, as JSON: the form that AWS's own tools read and write."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from leyden.compile.numbers import accept_decimal
from leyden.errors import ValidationError
from leyden.program import AttributeValue, Item

_DEEPEST: Final = 32
"""How deeply DynamoDB nests lists and maps."""


def item_to_json(item: Item) -> dict[str, Any]:
    """A raw item with its fields and the members of its sets in order, and bytes as base64."""
    return {name: _to_json(item[name]) for name in sorted(item)}


def _to_json(value: AttributeValue) -> AttributeValue:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: _base64(content)}
    if kind == "BS":
        return {kind: [_base64(member) for member in sorted(content)]}
    if kind == "SS":
        return {kind: sorted(content)}
    if kind == "NS":
        return {kind: sorted(content, key=Decimal)}
    if kind == "L":
        return {kind: [_to_json(element) for element in content]}
    if kind == "M":
        return {kind: {name: _to_json(content[name]) for name in sorted(content)}}
    return value


def _base64(content: bytes) -> str:
    return base64.b64encode(bytes(content)).decode()


def item_from_json(value: Any) -> Item:
    """The raw item in a JSON object; `{"Item": {...}}`, as DynamoDB exports to S3, is taken too.

    Raises ValueError, which says where, for what is no item.
    """
    if isinstance(value, dict) and set(value) == {"Item"} and _is_item(value["Item"]):
        value = value["Item"]
    if not isinstance(value, dict):
        raise ValueError('a raw item is a JSON object, as in {"pk": {"S": "..."}}')
    return {name: _from_json(content, name, 0) for name, content in value.items()}


def _is_item(value: Any) -> bool:
    """Whether this is an item, and not the value of a field."""
    return isinstance(value, dict) and not (len(value) == 1 and set(value) <= _READ.keys())


def _from_json(value: Any, path: str, depth: int) -> AttributeValue:
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f'"{path}" is no typed value, as in {{"S": "text"}}')
    ((kind, content),) = value.items()
    if depth > _DEEPEST:
        raise ValueError(f'"{path}" is nested deeper than DynamoDB stores')
    read = _READ.get(kind)
    if read is None:
        raise ValueError(
            f'"{path}" has a type that DynamoDB does not have; known: {", ".join(_READ)}'
        )
    return {kind: read(content, path, depth)}


def _text(content: Any, path: str, depth: int) -> str:
    if not isinstance(content, str):
        raise ValueError(f'"{path}" is of type S, whose value is a string')
    return content


def _number(content: Any, path: str, depth: int) -> str:
    if not isinstance(content, str):
        raise ValueError(f'"{path}" is of type N, whose value is a number in a string')
    try:
        accept_decimal(Decimal(content), path)
    except (InvalidOperation, ValidationError):
        raise ValueError(f'"{path}" is of type N and no number that DynamoDB stores') from None
    return content


def _bytes(content: Any, path: str, depth: int) -> bytes:
    try:
        if isinstance(content, str):
            return base64.b64decode(content, validate=True)
    except binascii.Error:
        pass
    raise ValueError(f'"{path}" is of type B, whose value is base64 in a string')


def _truth(content: Any, path: str, depth: int) -> bool:
    if not isinstance(content, bool):
        raise ValueError(f'"{path}" is of type BOOL, whose value is true or false')
    return content


def _null(content: Any, path: str, depth: int) -> bool:
    if content is not True:
        raise ValueError(f'"{path}" is of type NULL, whose value is true')
    return content


def _list(content: Any, path: str, depth: int) -> list[AttributeValue]:
    if not isinstance(content, list):
        raise ValueError(f'"{path}" is of type L, whose value is an array')
    return [_from_json(element, f"{path}[{i}]", depth + 1) for i, element in enumerate(content)]


def _map(content: Any, path: str, depth: int) -> dict[str, AttributeValue]:
    if not isinstance(content, dict):
        raise ValueError(f'"{path}" is of type M, whose value is an object')
    return {name: _from_json(part, f"{path}.{name}", depth + 1) for name, part in content.items()}


def _set_of(read: Any) -> Any:
    def read_set(content: Any, path: str, depth: int) -> list[Any]:
        if not isinstance(content, list) or not content:
            raise ValueError(f'"{path}" is a set, whose value is an array that is not empty')
        members = [read(member, path, depth) for member in content]
        distinct = {Decimal(m) for m in members} if read is _number else set(members)
        if len(distinct) < len(members):
            raise ValueError(f'"{path}" is a set with a member that comes twice')
        return members

    return read_set


_READ: Final[dict[str, Any]] = {
    "S": _text,
    "N": _number,
    "B": _bytes,
    "BOOL": _truth,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set_of(_text),
    "NS": _set_of(_number),
    "BS": _set_of(_bytes),
}
