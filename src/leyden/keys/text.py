"""Values as the text that stands for them in a key, the way JavaScript writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from leyden.schema.spec import AttributeSpec, Padding

_JS_EXPONENT_FROM: Final = 10**21
_EXACT_INTEGERS: Final = 2**53
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def number_text(value: int | float | Decimal) -> str:
    """The text that JavaScript's Number gives: `5.0` is `5`, `1e21` is `1e+21`.

    A Decimal, which JavaScript lacks, is written plainly without an exponent.
    """
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, int):
        if -_JS_EXPONENT_FROM < value < _JS_EXPONENT_FROM or int(float(value)) != value:
            return str(value)
        value = float(value)
    if value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    return _float_text(value)


def _plain_decimal(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _float_text(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent)
    if 0 < point <= 21:
        text = figures.ljust(point, "0")
        text = text if len(text) == point else f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{figures}"
    else:
        power = point - 1
        fraction = f".{figures[1:]}" if len(figures) > 1 else ""
        text = f"{figures[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"
    return f"-{text}" if sign else text


def timestamp_text(value: datetime) -> str:
    """The instant in UTC, to the millisecond, as `toISOString` writes it."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return (
        f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{value.hour:02d}:"
        f"{value.minute:02d}:{value.second:02d}.{value.microsecond // 1000:03d}Z"
    )


def epoch_seconds(value: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's time to live counts them."""
    return (value - _EPOCH) // timedelta(seconds=1)


def from_epoch_seconds(seconds: int) -> datetime:
    """The aware instant, in UTC, that many seconds after the start of 1970."""
    return _EPOCH + timedelta(seconds=seconds)


def _boolean_text(value: bool) -> str:
    return "true" if value else "false"


def _ttl_text(value: datetime) -> str:
    return str(epoch_seconds(value))


_TEXT: Final[dict[str, Callable[[Any], str]]] = {
    "number": number_text,
    "integer": number_text,
    "decimal": number_text,
    "boolean": _boolean_text,
    "timestamp": timestamp_text,
    "ttl": _ttl_text,
}


def text_of(attribute: AttributeSpec) -> Callable[[Any], str]:
    """The function that turns a value of `attribute` into its text in a key, padding included."""
    plain = _TEXT.get(attribute.type, str)
    padding = attribute.padding
    if padding is None:
        return plain
    return lambda value: pad(plain(value), padding)


def pad(text: str, padding: Padding) -> str:
    """Pad on the left as JavaScript's `padStart` does; never shortens."""
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    wanted = padding.length - length
    if wanted <= 0:
        return text
    return (padding.char * wanted)[:wanted] + text


def unpad(text: str, padding: Padding) -> str:
    """Take away the filler that `pad` may have put in front; at least one character is kept."""
    if len(padding.char) != 1 or len(text) != padding.length:
        return text
    return text[:-1].lstrip(padding.char) + text[-1:]


_NUMBER: Final = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PATTERN: Final[dict[str, str]] = {
    "number": _NUMBER,
    "integer": r"-?\d+",
    "decimal": r"-?\d+(?:\.\d+)?",
    "boolean": "(?:true|false)",
    "timestamp": r"\d{4}-\d\d-\d\d[tT]\d\d:\d\d:\d\d\.\d{3}[zZ]",
    "ttl": r"-?\d+",
}


def pattern_of(attribute: AttributeSpec) -> str:
    """A regular expression for the texts that a value of `attribute` has in a key."""
    if attribute.padding is not None:
        return ".*?"
    if attribute.type == "enum":
        longest_first = sorted(attribute.values, key=len, reverse=True)
        return "(?:" + "|".join(re.escape(value) for value in longest_first) + ")"
    return _PATTERN.get(attribute.type, ".*?")


def value_of(attribute: AttributeSpec, text: str) -> Any:
    """The value that `text` in a key stands for; folded text stays folded.

    Raises ValueError where the text is no value of the attribute's type.
    """
    if attribute.padding is not None:
        text = unpad(text, attribute.padding)
    kind = attribute.type
    if kind == "integer":
        return int(text)
    if kind == "number":
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    if kind == "decimal":
        return Decimal(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text.lower()]
    if kind == "timestamp":
        return datetime.fromisoformat(text.upper())
    if kind == "ttl":
        return from_epoch_seconds(int(text))
    if kind == "enum":
        return next((value for value in attribute.values if value.lower() == text.lower()), text)
    return text
