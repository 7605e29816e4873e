"""What listings of scores, runs, spans and evaluations share.

What an index has in order is read as far as the page goes. What only a scan finds is read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from attrs import field, frozen

from leyden.operations.chains.reads import Query, Scan
from leyden.program import Program, run_together
from leyden.store import given
from leyden.store.dynamodb.cursors import seal, time_of, unseal
from leyden.store.dynamodb.programs.streams import refuse_narrow
from leyden.store.given import Paging
from leyden.store.places import Mark, Order
from leyden.store.records import JSON, DateRange

T = TypeVar("T")


@frozen(kw_only=True)
class Listed(Generic[T]):
    """A page of a listing."""

    entries: Sequence[T]
    total: int | None
    has_more: bool
    cursor: str | None


@frozen
class Asked:
    """The page that is asked for, checked; `query` is what must stay the same from page to page."""

    query: JSON
    paging: Paging
    include_total: bool

    @classmethod
    def of(cls, query: JSON, page: Any, per_page: Any, cursor: Any, include_total: Any) -> Asked:
        """Check what says which page. Raises InputError."""
        paging = given.paging(page, per_page, cursor)
        return cls(query, paging, given.flag(include_total, "include_total"))

    @property
    def is_empty(self) -> bool:
        """Whether the page has no entries, so that nothing is read or counted for it."""
        return self.paging.per_page == 0

    def after(self, *check: Callable[[Mark], Any]) -> Mark | None:
        """The place behind which the page begins, which all of the functions take.

        Raises InvalidCursorError.
        """

        def read(mark: Mark) -> Mark:
            for one in check:
                one(mark)
            return mark

        cursor = self.paging.cursor
        return None if cursor is None else unseal(cursor, self.query, read)


def no_page(asked: Asked) -> Listed[Any]:
    """The page without entries."""
    total = 0 if asked.include_total else None
    return Listed(entries=(), total=total, has_more=False, cursor=None)


@frozen(kw_only=True)
class Indexed(Generic[T]):
    """Entries that an index has in order, those of one time or number together.

    `read` makes an entry of a record, or None where it is left out here. `mark` says where it is,
    `order` what marks are sorted by, `tie` what those have in common that the index does not sort.
    Those that are `late` are anywhere in the index, and come behind all others. `begin` gives the
    query from a place on.
    """

    query: Query
    direction: Literal["asc", "desc"]
    read: Callable[[Any], T | None]
    mark: Callable[[T], Mark]
    order: Order
    tie: Callable[[T], Any]
    begin: Callable[[Query, Mark], Query]
    late: Callable[[T], bool] = field(default=lambda _: False)

    def take(self, count: int | None, after: Mark | None) -> Program[tuple[list[T], bool, bool]]:
        """The first `count` entries behind a place, or all.

        Also whether there are more, and whether there were late ones on the way.
        """
        query = self.query if after is None else self.begin(self.query, after)
        behind = None if after is None else self.order(after)
        kept: list[T] = []
        late: list[T] = []
        limit = 0
        cursor: str | None = None
        while True:
            if count is not None:
                # What is left out here was read all the same: each page is larger than the last.
                limit = max(count + 1 - len(kept), 2 * limit, 1)
            page = yield from query.program(
                order=self.direction,
                limit=limit + (after is not None and cursor is None) if limit else None,
                cursor=cursor,
                compare="keys",
            )
            for record in page:
                refuse_narrow(query, record)
                entry = self.read(record)
                if entry is None or (behind is not None and self._place(entry) <= behind):
                    continue
                (late if self.late(entry) else kept).append(entry)
            cursor = page.cursor
            if cursor is None:
                kept = [*sorted(kept, key=self._place), *sorted(late, key=self._place)]
                more = count is not None and len(kept) > count
                return kept[:count], more, bool(late)
            if count is not None and len(kept) > count and self._settled(kept) >= count:
                return sorted(kept, key=self._place)[:count], True, bool(late)

    def _place(self, entry: T) -> Any:
        return self.order(self.mark(entry))

    def _settled(self, kept: Sequence[T]) -> int:
        """How many entries come before those that the next page may go on with."""
        last = self.tie(kept[-1])
        settled = len(kept)
        while settled and self.tie(kept[settled - 1]) == last:
            settled -= 1
        return settled


def from_index(
    index: Indexed[T], asked: Asked, *, concurrency: int, told_here: bool = False
) -> Program[Listed[T]]:
    """The page, and the total where it is asked for.

    `told_here` says that what is read is left out here, so that DynamoDB cannot count for us.
    """
    after = asked.after(index.order, partial(index.begin, index.query))
    if asked.is_empty:
        return no_page(asked)
    paging = asked.paging
    whole = asked.include_total and told_here and after is None
    programs: list[Program[Any]] = [
        index.take(None if whole else paging.end, after),
        _total(index, asked, told_here=told_here, whole=whole),
    ]
    (taken, more, late), total = yield from run_together(programs, concurrency)
    entries = taken[paging.offset : paging.end]
    if whole:
        total, more = len(taken), paging.end is not None and paging.end < len(taken)

    def mark(entry: T) -> Mark:
        # Late entries that were passed are still to come: then the next page begins at the top.
        return [*index.mark(entry), 1] if late or (after and len(after) > 2) else index.mark(entry)

    return _page(entries, more, total, mark, asked)


def _total(
    index: Indexed[Any], asked: Asked, *, told_here: bool, whole: bool
) -> Program[int | None]:
    if not asked.include_total or whole:
        return None
    if told_here:
        everything, _, _ = yield from index.take(None, None)
        return len(everything)
    return (yield from index.query.counting()).count


def of_all(
    entries: Iterable[T], mark: Callable[[T], Mark], order: Order, asked: Asked
) -> Listed[T]:
    """The page of all entries there are, which are put in order here."""
    after = asked.after(order)
    if asked.is_empty:
        return no_page(asked)
    ordered = sorted(((order(mark(entry)), entry) for entry in entries), key=lambda pair: pair[0])
    paging = asked.paging
    left = [entry for place, entry in ordered if after is None or place > order(after)]
    more = paging.end is not None and paging.end < len(left)
    total = len(ordered) if asked.include_total else None
    return _page(left[paging.offset : paging.end], more, total, mark, asked)


def _page(
    entries: Sequence[T], more: bool, total: int | None, mark: Callable[[T], Mark], asked: Asked
) -> Listed[T]:
    cursor = None
    if more:
        cursor = seal(mark(entries[-1]), asked.query) if entries else asked.paging.cursor
    return Listed(entries=tuple(entries), total=total, has_more=more, cursor=cursor)


def within(reading: Query | Scan, time: Any, dates: DateRange) -> Any:
    """The reading of what is within the dates, which the table compares; both are part of it."""
    if dates.start is not None:
        reading = reading.where(time >= dates.start)
    return reading if dates.end is None else reading.where(time <= dates.end)


def ends(dates: DateRange) -> JSON:
    """A range of dates, as cursors are bound to it."""
    return [time and time.isoformat() for time in (dates.start, dates.end)]


def from_time_on(query: Query, mark: Mark) -> Query:
    """The query of what was created at the time of a place, or before."""
    milliseconds, id = mark
    if type(milliseconds) is not int or type(id) is not str:
        raise ValueError("no place")
    return query.lte(created_at=time_of(milliseconds))
