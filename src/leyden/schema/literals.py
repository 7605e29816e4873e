"""Literals of a schema, checked against their attribute and turned into its Python values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from leyden._text import did_you_mean, quoted
from leyden.schema.regexps import searching
from leyden.schema.spec import AttributeSpec, Span
from leyden.schema.structure import Listing, Mapping, Node, Odd, Scalar, described
from leyden.types import type_of
from leyden.types.base import WrongLiteralError


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
    kind = type_of(attribute)
    if attribute.type in ("list", "set", "map"):
        return _container(attribute, node, where)
    if kind.holds_anything:
        return _free(node, where, binary=not kind.kind)
    if not isinstance(node, Scalar):
        raise _wrong(node, where, kind.wanted)
    try:
        return kind.literal(attribute, node.value, node.text)
    except WrongLiteralError as error:
        raise _wrong(node, where, str(error)) from None
    except ValueError as error:
        raise LiteralError(node.span, f"{where} {error}") from None


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
    size = type_of(attribute).size(value)
    least, most = attribute.min_length, attribute.max_length
    problem = ""
    if attribute.min is not None and size < attribute.min:
        problem = f"must be at least {attribute.min} (`min`)"
    elif attribute.max is not None and size > attribute.max:
        problem = f"must be at most {attribute.max} (`max`)"
    elif least is not None and len(value) < least:
        problem = f"must have a length of at least {least} (`min_length`)"
    elif most is not None and len(value) > most:
        problem = f"must have a length of at most {most} (`max_length`)"
    elif attribute.pattern is not None and not searching(attribute.pattern)(value):
        problem = "must match `pattern`"
    if problem:
        raise LiteralError(node.span, f"{where} {problem}")
