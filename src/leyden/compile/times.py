"""Instants: aware datetimes in Python, ISO 8601 text or epoch seconds in the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from leyden.compile.faults import UnreadableError, refuse, wrong_type
from leyden.compile.numbers import integer_value

__all__ = [
    "accept_timestamp",
    "accept_ttl",
    "epoch_milliseconds",
    "timestamp_value",
    "ttl_value",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_fromisoformat = datetime.fromisoformat


_ZONED: Final = "datetime.now(UTC) or .replace(tzinfo=UTC)"
_ZONED_TEXT: Final = "2026-01-31T09:00:00Z"


def accept_timestamp(value: Any, path: str) -> datetime:
    """An aware datetime, in UTC and cut to the millisecond.

    ISO 8601 text with an offset is taken too.
    """
    form = _ZONED
    if isinstance(value, str):
        form = _ZONED_TEXT
        try:
            value = _fromisoformat(value)
        except ValueError:
            raise refuse(path, "is text that is no ISO 8601 time") from None
    elif not isinstance(value, datetime):
        raise wrong_type(path, "an aware datetime or ISO 8601 text with an offset", value)
    instant = _in_utc(value, path, form)
    beyond = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - beyond) if beyond else instant


def accept_ttl(value: Any, path: str) -> datetime:
    """An aware datetime, in UTC and cut to the second.

    An int or a float is taken as seconds since 1970, as DynamoDB counts them.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return _EPOCH + (value // 1) * _SECOND
        except (OverflowError, ValueError):
            raise refuse(path, "is no time in seconds since 1970 (milliseconds?)") from None
    if not isinstance(value, datetime):
        raise wrong_type(path, "an aware datetime or seconds since 1970", value)
    instant = _in_utc(value, path)
    return instant.replace(microsecond=0) if instant.microsecond else instant


def _in_utc(value: datetime, path: str, form: str = _ZONED) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise refuse(path, f"is a time without a time zone; say which one it is in, as in {form}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise refuse(path, "is outside the years 1 to 9999 in UTC") from None


def timestamp_value(text: str) -> datetime:
    """The instant that ISO 8601 text with an offset names, in UTC. Raises UnreadableError."""
    try:
        try:
            value = _fromisoformat(text)
        except ValueError:
            # A timestamp that is itself a key is folded to lower case with it.
            value = _fromisoformat(text.upper())
        zone = value.tzinfo
        if zone is UTC:
            return value
        if zone is not None:
            return value.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise UnreadableError("is no ISO 8601 time") from None
    raise UnreadableError("is a time without an offset from UTC")


def ttl_value(text: str) -> datetime:
    """The instant that a stored number of seconds names; fractions are cut off."""
    try:
        seconds = int(text) if text.isdecimal() else _whole(text)
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise UnreadableError("is no time in seconds since 1970 (milliseconds?)") from None


def _whole(text: str) -> int:
    try:
        return integer_value(text)
    except UnreadableError:
        number = Decimal(text)
        return int(number // 1) - (number < 0)


def epoch_milliseconds(value: datetime) -> int:
    """Whole milliseconds since 1970, as JavaScript's `Date.now()` counts them."""
    return (value - _EPOCH) // _MILLISECOND
