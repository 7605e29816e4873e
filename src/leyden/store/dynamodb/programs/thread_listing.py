"""Listing threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from leyden.program import Program, run_together
from leyden.store import given
from leyden.store.dynamodb.cursors import Position, read_cursor, write_cursor
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.base import MemoryBase
from leyden.store.dynamodb.programs.streams import Span, Stream, Taken, refuse_narrow, take
from leyden.store.dynamodb.rows import thread_of
from leyden.store.interface import OrderBy
from leyden.store.matching import has_all
from leyden.store.order import in_order, place
from leyden.store.pages import ThreadPage
from leyden.store.records import JSON, Thread


@frozen
class _Listing:
    """What is asked for, checked."""

    owner: str | None
    metadata: Mapping[str, JSON]
    paging: given.Paging
    field: str
    descending: bool
    include_total: bool

    @property
    def query(self) -> JSON:
        """What must stay the same from page to page."""
        return ["threads", self.owner, self.metadata, self.field, self.descending]

    def time(self, thread: Thread) -> datetime:
        """What the threads are ordered by."""
        time = thread.created_at if self.field == "created_at" else thread.updated_at
        assert time is not None
        return time

    def read(self, record: Any) -> Thread | None:
        """The thread in a record, where it is one that is asked for."""
        thread = thread_of(record)
        return thread if thread and has_all(thread.metadata, self.metadata) else None


class ThreadListingMethods(MemoryBase):
    """`Memory.list_threads`."""

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
        paging = given.paging(page, per_page, cursor)
        field, descending = given.order(order_by)
        listing = _Listing(
            given.optional(given.identifier, resource_id, "resource_id"),
            given.metadata_filter(metadata),
            paging,
            field,
            descending,
            given.flag(include_total, "include_total"),
        )
        after = None if paging.cursor is None else read_cursor(paging.cursor, listing.query)
        if paging.per_page == 0:
            return _page(listing, (), False, 0 if listing.include_total else None)
        indexed = listing.owner is not None and field == "created_at"
        counted_apart = not listing.include_total or not listing.metadata
        if indexed and counted_apart:
            return (yield from self._from_index(listing, after))
        return (yield from self._from_all(listing, after))

    def _from_index(self, listing: _Listing, after: Position | None) -> Program[ThreadPage]:
        paging = listing.paging
        end = paging.end
        programs: list[Program[Any]] = [
            self._take_threads(listing, end, after),
            self._count_threads(listing),
        ]
        taken, total = yield from run_together(programs, self._concurrency)
        return _page(listing, taken.entries[paging.offset : end], taken.more, total)

    def _take_threads(
        self, listing: _Listing, count: int | None, after: Position | None
    ) -> Program[Taken[Thread]]:
        stream = Stream(
            self._threads.query.by_resource(resource_id=listing.owner),
            listing.read,
            span=Span(),
            descending=listing.descending,
            after=after,
        )
        return (
            yield from take(
                [stream], count, descending=listing.descending, concurrency=self._concurrency
            )
        )

    def _count_threads(self, listing: _Listing) -> Program[int | None]:
        if not listing.include_total:
            return None
        query = self._threads.query.by_resource(resource_id=listing.owner)
        return (yield from query.counting()).count

    def _from_all(self, listing: _Listing, after: Position | None) -> Program[ThreadPage]:
        """Read all threads, of the resource or by scanning, and put them in order here."""
        if listing.owner is None:
            found = yield from self._threads.scan.program(pages="all")
        else:
            query = self._threads.query.by_resource(resource_id=listing.owner)
            found = yield from query.program(pages="all")
            for record in found:
                refuse_narrow(query, record)
        threads = [thread for record in found if (thread := listing.read(record))]
        ordered = in_order(threads, listing.time, descending=listing.descending)
        left = _behind(ordered, listing, after)
        paging = listing.paging
        end = paging.end
        more = end is not None and end < len(left)
        total = len(ordered) if listing.include_total else None
        return _page(listing, left[paging.offset : end], more, total)


def _behind(
    threads: Sequence[Thread], listing: _Listing, after: Position | None
) -> Sequence[Thread]:
    if after is None:
        return threads
    descending = listing.descending
    seen = place(after.time, after.id, descending=descending)
    return [
        thread
        for thread in threads
        if place(listing.time(thread), thread.id, descending=descending) > seen
    ]


def _page(
    listing: _Listing, threads: Sequence[Thread], more: bool, total: int | None
) -> ThreadPage:
    paging = listing.paging
    cursor = paging.cursor
    if threads:
        cursor = write_cursor(Position(listing.time(threads[-1]), threads[-1].id), listing.query)
    return ThreadPage(
        threads=tuple(threads),
        total=total,
        page=paging.page,
        per_page=paging.per_page,
        has_more=more,
        cursor=cursor if more else None,
    )
