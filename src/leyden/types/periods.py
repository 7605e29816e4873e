"""Durations in words, and time buckets in UTC: hours, days, weeks, months, quarters, years."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from leyden._attrs import frozen
from leyden.types.base import refuse

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_NO_UNITS: Final = {
    "month": "months differ in length; write days",
    "year": "years differ in length; write days",
    "ms": "the least unit is a second",
    "millisecond": "the least unit is a second",
}
_MOST_SECONDS: Final = 365_000 * 86_400
_AMOUNT: Final = r"[0-9]+ +(?:seconds?|minutes?|hours?|days?|weeks?)"

DURATION_PATTERN: Final = rf"^{_AMOUNT}(?:,? +{_AMOUNT})*$"
"""A regular expression for durations in words."""


def duration_seconds(text: str) -> int:
    """Return the seconds of a duration in words, of one unit or several.

    Raises ValueError, whose text says what is wrong.

    >>> duration_seconds("90 days"), duration_seconds("1 hour 30 minutes")
    (7776000, 5400)
    """
    if not re.fullmatch(DURATION_PATTERN.strip("^$"), text):
        raise ValueError(_why(text))
    total = 0
    units: set[str] = set()
    for amount, unit in re.findall(r"([0-9]+) +([a-z]+?)s?\b", text):
        if unit in units:
            raise ValueError(f"it has {unit}s twice")
        units.add(unit)
        total += int(amount) * _SECONDS[unit]
    if total == 0:
        raise ValueError("it is no time at all; the instant of the write is {generate: now}")
    if total > _MOST_SECONDS:
        raise ValueError("it is longer than 1000 years (365000 days)")
    return total


def _why(text: str) -> str:
    """Return the reason why a text is not a duration."""
    form = 'write a whole number and its unit, such as "90 days" or "1 hour 30 minutes"'
    for unit, reason in _NO_UNITS.items():
        if re.search(rf"\b{unit}s?\b", text.lower()):
            return reason
    if re.fullmatch(r"\s*[0-9.]+\s*", text):
        return f"it has no unit; {form}"
    if re.search(r"[0-9]\.[0-9]", text):
        return f"it has a fraction; {form}"
    return f"{form}, in seconds, minutes, hours, days or weeks"


def duration_words(seconds: int) -> str:
    """Return the shortest words for a duration.

    >>> duration_words(7776000), duration_words(5400), duration_words(604800)
    ('90 days', '90 minutes', '7 days')
    """
    for unit in ("day", "hour", "minute", "second"):
        amount, rest = divmod(seconds, _SECONDS[unit])
        if not rest:
            return f"{amount} {unit}{'' if amount == 1 else 's'}"
    raise AssertionError("every whole number is one of seconds")


def _week(value: date) -> str:
    year, week, _ = value.isocalendar()
    return f"{year:04}-W{week:02}"


@frozen
class Period:
    """The length of time of a bucket; `write` returns a bucket's text for a time in UTC.

    All texts of a period have the same length, and sort like the times. `example` is one of them.
    """

    write: Callable[[Any], str]
    pattern: re.Pattern[str]
    example: str
    start: Callable[[str], date]
    """Returns a time in the bucket of a text that fits the pattern. Raises ValueError."""


PERIODS: Final[dict[str, Period]] = {
    "hour": Period(
        lambda value: value.isoformat()[:13],
        re.compile(r"\d{4}-\d\d-\d\dT\d\d"),
        "2026-02-03T09",
        datetime.fromisoformat,
    ),
    "day": Period(
        lambda value: value.isoformat()[:10],
        re.compile(r"\d{4}-\d\d-\d\d"),
        "2026-02-03",
        date.fromisoformat,
    ),
    "week": Period(
        _week,
        re.compile(r"\d{4}-W\d\d"),
        "2026-W06",
        date.fromisoformat,
    ),
    "month": Period(
        lambda value: value.isoformat()[:7],
        re.compile(r"\d{4}-\d\d"),
        "2026-02",
        lambda text: date.fromisoformat(f"{text}-01"),
    ),
    "quarter": Period(
        lambda value: f"{value.year:04}-Q{(value.month + 2) // 3}",
        re.compile(r"\d{4}-Q[1-4]"),
        "2026-Q1",
        lambda text: date(int(text[:4]), int(text[-1]) * 3, 1),
    ),
    "year": Period(
        lambda value: f"{value.year:04}",
        re.compile(r"\d{4}"),
        "2026",
        lambda text: date(int(text), 1, 1),
    ),
}
"""The periods of buckets by name."""


def bucket_of(period: str, value: datetime) -> str:
    """Return the text of the bucket of an aware time, in UTC.

    >>> from datetime import timedelta, timezone
    >>> bucket_of("day", datetime(2026, 2, 4, 0, 30, tzinfo=timezone(timedelta(hours=1))))
    '2026-02-03'
    >>> bucket_of("week", datetime(2027, 1, 1, tzinfo=UTC))
    '2026-W53'
    """
    return PERIODS[period].write(value.astimezone(UTC))


def accept_bucket(period: str, value: Any, path: str) -> str:
    """Return the text of a bucket, from the text itself or from a time in the bucket.

    It accepts a bucket's text, an aware datetime, a date (except for hours), and ISO 8601 text with
    an offset. Raises ValidationError.
    """
    of = PERIODS[period]
    if isinstance(value, str):
        # Keys may lowercase text, and text that was read from a key must still be a bucket.
        text = str.__str__(value).upper()
        if of.pattern.fullmatch(text):
            try:
                of.start(text)
            except ValueError:
                raise refuse(path, f"is not a valid {period}") from None
            return text
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise refuse(path, f"must be {_wanted(period)}") from None
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise refuse(path, f"must be {_wanted(period)}; this time has no time zone")
        try:
            return bucket_of(period, value)
        except OverflowError:
            raise refuse(path, "is outside the years 1 to 9999 in UTC") from None
    if isinstance(value, date) and period != "hour":
        return of.write(value)
    raise refuse(path, f"must be {_wanted(period)}, not {type(value).__name__}")


def accepted_times(period: str) -> str:
    """Return the class of times that a bucket accepts; a datetime is a date as well.

    >>> accepted_times("day"), accepted_times("hour")
    ('date', 'datetime')
    """
    return "datetime" if period == "hour" else "date"


def _wanted(period: str) -> str:
    an = "an" if period == "hour" else "a"
    return f'{an} {period} such as "{PERIODS[period].example}", or a time with its time zone'
