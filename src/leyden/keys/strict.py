"""Strict keys: a text for every value, so that the texts sort as the values do.

What follows a value in a key is `#`, and no escaped text holds a character as low as `#`.
So a shorter value ends below every longer one that starts alike, and no two lists of values
make one key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from leyden.keys.text import boolean_of, epoch_seconds, instant_of, timestamp_text
from leyden.schema.spec import NUMERIC_TYPES, AttributeSpec

# Everything up to and including the escape character itself is escaped, in order: `$` and a
# character of 0x30 ("0") and up.
_ESCAPE: Final = {code: "$" + chr(0x30 + code) for code in range(ord("$") + 1)}
_EXPONENT_BIAS: Final = 500
_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")


def escape(text: str) -> str:
    """The text with all characters up to `$` escaped; keeps the order, and can be undone."""
    return text.translate(_ESCAPE)


def unescape(text: str) -> str:
    """The inverse of `escape`. Raises ValueError where an escape is cut short or unknown."""
    head, *rest = text.split("$")
    parts = [head]
    for part in rest:
        code = ord(part[0]) - 0x30 if part else -1
        if not 0 <= code <= ord("$"):
            raise ValueError("broken escape in a strict key")
        parts.append(chr(code) + part[1:])
    return "".join(parts)


def sortable_number(value: int | float | Decimal) -> str:
    """A text for a number; texts compare as the numbers do, negative ones included.

    `0`; for positive numbers `1`, a biased three-digit exponent and the digits; for negative
    ones `-`, the nines' complements of those, and `~`, which lets fewer digits sort higher.
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    sign, digits, exponent = exact.as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    if not figures:
        return "0"
    magnitude = f"{len(figures) + int(exponent) - 1 + _EXPONENT_BIAS:03d}{figures.rstrip('0')}"
    return f"-{magnitude.translate(_COMPLEMENT)}~" if sign else f"1{magnitude}"


def parse_number(text: str) -> Decimal:
    """The number that a text of `sortable_number` stands for. Raises ValueError otherwise."""
    if text == "0":
        return Decimal(0)
    if text.startswith("-") and text.endswith("~"):
        return parse_number("1" + text[1:-1].translate(_COMPLEMENT)).copy_negate()
    if not text.startswith("1") or len(text) < 5 or not text.isdecimal():
        raise ValueError("not a number of a strict key")
    exponent, figures = int(text[1:4]) - _EXPONENT_BIAS, text[4:]
    return Decimal((0, tuple(map(int, figures)), exponent - len(figures) + 1))


def strict_text_of(attribute: AttributeSpec) -> Callable[[Any], str]:
    """The function that turns a value of `attribute` into its text in a strict key."""
    if attribute.type == "ttl":
        return lambda value: sortable_number(epoch_seconds(value))
    if attribute.type in NUMERIC_TYPES:
        return sortable_number
    if attribute.type == "boolean":
        return lambda value: "true" if value else "false"
    if attribute.type == "timestamp":
        return timestamp_text
    return escape


def strict_value_of(attribute: AttributeSpec, text: str) -> Any:
    """The value that a text of `strict_text_of` stands for. Raises ValueError otherwise."""
    kind = attribute.type
    if kind in NUMERIC_TYPES:
        number = parse_number(text)
        if kind == "decimal":
            return number
        whole = int(number)
        if kind == "ttl":
            return instant_of(whole)
        return whole if whole == number else float(number)
    if kind == "boolean":
        return boolean_of(text)
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    return unescape(text)
