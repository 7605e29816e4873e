from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given

from leyden.errors import ValidationError
from leyden.types.base import UnreadableError
from leyden.types.numbers import (
    accept_decimal,
    accept_integer,
    accept_number,
    any_number_value,
    decimal_value,
    integer_value,
    number_text,
    number_value,
)
from tests.mapping.strategies import decimals, floats, whole


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (1.5e-9, "1.5e-9"),
        (-2.5, "-2.5"),
        (2**53, "9007199254740992"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(value: float, text: str) -> None:
    assert number_text(accept_number(value, "x")) == text


def test_whole_floats_become_ints() -> None:
    assert type(accept_number(5.0, "x")) is int
    assert accept_number(1e23, "x") == 10**23


@pytest.mark.parametrize(
    "value",
    [
        True,
        "5",
        None,
        float("nan"),
        float("inf"),
        1e126,
        1e-131,
        5e-324,
        10**126,
        10**38 + 1,
        Decimal("0.1234567890123456789"),
        Decimal("NaN"),
        3 + 0j,
    ],
)
def test_numbers_that_would_not_come_back_are_refused(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        accept_number(value, "detail.effort")
    assert caught.value.path == "detail.effort"


def test_a_refused_decimal_says_to_declare_it() -> None:
    with pytest.raises(ValidationError, match='declare the attribute as "decimal"'):
        accept_number(Decimal("0.1234567890123456789"), "x")


@pytest.mark.parametrize("value", [10**38 - 1, 10**125, -(10**100), 12 * 10**100])
def test_trailing_zeros_are_no_significant_digits(value: int) -> None:
    assert accept_integer(value, "x") == value
    assert integer_value(number_text(value)) == value


@pytest.mark.parametrize("value", [5.0, 5.5, True, "5", Decimal(5)])
def test_an_integer_is_an_int_only(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be an int"):
        accept_integer(value, "x")


def test_a_decimal_refuses_floats_and_says_what_to_write() -> None:
    with pytest.raises(ValidationError, match=r'Decimal\("\.\.\."\)'):
        accept_decimal(0.1, "x")


@pytest.mark.parametrize("text", ["1E+126", "1E-131", "Infinity", "NaN", "1" * 39])
def test_a_decimal_beyond_dynamodb_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        accept_decimal(Decimal(text), "x")


def test_a_stored_number_that_is_no_float_says_so() -> None:
    with pytest.raises(UnreadableError, match="decimal"):
        number_value("0.12345678901234567890123")
    assert any_number_value("0.12345678901234567890123") == Decimal("0.12345678901234567890123")


@pytest.mark.parametrize("text", ["", "x", "1_0", " 5", "NaN", "1e999999999"])
def test_text_that_is_no_number_is_unreadable(text: str) -> None:
    for read in (number_value, integer_value, decimal_value, any_number_value):
        with pytest.raises(UnreadableError):
            read(text)


@pytest.mark.parametrize("text", ["5", "5.0", "0.5e1", "5E+0"])
def test_whole_numbers_read_as_ints_however_they_are_written(text: str) -> None:
    assert number_value(text) == 5
    assert type(number_value(text)) is int
    assert integer_value(text) == 5


def test_a_fraction_is_no_integer() -> None:
    with pytest.raises(UnreadableError, match="whole"):
        integer_value("5.5")


@given(whole | floats)
@example(1e22)
@example(9007199254740993)
def test_numbers_come_back_exactly(value: float) -> None:
    accepted = accept_number(value, "x")
    back = number_value(number_text(accepted))
    assert back == accepted
    assert type(back) is type(accepted)
    assert float(back) == float(value)


@given(decimals)
def test_decimals_come_back_exactly(value: Decimal) -> None:
    assert decimal_value(number_text(accept_decimal(value, "x"))) == value
