"""Times and JSON values, as both backends create, store and compare them.

A page is ordered by time, and by id where times are equal. Ids do not say who spoke first, so the
messages of one call that come without a time get a millisecond each, in the order in which you give
them. The items then hold that order, and every client of the table reads it.

Some values are stored as text, in memory as in the table, and decoded from that text when read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from attrs import evolve, frozen

from leyden.store.records import JSON, DateRange, Message
from leyden.types import accept_timestamp, json_text

T = TypeVar("T")

Clock: TypeAlias = Callable[[], datetime]
"""Returns the time as an aware datetime."""

TICK: Final = timedelta(milliseconds=1)
"""The precision of stored times."""

LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
"""The latest time that can be stored."""

_EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)

_SET_BACK: Final = timedelta(minutes=1)
"""If the clock goes back by more than this, it was set and is believed; less is just jitter."""


def system_clock() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def cut(clock: Clock) -> Clock:
    """Cut the clock's times to milliseconds; a time that is not aware raises ValidationError."""
    return lambda: accept_timestamp(clock(), "clock")


def later(now: datetime, before: datetime | None) -> datetime:
    """Return the time of a change: now, but after the previous change, so that others see it."""
    if before is None:
        return now
    return max(now, before + TICK) if before < LATEST else before


def known(value: T | None) -> T:
    """Return a value that stored records always have."""
    assert value is not None
    return value


@frozen
class Span:
    """A range of times to read, both ends included; it is empty if it ends before its start."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, dates: DateRange) -> Span:
        """Return the span of a date range; exclusive ends move by a millisecond."""
        start, end = dates.start, dates.end
        if start is not None and dates.start_exclusive:
            start = start + TICK if start < LATEST else None
            if start is None:
                return cls(LATEST, _EARLIEST)
        if end is not None and dates.end_exclusive:
            if end == _EARLIEST:
                return cls(LATEST, _EARLIEST)
            end -= TICK
        return cls(start, end)

    def __contains__(self, time: datetime | None) -> bool:
        time = known(time)
        return (self.start is None or time >= self.start) and (self.end is None or time <= self.end)

    def behind(self, time: datetime, *, descending: bool) -> Span:
        """Return the part from `time` on, in reading direction and including `time`."""
        if descending:
            return Span(self.start, time if self.end is None else min(self.end, time))
        return Span(time if self.start is None else max(self.start, time), self.end)

    def as_json(self) -> JSON:
        """Return the two ends as JSON, to bind cursors to them."""
        return [time and time.isoformat() for time in (self.start, self.end)]


class Stamps:
    """The times that one store gives to messages, each later than all before it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given: datetime | None = None
        self._now: datetime | None = None

    def dated(self, messages: Iterable[Message], now: datetime) -> dict[str, Message]:
        """Return the messages by id, each with its times; of one id the last counts, in its place.

        A time that you give stays. The others count up from now by the millisecond, after all that
        were counted before, and skip the times that the call itself gives.
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


def as_it_reads(value: JSON) -> JSON:
    """Decode a text that holds a JSON object or array; return any other value as text."""
    if value is None or isinstance(value, dict | list):
        return value
    text = value if isinstance(value, str) else json_text(value)
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return text


def stored_text(value: JSON) -> str:
    """Return a text unchanged, and any other value as JSON."""
    return value if isinstance(value, str) else json_text(value)


def value_of(text: str | None) -> JSON:
    """Return the value of a stored text; `null` is stored for None and becomes None."""
    return None if text == "null" else as_it_reads(text)


def same_json(one: JSON, other: JSON) -> bool:
    """Return whether two JSON values are equal. True is not 1, and the order of keys is ignored."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def _refuse(constant: str) -> NoReturn:
    raise ValueError("no JSON")


def _finite(digits: str) -> Any:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("no number that can be kept")
    return number
