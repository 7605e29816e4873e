"""The store's times: its clock, and when a change is said to have been made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from leyden.types.times import accept_timestamp

T = TypeVar("T")

Clock: TypeAlias = Callable[[], datetime]
"""Gives the time, as an aware datetime."""

TICK: Final = timedelta(milliseconds=1)
"""What times are cut to."""

LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
"""The last time that can be stored."""


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def cut(clock: Clock) -> Clock:
    """The clock, cut to milliseconds. It raises ValidationError for what is no aware datetime."""
    return lambda: accept_timestamp(clock(), "clock")


def later(now: datetime, before: datetime | None) -> datetime:
    """The time of a change: now, but later than the one before, so that others see the change."""
    if before is None:
        return now
    return max(now, before + TICK) if before < LATEST else before


def known(value: T | None) -> T:
    """A value that what is stored always has."""
    assert value is not None
    return value
