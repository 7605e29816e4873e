"""Arguments of the form `attribute=value`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import click

from leyden import Entity
from leyden._text import did_you_mean
from leyden.cli.values.text_values import value_from_text
from leyden.errors import UnknownAttributeError
from leyden.schema.spec import AttributeSpec

RANGE: Final = ".."
"""What stands between the two ends of `--between`."""


def read_pairs(entity: Entity, arguments: Iterable[str], *, hint: str) -> dict[str, Any]:
    """The values of `attribute=value` arguments, by attribute.

    `hint` names the argument or option in messages. Raises click's BadParameter for what has
    no `=` or comes twice, UnknownAttributeError and ValidationError.
    """
    values: dict[str, Any] = {}
    for argument in arguments:
        name, text = split_pair(argument, hint=hint)
        if name in values:
            raise click.BadParameter(f'"{name}" is given twice', param_hint=hint)
        values[name] = value_from_text(attribute_named(entity, name), text)
    return values


def read_limits(
    entity: Entity, arguments: Iterable[str], *, hint: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two ends of `attribute=from..to` arguments."""
    start: dict[str, Any] = {}
    end: dict[str, Any] = {}
    for argument in arguments:
        name, text = split_pair(argument, hint=hint)
        if name in start:
            raise click.BadParameter(f'"{name}" is given twice', param_hint=hint)
        low, separator, high = text.partition(RANGE)
        if RANGE in high:
            raise click.BadParameter(
                f'"{name}" has {RANGE} more than once, so its two ends cannot be told apart; '
                f"an end with {RANGE} in it goes to --gte or --lte",
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


def split_pair(argument: str, *, hint: str) -> tuple[str, str]:
    """The name and the text of `name=text`."""
    name, equals, text = argument.partition("=")
    if not equals or not name:
        raise click.BadParameter(
            f'"{name or argument}" is no attribute=value; write it as in project_id=p1',
            param_hint=hint,
        )
    return name, text


def attribute_named(entity: Entity, name: str) -> AttributeSpec:
    """The attribute's schema. Raises UnknownAttributeError."""
    found = entity.spec.attributes.get(name)
    if found is None:
        raise UnknownAttributeError(
            f'"{entity.name}" has no attribute "{name}"'
            f"{did_you_mean(name, entity.spec.attributes)}",
            entity=entity.name,
        )
    return found
