"""What takes the quick way through reading numbers is what the slow way gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leyden.types.base import UnreadableError
from leyden.types.numbers import _as_int_or_float, number_value, stored_number

TEXTS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.text("0123456789.-+eE_ naif", max_size=8),
)


def told(read: Any, text: str) -> Any:
    """The value with its type, or None where there is none."""
    try:
        value = read(text)
    except UnreadableError:
        return None
    return None if value is None else (type(value), value)


@given(text=TEXTS)
def test_a_number_is_read_alike_by_the_quick_and_the_slow_way(text: str) -> None:
    assert told(number_value, text) == told(
        lambda given: _as_int_or_float(stored_number(given)), text
    )
