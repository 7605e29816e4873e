"""Values of attributes as people type them, as JSON, and back.

In JSON, times are ISO text, sets are sorted lists, and bytes are base64 text. A Decimal stays a
Decimal, so that its digits do not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from leyden._text import did_you_mean
from leyden.errors import UnknownAttributeError
from leyden.schema import AttributeSpec
from leyden.types import json_writer, number_text, refuse, type_of, value_from_json, variant_spec

if TYPE_CHECKING:
    from leyden import Entity

RANGE: Final = ".."
"""What separates the two ends of `--between`."""

_MOST_DIGITS: Final = 400
"""Far more digits than stored numbers have. Longer ones would only take time and memory."""

_UNDECLARED: Final = AttributeSpec("", "any", "", "")


# ---- values as JSON has them


class Numbers(list[float]):
    """A vector as JSON; tables only show its beginning."""


def plain_record(entity: Entity, record: Any) -> dict[str, Any]:
    """Return a record's values by attribute name, in the schema's order, without absent ones."""
    slots = entity.mapping.slots
    values = {name: getattr(record, slot, None) for name, slot in slots.items()}
    attributes = entity.spec.attributes
    shown = {
        name: json_writer(attributes[name])(value)
        for name, value in values.items()
        if value is not None
    }
    vectors = (name for name in shown if attributes[name].type == "vector")
    return shown | {name: Numbers(shown[name]) for name in vectors}


def json_text(value: Any, *, indent: int | None = None, _line: str = "\n") -> str:
    """Return a plain value as JSON: on one line, or with `indent` spaces a level."""
    if isinstance(value, Decimal):
        return number_text(value)
    inner = _line + " " * (indent or 0)
    if isinstance(value, dict):
        ends = "{}"
        entries = [
            f"{json.dumps(key, ensure_ascii=False)}: {json_text(part, indent=indent, _line=inner)}"
            for key, part in value.items()
        ]
    elif isinstance(value, list | tuple):
        ends = "[]"
        entries = [json_text(item, indent=indent, _line=inner) for item in value]
        if isinstance(value, Numbers):
            # A vector with a number a line would fill the screen.
            indent = None
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if indent is None or not entries:
        return ends[0] + ", ".join(entries) + ends[1]
    return ends[0] + inner + f",{inner}".join(entries) + _line + ends[1]


# ---- JSON into values


class JsonTextError(ValueError):
    """Text that is not JSON; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


def read_json(text: str) -> Any:
    """Return the value of JSON text, with fractions as Decimals.

    Raises ValueError, with a message that names the column, for text that is not JSON, for an
    object with a name twice, and for NaN and Infinity.
    """
    try:
        return json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        place = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}"
        raise JsonTextError(
            f"this is not valid JSON: {error.msg} at {place}", error.colno
        ) from None
    except RecursionError:
        raise ValueError("this JSON is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'an object has the name "{name}" twice')
        found[name] = value
    return found


def _number(text: str) -> int | Decimal:
    number = Decimal(text) if len(text) <= _MOST_DIGITS else None
    if number is None or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return number if set(text) & {*".eE"} else int(text)


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"this is not valid JSON: {text} is not a JSON number")


def survives_json(spec: AttributeSpec, value: Any) -> bool:
    """Return whether `json_writer` and then `value_from_json` give the same value again.

    Sets and bytes without a declared type become lists and text.
    """
    if isinstance(value, bytes):
        return type_of(spec).kind == "B"
    if isinstance(value, set | frozenset) and spec.type != "set":
        return False
    if isinstance(value, list | set | frozenset):
        element = spec.items or _UNDECLARED
        return all(survives_json(element, member) for member in value)
    if isinstance(value, dict):
        parts = (variant_spec(spec, value) or spec).properties or {}
        return all(survives_json(parts.get(name, _UNDECLARED), v) for name, v in value.items())
    return True


# ---- what people type


def value_from_text(spec: AttributeSpec, text: str, path: str | None = None) -> Any:
    """Return a value for an attribute from typed text.

    Numbers are digits, booleans are `true` and `false`, times are ISO 8601 text (a `ttl` may also
    be seconds since 1970), bytes are base64, and `json`, `list`, `set`, `map` and `any` take JSON.
    Raises ValidationError for any other text.
    """
    path = path or spec.name
    kind = type_of(spec)
    try:
        if not kind.typed_as_json:
            return kind.from_text(text)
        found = read_json(text)
    except ValueError as error:
        reason = f"takes JSON, but {error}; {kind.json_hint}"
        raise refuse(path, reason if kind.typed_as_json else str(error)) from None
    return value_from_json(spec, found, path)


def read_pairs(entity: Entity, arguments: Iterable[str], *, hint: str) -> dict[str, Any]:
    """Return the values of `attribute=value` arguments, by attribute.

    `hint` names the argument or option in messages. Raises click's BadParameter if an argument has
    no `=` or occurs twice, and UnknownAttributeError or ValidationError.
    """
    names = entity.spec.primary.composites
    return {
        name: value_from_text(attribute_named(entity, name), text)
        for name, text in split_pairs(arguments, hint=hint, example=names[0]).items()
    }


def read_limits(
    entity: Entity, arguments: Iterable[str], *, hint: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two ends of `attribute=from..to` arguments."""
    start: dict[str, Any] = {}
    end: dict[str, Any] = {}
    for name, text in split_pairs(arguments, hint=hint).items():
        low, separator, high = text.partition(RANGE)
        if RANGE in high:
            raise click.BadParameter(
                f'"{name}" has {RANGE} more than once, so its two ends are ambiguous; use --gte '
                f"or --lte for a value with {RANGE} in it",
                param_hint=hint,
            )
        if not separator or not low or not high:
            raise click.BadParameter(
                f'"{name}" needs two values with {RANGE} between them, as in {name}=a{RANGE}f',
                param_hint=hint,
            )
        attribute = attribute_named(entity, name)
        start[name] = value_from_text(attribute, low)
        end[name] = value_from_text(attribute, high)
    return start, end


def split_pairs(
    arguments: Iterable[str], *, hint: str, example: str = "project_id"
) -> dict[str, str]:
    """Return the texts of `name=text` arguments, by name. Raises click's BadParameter."""
    found: dict[str, str] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if argument.startswith("{"):
            raise click.BadParameter(
                f"write an attribute as NAME=VALUE, as in {example}=x; `leyden put` and `create` "
                "take a JSON object with --json-item",
                param_hint=hint,
            )
        if not equals or not name:
            word = name.rstrip(":") or "NAME"
            raise click.BadParameter(
                f'"{name or argument}" must have the form NAME=VALUE, without spaces around the =, '
                f"as in {word if name.endswith(':') else example}=x",
                param_hint=hint,
            )
        if name in found:
            raise click.BadParameter(f'"{name}" occurs twice', param_hint=hint)
        found[name] = text
    return found


def attribute_named(entity: Entity, name: str) -> AttributeSpec:
    """Return the attribute's schema. Raises UnknownAttributeError."""
    found = entity.spec.attributes.get(name)
    if found is None:
        error = UnknownAttributeError(
            f'"{entity.name}" has no attribute "{name}"'
            f"{did_you_mean(name, entity.spec.attributes)}",
            entity=entity.name,
        )
        error.name = name
        raise error
    return found
