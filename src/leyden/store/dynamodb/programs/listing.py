"""Listing messages: pages whose cost follows the page, not the thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen
from pynamodb.expressions.condition import Condition

from leyden.operations.concurrently import concurrently
from leyden.operations.counting import count_found
from leyden.operations.query import Query
from leyden.operations.request import Program
from leyden.store import given
from leyden.store.dynamodb.cursors import Position, read_cursor, write_cursor
from leyden.store.dynamodb.programs.including import IncludingPrograms
from leyden.store.dynamodb.programs.streams import Span, Stream, Taken, take
from leyden.store.dynamodb.rows import created, message_of
from leyden.store.interface import Given, OrderBy
from leyden.store.matching import has_all, metadata_of
from leyden.store.order import in_order
from leyden.store.pages import MessagePage
from leyden.store.records import JSON, DateRange, Include, Message


@frozen
class _Asked:
    """What the caller asks for, checked.

    `query` is what must stay the same from page to page, `after` where the page begins.
    """

    query: JSON
    after: Position | None
    paging: given.Paging
    descending: bool
    span: Span
    metadata: Mapping[str, JSON]
    include: tuple[Include, ...]
    include_total: bool


@frozen
class _Listing:
    """What is read: the threads, and which of their messages are meant.

    `owners` says it to the table, `is_mine` of what is read by other ways.
    """

    asked: _Asked
    threads: tuple[str, ...]
    owners: Condition | None
    is_mine: Callable[[Message], bool]


@frozen
class ListingPrograms(IncludingPrograms):
    """`Memory.list_messages` and `Memory.list_messages_by_resource_id`."""

    def list_messages(
        self,
        thread_id: str | Sequence[str],
        *,
        resource_id: str | None = None,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = True,
    ) -> Program[MessagePage]:
        """Read the threads' index from where the page begins."""
        threads = given.thread_ids(thread_id)
        owner = given.optional(given.identifier, resource_id, "resource_id")
        paging = given.paging(page, per_page, cursor)
        identity = ["messages", sorted(threads), owner]
        listing = _Listing(
            _asked(identity, paging, order_by, date_range, metadata, include, include_total),
            threads,
            None if owner is None else self._messages.attr.resource_id == owner,
            lambda message: owner in (None, message.resource_id),
        )
        return (yield from self._list(listing))

    def list_messages_by_resource_id(
        self,
        resource_id: str,
        *,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = True,
    ) -> Program[MessagePage]:
        """Read the index of every thread of the resource, each as far as the page needs."""
        owner = given.identifier(resource_id, "resource_id")
        paging = given.paging(page, per_page, cursor)
        identity = ["messages of a resource", owner]
        asked = _asked(identity, paging, order_by, date_range, metadata, include, include_total)
        query = self._threads.query.by_resource(resource_id=owner)
        found = yield from query.program(pages="all", attributes=("id",))
        threads = tuple(thread.id for thread in found)
        among = frozenset(threads)
        owners = self._messages.attr.resource_id
        listing = _Listing(
            asked,
            threads,
            owners.does_not_exist() | (owners == owner),
            lambda m: m.thread_id in among and m.resource_id in (None, owner),
        )
        return (yield from self._list(listing))

    def _list(self, listing: _Listing) -> Program[MessagePage]:
        asked = listing.asked
        paging = asked.paging
        after = asked.after
        # Where metadata is compared here, counting would read all messages a second time.
        counts_itself = asked.include_total and bool(asked.metadata) and after is None
        wanted = paging.end
        programs: list[Program[Any]] = [
            self._take_messages(listing, None if counts_itself else wanted, after),
            self._count_messages(listing, counts_itself),
            self._included(asked.include, listing.is_mine),
        ]
        taken, total, included = yield from concurrently(programs, self.concurrency)
        entries = taken.entries[paging.offset : wanted]
        more = taken.more
        if counts_itself:
            total = len(taken.entries)
            more = wanted is not None and wanted < total
        messages = {message.id: message for message in (*entries, *included)}
        return MessagePage(
            messages=tuple(in_order(messages.values(), created, descending=asked.descending)),
            total=total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=more,
            cursor=self._next(listing, entries) if more else None,
        )

    def _next(self, listing: _Listing, entries: Sequence[Message]) -> str | None:
        if not entries:
            return listing.asked.paging.cursor
        return write_cursor(Position(created(entries[-1]), entries[-1].id), listing.asked.query)

    def _take_messages(
        self, listing: _Listing, count: int | None, after: Position | None
    ) -> Program[Taken[Message]]:
        def read(record: Any) -> Message | None:
            message = message_of(record)
            if message and has_all(metadata_of(message.content), listing.asked.metadata):
                return message
            return None

        streams = [
            Stream(
                query,
                read,
                span=listing.asked.span,
                descending=listing.asked.descending,
                after=after,
            )
            for query in self._queries(listing)
        ]
        return (
            yield from take(
                streams, count, descending=listing.asked.descending, concurrency=self.concurrency
            )
        )

    def _count_messages(self, listing: _Listing, counted_anyway: bool) -> Program[int | None]:
        if not listing.asked.include_total or counted_anyway:
            return None
        if listing.asked.metadata:
            return len((yield from self._take_messages(listing, None, None)).entries)
        if listing.asked.span.is_empty:
            return 0
        counted = yield from concurrently(
            [count_found(listing.asked.span.limit(query)) for query in self._queries(listing)],
            self.concurrency,
        )
        return sum(one.count for one in counted)

    def _queries(self, listing: _Listing) -> list[Query]:
        queries = [self._messages.query.by_thread(thread_id=id) for id in listing.threads]
        if listing.owners is None:
            return queries
        return [query.where(listing.owners) for query in queries]


def _asked(
    identity: JSON,
    paging: given.Paging,
    order_by: Any,
    date_range: Any,
    metadata: Any,
    include: Any,
    include_total: Any,
) -> _Asked:
    _, descending = given.order(order_by, ("created_at",))
    span = Span.of(given.date_range(date_range))
    wanted = given.metadata_filter(metadata)
    ends = [time and time.isoformat() for time in (span.start, span.end)]
    query = [identity, ends, descending, wanted]
    return _Asked(
        query,
        None if paging.cursor is None else read_cursor(paging.cursor, query),
        paging,
        descending,
        span,
        wanted,
        given.includes(include),
        given.flag(include_total, "include_total"),
    )
