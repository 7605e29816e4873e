"""Strings, booleans, bytes and JSON: checked on the way in, written and read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from leyden.compile.faults import UnreadableError, refuse, wrong_type
from leyden.errors import ValidationError
from leyden.keys.text import number_text

__all__ = [
    "accept_binary",
    "accept_boolean",
    "accept_json",
    "accept_string",
    "json_text",
    "json_value",
]

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().decode
_LIKE_PYTHON: Final = re.compile(r"\d(?:\.0(?!\d)|e[-+]\d)")
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")


def accept_string(value: Any, path: str) -> str:
    """A str that can be stored as UTF-8; members of string enums become plain strings."""
    if value.__class__ is not str:
        if not isinstance(value, str):
            raise wrong_type(path, "a str", value)
        value = str.__str__(value)
    text: str = value
    if not text.isascii():
        _check_encodable(text, path)
    return text


def _check_encodable(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse(
            path, "holds half of a surrogate pair, which cannot be stored as UTF-8"
        ) from None


def accept_boolean(value: Any, path: str) -> bool:
    """True or False, nothing that merely counts as such."""
    if value is True or value is False:
        return value
    raise wrong_type(path, "a bool", value)


def accept_binary(value: Any, path: str) -> bytes:
    """Bytes, copied where they could change later."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise wrong_type(path, "bytes", value)


def json_text(value: Any) -> str:
    """The value as JSON, byte for byte as JavaScript's `JSON.stringify` writes it.

    Ints beyond JavaScript's exact ones keep all their digits.
    """
    text = _encode(value)
    if (".0" in text or "e-" in text or "e+" in text) and _LIKE_PYTHON.search(text):
        text = _write(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return text


def _write(value: Any) -> str:
    """JSON with floats as JavaScript lays them out; slower than `_encode`."""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, dict):
        members = ",".join(f"{_encode(key)}:{_write(item)}" for key, item in value.items())
        return f"{{{members}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_write, value))}]"
    return _encode(value)


def json_value(text: str) -> Any:
    """What JSON text says. Raises UnreadableError where it is no JSON."""
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        raise UnreadableError("is no JSON") from None


def accept_json(value: Any, path: str) -> Any:
    """A copy of a JSON value, with tuples as lists.

    Whole floats become ints, as in a `number`. Half of a surrogate pair is kept, as an escape:
    JSON text can hold one.

    Refused are keys that are no strings, NaN and infinity, other Python objects, and a
    container inside itself.
    """
    try:
        copy = _decode(json_text(value))
        if copy != value:
            # JSON rewrites some values in silence: look closer at which ones these are.
            copy = _decode(json_text(_jsonable(value, path)))
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
            raise refuse(path, "is not a finite number, and JSON has no other")
        return value
    if id(value) in around:
        raise refuse(path, "is a container that holds itself")
    around = (*around, id(value))
    if isinstance(value, list | tuple):
        return [_jsonable(item, f"{path}[{i}]", around) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise wrong_type(path, "only str as keys of JSON objects", key)
        return {key: _jsonable(item, f"{path}.{key}", around) for key, item in value.items()}
    raise wrong_type(path, "JSON values only (None, bool, int, float, str, list, dict)", value)
