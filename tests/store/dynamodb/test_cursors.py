"""Cursors of the store."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import InvalidCursorError
from leyden.store.dynamodb.cursors import Position, read_cursor, write_cursor

QUERY: Any = ["messages", ["t1"], None, False, {"lang": "en"}]
POSITION = Position(datetime(2026, 3, 1, tzinfo=UTC), "m1")

times = st.datetimes(
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), timezones=st.just(UTC)
).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))


@given(times, st.text())
def test_a_cursor_reads_back_as_the_place_that_it_was_written_for(time: datetime, id: str) -> None:
    position = Position(time, id)
    assert read_cursor(write_cursor(position, QUERY), QUERY) == position


def test_a_cursor_fits_its_query_only_whatever_the_order_of_the_keys() -> None:
    cursor = write_cursor(POSITION, [{"a": 1, "b": 2}])
    assert read_cursor(cursor, [{"b": 2, "a": 1}]) == POSITION
    with pytest.raises(InvalidCursorError, match="another query"):
        read_cursor(cursor, [{"a": 1}])


def test_a_cursor_that_was_changed_is_refused() -> None:
    cursor = write_cursor(POSITION, QUERY)
    checksum, milliseconds, id = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    for changed in ([checksum, milliseconds + 1, id], [checksum, milliseconds, "m2"]):
        text = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode()
        with pytest.raises(InvalidCursorError, match="was changed"):
            read_cursor(text, QUERY)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        *("", "?", "no cursor", "a" * 20_000, "W10", "bnVsbA"),
        encoded(["x", 1, 2]),
        encoded(["x", True, "m1"]),
        encoded(["x", 10**30, "m1"]),
        encoded(["x", 1.5, "m1"]),
        encoded({"a": 1}),
        "[" * 5000,
    ],
)
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError, match="no cursor"):
        read_cursor(text, QUERY)


@given(st.integers(1, 40))
def test_a_cursor_that_was_cut_short_is_refused(by: int) -> None:
    cursor = write_cursor(POSITION, QUERY)
    with pytest.raises(InvalidCursorError):
        read_cursor(cursor[:-by], QUERY)


def test_times_beyond_milliseconds_do_not_matter() -> None:
    later = Position(POSITION.time + timedelta(microseconds=900), POSITION.id)
    assert write_cursor(later, QUERY) == write_cursor(POSITION, QUERY)
