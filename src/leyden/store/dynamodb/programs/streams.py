"""Reading an index in the order of the store: by time, and at the same time by id.

An index has its entries in the order of their times, and those of one time in none. So they are
read on until the next time begins, and put in order before any of them is given.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from attrs import frozen

from leyden.errors import TableMismatchError
from leyden.operations.chains.reads import Query
from leyden.program import Program, run_together
from leyden.store.dynamodb.cursors import Position
from leyden.store.order import IdKey, id_key, place
from leyden.store.records import DateRange
from leyden.store.times import LATEST, TICK, known

_EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)


class Entry(Protocol):
    """What has an id and a time of creation."""

    @property
    def id(self) -> str:
        """What tells it from others of its time."""

    @property
    def created_at(self) -> datetime | None:
        """Where the index has it."""


E = TypeVar("E", bound=Entry)


@frozen
class Taken(Generic[E]):
    """The first entries, and whether there are more behind them, in these streams."""

    entries: tuple[E, ...]
    more: bool
    streams: Sequence[Stream[E]] = ()

    def goes_on_beside(self, ids: Container[str]) -> Program[bool]:
        """Whether there are more than those with these ids. The streams have had their use then."""
        for stream in self.streams:
            if (yield from stream.goes_on_beside(ids)):
                return True
        return False


@frozen
class Span:
    """The times to read, both ends part of it; empty where the end comes before the start."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, dates: DateRange) -> Span:
        """The times in a range; those stored are whole milliseconds."""
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

    def behind(self, time: datetime, *, descending: bool) -> Span:
        """The part from `time` on in the direction of reading, `time` included."""
        if descending:
            return Span(self.start, time if self.end is None else min(self.end, time))
        return Span(time if self.start is None else max(self.start, time), self.end)

    @property
    def is_empty(self) -> bool:
        """Whether no time is in it."""
        return self.start is not None and self.end is not None and self.end < self.start

    def limit(self, query: Query) -> Query:
        """The query, within these times."""
        if self.start is not None and self.end is not None:
            return query.between({"created_at": self.start}, {"created_at": self.end})
        if self.start is not None:
            return query.gte(created_at=self.start)
        return query if self.end is None else query.lte(created_at=self.end)


class Stream(Generic[E]):
    """The entries of one query, in order, read as they are wanted.

    `read` makes an entry of a record, or None where it is to be left out. Times descend or
    ascend; ids ascend at each time, unless `ids_descend`. Reading begins behind `after`.
    """

    def __init__(
        self,
        query: Query,
        read: Callable[[Any], E | None],
        *,
        span: Span,
        descending: bool,
        after: Position | None = None,
        ids_descend: bool = False,
    ) -> None:
        if after is not None:
            span = span.behind(after.time, descending=descending)
        self._query = None if span.is_empty else span.limit(query)
        self._order: Literal["asc", "desc"] = "desc" if descending else "asc"
        self._read = read
        self._after = after
        self._ids_descend = ids_descend
        self._cursor: str | None = None
        self._limit = 0
        self._open: list[E] = []
        self.ready: deque[E] = deque()
        self.finished = self._query is None

    @property
    def goes_on(self) -> bool:
        """Whether there is another entry."""
        return bool(self.ready or self._open)

    def goes_on_beside(self, ids: Container[str]) -> Program[bool]:
        """Whether there is another entry than those with these ids: reads on until one is found."""
        while True:
            if any(entry.id not in ids for entry in (*self.ready, *self._open)):
                return True
            if self.finished:
                return False
            self.ready.clear()
            self._open.clear()
            yield from self._read_page(1)

    def fill(self, count: int | None) -> Program[None]:
        """Read until `count` entries are ready and it is known whether more follow, or all."""
        while not self.finished:
            known = len(self.ready) + len(self._open)
            if count is not None and len(self.ready) >= count and known > count:
                return
            yield from self._read_page(None if count is None else count + 1 - known)

    def _read_page(self, missing: int | None) -> Program[None]:
        assert self._query is not None
        if missing is None:
            limit = None
        else:
            # What is left out here was read all the same, so each page is larger than the last.
            limit = self._limit = max(missing, 2 * self._limit, 1)
            if self._after is not None and self._cursor is None:
                limit += 1
        page = yield from self._query.program(order=self._order, limit=limit, cursor=self._cursor)
        for record in page:
            refuse_narrow(self._query, record)
            entry = self._read(record)
            if entry is None:
                continue
            if self._open and entry.created_at != self._open[0].created_at:
                self._close_time()
            self._open.append(entry)
        self._cursor = page.cursor
        if page.cursor is None:
            self.finished = True
            self._close_time()

    def _close_time(self) -> None:
        """Give the entries of one time, of which all are read."""
        entries = sorted(self._open, key=lambda entry: id_key(entry.id), reverse=self._ids_descend)
        self.ready.extend(entry for entry in entries if not self._is_passed(entry))
        self._open = []

    def _is_passed(self, entry: E) -> bool:
        if self._after is None or entry.created_at != self._after.time:
            return False
        mine, seen = id_key(entry.id), id_key(self._after.id)
        return mine >= seen if self._ids_descend else mine <= seen


def refuse_narrow(query: Query, record: Any) -> None:
    """Raise TableMismatchError for a record of an index that holds keys only.

    Elsewhere what an index is sorted by is in all of its items.
    """
    if getattr(record, "created_at", None) is None:
        index = query.explain().index
        raise TableMismatchError(
            f'the index "{index}" does not hold whole items; see what init() says of the table',
            differences=(f'the index "{index}" does not project ALL',),
        )


def take(
    streams: Sequence[Stream[E]], count: int | None, *, descending: bool, concurrency: int
) -> Program[Taken[E]]:
    """The first `count` entries of several streams as if they were one, or all."""
    if len(streams) == 1:
        (stream,) = streams
        yield from stream.fill(count)
        size = len(stream.ready) if count is None else min(count, len(stream.ready))
        return Taken(tuple(stream.ready.popleft() for _ in range(size)), stream.goes_on, streams)
    share = None if count is None else count // max(len(streams), 1) + 1
    yield from run_together([stream.fill(share) for stream in streams], concurrency)
    if count == 0:
        return Taken((), any(stream.goes_on for stream in streams), streams)
    heads: list[tuple[tuple[int, IdKey], int]] = []

    def offer(number: int) -> None:
        entry = streams[number].ready[0]
        heapq.heappush(
            heads, (place(known(entry.created_at), entry.id, descending=descending), number)
        )

    for number, stream in enumerate(streams):
        if stream.ready:
            offer(number)
    taken: list[E] = []
    while heads:
        _, number = heapq.heappop(heads)
        stream = streams[number]
        entry = stream.ready.popleft()
        # A message that is moved while it is read may be found in both threads.
        if not taken or taken[-1].id != entry.id:
            taken.append(entry)
            if len(taken) == count:
                break
        if not stream.ready:
            yield from stream.fill(share)
        if stream.ready:
            offer(number)
    return Taken(tuple(taken), any(stream.goes_on for stream in streams), streams)
