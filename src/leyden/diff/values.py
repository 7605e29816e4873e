"""Compare the values that an attribute can have: fewer, more, or others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen

from leyden.schema import AttributeSpec
from leyden.types import type_of

FITS: Final = frozenset(
    {
        *(("integer", "number"), ("integer", "decimal"), ("number", "decimal")),
        *(("integer", "any"), ("number", "any"), ("decimal", "any"), ("ttl", "any")),
        *(("ttl", "integer"), ("ttl", "number"), ("ttl", "decimal")),
        *(("enum", "string"), ("timestamp", "string"), ("json", "string")),
        *(("string", "any"), ("enum", "any"), ("timestamp", "any"), ("json", "any")),
        *(("boolean", "any"), ("binary", "any"), ("list", "any"), ("set", "any")),
        *(("map", "any"), ("union", "any"), ("vector", "any"), ("union", "map")),
        ("vector", "list"),
    }
)
"""Pairs of types: values stored as the first can be read as the second."""

_TYPED: Final = ("ttl", "timestamp", "json", "vector")
GIVEN: Final = frozenset(
    pair for pair in FITS if pair[0] not in _TYPED and pair != ("number", "decimal")
) | {("vector", "list")}
"""Those pairs whose values look the same to callers."""

_NUMBER: Final = AttributeSpec("", "number", "", "")

CONVERSIONS: Final = {
    ("string", "number"): "to_number({0})",
    ("string", "integer"): "to_number({0})",
    ("string", "decimal"): "to_number({0})",
    ("number", "string"): "to_string({0})",
    ("integer", "string"): "to_string({0})",
    ("decimal", "string"): "to_string({0})",
    ("boolean", "string"): "to_string({0})",
    ("set", "list"): "{0}",
    ("list", "set"): "{0}",
    ("string", "list"): "[{0}]",
    ("string", "set"): "[{0}]",
}
"""JMESPath that converts a value of the first type into the second."""


def reads(old: AttributeSpec, new: AttributeSpec) -> bool:
    """Return whether all values stored as one type can be read and put again as another type."""
    if (old.type, new.type) not in FITS or (new.type == "map" and new.properties is not None):
        return False
    if new.type != "list" or new.items is None:
        return True
    # A vector holds numbers, whatever the list's schema requires of its elements.
    same = new.items.type == "number" or ("number", new.items.type) in FITS
    return same and not any(limit.narrower for limit in limits_changed(_NUMBER, new.items))


@frozen
class Limit:
    """A limit that has changed: `narrower` refuses more, `wider` refuses less."""

    code: str
    text: str
    narrower: bool = False
    wider: bool = False


def limits_changed(old: AttributeSpec, new: AttributeSpec) -> Iterator[Limit]:
    """Yield each limit of the values that has changed, in words."""
    if old.type == new.type == "enum":
        gone, more = [
            [value for value in one.values if value not in other.values]
            for one, other in ((old, new), (new, old))
        ]
        if more:
            yield Limit("attribute.enum_added", f"it may also be {_quoted(more)}", wider=True)
        if gone:
            text = f"it may no longer be {_quoted(gone)}"
            yield Limit("attribute.enum_removed", text, narrower=True)
    for least, option in (
        (True, "min"),
        (False, "max"),
        (True, "min_length"),
        (False, "max_length"),
    ):
        before, after = getattr(old, option), getattr(new, option)
        if before == after:
            continue
        infinite: Any = float("-inf") if least else float("inf")
        was = infinite if before is None else before
        now = infinite if after is None else after
        narrower = now > was if least else now < was
        code = f"attribute.{option}"
        yield Limit(code, f"its {option} is {_shown(before, after)}", narrower, not narrower)
    for option in ("pattern", "prefix", "validate"):
        before, after = getattr(old, option), getattr(new, option)
        if before != after:
            before, after = (
                getattr(one, "text", getattr(one, "name", one)) for one in (before, after)
            )
            text = f"its {option} is {_shown(before, after)}"
            yield Limit(f"attribute.{option}", text, after is not None, before is not None)


def stored_kind(attribute: AttributeSpec) -> str:
    """Return how values are stored: DynamoDB's letter, or the letter of what wraps them."""
    return "B" if attribute.encrypt else type_of(attribute).stored_kind(attribute)


def _quoted(values: list[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _shown(before: Any, after: Any) -> str:
    if before is None:
        return f"{after}, and there was none before"
    return f"gone, and was {before}" if after is None else f"{after} instead of {before}"
