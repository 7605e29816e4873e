"""Reading the entries of an index in order, as far as a page needs, for every domain's listings.

An index sorts its entries by time (or number, or name), but those of the same time in no useful
order. So reading goes on until the next time begins, and sorts these entries before returning any.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Container, Sequence
from operator import itemgetter
from typing import Any, Generic, Literal, TypeVar

from attrs import frozen

from leyden import Query, Scan
from leyden.errors import TableMismatchError
from leyden.program import Program, run_together
from leyden.store.order import Mark, Order, oldest_first, time_marks
from leyden.store.pages import Asked, Listed, listed, no_page, of_all, time_of
from leyden.store.records import JSON
from leyden.store.values import Span, known

T = TypeVar("T")


@frozen(kw_only=True)
class Indexed(Generic[T]):
    """The entries of an index, which sorts them by time or number and leaves ties in any order.

    - `query` is None if there is nothing to read.
    - `read` makes an entry of a record, or returns None for one that is left out here.
    - `mark` returns the place of an entry, `order` the sort key of a place, and `tie` the part of a
      place that the index sorts by.
    - `begin` returns the query from a place on.
    - `late` entries may be anywhere in the index and come after all others.
    - `skip` entries were returned out of order by an earlier page: they count towards the total,
      but pages behind a place leave them out.
    """

    query: Query | None
    descending: bool
    read: Callable[[Any], T | None]
    mark: Callable[[T], Mark]
    order: Order
    begin: Callable[[Mark], Query | None]
    tie: Callable[[Mark], Any] = itemgetter(0)
    late: Callable[[T], bool] | None = None
    skip: Callable[[T], bool] | None = None
    compare: Literal["keys"] | None = None

    def place(self, entry: T) -> Any:
        """Return the sort key of an entry."""
        return self.order(self.mark(entry))


def _within(query: Query, span: Span) -> Query | None:
    """Restrict the query to these times; return None if there are none."""
    if span.start is not None and span.end is not None:
        if span.end < span.start:
            return None
        return query.between({"created_at": span.start}, {"created_at": span.end})
    if span.start is not None:
        return query.gte(created_at=span.start)
    return query if span.end is None else query.lte(created_at=span.end)


def by_time(
    query: Query,
    read: Callable[[Any], T | None],
    order: Order,
    span: Span | None = None,
    *,
    skip: Callable[[T], bool] | None = None,
    id: str = "id",
    compare: Literal["keys"] | None = None,
) -> Indexed[T]:
    """Return the entries of an index by creation time, within a span; `id` names their id field."""
    times, descending = span or Span(), order is not oldest_first
    return Indexed(
        query=_within(query, times),
        descending=descending,
        read=read,
        mark=time_marks(id),
        order=order,
        begin=lambda mark: _within(query, times.behind(time_of(mark), descending=descending)),
        skip=skip,
        compare=compare,
    )


class Stream(Generic[T]):
    """The entries of an index behind a place, in order and read as needed.

    With `inclusive`, the entry at the place itself comes first.
    """

    def __init__(
        self, index: Indexed[T], after: Mark | None = None, *, inclusive: bool = False
    ) -> None:
        self.index = index
        self._query = index.query if after is None else index.begin(after)
        self._behind = None if after is None else index.order(after)
        self._inclusive = inclusive
        self._cursor: str | None = None
        self._limit = 0
        self._open: list[T] = []
        self._tie: Any = None
        self.late: list[T] = []
        self.ready: deque[T] = deque()
        self.finished = self._query is None

    @property
    def goes_on(self) -> bool:
        """Whether another entry is known to follow."""
        return bool(self.ready or self._open)

    def goes_on_beside(self, ids: Container[str]) -> Program[bool]:
        """Return whether an entry without one of these ids follows; reads on until it finds one."""
        while True:
            for entry in (*self.ready, *self._open):
                if self.index.mark(entry)[-1] not in ids:
                    return True
            if self.finished:
                return False
            self.ready.clear()
            self._open.clear()
            yield from self._read_page(1)

    def fill(self, count: int | None) -> Program[None]:
        """Read until `count` entries are ready and whether more follow is known; None reads all."""
        while not self.finished:
            known = len(self.ready) + len(self._open)
            if count is not None and len(self.ready) >= count and known > count:
                return
            yield from self._read_page(None if count is None else count + 1 - known)

    def _read_page(self, missing: int | None) -> Program[None]:
        query, index = known(self._query), self.index
        limit = None
        if missing is not None:
            # Entries that are left out here cost reading too, so each page doubles the last.
            limit = self._limit = max(missing, 2 * self._limit, 1)
            if self._behind is not None and self._cursor is None:
                limit += 1
        page = yield from query.program(
            order="desc" if index.descending else "asc",
            limit=limit,
            cursor=self._cursor,
            compare=index.compare,
        )
        for record in page:
            refuse_narrow(query, record)
            entry = index.read(record)
            if entry is None:
                continue
            if self._behind is not None and (
                not self._is_passed(index.place(entry)) or (index.skip and index.skip(entry))
            ):
                continue
            if index.late is not None and index.late(entry):
                self.late.append(entry)
                continue
            tie = index.tie(index.mark(entry))
            if self._open and tie != self._tie:
                self._close_time()
            self._tie = tie
            self._open.append(entry)
        self._cursor = page.cursor
        if page.cursor is None:
            self.finished = True
            self._close_time()
            self.ready.extend(sorted(self.late, key=index.place))

    def _is_passed(self, place: Any) -> bool:
        """Return whether a place is behind the one where reading began, or at it if inclusive."""
        return bool(self._behind < place or (self._inclusive and self._behind == place))

    def _close_time(self) -> None:
        """Sort the entries of one time, now that all are read, and make them ready."""
        entries = self._open
        self.ready.extend(entries if len(entries) < 2 else sorted(entries, key=self.index.place))
        self._open = []


@frozen
class Taken(Generic[T]):
    """The first entries of these streams, and whether more follow."""

    entries: tuple[T, ...]
    more: bool
    streams: Sequence[Stream[T]] = ()

    @property
    def late(self) -> bool:
        """Whether there were late entries among those read."""
        return any(stream.late for stream in self.streams)

    def goes_on_behind(self, end: int | None, beside: Container[str]) -> Program[bool]:
        """Return whether entries without one of these ids follow a page's end.

        This uses the streams up.
        """
        rest = () if end is None else self.entries[end:]
        if any(self.streams[0].index.mark(entry)[-1] not in beside for entry in rest):
            return True
        if not self.more or not beside:
            return self.more
        for stream in self.streams:
            if (yield from stream.goes_on_beside(beside)):
                return True
        return False


def take(
    indexes: Sequence[Indexed[T]],
    count: int | None,
    after: Mark | None = None,
    *,
    inclusive: bool = False,
    concurrency: int,
) -> Program[Taken[T]]:
    """Return the first `count` entries of several indexes as if they were one, or all for None.

    With `inclusive`, an entry at the place itself comes first.
    """
    if count == 0:
        return Taken((), False)
    streams = [Stream(index, after, inclusive=inclusive) for index in indexes]
    if len(streams) == 1:
        (stream,) = streams
        yield from stream.fill(count)
        size = len(stream.ready) if count is None else min(count, len(stream.ready))
        return Taken(tuple(stream.ready.popleft() for _ in range(size)), stream.goes_on, streams)
    share = None if count is None else count // max(len(streams), 1) + 1
    yield from run_together([stream.fill(share) for stream in streams], concurrency)
    heads: list[tuple[Any, int]] = []

    def offer(number: int) -> None:
        stream = streams[number]
        heapq.heappush(heads, (stream.index.place(stream.ready[0]), number))

    for number, stream in enumerate(streams):
        if stream.ready:
            offer(number)
    taken: list[T] = []
    last: JSON = None
    while heads:
        _, number = heapq.heappop(heads)
        stream = streams[number]
        entry = stream.ready.popleft()
        id = stream.index.mark(entry)[-1]
        # A message that moves while it is read may be found in both threads.
        if id != last:
            last = id
            taken.append(entry)
            if len(taken) == count:
                break
        if not stream.ready:
            yield from stream.fill(share)
        if stream.ready:
            offer(number)
    return Taken(tuple(taken), any(stream.goes_on for stream in streams), streams)


def read_page(
    indexes: Sequence[Indexed[T]],
    asked: Asked,
    after: Mark | None,
    *,
    concurrency: int,
    told_here: bool = False,
    also: Sequence[Program[Any]] = (),
) -> Program[tuple[Taken[T], int | None, list[Any]]]:
    """Return the entries up to a page's end, the total if asked for, and the results of `also`.

    `told_here` says that some of the entries read are left out here, so DynamoDB cannot count them.
    Then the first page reads all entries, which would otherwise be read twice.
    """
    whole = asked.include_total and told_here and after is None and not asked.is_empty
    end = None if whole else asked.end
    programs: list[Program[Any]] = [take(indexes, end, after, concurrency=concurrency)]
    if asked.include_total and not whole:
        programs.append(_total(indexes, asked, told_here=told_here, concurrency=concurrency))
    taken, *others = yield from run_together([*programs, *also], concurrency)
    if not asked.include_total:
        return taken, None, others
    return (taken, len(taken.entries), others) if whole else (taken, others[0], others[1:])


def _total(
    indexes: Sequence[Indexed[Any]], asked: Asked, *, told_here: bool, concurrency: int
) -> Program[int]:
    if asked.is_empty:
        return 0
    if told_here:
        return len((yield from take(indexes, None, concurrency=concurrency)).entries)
    counting = [index.query.counting() for index in indexes if index.query is not None]
    counted = yield from run_together(counting, concurrency)
    return sum(one.count for one in counted)


def from_index(
    index: Indexed[T], asked: Asked, *, concurrency: int, told_here: bool = False
) -> Program[Listed[T]]:
    """Return the page of a listing, with the total if asked for."""
    after = asked.after(index.order, index.begin)
    if asked.is_empty:
        return no_page(asked)
    taken, total, _ = yield from read_page(
        [index], asked, after, concurrency=concurrency, told_here=told_here
    )
    more = taken.more or (asked.end is not None and len(taken.entries) > asked.end)

    def mark(entry: T) -> Mark:
        # Late entries that reading has passed are still to come, so the next page starts reading
        # at the top.
        behind = index.mark(entry)
        return [*behind, 1] if taken.late or (after and len(after) > 2) else behind

    return listed(taken.entries[asked.offset : asked.end], more, total, mark, asked)


def from_all(
    reading: Query | Scan,
    read: Callable[[Any], T | None],
    mark: Callable[[T], Mark],
    order: Order,
    asked: Asked,
) -> Program[Listed[T]]:
    """Return the page of all entries that a query or scan finds, sorted here."""
    asked.after(order)  # Refuses a bad cursor before anything is read.
    if asked.is_empty:
        return no_page(asked)
    found = yield from reading.program(pages="all")
    if isinstance(reading, Query):
        for record in found:
            refuse_narrow(reading, record)
    entries = [entry for record in found if (entry := read(record)) is not None]
    return of_all(entries, mark, order, asked)


def refuse_narrow(query: Query, record: Any) -> None:
    """Raise TableMismatchError for a record from an index that holds keys only.

    Where this does not apply, all items of an index hold what it sorts by, as the table does.
    """
    if getattr(record, "created_at", None) is not None:
        return
    index = query.explain().index
    if index is not None:
        raise TableMismatchError(
            f'the index "{index}" does not hold whole items; init() says how to fix the table',
            differences=(f'the index "{index}" does not project ALL',),
        )


def within(reading: Query | Scan, time: Any, span: Span) -> Any:
    """Restrict a query or scan to a span of time with a filter, which the table evaluates."""
    if span.start is not None:
        reading = reading.where(time >= span.start)
    return reading if span.end is None else reading.where(time <= span.end)
