"""The store's times: its clock, when a change is said to have been made, and stamps of messages.

A page is in the order of times, and at the same time in the order of ids, which say nothing of who
spoke first. So the messages of one call that come without a time get a millisecond each, in the
order in which they were given: that order is in the items, and every client of the table reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, TypeAlias, TypeVar

from attrs import evolve

from leyden.store.records import Message
from leyden.types.times import accept_timestamp

T = TypeVar("T")

Clock: TypeAlias = Callable[[], datetime]
"""Gives the time, as an aware datetime."""

TICK: Final = timedelta(milliseconds=1)
"""What times are cut to."""

LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
"""The last time that can be stored."""

_SET_BACK: Final = timedelta(minutes=1)
"""A clock that goes back by more was set, and is believed; one that goes back by less wavered."""


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


class Stamps:
    """The times that one store has given, each later than all before it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given: datetime | None = None
        self._now: datetime | None = None

    def dated(self, messages: Iterable[Message], now: datetime) -> dict[str, Message]:
        """The messages by id, each with its times; of one id the last, in the last one's place.

        A time that is given stays. The others count up from now by the millisecond, behind all
        that were counted before, and leave out times that the call itself gives.
        """
        by_id: dict[str, Message] = {}
        for message in messages:
            by_id.pop(message.id, None)
            by_id[message.id] = message
        taken = {message.created_at for message in by_id.values()}
        dated = {}
        with self._lock:
            next_time = self._begin(now)
            for id, message in by_id.items():
                if message.created_at is not None:
                    dated[id] = evolve(message, updated_at=now)
                    continue
                while next_time in taken and next_time < LATEST:
                    next_time += TICK
                dated[id] = evolve(message, created_at=next_time, updated_at=next_time)
                self._given = next_time
                next_time = min(next_time, LATEST - TICK) + TICK
        return dated

    def _begin(self, now: datetime) -> datetime:
        if self._now is not None and now < self._now - _SET_BACK:
            self._given = None
        self._now = now
        if self._given is None or self._given < now:
            return now
        return min(self._given, LATEST - TICK) + TICK
