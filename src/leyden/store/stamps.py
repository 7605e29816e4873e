"""Times of creation for messages that are saved without one.

A page is in the order of times, and at the same time in the order of ids, which say nothing of who
spoke first. So the messages of one call get a millisecond each, in the order in which they were
given: that order is in the items, and every client of the table reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from attrs import evolve

from leyden.store.records import Message
from leyden.store.times import LATEST, TICK

_SET_BACK: Final = timedelta(minutes=1)
"""A clock that goes back by more was set, and is believed; one that goes back by less wavered."""


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
