"""Values as the text that stands for them in a key, the way JavaScript writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from leyden.schema.spec import AttributeSpec, Padding

_EXPONENT_FROM: Final = 21
_WRITTEN_OUT: Final = 10**_EXPONENT_FROM
_ZEROS_UP_TO: Final = 6
# The largest that DynamoDB stores; a key of another's may name one that would fill the memory.
_LARGEST_EXPONENT: Final = 125
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def number_text(value: int | float | Decimal) -> str:
    """All digits of a number, laid out as JavaScript writes numbers.

    A float has the digits of its shortest text; an int or a Decimal keeps every one it has.

    >>> number_text(5.0), number_text(1e21), number_text(10**21 + 1), number_text(0.1)
    ('5', '1e+21', '1.000000000000000000001e+21', '0.1')
    """
    if value.__class__ is int and -_WRITTEN_OUT < value < _WRITTEN_OUT:
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        if "." in text and "e" not in text and not text.endswith(".0"):
            # Python and JavaScript lay out most fractions alike.
            return text
        value = Decimal(text)
    sign, figures, exponent = Decimal(value).as_tuple()
    digits = "".join(map(str, figures))
    point = len(digits) + int(exponent)
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if 0 < point <= _EXPONENT_FROM:
        text = digits.ljust(point, "0")
        text = text if len(text) == point else f"{text[:point]}.{text[point:]}"
    elif -_ZEROS_UP_TO < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
        text = f"{mantissa}e{point - 1:+d}"
    return f"-{text}" if sign else text


def timestamp_text(value: datetime) -> str:
    """The instant in UTC, to the millisecond, as `toISOString` writes it."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    # Taken apart, since writing the offset of an aware time takes as long as all the rest.
    return f"{value.date().isoformat()}T{value.time().isoformat('milliseconds')}Z"


def epoch_seconds(value: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's time to live counts them."""
    return (value - _EPOCH) // timedelta(seconds=1)


def from_epoch_seconds(seconds: int) -> datetime:
    """The aware instant, in UTC, that many seconds after the start of 1970."""
    return _EPOCH + timedelta(seconds=seconds)


def instant_of(seconds: int) -> datetime:
    """As `from_epoch_seconds`. Raises ValueError for what is out of the range of instants."""
    try:
        return from_epoch_seconds(seconds)
    except OverflowError as error:
        raise ValueError("an instant out of range") from error


def boolean_of(text: str) -> bool:
    """The boolean that a text in a key stands for. Raises ValueError for another text."""
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


def _boolean_text(value: bool) -> str:
    return "true" if value else "false"


def ttl_text(value: datetime) -> str:
    """Whole seconds since 1970, as a stored number."""
    return str(epoch_seconds(value))


_TEXT: Final[dict[str, Callable[[Any], str]]] = {
    "number": number_text,
    "integer": number_text,
    "decimal": number_text,
    "boolean": _boolean_text,
    "timestamp": timestamp_text,
    "ttl": ttl_text,
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
    "integer": r"-?(?:\d(?:\.\d+)?[eE]\+\d+|\d+)",
    "decimal": r"-?(?:\d(?:\.\d+)?[eE][+-]\d+|\d+(?:\.\d+)?)",
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


def _number_of(kind: str, text: str) -> int | float | Decimal:
    """The number that a text in a key stands for, with all its digits."""
    if kind != "decimal" and re.fullmatch(r"-?\d+", text):
        return int(text)
    try:
        exact = Decimal(text)
    except ArithmeticError as error:
        raise ValueError("not a number") from error
    if kind == "decimal" and exact.is_finite():
        return exact
    if kind == "number":
        near = float(text)
        if Decimal(repr(near)) == exact or exact != exact.to_integral_value():
            return near
    if not exact.is_finite() or exact.adjusted() > _LARGEST_EXPONENT or exact != int(exact):
        raise ValueError("not a whole number")
    return int(exact)


def value_of(attribute: AttributeSpec, text: str) -> Any:
    """The value that `text` in a key stands for; folded text stays folded.

    Raises ValueError where the text is no value of the attribute's type.
    """
    if attribute.padding is not None:
        text = unpad(text, attribute.padding)
    kind = attribute.type
    if kind in ("number", "integer", "decimal"):
        return _number_of(kind, text)
    if kind == "boolean":
        return boolean_of(text.lower())
    if kind == "timestamp":
        return datetime.fromisoformat(text.upper())
    if kind == "ttl":
        return instant_of(int(text))
    if kind == "enum":
        return next((value for value in attribute.values if value.lower() == text.lower()), text)
    return text
