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
from leyden.store.order import Mark, time_mark
from leyden.store.pages import digest, digests_in, seal, time_of, unseal, with_digests

QUERY: Any = ["messages", ["t1"], None, False, {"lang": "en"}]
TIME = datetime(2026, 3, 1, tzinfo=UTC)
PLACE = time_mark(TIME, "m1")

times = st.datetimes(
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), timezones=st.just(UTC)
).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))


def read(mark: Mark) -> tuple[datetime, Any, frozenset[bytes]]:
    return time_of(mark), mark[1], digests_in(mark)


@given(times, st.text(), st.frozensets(st.text(), max_size=5))
def test_a_cursor_reads_back_as_the_place_that_it_was_written_for(
    time: datetime, id: str, given_out: frozenset[str]
) -> None:
    digests = frozenset(map(digest, given_out))
    cursor = seal(with_digests(time_mark(time, id), digests), QUERY)
    assert unseal(cursor, QUERY, read) == (time, id, digests)


def test_a_cursor_fits_its_query_only_whatever_the_order_of_the_keys() -> None:
    cursor = seal(PLACE, [{"a": 1, "b": 2}])
    assert unseal(cursor, [{"b": 2, "a": 1}], read) == (TIME, "m1", frozenset())
    with pytest.raises(InvalidCursorError, match="another query"):
        unseal(cursor, [{"a": 1}], read)


def test_a_cursor_that_was_changed_is_refused() -> None:
    cursor = seal(PLACE, QUERY)
    checksum, milliseconds, id = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    for changed in ([checksum, milliseconds + 1, id], [checksum, milliseconds, "m2"]):
        text = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode()
        with pytest.raises(InvalidCursorError, match="was changed"):
            unseal(text, QUERY, read)


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
    with pytest.raises(InvalidCursorError, match="not a cursor"):
        unseal(text, QUERY, read)


@given(st.integers(1, 40))
def test_a_cursor_that_was_cut_short_is_refused(by: int) -> None:
    cursor = seal(PLACE, QUERY)
    with pytest.raises(InvalidCursorError):
        unseal(cursor[:-by], QUERY, read)


def test_times_beyond_milliseconds_do_not_matter() -> None:
    later = time_mark(TIME + timedelta(microseconds=900), "m1")
    assert seal(later, QUERY) == seal(PLACE, QUERY)
