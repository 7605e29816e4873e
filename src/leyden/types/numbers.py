"""`number`, `integer` and `decimal`: what DynamoDB can keep, and how it comes back exactly.

DynamoDB stores decimal numbers of up to 38 significant digits, between 1E-130 and
9.99...E+125 in magnitude. A Python float is stored as the shortest decimal that reads back as
that float, which is also what JavaScript writes.
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


def epoch_milliseconds(value: datetime) -> int:
    """Whole milliseconds since 1970, as JavaScript's `Date.now()` counts them."""
    return (value - EPOCH) // _MILLISECOND


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


def accept_number(value: Any, path: str) -> int | float:
    """An int or a float that the table gives back unchanged; whole floats become ints.

    A Decimal is taken where an int or a float says exactly the same.
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
    """An int of up to 38 significant digits."""
    if value.__class__ is int:
        return _checked_int(value, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked_int(int(value), path)
    hint = "; use int(...) where it is whole" if isinstance(value, float | Decimal) else ""
    raise wrong_type(path, "an int", value, hint)


def accept_decimal(value: Any, path: str) -> Decimal:
    """A Decimal of up to 38 significant digits, without trailing zeros; ints are taken too."""
    if isinstance(value, Decimal):
        return Decimal(number_text(_checked_decimal(value, path)))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(_checked_int(int(value), path))
    hint = (
        '; write Decimal("...") to say which decimal is meant' if value.__class__ is float else ""
    )
    raise wrong_type(path, "a Decimal or an int", value, hint)


def number_value(text: str) -> int | float:
    """The int or float that a stored number is. Raises UnreadableError where neither is exact."""
    if text.isdecimal():
        return int(text)
    if "." in text and text[-1] != "0" and "e" not in text:
        # The shortest text of a fraction is itself the proof that nothing was lost.
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
    """The int that a stored number is. Raises UnreadableError where it is not whole."""
    if text.isdecimal():
        return int(text)
    number = stored_number(text)
    whole = int(number)
    if whole != number:
        raise UnreadableError("is not a whole number")
    return whole


def decimal_value(text: str) -> Decimal:
    """The Decimal that a stored number is, without trailing zeros."""
    return Decimal(number_text(stored_number(text)))


def any_number_value(text: str) -> int | float | Decimal:
    """A stored number as an int or a float where one is exact, else as a Decimal."""
    if text.isdecimal():
        return int(text)
    return natural(stored_number(text))


def stored_number(text: str) -> Decimal:
    """The exact number that DynamoDB's text stands for. Raises UnreadableError for another text."""
    try:
        # Python takes "1_000" and " 1 " for numbers; DynamoDB never writes them.
        number = Decimal("x" if "_" in text or text != text.strip() else text)
    except InvalidOperation:
        raise UnreadableError("is not a number") from None
    # Within DynamoDB's range; it also keeps int() below from writing out a billion zeros.
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
        # By its shortest text, so that 1e23 is the number that the table will hold.
        return _checked_int(int(Decimal(repr(value))), path)
    if abs(value) < 1e-130:
        raise refuse(path, "is nearer to zero than the numbers that DynamoDB can store (1E-130)")
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
    """The number as an int or a float where one is exact."""
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
    # Small ints, by far the most frequent numbers, need no call; nor do digits to be read.
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
        """The type in records, as source text."""
        return "int | float"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """The type in calls, as source text."""
        return f"int | float | {text.imported('decimal', 'Decimal')}"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """The class in conditions, as source text."""
        return f"typed.Number[{self.static_given(spec, text)}]"

    def now(self, instant: datetime) -> Any:
        """Milliseconds since 1970."""
        return epoch_milliseconds(instant)

    def instant(self, value: Any) -> datetime:
        """The time so many milliseconds after the start of 1970."""
        try:
            return EPOCH + int(value // 1) * _MILLISECOND
        except OverflowError:
            raise ValueError("is no time in milliseconds since 1970") from None

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """A number that DynamoDB can store."""
        self.exact_literal(value, written, (int, float))
        return value

    def exact_literal(
        self, value: Any, written: str | None, kinds: tuple[type, ...] = (int, float, Decimal, str)
    ) -> Decimal:
        """The number that was written, with all its digits."""
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
        """Digits, a fraction, an exponent."""
        return r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """An int or a float."""
        if not re.fullmatch(r"-?\d+", text):
            exact, near = _decimal_of(text), float(text)
            if Decimal(repr(near)) == exact or exact != exact.to_integral_value():
                return near
        return _whole_of(text)

    def key_number(self, value: Any) -> Any:
        """The number itself."""
        return value

    def strict_value(self, text: str) -> Any:
        """An int or a float."""
        number = parse_number(text)
        whole = int(number)
        return whole if whole == number else float(number)

    def from_text(self, text: str) -> Any:
        """A number of any digits."""
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError("must be a number") from None
        if not number.is_finite():
            raise ValueError("must be a finite number")
        return number

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """A number."""
        return {"type": "number", "minimum": spec.min, "maximum": spec.max}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """A whole amount as an int."""
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
        """The type in records, as source text."""
        return "int"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """The type in calls, as source text."""
        return "int"

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """An int."""
        self.exact_literal(value, written, (int,))
        return value

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Digits, or a mantissa and an exponent."""
        return r"-?(?:\d(?:\.\d+)?[eE]\+\d+|\d+)"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """An int."""
        return _whole_of(text)

    def has_one_width(self, spec: AttributeSpec) -> bool:
        """Where the bounds have digits of one number, or padding makes them so."""
        least, most, padding = spec.min, spec.max, spec.padding
        if least is None or most is None or least < 0 or most >= _WRITTEN_OUT or most < least:
            return False
        longest, shortest = len(str(math.floor(most))), len(str(math.ceil(least)))
        if padding is None or padding.length <= shortest:
            return longest == shortest
        return len(padding.char) == 1 and padding.char <= "0" and longest <= padding.length

    def from_text(self, text: str) -> Any:
        """Digits."""
        try:
            return int(text, 10)
        except ValueError:
            raise ValueError("must be a whole number") from None

    def from_json(self, value: Any) -> Any:
        """A fraction that is whole, 2.0, is an int."""
        return natural(value) if isinstance(value, Decimal) else value

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """A whole number."""
        return {**super().json_schema(spec, part), "type": "integer"}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """An int."""
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
        """The type in records, as source text."""
        return text.imported("decimal", "Decimal")

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """The type in calls, as source text."""
        return f"{text.imported('decimal', 'Decimal')} | int"

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """An int where it is whole, else the nearest float."""
        return plain_decimal

    def derived(self, value: Any) -> Any:
        """A float that an expression gave stands for its shortest text."""
        return Decimal(repr(value)) if isinstance(value, float) else value

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """A number, in quotes or not."""
        return self.exact_literal(value, written)

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Digits and a fraction, or a mantissa and an exponent."""
        return r"-?(?:\d(?:\.\d+)?[eE][+-]\d+|\d+(?:\.\d+)?)"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """A Decimal."""
        exact = _decimal_of(text)
        if not exact.is_finite():
            raise ValueError("not a number")
        return exact

    def strict_value(self, text: str) -> Any:
        """A Decimal."""
        return parse_number(text)

    def from_json(self, value: Any) -> Any:
        """Text keeps digits that a float would lose; a float stands for its shortest text."""
        if isinstance(value, float):
            return Decimal(repr(value))
        try:
            return Decimal(value) if isinstance(value, str) else value
        except InvalidOperation:
            raise ValueError("must be a number, or the text of one") from None

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """A number; text keeps digits that other readers of JSON would lose."""
        text = {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}
        return {"anyOf": [super().json_schema(spec, part), text]}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """A Decimal."""
        return Decimal(str(like.amount()))


def plain_decimal(value: Decimal) -> int | float:
    """An int where a Decimal is whole, else the nearest float."""
    whole = int(value)
    return whole if whole == value else float(value)


def _decimal_of(text: str) -> Decimal:
    """The number of a text in a key, with all its digits."""
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError("not a number") from error


def _whole_of(text: str) -> int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    exact = _decimal_of(text)
    # A key of another's may name a number that would fill the memory.
    if not exact.is_finite() or exact.adjusted() > _LARGEST_EXPONENT or exact != int(exact):
        raise ValueError("not a whole number")
    return int(exact)
