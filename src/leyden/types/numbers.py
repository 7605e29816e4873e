"""`number`, `integer` and `decimal`: numbers that DynamoDB can store and return exactly.

DynamoDB stores decimal numbers of up to 38 significant digits, with magnitudes from 1E-130 to
9.99...E+125. A Python float is stored as the shortest decimal that reads back as that float, as
JavaScript writes it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from leyden.types.base import (
    AttributeType,
    Compiled,
    Likely,
    PartSchema,
    Static,
    UnreadableError,
    WrongLiteralError,
    refuse,
    unchanged,
    wrong_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from leyden.schema.spec import AttributeSpec

MAX_DIGITS: Final = 38
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LARGEST_EXPONENT: Final = 125
_SMALLEST_EXPONENT: Final = -130
_SURELY_SHORT: Final = 10**MAX_DIGITS
_EXPONENT_FROM: Final = 21
_WRITTEN_OUT: Final = 10**_EXPONENT_FROM
_ZEROS_UP_TO: Final = 6
_EXPONENT_BIAS: Final = 500
_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")


def number_text(value: int | float | Decimal) -> str:
    """Return all digits of a number, formatted as in JavaScript.

    A float has the digits of its shortest text. An int or a Decimal keeps all of its digits.

    >>> number_text(5.0), number_text(1e21), number_text(10**21 + 1), number_text(0.1)
    ('5', '1e+21', '1.000000000000000000001e+21', '0.1')
    """
    if value.__class__ is int and -_WRITTEN_OUT < value < _WRITTEN_OUT:
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        if "." in text and "e" not in text and not text.endswith(".0"):
            # Python and JavaScript format most fractions alike.
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


def epoch_milliseconds(value: datetime) -> int:
    """Return whole milliseconds since 1970, as JavaScript's `Date.now()` counts them."""
    return (value - EPOCH) // _MILLISECOND


def sortable_number(value: int | float | Decimal) -> str:
    """Return a text for a number, so that texts sort like the numbers, including negative ones.

    Zero is `0`. A positive number is `1`, a biased three-digit exponent and the digits. A negative
    number is `-`, the nines' complements of these, and `~`, which makes fewer digits sort higher.
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    sign, digits, exponent = exact.as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    if not figures:
        return "0"
    magnitude = f"{len(figures) + int(exponent) - 1 + _EXPONENT_BIAS:03d}{figures.rstrip('0')}"
    return f"-{magnitude.translate(_COMPLEMENT)}~" if sign else f"1{magnitude}"


def parse_number(text: str) -> Decimal:
    """Return the number of a text from `sortable_number`. Raises ValueError for other texts."""
    if text == "0":
        return Decimal(0)
    if text.startswith("-") and text.endswith("~"):
        return parse_number("1" + text[1:-1].translate(_COMPLEMENT)).copy_negate()
    if not text.startswith("1") or len(text) < 5 or not text.isdecimal():
        raise ValueError("not a number of a strict key")
    exponent, figures = int(text[1:4]) - _EXPONENT_BIAS, text[4:]
    return Decimal((0, tuple(map(int, figures)), exponent - len(figures) + 1))


def accept_number(value: Any, path: str) -> int | float:
    """Check a number, and return an int or a float that the table returns unchanged.

    Whole floats become ints. A Decimal is accepted if an int or a float is exactly equal.
    """
    if value.__class__ is int:
        return _checked_int(value, path)
    if value.__class__ is float:
        return _checked_float(value, path)
    if isinstance(value, bool):
        raise wrong_type(path, "a number", value)
    if isinstance(value, int):
        return _checked_int(int(value), path)
    if isinstance(value, float):
        return _checked_float(float(value), path)
    if isinstance(value, Decimal):
        exact = _as_int_or_float(_checked_decimal(value, path))
        if exact is None:
            raise refuse(
                path,
                "is a Decimal that neither an int nor a float can hold exactly; "
                'declare the attribute as "decimal"',
            )
        return exact
    raise wrong_type(path, "a number", value)


def accept_integer(value: Any, path: str) -> int:
    """Check an int of up to 38 significant digits."""
    if value.__class__ is int:
        return _checked_int(value, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked_int(int(value), path)
    hint = "; use int(...) if it is whole" if isinstance(value, float | Decimal) else ""
    raise wrong_type(path, "an int", value, hint)


def accept_decimal(value: Any, path: str) -> Decimal:
    """Check a Decimal or an int of up to 38 significant digits; remove trailing zeros."""
    if isinstance(value, Decimal):
        return Decimal(number_text(_checked_decimal(value, path)))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(_checked_int(int(value), path))
    hint = (
        '; write Decimal("...") to say which decimal is meant' if value.__class__ is float else ""
    )
    raise wrong_type(path, "a Decimal or an int", value, hint)


def number_value(text: str) -> int | float:
    """Return a stored number as an int or a float. Raises UnreadableError if neither is exact."""
    if text.isdecimal():
        return int(text)
    if "." in text and text[-1] != "0" and "e" not in text:
        # If the float's shortest text is the stored text, the float is exact.
        try:
            nearest = float(text)
        except ValueError:
            raise UnreadableError("is not a number") from None
        if repr(nearest) == text:
            return nearest
    exact = _as_int_or_float(stored_number(text))
    if exact is None:
        raise UnreadableError(
            "is a number that neither an int nor a float can hold exactly; "
            'declare the attribute as "decimal"'
        )
    return exact


def integer_value(text: str) -> int:
    """Return a stored number as an int. Raises UnreadableError if it is not whole."""
    if text.isdecimal():
        return int(text)
    number = stored_number(text)
    whole = int(number)
    if whole != number:
        raise UnreadableError("is not a whole number")
    return whole


def decimal_value(text: str) -> Decimal:
    """Return a stored number as a Decimal, without trailing zeros."""
    return Decimal(number_text(stored_number(text)))


def any_number_value(text: str) -> int | float | Decimal:
    """Return a stored number as an int or a float if one is exact, else as a Decimal."""
    if text.isdecimal():
        return int(text)
    return natural(stored_number(text))


def stored_number(text: str) -> Decimal:
    """Return the exact number of a text from DynamoDB. Raises UnreadableError for other texts."""
    try:
        # Python accepts "1_000" and " 1 " as numbers; DynamoDB never writes them.
        number = Decimal("x" if "_" in text or text != text.strip() else text)
    except InvalidOperation:
        raise UnreadableError("is not a number") from None
    # Check DynamoDB's range, which also prevents an int() with a billion zeros below.
    if not number.is_finite() or abs(number.adjusted()) > -_SMALLEST_EXPONENT:
        raise UnreadableError("is not a number that DynamoDB can store")
    return number


def _as_int_or_float(number: Decimal) -> int | float | None:
    whole = int(number)
    if whole == number:
        return whole
    nearest = float(number)
    return nearest if Decimal(repr(nearest)) == number else None


def _checked_int(value: int, path: str) -> int:
    if -_SURELY_SHORT < value < _SURELY_SHORT:
        return value
    if abs(value) >= 10 ** (_LARGEST_EXPONENT + 1):
        raise refuse(path, "is beyond the numbers that DynamoDB can store (below 1E+126)")
    if len(str(abs(value)).rstrip("0")) > MAX_DIGITS:
        raise _too_precise(path)
    return value


def _checked_float(value: float, path: str) -> int | float:
    if not math.isfinite(value):
        raise refuse(path, "must be a finite number")
    if value.is_integer():
        # Use the shortest text, so that 1e23 is the number that the table will have.
        return _checked_int(int(Decimal(repr(value))), path)
    if abs(value) < 1e-130:
        raise refuse(path, "is closer to zero than the numbers that DynamoDB can store (1E-130)")
    return value


def _checked_decimal(value: Decimal, path: str) -> Decimal:
    if not value.is_finite():
        raise refuse(path, "must be a finite number")
    if value and not _SMALLEST_EXPONENT <= value.adjusted() <= _LARGEST_EXPONENT:
        raise refuse(path, "is beyond the numbers that DynamoDB can store (1E-130 to below 1E+126)")
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    if len(digits) > MAX_DIGITS:
        raise _too_precise(path)
    return value if value else Decimal(0)


def _too_precise(path: str) -> Exception:
    return refuse(path, f"has more than the {MAX_DIGITS} significant digits that DynamoDB keeps")


def natural(number: Decimal) -> int | float | Decimal:
    """Return the number as an int or a float if one is exact, else unchanged."""
    exact = _as_int_or_float(number) if number.is_finite() else None
    return number if exact is None else exact


class NumberType(AttributeType):
    """`number`: an int or a float."""

    name = "number"
    meaning = "A number: an `int` or a `float`, or a `Decimal` where only that is exact."
    example = "{type: number, min: 0}"
    also_called: tuple[str, ...] = ("float",)
    options = frozenset({"min", "max"})
    wanted = "a number"
    generates = frozenset({"now"})
    in_expressions = "a number"
    in_sets = True

    kind = "N"
    # Small ints, by far the most frequent numbers, need no function call, nor do digits when read.
    write = (
        f"str({{0}}) if {{0}}.__class__ is int and -{10**15} < {{0}} < {10**15}"
        " else number_text({0})"
    )
    read = "int(text) if (text := {0}).isdecimal() else number_value(text)"
    normal: str | None = (
        f"value.__class__ is int and -{_SURELY_SHORT} < value < {_SURELY_SHORT}"
        " or value.__class__ is float and 1e-100 < abs(value) < 1e100 and not value.is_integer()"
    )
    source_names = {"number_text": number_text, "number_value": number_value}  # noqa: RUF012

    accept: Any = staticmethod(accept_number)
    python: Any = int | float
    fixed = True
    in_json: Any = staticmethod(unchanged)
    operators = frozenset({"add", "subtract"})

    keyable = True
    in_keys = "a number"
    key_text = staticmethod(number_text)
    strict_text = staticmethod(sortable_number)
    countable = True
    tells_time = True

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "int | float"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return f"int | float | {text.imported('decimal', 'Decimal')}"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return f"typed.Number[{self.static_given(spec, text)}]"

    def now(self, instant: datetime) -> Any:
        """Return milliseconds since 1970."""
        return epoch_milliseconds(instant)

    def instant(self, value: Any) -> datetime:
        """Return the time for milliseconds since 1970."""
        try:
            return EPOCH + int(value // 1) * _MILLISECOND
        except OverflowError:
            raise ValueError("is not a time in milliseconds since 1970") from None

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept a number that DynamoDB can store."""
        self.exact_literal(value, written, (int, float))
        return value

    def exact_literal(
        self, value: Any, written: str | None, kinds: tuple[type, ...] = (int, float, Decimal, str)
    ) -> Decimal:
        """Return the number as written, with all its digits."""
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise WrongLiteralError(self.wanted)
        try:
            digits: Any = (written or repr(value)) if isinstance(value, float) else value
            exact = Decimal(digits)
        except InvalidOperation:
            raise WrongLiteralError("a number") from None
        if not exact.is_finite():
            raise WrongLiteralError("a finite number")
        # Not `normalize`, which rounds.
        digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
        if len(digits) > MAX_DIGITS:
            raise ValueError(f"has more than {MAX_DIGITS} digits")
        if exact and not _SMALLEST_EXPONENT <= exact.adjusted() <= _LARGEST_EXPONENT:
            raise ValueError("is outside of what DynamoDB can store")
        return exact

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match digits with an optional fraction and exponent."""
        return r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return an int or a float."""
        if not re.fullmatch(r"-?\d+", text):
            exact, near = _decimal_of(text), float(text)
            if Decimal(repr(near)) == exact or exact != exact.to_integral_value():
                return near
        return _whole_of(text)

    def key_number(self, value: Any) -> Any:
        """Return the number itself."""
        return value

    def strict_value(self, text: str) -> Any:
        """Return an int or a float."""
        number = parse_number(text)
        whole = int(number)
        return whole if whole == number else float(number)

    def from_text(self, text: str) -> Any:
        """Accept a number with any number of digits."""
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError("must be a number") from None
        if not number.is_finite():
            raise ValueError("must be a finite number")
        return number

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe a number."""
        return {"type": "number", "minimum": spec.min, "maximum": spec.max}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return an amount, as an int if it is whole."""
        value = like.amount()
        return int(value) if float(value).is_integer() else value


class IntegerType(NumberType):
    """`integer`: an int."""

    name = "integer"
    meaning = "A whole number: an `int`."
    example = "{type: integer, default: 0, min: 0}"
    also_called = ("int",)
    wanted = "a whole number"
    whole_limits = True

    write = f"str({{0}}) if -{10**15} < {{0}} < {10**15} else number_text({{0}})"
    read = "int(text) if (text := {0}).isdecimal() else integer_value(text)"
    normal = f"value.__class__ is int and -{_SURELY_SHORT} < value < {_SURELY_SHORT}"
    source_names = {"number_text": number_text, "integer_value": integer_value}  # noqa: RUF012
    accept = staticmethod(accept_integer)
    python = int
    is_integer = True

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "int"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return "int"

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept an int."""
        self.exact_literal(value, written, (int,))
        return value

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match digits, or a mantissa and an exponent."""
        return r"-?(?:\d(?:\.\d+)?[eE]\+\d+|\d+)"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return an int."""
        return _whole_of(text)

    def has_one_width(self, spec: AttributeSpec) -> bool:
        """Return whether the bounds have the same number of digits, or padding makes them so."""
        least, most, padding = spec.min, spec.max, spec.padding
        if least is None or most is None or least < 0 or most >= _WRITTEN_OUT or most < least:
            return False
        longest, shortest = len(str(math.floor(most))), len(str(math.ceil(least)))
        if padding is None or padding.length <= shortest:
            return longest == shortest
        return len(padding.char) == 1 and padding.char <= "0" and longest <= padding.length

    def from_text(self, text: str) -> Any:
        """Accept digits."""
        try:
            return int(text, 10)
        except ValueError:
            raise ValueError("must be a whole number") from None

    def from_json(self, value: Any) -> Any:
        """Accept a whole number, also if it is written as 2.0."""
        return natural(value) if isinstance(value, Decimal) else value

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe a whole number."""
        return {**super().json_schema(spec, part), "type": "integer"}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return an int."""
        return int(like.amount())


class DecimalType(NumberType):
    """`decimal`: a Decimal."""

    name = "decimal"
    meaning = "An exact number, for money and the like: a `Decimal`."
    example = "{type: decimal, min: 0}"
    also_called = ()
    countable = False

    write = "number_text({0})"
    read = "decimal_value({0})"
    normal = None
    source_names = {"number_text": number_text, "decimal_value": decimal_value}  # noqa: RUF012
    accept = staticmethod(accept_decimal)
    python = Decimal
    in_json = None

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.imported("decimal", "Decimal")

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return f"{text.imported('decimal', 'Decimal')} | int"

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return an int if it is whole, else the nearest float."""
        return plain_decimal

    def derived(self, value: Any) -> Any:
        """Return the Decimal with the shortest digits of a float."""
        return Decimal(repr(value)) if isinstance(value, float) else value

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept a number, with or without quotes."""
        return self.exact_literal(value, written)

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match digits with an optional fraction, or a mantissa and an exponent."""
        return r"-?(?:\d(?:\.\d+)?[eE][+-]\d+|\d+(?:\.\d+)?)"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return a Decimal."""
        exact = _decimal_of(text)
        if not exact.is_finite():
            raise ValueError("not a number")
        return exact

    def strict_value(self, text: str) -> Any:
        """Return a Decimal."""
        return parse_number(text)

    def from_json(self, value: Any) -> Any:
        """Accept text, which keeps all digits, or a float, by its shortest digits."""
        if isinstance(value, float):
            return Decimal(repr(value))
        try:
            return Decimal(value) if isinstance(value, str) else value
        except InvalidOperation:
            raise ValueError("must be a number, or the text of one") from None

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe a number, or text, which keeps digits that other JSON readers would lose."""
        text = {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}
        return {"anyOf": [super().json_schema(spec, part), text]}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a Decimal."""
        return Decimal(str(like.amount()))


def plain_decimal(value: Decimal) -> int | float:
    """Return an int if a Decimal is whole, else the nearest float."""
    whole = int(value)
    return whole if whole == value else float(value)


def _decimal_of(text: str) -> Decimal:
    """Return the number of a text in a key, with all its digits."""
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError("not a number") from error


def _whole_of(text: str) -> int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    exact = _decimal_of(text)
    # A key of another program may have a number that would fill the memory.
    if not exact.is_finite() or exact.adjusted() > _LARGEST_EXPONENT or exact != int(exact):
        raise ValueError("not a whole number")
    return int(exact)
