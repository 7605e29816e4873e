"""`any` and `json`: values of any shape.

`any` holds str, bool, bytes, int, float, Decimal, None, lists (tuples become lists), dicts with str
keys, and sets of strings, of numbers or of bytes. A number is an int or a float if one of them is
exact, and a Decimal otherwise, both when it is written and when it is read. `json` is stored as one
JSON text.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from leyden.errors import ValidationError
from leyden.types.base import (
    MAX_DEPTH,
    Accept,
    AttributeType,
    AttributeValue,
    Compiled,
    Likely,
    Static,
    UnreadableError,
    refuse,
    type_of,
    unchanged,
    wrong_type,
)
from leyden.types.lacking import refuse_lacking
from leyden.types.numbers import (
    accept_decimal,
    accept_number,
    any_number_value,
    natural,
    number_text,
    plain_decimal,
)
from leyden.types.text import accept_binary, accept_string
from leyden.types.times import timestamp_text

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec

_json_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_json_decode = json.JSONDecoder().decode
_LIKE_PYTHON: Final = re.compile(r"\d(?:\.0(?!\d)|e[-+]\d)")
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")

_WANTED: Final = "str, bool, bytes, int, float, Decimal, None, list, dict or set"


def accept_any(value: Any, path: str, depth: int = 1) -> Any:
    """Check that DynamoDB can store a value, and return it as it will be read.

    `depth` counts the containers around it, including itself.
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
            path, _WANTED, value, '; declare the attribute as "timestamp", or pass its text'
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
    """Refuse a container that is nested too deeply for DynamoDB."""
    if depth > MAX_DEPTH:
        raise refuse(
            path.partition(".")[0].partition("[")[0],
            f"is nested deeper than the {MAX_DEPTH} lists and maps that DynamoDB stores",
        )


def accept_key(key: Any, path: str) -> str:
    """Check a key of an open map."""
    if not isinstance(key, str):
        raise refuse(path, f"must have str keys, not {type(key).__name__}")
    if not key:
        raise refuse(path, "has an empty key, and DynamoDB stores no map with one")
    return accept_string(key, path)


def _accept_decimal(value: Decimal, path: str) -> int | float | Decimal:
    try:
        return accept_number(value, path)
    except ValidationError:
        return accept_decimal(value, path)


def accept_any_set(value: set[Any] | frozenset[Any], path: str) -> frozenset[Any]:
    """Check a set of strings, of numbers or of bytes."""
    if not value:
        raise refuse(path, "is an empty set, which DynamoDB cannot store; leave it out")
    members = frozenset(accept_any_element(member, path) for member in value)
    kinds = {_SET_KIND[member.__class__] for member in members}
    if len(kinds) > 1:
        raise refuse(path, "is a set of mixed types; DynamoDB stores sets of one type only")
    return members


def accept_any_element(value: Any, path: str) -> Any:
    """Check a member of a set: a string, a number or bytes."""
    if isinstance(value, bool) or not isinstance(
        value, str | int | float | Decimal | bytes | bytearray
    ):
        raise refuse(
            path, f"must have members of type str, number or bytes, not {type(value).__name__}"
        )
    return accept_any(value, path)


_SET_KIND: Final = {str: "SS", int: "NS", float: "NS", Decimal: "NS", bytes: "BS"}


def encode_any_set(value: frozenset[Any]) -> AttributeValue:
    """Return the AttributeValue of a set of strings, numbers or bytes, sorted."""
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
    """Return the AttributeValue of a value that `accept_any` returned."""
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
    """Return the Python value of any AttributeValue. Raises UnreadableError."""
    for kind, inner in value.items():
        try:
            return _DECODE[kind](inner)
        except KeyError:
            break
    raise UnreadableError("holds something that is not an AttributeValue")


def plain_any(value: Any) -> Any:
    """Return a value as JMESPath sees it, with JSON types only."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return plain_decimal(value)
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
    raise TypeError(f"{type(value).__name__} is not a type of the schema language")


def json_text(value: Any) -> str:
    """Return the value as JSON, byte for byte as JavaScript's `JSON.stringify` writes it.

    Ints that are too large for JavaScript keep all their digits.
    """
    text = _json_encode(value)
    if (".0" in text or "e-" in text or "e+" in text) and _LIKE_PYTHON.search(text):
        text = _write(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return text


def _write(value: Any) -> str:
    """Write JSON with floats formatted as in JavaScript; slower than `_json_encode`."""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, dict):
        members = ",".join(f"{_json_encode(key)}:{_write(item)}" for key, item in value.items())
        return f"{{{members}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_write, value))}]"
    return _json_encode(value)


def json_value(text: str) -> Any:
    """Return the value of JSON text. Raises UnreadableError if it is not JSON."""
    try:
        return _json_decode(text)
    except (ValueError, RecursionError):
        raise UnreadableError("is not JSON") from None


def accept_json(value: Any, path: str) -> Any:
    """Check a JSON value, and return a copy with tuples as lists.

    Whole floats become ints, as in a `number`. Half of a surrogate pair is kept as an escape, which
    JSON text can hold.

    Raises ValidationError for keys that are not strings, for NaN and infinity, for other Python
    objects, and for a container inside itself.
    """
    try:
        copy = _json_decode(json_text(value))
        if copy != value:
            # JSON silently changes some values, so find out which ones.
            copy = _json_decode(json_text(_jsonable(value, path)))
    except RecursionError:
        raise refuse(path, "is nested too deeply for JSON") from None
    except ValidationError:
        raise
    except (TypeError, ValueError):
        _jsonable(value, path)  # says where
        raise refuse(path, "cannot be written as JSON") from None
    return copy


def _jsonable(value: Any, path: str, around: tuple[int, ...] = ()) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value - value != 0:
            raise refuse(path, "must be a finite number, because JSON has no others")
        return value
    if id(value) in around:
        raise refuse(path, "is a container that contains itself")
    around = (*around, id(value))
    if isinstance(value, list | tuple):
        return [_jsonable(item, f"{path}[{i}]", around) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise refuse(path, f"must have str keys, as in JSON, not {type(key).__name__}")
        return {key: _jsonable(item, f"{path}.{key}", around) for key, item in value.items()}
    raise wrong_type(path, "JSON (None, bool, int, float, str, list or dict)", value)


def without_decimals(value: Any) -> Any:
    """Return a JSON value with an int or a float instead of each Decimal, if one is exact."""
    if isinstance(value, Decimal):
        return natural(value)
    if isinstance(value, list):
        return [without_decimals(item) for item in value]
    if isinstance(value, dict):
        return {key: without_decimals(item) for key, item in value.items()}
    return value


def json_ready(value: Any) -> Any:
    """Return a value of any type with JSON types, and with sorted keys of maps.

    Times are ISO text, sets are sorted lists, bytes are base64 text. A Decimal stays a Decimal, so
    that the caller can write its exact digits.
    """
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return [json_ready(member) for member in sorted(value)]
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): json_ready(value[key]) for key in sorted(value)}
    return value


def json_writer(spec: AttributeSpec) -> Callable[[Any], Any]:
    """Return the function that converts an attribute's values to JSON types."""
    own = type_of(spec).in_json
    # A `get` hook may show values of any class.
    return json_ready if own is None or spec.get is not None else own


def plain_numbers(value: Any) -> Any:
    """Convert a result of `json_ready` for writers of JSON without Decimals.

    A Decimal becomes an int or a float if one of them is exact, and text otherwise.
    """
    if isinstance(value, Decimal):
        found = natural(value)
        return number_text(found) if isinstance(found, Decimal) else found
    if isinstance(value, list):
        return [plain_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_numbers(item) for key, item in value.items()}
    return value


class JsonType(AttributeType):
    """`json`: any JSON value, stored as one JSON text."""

    name = "json"
    meaning = "Any JSON value, stored as one JSON text."
    example = "{type: json}"
    options = frozenset({"overflow"})
    holds_anything = True

    kind = "S"
    write = "json_text({0})"
    read = "json_value({0})"
    source_names = {"json_text": json_text, "json_value": json_value}  # noqa: RUF012
    accept = staticmethod(accept_json)
    pynamodb = "JSON"
    without_parts = (
        "is stored as one JSON string, and a part of a string cannot be addressed; "
        'declare it as "map", "list" or "any" if you need parts'
    )
    typed_as_json = True

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return the value unchanged."""
        return plain_any

    in_json = staticmethod(unchanged)
    """The value is shown as it is, so its keys keep their order."""

    def from_json(self, value: Any) -> Any:
        """Replace Decimals, which JSON text does not have."""
        return without_decimals(value)

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.imported("typing", "Any")

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return an object."""
        return {"example": like.number + 1}


class AnyType(AttributeType):
    """`any`: the value decides how it is stored."""

    name = "any"
    meaning = "Any value that DynamoDB can hold."
    example = "{type: any}"
    options = frozenset({"overflow"})
    generates = frozenset({"now", "uuid4", "uuid7", "ulid"})
    holds_anything = True
    operators = frozenset({"add", "subtract", "append", "delete"})
    typed_as_json = True

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept anything that DynamoDB can store."""
        return lambda value, path: accept_any(value, path, depth)

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return the value with JSON types."""
        return plain_any

    def now(self, instant: datetime) -> Any:
        """Return ISO 8601 text."""
        return timestamp_text(instant)

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.imported("typing", "Any")

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return "typed.Anything"

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return text."""
        return like.word()
