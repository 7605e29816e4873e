"""Durations in words, and the buckets of times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import ValidationError
from leyden.types.periods import (
    PERIODS,
    accept_bucket,
    bucket_of,
    duration_seconds,
    duration_words,
)

PERIOD_NAMES = st.sampled_from([*PERIODS])
TIMES = st.datetimes(timezones=st.just(UTC))
ZONED = st.datetimes(
    datetime(1, 1, 3),
    datetime(9999, 12, 29),
    timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
)


@given(PERIOD_NAMES, TIMES, TIMES)
def test_buckets_sort_as_their_times_do(period: str, one: datetime, other: datetime) -> None:
    first, last = sorted((one, other))
    assert bucket_of(period, first) <= bucket_of(period, last)


@given(PERIOD_NAMES, ZONED)
def test_every_time_falls_into_the_bucket_that_it_is_looked_for_in(
    period: str, time: datetime
) -> None:
    text = bucket_of(period, time)
    assert len(text) == len(PERIODS[period].example)
    assert accept_bucket(period, time, "b") == text
    assert accept_bucket(period, time.isoformat(), "b") == text
    assert accept_bucket(period, text, "b") == text
    assert accept_bucket(period, text.lower(), "b") == text
    if period != "hour":
        assert accept_bucket(period, time.astimezone(UTC).date(), "b") == text


@given(PERIOD_NAMES, TIMES)
def test_times_of_one_bucket_are_no_further_apart_than_it_is_long(
    period: str, time: datetime
) -> None:
    lengths = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
    try:
        later = time + timedelta(days=lengths[period])
    except OverflowError:
        return
    assert bucket_of(period, later) != bucket_of(period, time)


@pytest.mark.parametrize(
    ("period", "text"),
    [
        ("day", "2026-02-30"),
        ("day", "2026-2-3"),
        ("day", "today"),
        ("week", "2026-W54"),
        ("week", "2026-W00"),
        ("month", "2026-13"),
        ("quarter", "2026-Q5"),
        ("year", "0000"),
        ("hour", "2026-02-03T24"),
        ("month", "2026-02-03T09:00:00"),
        ("hour", date(2026, 2, 3)),
        ("day", datetime(2026, 2, 3)),
        ("day", 1770000000),
        ("day", None),
    ],
)
def test_what_is_no_bucket_is_refused(period: str, text: object) -> None:
    with pytest.raises(ValidationError, match='"b" '):
        accept_bucket(period, text, "b")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1),
        ("90 days", 7_776_000),
        ("1 hour 30 minutes", 5_400),
        ("1 week, 1 day", 691_200),
        ("2  hours", 7_200),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("90", "no unit"),
        ("1.5 days", "a fraction"),
        ("2 months", "months differ"),
        ("1 year", "years differ"),
        ("100 ms", "the least unit"),
        ("1 day 2 days", "days twice"),
        ("0 days", "no time at all"),
        ("365001 days", "1000 years"),
        ("-1 days", "whole number"),
        ("90days", "whole number"),
        ("", "whole number"),
    ],
)
def test_what_is_no_duration_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        duration_seconds(text)


@given(st.integers(1, 31_536_000_000))
def test_words_for_a_duration_say_it(seconds: int) -> None:
    assert duration_seconds(duration_words(seconds)) == seconds
