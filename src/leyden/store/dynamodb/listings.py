"""Listing messages and threads: pages whose cost follows the page, not the thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen
from pynamodb.expressions.condition import Condition

from leyden.program import Program, run_together
from leyden.store import checks, given
from leyden.store.dynamodb.messages import MessageMethods
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.rows import created, message_of, thread_of
from leyden.store.dynamodb.streams import Span, by_time, from_all, from_index, read_page, take
from leyden.store.interface import Given, OrderBy
from leyden.store.order import (
    Mark,
    Order,
    in_order,
    latest_first,
    newest_first,
    oldest_first,
    time_mark,
)
from leyden.store.pages import Asked, digest, digests_in, ends, listed, time_of, with_digests
from leyden.store.records import (
    JSON,
    DateRange,
    Include,
    Message,
    MessagePage,
    Thread,
    ThreadPage,
)
from leyden.store.times import known
from leyden.store.values import has_all, metadata_of

IsMine = Callable[[Message], bool]


@frozen
class _Asked:
    """The messages that are asked for, checked."""

    page: Asked
    after: Mark | None
    order: Order
    span: Span
    metadata: Mapping[str, JSON]
    include: tuple[Include, ...]


class ListingMethods(MessageMethods):
    """The methods of `Memory` that list."""

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
        threads = checks.thread_ids(thread_id)
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        paging = (page, per_page, cursor, include_total)
        what = (order_by, date_range, metadata, include)
        asked = _asked(["messages", sorted(threads), owner], paging, what)
        owners = None if owner is None else self._messages.attr.resource_id == owner
        return (
            yield from self._list(
                asked, threads, owners, lambda message: owner in (None, message.resource_id)
            )
        )

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
        owner = checks.identifier(resource_id, "resource_id")
        paging = (page, per_page, cursor, include_total)
        what = (order_by, date_range, metadata, include)
        asked = _asked(["messages of a resource", owner], paging, what)
        threads: tuple[str, ...] = ()
        if not asked.page.is_empty or asked.include:
            query = self._threads.query.by_resource(resource_id=owner)
            found = yield from query.program(pages="all", attributes=("id",))
            threads = tuple(thread.id for thread in found)
        among = frozenset(threads)
        owners = self._messages.attr.resource_id
        return (
            yield from self._list(
                asked,
                threads,
                owners.does_not_exist() | (owners == owner),
                lambda m: m.thread_id in among and m.resource_id in (None, owner),
            )
        )

    def _list(
        self, asked: _Asked, threads: Sequence[str], owners: Condition | None, is_mine: IsMine
    ) -> Program[MessagePage]:
        """A page of these threads' messages; `owners` says to the table which are meant.

        `is_mine` says it of what is read by other ways.
        """
        page, paging, wanted = asked.page, asked.page.paging, asked.metadata
        after = asked.after
        before = frozenset() if after is None else digests_in(after)

        def read(record: Any) -> Message | None:
            message = message_of(record)
            return message if message and has_all(metadata_of(message.content), wanted) else None

        def gave(message: Message) -> bool:
            return digest(message.id) in before

        queries = [self._messages.query.by_thread(thread_id=id) for id in threads]
        if owners is not None:
            queries = [query.where(owners) for query in queries]
        taken, total, (found,) = yield from read_page(
            [by_time(query, read, asked.order, asked.span, gave) for query in queries],
            page,
            after,
            concurrency=self._concurrency,
            told_here=bool(wanted),
            also=[self._included(asked.include, is_mine)],
        )
        included = [message for message in found if not gave(message)]
        beside = {message.id for message in included}
        entries = taken.entries[paging.offset : paging.end]
        more = yield from taken.goes_on_behind(paging.end, beside)
        digests = before.union(map(digest, beside))

        def mark(message: Message) -> Mark:
            return with_digests(time_mark(created(message), message.id), digests)

        messages = {message.id: message for message in (*entries, *included)}
        descending = asked.order is newest_first
        whole = tuple(in_order(messages.values(), created, descending=descending))
        return listed(entries, more, total, mark, page).page(MessagePage, messages=whole)

    def _included(self, include: Sequence[Include], is_mine: IsMine) -> Program[list[Message]]:
        """The messages and their neighbours, as far as they are of whom the page is for.

        Neighbours are read from the message's own place in the index on, both ways.
        """
        found = yield from self._stored_messages(tuple(dict.fromkeys(one.id for one in include)))
        programs = []
        for one in include:
            message = message_of(found.get(one.id))
            # It may have moved since it was found: its item tells the thread that it is in.
            if message is not None and message.id == one.id and is_mine(message):
                programs.append(self._with_neighbours(message, one, is_mine))
        groups = yield from run_together(programs, self._concurrency)
        return [message for group in groups for message in group]

    def _with_neighbours(
        self, message: Message, include: Include, is_mine: IsMine
    ) -> Program[list[Message]]:
        def read(record: object) -> Message | None:
            other = message_of(record)
            return other if other and is_mine(other) else None

        query = self._messages.query.by_thread(thread_id=message.thread_id)
        place = time_mark(created(message), message.id)
        sides = (
            (latest_first, include.with_previous_messages),
            (oldest_first, include.with_next_messages),
        )
        before, behind = yield from run_together(
            [
                take([by_time(query, read, order)], count, place, concurrency=self._concurrency)
                for order, count in sides
            ],
            self._concurrency,
        )
        return [*before.entries, message, *behind.entries]

    @method
    def list_threads(
        self,
        *,
        resource_id: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        order_by: OrderBy = ("created_at", "desc"),
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ThreadPage]:
        """Read a resource's index from where the page begins; otherwise read all and sort."""
        field, descending = checks.order(order_by)
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        wanted = checks.metadata_filter(metadata)
        query = ["threads", owner, wanted, field, descending]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        order = newest_first if descending else oldest_first

        def read(record: Any) -> Thread | None:
            thread = thread_of(record)
            return thread if thread and has_all(thread.metadata, wanted) else None

        def mark(thread: Thread) -> Mark:
            time = thread.created_at if field == "created_at" else thread.updated_at
            return time_mark(known(time), thread.id)

        reading: Any = self._threads.scan
        if owner is not None:
            reading = self._threads.query.by_resource(resource_id=owner)
        # Where metadata is compared here, DynamoDB cannot count: all are read at once.
        counted = asked.include_total and bool(wanted)
        if owner is not None and field == "created_at" and not counted:
            index = by_time(reading, read, order)
            found = yield from from_index(index, asked, concurrency=self._concurrency)
        else:
            found = yield from from_all(reading, read, mark, order, asked)
        return found.page(ThreadPage, threads=found.entries)


def _asked(
    identity: list[JSON], paging: tuple[Any, Any, Any, Any], what: tuple[Any, Any, Any, Any]
) -> _Asked:
    order_by, date_range, metadata, include = what
    _, descending = checks.order(order_by, ("created_at",))
    span = Span.of(given.date_range(date_range))
    wanted = checks.metadata_filter(metadata)
    # `identity` and these are what must stay the same from page to page.
    query = [identity, ends(DateRange(start=span.start, end=span.end)), descending, wanted]
    page = Asked.of(query, *paging)
    after = page.after(time_of, digests_in)
    order = newest_first if descending else oldest_first
    return _Asked(page, after, order, span, wanted, given.includes(include))
