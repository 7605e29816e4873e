"""What listings share that read all there is: dates as conditions, and one page of the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from leyden.operations.query import Query
from leyden.operations.scan import Scan
from leyden.store.given import Paging
from leyden.store.records import DateRange

T = TypeVar("T")


def within(reading: Query | Scan, time: Any, dates: DateRange) -> Query | Scan:
    """The reading of what is within the dates, which the table compares; both are part of it."""
    if dates.start is not None:
        reading = reading.where(time >= dates.start)
    return reading if dates.end is None else reading.where(time <= dates.end)


def page_of(entries: Sequence[T], paging: Paging) -> tuple[Sequence[T], bool]:
    """A page of all entries, and whether there are more behind it."""
    end = len(entries) if paging.end is None else paging.end
    return entries[paging.offset : end], end < len(entries)
