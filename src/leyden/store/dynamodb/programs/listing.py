"""Listing messages: pages whose cost follows the page, not the thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen
from pynamodb.expressions.condition import Condition

from leyden.operations.chains.reads import Query
from leyden.program import Program, run_together
from leyden.store import given
from leyden.store.dynamodb.cursors import Position, digest, read_cursor, write_cursor
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.including import IncludingMethods
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

    @property
    def counts_here(self) -> bool:
        """Whether the total is asked for, and DynamoDB cannot count what is left out here."""
        return self.include_total and bool(self.metadata) and self.paging.per_page != 0

    def gave(self, id: str) -> bool:
        """Whether an earlier page of the same cursors gave a message by its `include`."""
        return self.after is not None and digest(id) in self.after.given


@frozen
class _Listing:
    """What is read: the threads, and which of their messages are meant.

    `owners` says it to the table, `is_mine` of what is read by other ways.
    """

    asked: _Asked
    threads: tuple[str, ...]
    owners: Condition | None
    is_mine: Callable[[Message], bool]


class ListingMethods(IncludingMethods):
    """`Memory.list_messages` and `Memory.list_messages_by_resource_id`."""

    @method
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
        include_total: bool = False,
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

    @method
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
        include_total: bool = False,
    ) -> Program[MessagePage]:
        """Read the index of every thread of the resource, each as far as the page needs."""
        owner = given.identifier(resource_id, "resource_id")
        paging = given.paging(page, per_page, cursor)
        identity = ["messages of a resource", owner]
        asked = _asked(identity, paging, order_by, date_range, metadata, include, include_total)
        threads: tuple[str, ...] = ()
        if paging.per_page != 0 or asked.include:
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
        counts_itself = after is None and asked.counts_here
        wanted = paging.end
        programs: list[Program[Any]] = [
            self._take_messages(listing, None if counts_itself else wanted, after),
            self._count_messages(listing, counts_itself),
            self._included(asked.include, listing.is_mine),
        ]
        taken, total, found = yield from run_together(programs, self._concurrency)
        included = [message for message in found if not asked.gave(message.id)]
        beside = {message.id for message in included}
        entries = taken.entries[paging.offset : wanted]
        if counts_itself:
            total = len(taken.entries)
            more = any(message.id not in beside for message in taken.entries[wanted:])
        else:
            more = taken.more
            if more and beside:
                more = yield from taken.goes_on_beside(beside)
        messages = {message.id: message for message in (*entries, *included)}
        return MessagePage(
            messages=tuple(in_order(messages.values(), created, descending=asked.descending)),
            total=total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=more,
            cursor=self._next(listing, entries, beside) if more else None,
        )

    def _next(
        self, listing: _Listing, entries: Sequence[Message], beside: Iterable[str]
    ) -> str | None:
        asked = listing.asked
        if not entries:
            return asked.paging.cursor
        given_before = frozenset() if asked.after is None else asked.after.given
        last = entries[-1]
        position = Position(created(last), last.id, given_before.union(map(digest, beside)))
        return write_cursor(position, asked.query)

    def _take_messages(
        self, listing: _Listing, count: int | None, after: Position | None
    ) -> Program[Taken[Message]]:
        asked = listing.asked
        if count == 0:
            return Taken((), False)

        def read(record: Any) -> Message | None:
            message = message_of(record)
            if message is None or not has_all(metadata_of(message.content), asked.metadata):
                return None
            return None if after and asked.gave(message.id) else message

        streams = [
            Stream(query, read, span=asked.span, descending=asked.descending, after=after)
            for query in self._queries(listing)
        ]
        return (
            yield from take(
                streams, count, descending=asked.descending, concurrency=self._concurrency
            )
        )

    def _count_messages(self, listing: _Listing, counted_anyway: bool) -> Program[int | None]:
        asked = listing.asked
        if not asked.include_total or counted_anyway:
            return None
        if asked.paging.per_page == 0 or asked.span.is_empty:
            return 0
        if asked.metadata:
            return len((yield from self._take_messages(listing, None, None)).entries)
        counted = yield from run_together(
            [asked.span.limit(query).counting() for query in self._queries(listing)],
            self._concurrency,
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
