"""The halves of index keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from leyden.porting.context import Context, Place
from leyden.porting.errors import ModelError

__all__ = ["Half", "parts_of_template", "read_half"]

_CASINGS: Final = frozenset({"default", "upper", "lower", "none"})
_CASTS: Final = frozenset({"string", "number"})
_OLD_NAME: Final = re.compile(r":(\w+)")
"""How the first versions of ElectroDB wrote an attribute in a template."""

_KNOWN: Final = frozenset({"field", "composite", "facets", "template", "casing", "cast"})


@frozen
class Half:
    """A partition or sort key as the model says it, with the model's names.

    `template` holds literal and name in turn (the last name may be empty); None where the key
    has no template. `listed` says whether `composite` was given.
    """

    field: str | None
    composite: tuple[str, ...]
    template: tuple[tuple[str, str], ...] | None
    casing: str
    cast: str | None
    listed: bool

    def is_lone(self, fields: Mapping[str, str]) -> bool:
        """Whether the key is one attribute's bare value. `fields` are the attributes' fields."""
        if self.template is not None:
            return len(self.composite) == 1 and not any(literal for literal, _ in self.template)
        # ElectroDB goes by the attribute's name here.
        return self.composite == (self.field,) and self.field in fields.values()


def parts_of_template(text: str) -> tuple[tuple[str, str], ...]:
    """A template as ElectroDB reads it: literal and name in turn.

    >>> parts_of_template("A#${a}#B")
    (('A#', 'a'), ('#B', ''))
    """
    parts: list[tuple[str, str]] = []
    literal, name, naming = "", "", False
    for i, character in enumerate(text):
        if not naming and character == "{" and text[i - 1 : i] == "$":
            naming = True
        elif naming and character == "}":
            parts.append((literal, name))
            literal, name, naming = "", "", False
        elif not naming and character == "$" and text[i + 1 : i + 2] == "{":
            continue
        elif naming:
            name += character
        else:
            literal += character
    if literal or name:
        parts.append((literal, name))
    return tuple(parts)


def _note_no_names(
    template: str,
    names: tuple[str, ...],
    place: Place,
    context: Context,
    fields: Mapping[str, str],
) -> None:
    """Say where a template looks as if it named attributes, and ElectroDB takes it as it stands."""
    meant = [name for name in _OLD_NAME.findall(template) if name in fields]
    if meant and not names:
        context.adapt(
            place.at("template"),
            f'ElectroDB reads no ":{meant[0]}" here, so the same key stands in all items',
            f"write ${{{meant[0]}}} if that is meant, which moves the items",
        )


def read_half(
    raw: Any, place: Place, context: Context, *, multi: bool, fields: Mapping[str, str]
) -> Half:
    """Read one key. `multi` says that it belongs to an index of the type `composite`."""
    if not isinstance(raw, Mapping):
        raise ModelError("must be an object", place=str(place))
    raw = {option: value for option, value in raw.items() if value is not None}
    for option in raw:
        if option not in _KNOWN:
            context.adapt(
                place.at(option), "without effect: ElectroDB has no such option", "it is left out"
            )
    # In this order: a template wins over `composite`, and that over the older `facets`.
    facets = raw.get("facets")
    composite, template = raw.get("composite"), raw.get("template")
    if composite is None and template is None:
        if isinstance(facets, str):
            template = facets
        else:
            composite = facets
    if template is None and not isinstance(composite, list):
        raise ModelError("does not say what the key is made of", place=str(place))
    parts = None
    listed = isinstance(composite, list) and template != ""
    names: tuple[str, ...] = tuple(composite) if listed and composite is not None else ()
    if template:
        if not isinstance(template, str):
            raise ModelError("must be text", place=str(place.at("template")))
        parts = parts_of_template(template)
        names = tuple(name for _, name in parts if name)
        _note_no_names(template, names, place, context, fields)
    for name in names:
        if name not in fields:
            raise ModelError(f'"{name}" is no attribute', place=str(place))
    casing, cast = raw.get("casing", "default"), raw.get("cast")
    if casing not in _CASINGS:
        raise ModelError("must be upper, lower, none or default", place=str(place.at("casing")))
    if cast is not None and cast not in _CASTS:
        raise ModelError("must be string or number", place=str(place.at("cast")))
    if multi:
        for option in ("template", "casing", "cast"):
            if option in raw:
                context.adapt(
                    place.at(option),
                    "without effect: an index of the type composite builds no key",
                    "it is left out",
                )
        return Half(None, names, None, "default", None, listed=True)
    field = raw.get("field")
    if not isinstance(field, str) or not field:
        raise ModelError("must be text", place=str(place.at("field")))
    return Half(field, names, parts, casing, cast, listed)
