"""What people type into values, by attribute type."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from leyden.cli.values.json_values import read_json, value_from_json
from leyden.errors import ValidationError
from leyden.schema.spec import AttributeSpec

_TRUTH: Final = {"true": True, "false": False}
_JSON_TYPES: Final = frozenset({"json", "list", "set", "map", "any"})


def value_from_text(spec: AttributeSpec, text: str, path: str | None = None) -> Any:
    """A value for an attribute from what was typed.

    Numbers as digits, booleans as `true` and `false`, times as ISO 8601 text (a `ttl` also as
    seconds since 1970), bytes as base64, and JSON for `json`, `list`, `set`, `map` and `any`.
    Raises ValidationError for text that is none of that.
    """
    path = path or spec.name
    kind = spec.type
    if kind == "boolean":
        truth = _TRUTH.get(text.lower())
        if truth is None:
            raise _refuse(path, "takes true or false")
        return truth
    if kind == "integer":
        try:
            return int(text, 10)
        except ValueError:
            raise _refuse(path, "takes a whole number") from None
    if kind in ("number", "decimal"):
        return _number(text, path)
    if kind == "ttl" and text.lstrip("-").isdecimal():
        return int(text)
    if kind in _JSON_TYPES:
        try:
            found = read_json(text)
        except ValueError as error:
            raise _refuse(path, f"takes JSON, and this is {error}{_hint(kind)}") from None
        return value_from_json(spec, found, path)
    return value_from_json(spec, text, path)


def _number(text: str, path: str) -> Decimal | int:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _refuse(path, "takes a number") from None
    if not number.is_finite():
        raise _refuse(path, "takes a finite number")
    return number


def _hint(kind: str) -> str:
    if kind in ("list", "set"):
        return """; write it as in '["a", "b"]'"""
    if kind == "map":
        return """; write it as in '{"a": 1}'"""
    return """; write text in double quotes, as in '"text"'"""


def _refuse(path: str, what: str) -> ValidationError:
    return ValidationError(f'"{path}" {what}', path=path)
