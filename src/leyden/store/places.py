"""Where an entry is in its listing: as JSON, which cursors keep, and what to sort by.

Both stores have these, so that they have one order. Of what is at the same place otherwise, ids
decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from leyden.store.order import id_key
from leyden.store.records import JSON
from leyden.types.numbers import epoch_milliseconds, number_text

Mark: TypeAlias = Sequence[JSON]
"""The place of an entry as JSON."""

Order: TypeAlias = Callable[[Mark], Any]
"""What to sort marks by."""

_DIGITS_OF_TIMES: Final = 13


def time_mark(time: datetime, id: str) -> Mark:
    """The place of an entry that is listed by a time."""
    return [epoch_milliseconds(time), id]


def newest_first(mark: Mark) -> Any:
    """From the latest time to the earliest."""
    return -mark[0], id_key(mark[1])


def oldest_first(mark: Mark) -> Any:
    """From the earliest time to the latest."""
    return +mark[0], id_key(mark[1])


def is_time(start: float) -> bool:
    """Whether a number is a time in milliseconds or finer units, as tracers count them.

    Those have thirteen digits or more, from September 2001 on.
    """
    digits = number_text(start).partition(".")[0]
    return digits.isdecimal() and len(digits) >= _DIGITS_OF_TIMES


def newest_start_first(mark: Mark) -> Any:
    """From the latest start to the earliest, of spans marked with their start and id.

    Times are compared digit by digit, as the index has them: so those in milliseconds and those in
    nanoseconds are in the order of time. Numbers that are no times come behind them, by their size.
    """
    start, id = mark[:2]
    if not is_time(start):
        return 1, -start, id_key(id)
    # What begins like another and goes on is the larger.
    return 0, (*(-ord(digit) for digit in number_text(start)), 1), id_key(id)


def by_name(mark: Mark) -> Any:
    """Runs, marked with the names of workflow and run, as their keys are in order."""
    workflow, run = mark
    return workflow.lower(), run.lower()
