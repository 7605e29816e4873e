"""Maps and lists that lack some of what is stored, and know it.

A map in a record is a plain dict. If some of its properties are hidden or unknown to the schema, it
is a `LackingMap`: a dict in every respect, but writing it raises an error, because that would erase
what it lacks. The same applies to lists, of which an update may return only some elements.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from leyden.types.base import Compiled, refuse

__all__ = [
    "LackingList",
    "LackingMap",
    "excerpt",
    "has_properties",
    "lacking_properties",
    "places_lacking",
    "refuse_lacking",
]


class LackingMap(dict[str, Any]):
    """A map without some of its properties; `lacks` names them, None if they are unknown."""

    __slots__ = ("lacks",)

    def __init__(self, values: Mapping[str, Any] = {}, lacks: Iterable[str] | None = None) -> None:
        super().__init__(values)
        self.lacks = None if lacks is None else tuple(lacks)

    @property
    def left_out(self) -> tuple[str, ...] | None:
        """The properties that it still lacks; properties that were added since do not count."""
        lacks = self.lacks
        return None if lacks is None else tuple(name for name in lacks if name not in self)

    def copy(self) -> LackingMap:
        """Return a copy that lacks the same parts."""
        return copy.copy(self)

    def __or__(self, other: Any) -> Any:
        merged = super().__or__(other)
        return merged if merged is NotImplemented else LackingMap(merged, self.lacks)

    def __ror__(self, other: Any) -> Any:
        merged = super().__ror__(other)
        return merged if merged is NotImplemented else LackingMap(merged, self.lacks)


class LackingList(list[Any]):
    """A list that lacks some of the stored elements."""

    __slots__ = ()

    def copy(self) -> LackingList:
        """Return a copy that lacks the same parts."""
        return LackingList(self)


def refuse_lacking(value: Any, path: str) -> None:
    """Raise ValidationError for a map or a list that was read without some of its parts."""
    if value.__class__ is LackingList:
        raise refuse(path, f"is a part of the stored list, as an update returned it; {_ADVICE}")
    if value.__class__ is not LackingMap or value.left_out == ():
        return
    if value.left_out is None:
        raise refuse(path, f"is a part of the stored map, as an update returned it; {_ADVICE}")
    names = ", ".join(f'"{name}"' for name in value.left_out)
    raise refuse(
        path,
        f"was read without {names}, which is hidden or unknown to the schema, so writing it would "
        f"erase that; {_ADVICE}",
    )


_ADVICE = (
    'set the parts that change by their paths, as in .set({"detail.effort": 3}), or pass a whole '
    "value that you made yourself"
)


def lacking_properties(
    properties: Mapping[str, Compiled],
) -> Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """Return the function that marks a decoded map whose stored form has more properties.

    The function gets the value, and the stored properties by field.
    """
    known = frozenset(part.spec.field for part in properties.values())

    def lacking(value: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
        unknown = sorted(stored.keys() - known)
        return LackingMap(value, unknown) if unknown else value

    return lacking


def excerpt(value: Any) -> Any:
    """Mark a value of which an update returned only the changed parts."""
    if isinstance(value, dict):
        return LackingMap(value)
    return LackingList(value) if isinstance(value, list) else value


def has_properties(attribute: Compiled) -> bool:
    """Return whether an attribute's values contain maps with declared properties, or unions."""
    if attribute.properties is not None or attribute.variants is not None:
        return True
    return attribute.items is not None and has_properties(attribute.items)


def places_lacking(attribute: Compiled, value: Any) -> Iterator[str]:
    """Yield the places in a value where something is left out: `card.number`, `cards[].number`."""
    if isinstance(value, LackingMap):
        for name in value.left_out or ():
            yield f"{attribute.path}.{name}"
    properties = attribute.properties
    if attribute.variants is not None and isinstance(value, dict):
        tagged = value.get(attribute.spec.tag)
        variant = attribute.variants.get(tagged) if isinstance(tagged, str) else None
        properties = variant.properties if variant is not None else None
    if properties is not None and isinstance(value, dict):
        for name, part in properties.items():
            if name in value and has_properties(part):
                yield from places_lacking(part, value[name])
    elif attribute.items is not None and isinstance(value, list):
        for element in value:
            yield from places_lacking(attribute.items, element)
