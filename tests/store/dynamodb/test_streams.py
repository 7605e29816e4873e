"""Streams: pages together are the whole, in order, also where times tie."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from leyden.program import Pause, Program
from leyden.store.dynamodb.streams import Indexed, Taken, by_time, take
from leyden.store.order import (
    Mark,
    Order,
    id_key,
    latest_first,
    newest_first,
    oldest_first,
    time_mark,
)
from leyden.store.records import DateRange
from leyden.store.values import Span

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
TICK: Final = timedelta(milliseconds=1)


@frozen
class Entry:
    id: str
    created_at: datetime


@frozen
class Found:
    items: tuple[Entry, ...]
    cursor: str | None

    def __iter__(self) -> Any:
        return iter(self.items)


class Index:
    """A query over entries: those of one time in an order of its own, as an index has them."""

    def __init__(self, entries: Sequence[Entry], low: Any = None, high: Any = None) -> None:
        self._entries = entries
        self._low, self._high = low, high
        self.limits: list[int | None] = []

    def _within(self, low: Any, high: Any) -> Index:
        index = Index(self._entries, low, high)
        index.limits = self.limits
        return index

    def gte(self, *, created_at: datetime) -> Index:
        return self._within(created_at, None)

    def lte(self, *, created_at: datetime) -> Index:
        return self._within(None, created_at)

    def between(self, low: Any, high: Any) -> Index:
        return self._within(low["created_at"], high["created_at"])

    def program(
        self, *, order: str, limit: int | None, cursor: str | None, compare: str | None
    ) -> Program[Found]:
        self.limits.append(limit)
        entries = [
            entry
            for entry in sorted(self._entries, key=lambda e: (e.created_at, e.id[::-1]))
            if (self._low is None or entry.created_at >= self._low)
            and (self._high is None or entry.created_at <= self._high)
        ]
        if order == "desc":
            entries.reverse()
        yield Pause(0)
        start = int(cursor or 0)
        end = len(entries) if limit is None else start + limit
        # As the service does, say that there may be more where the limit was reached.
        more = limit is not None and end <= len(entries)
        return Found(tuple(entries[start:end]), str(end) if more else None)


def run(program: Program[Any]) -> Any:
    try:
        step = program.send(None)
        while True:
            step = program.send([None] * len(getattr(step, "requests", ())))
    except StopIteration as end:
        return end.value


def order_of(descending: bool) -> Order:
    return newest_first if descending else oldest_first


def listed(index: Index, order: Order, read: Any = lambda record: record, **more: Any) -> Any:
    """The index as what is read of it, of entries that `read` makes."""
    found: Indexed[Entry] = by_time(index, read, order, **more)  # type: ignore[arg-type]
    return found


def taken_of(
    indexes: Sequence[Indexed[Entry]], count: int | None, after: Mark | None = None
) -> Taken[Entry]:
    taken: Taken[Entry] = run(take(indexes, count, after, concurrency=4))
    return taken


entries = st.lists(
    st.builds(
        Entry,
        st.text(st.sampled_from("abAB1-_"), min_size=1, max_size=3),
        st.integers(0, 4).map(lambda n: START + n * TICK),
    ),
    unique_by=lambda entry: entry.id,
    max_size=25,
)


def in_order(given: Sequence[Entry], descending: bool) -> list[Entry]:
    direction = -1 if descending else 1
    return sorted(given, key=lambda e: (direction * (e.created_at - START), id_key(e.id)))


@given(entries, st.integers(1, 7), st.booleans(), st.integers(1, 4))
def test_pages_put_together_are_all_entries_each_once_in_order(
    given_entries: list[Entry], size: int, descending: bool, threads: int
) -> None:
    expected = in_order(given_entries, descending)
    seen: list[Entry] = []
    after = None
    while True:
        indexes = [
            listed(Index(given_entries[number::threads]), order_of(descending))
            for number in range(threads)
        ]
        taken = taken_of(indexes, size, after)
        seen += taken.entries
        assert taken.more is (len(seen) < len(expected))
        if not taken.more:
            break
        assert len(taken.entries) == size
        after = time_mark(seen[-1].created_at, seen[-1].id)
    assert seen == expected


@given(entries, st.booleans(), st.integers(1, 4))
def test_all_at_once_are_all_entries_in_order(
    given_entries: list[Entry], descending: bool, threads: int
) -> None:
    indexes = [
        listed(Index(given_entries[number::threads]), order_of(descending))
        for number in range(threads)
    ]
    taken = taken_of(indexes, None)
    assert list(taken.entries) == in_order(given_entries, descending)
    assert taken.more is False


@given(entries, st.integers(0, 6), st.data())
def test_the_neighbours_before_an_entry_are_those_of_the_ascending_order(
    given_entries: list[Entry], count: int, data: st.DataObject
) -> None:
    if not given_entries:
        return
    ascending = in_order(given_entries, descending=False)
    at = data.draw(st.integers(0, len(ascending) - 1))
    before = time_mark(ascending[at].created_at, ascending[at].id)
    taken = taken_of([listed(Index(given_entries), latest_first)], count, before)
    assert list(taken.entries) == ascending[max(0, at - count) : at][::-1]


@given(entries, st.integers(1, 5), st.booleans())
def test_what_is_left_out_does_not_count(
    given_entries: list[Entry], size: int, descending: bool
) -> None:
    def read(entry: Entry) -> Entry | None:
        return entry if "a" in entry.id else None

    expected = [entry for entry in in_order(given_entries, descending) if "a" in entry.id]
    taken = taken_of([listed(Index(given_entries), order_of(descending), read)], size)
    assert list(taken.entries) == expected[:size]
    assert taken.more is (len(expected) > size)


@given(
    entries,
    st.tuples(st.none() | st.integers(-1, 5), st.none() | st.integers(-1, 5)),
    st.tuples(st.booleans(), st.booleans()),
    st.booleans(),
)
def test_a_span_has_the_times_of_its_range(
    given_entries: list[Entry],
    ends: tuple[int | None, int | None],
    exclusive: tuple[bool, bool],
    descending: bool,
) -> None:
    start, end = (None if n is None else START + n * TICK for n in ends)
    dates = DateRange(
        start=start, end=end, start_exclusive=exclusive[0], end_exclusive=exclusive[1]
    )
    span = Span.of(dates)
    taken = taken_of([listed(Index(given_entries), order_of(descending), span=span)], None)
    expected = [
        entry
        for entry in in_order(given_entries, descending)
        if (start is None or entry.created_at > start - TICK * (not exclusive[0]))
        and (end is None or entry.created_at < end + TICK * (not exclusive[1]))
    ]
    assert list(taken.entries) == expected


@pytest.mark.parametrize(
    "dates",
    [
        DateRange(
            start=datetime.max.replace(tzinfo=UTC, microsecond=999_000), start_exclusive=True
        ),
        DateRange(end=datetime.min.replace(tzinfo=UTC), end_exclusive=True),
        DateRange(start=START, end=START, end_exclusive=True),
    ],
)
def test_a_range_without_times_reads_nothing(dates: DateRange) -> None:
    index = Index([Entry("a", START)])
    taken = taken_of([listed(index, oldest_first, span=Span.of(dates))], None)
    assert (taken.entries, taken.more) == ((), False)
    assert index.limits == []


def test_a_page_reads_one_more_than_it_has_and_where_times_tie_on_to_the_next_time() -> None:
    apart = [Entry(f"{n:02}", START + n * TICK) for n in range(50)]
    index = Index(apart)
    assert len(taken_of([listed(index, newest_first)], 10).entries) == 10
    assert index.limits == [11]
    tied = Index([Entry(f"{n:02}", START + n // 15 * TICK) for n in range(50)])
    taken = taken_of([listed(tied, oldest_first)], 10)
    assert [entry.id for entry in taken.entries] == [f"{n:02}" for n in range(10)]
    assert tied.limits == [11, 22]


def test_ids_ascend_at_each_time_in_both_directions() -> None:
    given_entries = [Entry(id, START) for id in ("b", "A", "a", "_", "1")]
    for descending in (True, False):
        taken = taken_of([listed(Index(given_entries), order_of(descending))], None)
        ids = [entry.id for entry in taken.entries]
        assert ids == sorted(ids, key=id_key) == ["_", "1", "a", "A", "b"]
