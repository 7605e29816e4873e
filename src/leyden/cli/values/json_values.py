"""JSON into values, by attribute type: the way back from `leyden.cli.output.plain`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from leyden.cli.output.plain import searchable
from leyden.errors import ValidationError
from leyden.schema.spec import AttributeSpec

_MOST_DIGITS: Final = 400
"""Far more than a number in a table has; to read a longer one would only take time and memory."""


def read_json(text: str) -> Any:
    """What JSON text says, with fractions as Decimals.

    Raises ValueError, in words and with the line and column, for what is no JSON, for an object
    that has a name twice, and for NaN and Infinity.
    """
    try:
        return json.loads(
            text,
            parse_float=_fraction,
            parse_int=_whole,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise ValueError("no JSON that can be read: it is nested too deeply") from None


def value_from_json(spec: AttributeSpec, value: Any, path: str | None = None) -> Any:
    """A value for an attribute from what JSON says of it.

    Only what JSON has no type for is turned into something else; whether the value fits is for
    the entity to say. Raises ValidationError for text that cannot be turned.
    """
    path = path or spec.name
    if value is None:
        return None
    kind = spec.type
    if kind == "json":
        return searchable(value)
    if kind == "ttl":
        return _ttl(value, path)
    if kind == "binary" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            raise ValidationError(f'"{path}" takes bytes as base64 text', path=path) from None
    if kind in ("list", "set") and isinstance(value, list) and spec.items is not None:
        element = spec.items
        return [value_from_json(element, v, f"{path}[{i}]") for i, v in enumerate(value)]
    if kind == "map" and isinstance(value, dict) and spec.properties is not None:
        parts: Mapping[str, AttributeSpec] = spec.properties
        return {
            name: value_from_json(parts[name], v, f"{path}.{name}") if name in parts else v
            for name, v in value.items()
        }
    if kind == "integer":
        return searchable(value)
    return value


def survives_json(spec: AttributeSpec, value: Any) -> bool:
    """Whether a value comes back as it is, from `plain` by way of `value_from_json`.

    Sets and bytes that no attribute is declared for come back as lists and as text.
    """
    if isinstance(value, bytes):
        return spec.type == "binary"
    if isinstance(value, set | frozenset) and spec.type != "set":
        return False
    if isinstance(value, list | set | frozenset):
        element = spec.items or _UNDECLARED
        return all(survives_json(element, member) for member in value)
    if isinstance(value, dict):
        parts = spec.properties or {}
        return all(survives_json(parts.get(name, _UNDECLARED), v) for name, v in value.items())
    return True


_UNDECLARED: Final = AttributeSpec("", "any", "", "")


def _ttl(value: Any, path: str) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise ValidationError(
                f'"{path}" takes an ISO 8601 time with an offset, or seconds since 1970', path=path
            ) from None
    return searchable(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'an object has the name "{name}" twice')
        found[name] = value
    return found


def _fraction(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= _MOST_DIGITS else None
    if number is None or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(text)


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"no JSON: {text} is no number there")
