from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.translate import WITHHELD, without_values


def test_names_of_fields_and_tables_stay() -> None:
    said = "One or more parameter values were invalid: Type mismatch for key pk expected: S"
    assert without_values(said, {"Item": {"pk": {"N": "12"}}}) == said


def test_a_value_that_cannot_be_a_number_is_withheld() -> None:
    said = "The parameter cannot be converted to a numeric value: my secret"
    assert without_values(said, {}) == (
        f"The parameter cannot be converted to a numeric value: {WITHHELD}"
    )


def test_a_value_quoted_by_a_constraint_is_withheld() -> None:
    said = "1 validation error detected: Value '{pk={S: hush}}' at 'key' failed to satisfy"
    assert without_values(said, {}) == (
        f"1 validation error detected: Value {WITHHELD} at 'key' failed to satisfy"
    )


def test_values_deep_in_a_request_are_withheld() -> None:
    params = {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": {"a": {"M": {"b": {"L": [{"S": "hidden"}]}}}}}}
        ]
    }
    assert "hidden" not in without_values("it holds hidden things", params)


def test_a_short_value_is_withheld_as_a_word_only() -> None:
    params = {"Item": {"a": {"S": "in"}}}
    assert without_values("invalid: in", params) == f"invalid: {WITHHELD}"


@given(
    st.text(min_size=4, max_size=12).filter(lambda text: text not in WITHHELD),
    st.text(max_size=20).filter(lambda text: "(" not in text),
    st.text(max_size=20).filter(lambda text: ")" not in text),
)
def test_no_value_of_four_characters_survives(value: str, before: str, after: str) -> None:
    left = without_values(before + value + after, {"Key": {"pk": {"S": value}}})
    assert value not in left.replace(WITHHELD, "\0")
