"""Literals of a schema, checked against their attribute and turned into its Python values."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.nodes import Listing, Mapping, Node, Odd, Scalar, described
from leyden.schema.regexps import searching
from leyden.schema.spec import AttributeSpec, Span

_MOST_DIGITS: Final = 38
_LEAST_EXPONENT: Final = -130
_MOST_EXPONENT: Final = 125
_LATEST_EPOCH: Final = 253_402_300_799


class LiteralError(ValueError):
    """A literal that its attribute does not take; `span` says where in the literal."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span


def literal_value(attribute: AttributeSpec, node: Node, where: str) -> Any:
    """The literal as the attribute's Python value.

    A timestamp is an aware datetime, written as ISO 8601 with its offset; a ttl one as well,
    written so or in epoch seconds; binary is bytes, written in base64; a decimal may be
    written in quotes; a set is a frozenset. Raises LiteralError, with `where` in its message.
    """
    value = _typed(attribute, node, where)
    _within_limits(attribute, value, node, where)
    return value


def lacking(attribute: AttributeSpec, node: Node, where: str) -> list[tuple[Span, str]]:
    """The required properties that a literal does not give: where it should, and their paths."""
    if isinstance(node, Listing) and attribute.items is not None:
        found = [lacking(attribute.items, v, f"{where}[{i}]") for i, v in enumerate(node.items)]
        return [pair for pairs in found for pair in pairs]
    if not isinstance(node, Mapping) or attribute.properties is None:
        return []
    missing = []
    for name, part in attribute.properties.items():
        entry = node.entries.get(name)
        if entry is not None:
            missing += lacking(part, entry.value, f"{where}.{name}")
        elif part.required and part.default is None:
            missing.append((node.span, f"{where}.{name}"))
    return missing


def _wrong(node: Node, where: str, what: str) -> LiteralError:
    hint = ""
    if what == "text" and isinstance(node, Scalar) and node.text:
        hint = "; put it in quotes"
    return LiteralError(node.span, f"{where} must be {what}, not {described(node)}{hint}")


def _typed(attribute: AttributeSpec, node: Node, where: str) -> Any:
    kind = attribute.type
    if kind in ("list", "set", "map"):
        return _container(attribute, node, where)
    if kind in ("any", "json"):
        return _free(node, where, binary=kind == "any")
    if not isinstance(node, Scalar):
        raise _wrong(node, where, _WANTED.get(kind, "a single value"))
    value = node.value
    if kind in ("string", "enum"):
        if not isinstance(value, str):
            raise _wrong(node, where, "text")
        if kind == "enum" and value not in attribute.values:
            hint = did_you_mean(value, attribute.values)
            choices = listed(attribute.values, "or")
            raise LiteralError(node.span, f"{where} must be {choices}, not {quoted(value)}{hint}")
        return value
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _wrong(node, where, "true or false")
        return value
    if kind == "binary":
        return _binary(node, where)
    if kind in ("timestamp", "ttl"):
        return _moment(node, where, epoch=kind == "ttl")
    return _number(kind, node, where)


_WANTED: Final = {
    "string": "text",
    "enum": "text",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "decimal": "a number",
    "binary": "text in base64",
    "timestamp": "a time in ISO 8601",
    "ttl": "a time in ISO 8601 or in epoch seconds",
}


def _number(kind: str, node: Scalar, where: str) -> Any:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise _wrong(node, where, _WANTED[kind])
    if kind == "integer" and not isinstance(value, int):
        raise _wrong(node, where, "a whole number")
    if kind == "number" and not isinstance(value, (int, float)):
        raise _wrong(node, where, "a number")
    try:
        written = node.text if isinstance(value, float) and node.text else None
        exact = Decimal(written if written else repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise _wrong(node, where, "a number") from None
    if not exact.is_finite():
        raise _wrong(node, where, "a finite number")
    # Not `normalize`, which rounds.
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if len(digits) > _MOST_DIGITS:
        raise LiteralError(node.span, f"{where} has more than {_MOST_DIGITS} digits")
    if exact and not _LEAST_EXPONENT <= exact.adjusted() <= _MOST_EXPONENT:
        raise LiteralError(node.span, f"{where} is outside of what DynamoDB can store")
    return exact if kind == "decimal" else value


def _binary(node: Scalar, where: str) -> bytes:
    if isinstance(node.value, bytes):
        return node.value
    if not isinstance(node.value, str):
        raise _wrong(node, where, "text in base64")
    try:
        return base64.b64decode(node.value, validate=True)
    except (binascii.Error, ValueError):
        raise LiteralError(node.span, f"{where} must be text in base64") from None


def _moment(node: Scalar, where: str, *, epoch: bool) -> datetime:
    value = node.value
    wanted = "a time in ISO 8601 or in epoch seconds" if epoch else "a time in ISO 8601"
    if isinstance(value, datetime):
        moment = value
    elif epoch and isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= _LATEST_EPOCH:
            raise LiteralError(node.span, f"{where} must be {wanted}")
        return datetime.fromtimestamp(value, UTC)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise LiteralError(
                node.span, f"{where} must be {wanted}: 2024-01-31T12:00:00Z"
            ) from None
    else:
        raise _wrong(node, where, wanted)
    if moment.tzinfo is None:
        raise LiteralError(node.span, f"{where} must say its offset from UTC: end it in Z")
    return moment.astimezone(UTC)


def _free(node: Node, where: str, *, binary: bool) -> Any:
    """Any value of JSON; for an attribute of type `any` also what DynamoDB knows beside it."""
    if isinstance(node, Listing):
        return [_free(item, f"{where}[{i}]", binary=binary) for i, item in enumerate(node.items)]
    if isinstance(node, Mapping):
        return {
            name: _free(entry.value, f"{where}.{name}", binary=binary)
            for name, entry in node.entries.items()
        }
    fits = node.value is None or isinstance(node.value, (bool, int, float, str))
    if binary and isinstance(node.value, (bytes, Decimal)):
        fits = True
    if not fits or isinstance(node.value, Odd):
        raise _wrong(node, where, "a value that can be stored")
    return node.value


def _container(attribute: AttributeSpec, node: Node, where: str) -> Any:
    if attribute.type == "map":
        return _map(attribute, node, where)
    if not isinstance(node, Listing):
        raise _wrong(node, where, "a list")
    element = attribute.items
    values = [
        _free(item, f"{where}[{i}]", binary=True)
        if element is None
        else literal_value(element, item, f"{where}[{i}]")
        for i, item in enumerate(node.items)
    ]
    if attribute.type == "list":
        return values
    kinds = {"number" if isinstance(v, (int, float, Decimal)) else type(v).__name__ for v in values}
    if len(kinds) > 1 or kinds & {"list", "dict", "NoneType"}:
        raise LiteralError(node.span, f"{where} must hold values of one kind, as a set does")
    if not values:
        raise LiteralError(node.span, f"{where} is an empty set, which DynamoDB cannot store")
    if len(set(values)) < len(values):
        raise LiteralError(node.span, f"{where} holds a value twice")
    return frozenset(values)


def _map(attribute: AttributeSpec, node: Node, where: str) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        raise _wrong(node, where, "a mapping")
    if attribute.properties is None:
        return {k: _free(e.value, f"{where}.{k}", binary=True) for k, e in node.entries.items()}
    known = attribute.properties
    for name, entry in node.entries.items():
        if name not in known:
            hint = did_you_mean(name, known)
            raise LiteralError(entry.span, f"{where} has no property {quoted(name)}{hint}")
    return {
        name: literal_value(known[name], entry.value, f"{where}.{name}")
        for name, entry in node.entries.items()
    }


def _within_limits(attribute: AttributeSpec, value: Any, node: Node, where: str) -> None:
    size = value.timestamp() if isinstance(value, datetime) else value
    if attribute.min is not None and size < attribute.min:
        raise LiteralError(node.span, f"{where} is less than `min`")
    if attribute.max is not None and size > attribute.max:
        raise LiteralError(node.span, f"{where} is more than `max`")
    if attribute.min_length is not None and len(value) < attribute.min_length:
        raise LiteralError(node.span, f"{where} is shorter than `min_length`")
    if attribute.max_length is not None and len(value) > attribute.max_length:
        raise LiteralError(node.span, f"{where} is longer than `max_length`")
    if attribute.pattern is not None and not searching(attribute.pattern)(value):
        raise LiteralError(node.span, f"{where} does not match `pattern`")
