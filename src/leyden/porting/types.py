"""The types of attributes."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from leyden.porting.callbacks import membership
from leyden.porting.context import Context, Place
from leyden.porting.errors import ModelError

__all__ = ["Kind", "kind_of"]

_SAME: Final = frozenset({"string", "number", "boolean", "any", "map", "list", "set"})
_ANYTHING: Final = frozenset({"custom", "static"})


@frozen
class Kind:
    """A type in the schema's words; `validate` where the type alone does not say it all.

    `name` is the type, `enum` for a list of texts. `numeric_enum` marks a list of numbers, which
    is an enum to ElectroDB and so is never a number by itself in a key.
    """

    name: str
    type: str | list[str]
    validate: str | None = None
    numeric_enum: bool = False


def kind_of(raw: Any, place: Place, context: Context) -> Kind:
    """The type that `type` (or the `items` of a set) says. Raises ModelError for no type."""
    if isinstance(raw, list):
        return _enum(raw, place, context)
    if raw is None:
        return Kind("string", "string")
    if (isinstance(raw, dict) and "$symbol" in raw) or raw in _ANYTHING:
        return Kind("any", "any")
    if raw == "enum":
        context.adapt(
            place,
            "an enum without values, which no value fits",
            "list the values here",
        )
        return Kind("string", "string")
    if not isinstance(raw, str) or raw not in _SAME:
        shown = f'"{raw}"' if isinstance(raw, str) else f"a {type(raw).__name__}"
        raise ModelError(f"{shown} is no type that ElectroDB has", place=str(place))
    return Kind(raw, raw)


def _enum(values: list[Any], place: Place, context: Context) -> Kind:
    distinct = list(
        {(type(value).__name__, value): value for value in _plain(values, place)}.values()
    )
    if not distinct:
        context.adapt(place, "an enum without values, which no value fits", "list the values here")
        return Kind("string", "string")
    if all(isinstance(value, str) for value in distinct):
        if all(distinct):
            return Kind("enum", distinct)
        return Kind("string", "string", membership(distinct))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct):
        return Kind("number", "number", membership(distinct), numeric_enum=True)
    return Kind("any", "any", membership(distinct))


def _plain(values: list[Any], place: Place) -> list[Any]:
    for value in values:
        if not isinstance(value, str | int | float | bool):
            raise ModelError("the values of an enum are texts or numbers", place=str(place))
    return values
