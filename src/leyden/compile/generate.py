"""Values that Leyden makes: unique ids and the time.

Ids of one process sort in the order in which they were made, also within one millisecond and
when the clock steps back.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Final

__all__ = ["now", "ulid", "uuid4", "uuid7"]

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class _Ticks:
    """Milliseconds with random bits behind them; each pair is greater than the one before."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._lock = threading.Lock()
        self._millisecond = -1
        self._random = 0

    def next(self) -> tuple[int, int]:
        """A millisecond and `bits` random bits."""
        with self._lock:
            millisecond = time.time_ns() // 1_000_000
            if millisecond > self._millisecond:
                self._millisecond = millisecond
                # The top bit stays free, so that there is room to count up from here.
                self._random = secrets.randbits(self._bits - 1)
            else:
                self._random += 1 + secrets.randbits(32)
                if self._random >> self._bits:
                    self._millisecond += 1
                    self._random = secrets.randbits(self._bits - 1)
            return self._millisecond, self._random


_uuid7_ticks = _Ticks(74)
_ulid_ticks = _Ticks(80)


def _start_anew() -> None:
    # A forked process must not count on from the same bits as its parent.
    global _uuid7_ticks, _ulid_ticks
    _uuid7_ticks = _Ticks(74)
    _ulid_ticks = _Ticks(80)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


def uuid4() -> str:
    """A random UUID: `9f1c0c2e-...`, 36 characters."""
    return str(uuid.uuid4())


def uuid7() -> str:
    """A UUID that sorts by the time it was made (RFC 9562, version 7), 36 characters.

    >>> uuid7() < uuid7()
    True
    """
    millisecond, random = _uuid7_ticks.next()
    high, low = random >> 62, random & ((1 << 62) - 1)
    value = (millisecond & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return str(uuid.UUID(int=value))


def ulid() -> str:
    """A ULID: 26 characters of Crockford's base 32 that sort by the time it was made.

    >>> ulid() < ulid()
    True
    """
    millisecond, random = _ulid_ticks.next()
    value = (millisecond & ((1 << 48) - 1)) << 80 | random
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def now() -> datetime:
    """The present instant in UTC, cut to the millisecond."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
