"""Numbers: which ones DynamoDB can keep, and how they come back exactly as they went in.

DynamoDB stores decimal numbers of up to 38 significant digits, between 1E-130 and
9.99...E+125 in magnitude. A Python float is stored as the shortest decimal that reads back as
that float, which is also what JavaScript writes.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from leyden.compile.faults import UnreadableError, refuse, wrong_type
from leyden.keys.text import number_text

__all__ = [
    "accept_decimal",
    "accept_integer",
    "accept_number",
    "any_number_value",
    "decimal_value",
    "integer_value",
    "number_value",
]

MAX_DIGITS: Final = 38
_LARGEST_EXPONENT: Final = 125
_SMALLEST_EXPONENT: Final = -130
_SURELY_SHORT: Final = 10**MAX_DIGITS


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
    exact = _as_int_or_float(_stored(text))
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
    number = _stored(text)
    whole = int(number)
    if whole != number:
        raise UnreadableError("is not a whole number")
    return whole


def decimal_value(text: str) -> Decimal:
    """The Decimal that a stored number is, without trailing zeros."""
    return Decimal(number_text(_stored(text)))


def any_number_value(text: str) -> int | float | Decimal:
    """A stored number as an int or a float where one is exact, else as a Decimal."""
    if text.isdecimal():
        return int(text)
    number = _stored(text)
    exact = _as_int_or_float(number)
    return number if exact is None else exact


def _stored(text: str) -> Decimal:
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
        raise refuse(path, "is not a finite number")
    if value.is_integer():
        # By its shortest text, so that 1e23 is the number that the table will hold.
        return _checked_int(int(Decimal(repr(value))), path)
    if abs(value) < 1e-130:
        raise refuse(path, "is nearer to zero than the numbers that DynamoDB can store (1E-130)")
    return value


def _checked_decimal(value: Decimal, path: str) -> Decimal:
    if not value.is_finite():
        raise refuse(path, "is not a finite number")
    if value and not _SMALLEST_EXPONENT <= value.adjusted() <= _LARGEST_EXPONENT:
        raise refuse(path, "is beyond the numbers that DynamoDB can store (1E-130 to below 1E+126)")
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    if len(digits) > MAX_DIGITS:
        raise _too_precise(path)
    return value if value else Decimal(0)


def _too_precise(path: str) -> Exception:
    return refuse(path, f"has more than the {MAX_DIGITS} significant digits that DynamoDB keeps")
