"""The memory domain, in memory: messages, and what threads.py has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import evolve

from leyden.errors import InputError
from leyden.store import given
from leyden.store.in_memory.domain import methods_of
from leyden.store.in_memory.pages import given_before, page_of
from leyden.store.in_memory.threads import Threads
from leyden.store.interface import Given, OrderBy
from leyden.store.matching import has_all, is_within, metadata_of
from leyden.store.order import in_order
from leyden.store.pages import MessagePage
from leyden.store.places import Mark, newest_first, oldest_first, time_mark
from leyden.store.records import JSON, DateRange, Include, Message
from leyden.store.texts import as_it_reads
from leyden.store.times import known

_TOGETHER: Final = 100
"""The most messages of an atomic save: as many as DynamoDB takes in a transaction."""


@methods_of("memory")
class InMemoryMemory(Threads):
    """Threads, messages and resources of an `InMemoryStore`; see `Memory`."""

    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> list[Message]:
        """See `Memory.save_messages`."""
        together = given.flag(atomic, "atomic")
        checked = given.messages(messages)
        saved = {
            id: evolve(message, content=as_it_reads(message.content))
            for id, message in self._stamps.dated(checked, self._now()).items()
        }
        if together and len(saved) > _TOGETHER:
            raise InputError(f"atomic takes at most {_TOGETHER} messages, not {len(saved)}")
        self._messages.check(saved)
        before = [self._messages.get(id) for id in saved]
        for id, message in saved.items():
            self._messages.put(id, message)
        self._touch([m.thread_id for m in (*before, *saved.values()) if m is not None])
        return list(saved.values())

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
    ) -> MessagePage:
        """See `Memory.list_messages`."""
        threads = given.thread_ids(thread_id)
        owner = given.optional(given.identifier, resource_id, "resource_id")
        return self._list(
            [
                message
                for message in self._messages
                if message.thread_id in threads and owner in (None, message.resource_id)
            ],
            [message for message in self._messages if owner in (None, message.resource_id)],
            ["messages", sorted(threads), owner],
            given.paging(page, per_page, cursor),
            order_by,
            date_range,
            metadata,
            include,
            include_total,
        )

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
    ) -> MessagePage:
        """See `Memory.list_messages_by_resource_id`."""
        owner = given.identifier(resource_id, "resource_id")
        threads = {thread.id for thread in self._threads if thread.resource_id == owner}
        own = [
            message
            for message in self._messages
            if message.thread_id in threads and message.resource_id in (None, owner)
        ]
        return self._list(
            own,
            own,
            ["messages of a resource", owner],
            given.paging(page, per_page, cursor),
            order_by,
            date_range,
            metadata,
            include,
            include_total,
        )

    def list_messages_by_id(self, message_ids: Sequence[str]) -> list[Message]:
        """See `Memory.list_messages_by_id`."""
        found = [self._messages.get(id) for id in given.identifiers(message_ids, "message_ids")]
        return in_order([m for m in found if m is not None], _created, descending=False)

    def update_messages(self, messages: Sequence[Given]) -> list[Message]:
        """See `Memory.update_messages`."""
        before: dict[str, Message] = {}
        changed: dict[str, Message] = {}
        for change in given.message_changes(messages):
            old = self._messages.get(change.id)
            if old is None:
                continue
            seen = before.setdefault(old.id, old).updated_at
            assert seen is not None
            new = evolve(
                old,
                content=as_it_reads(change.content_after(old.content)),
                updated_at=self._after(seen),
                **change.replaced(),
            )
            self._messages.put(new.id, new)
            changed[new.id] = new
        # Several changes of one message are one: it is in no thread on the way.
        self._touch([message.thread_id for message in (*before.values(), *changed.values())])
        return list(changed.values())

    def delete_messages(self, message_ids: Sequence[str]) -> None:
        """See `Memory.delete_messages`."""
        found = [self._messages.get(id) for id in given.identifiers(message_ids, "message_ids")]
        for message in found:
            if message is not None:
                self._messages.remove(message.id)
        self._touch([message.thread_id for message in found if message is not None])

    def _list(
        self,
        candidates: list[Message],
        includable: list[Message],
        query: list[JSON],
        paging: given.Paging,
        order_by: OrderBy,
        date_range: DateRange | Given | None,
        metadata: Mapping[str, JSON] | None,
        include: Sequence[Include | Given],
        include_total: bool,
    ) -> MessagePage:
        _, descending = given.order(order_by, ("created_at",))
        dates = given.date_range(date_range)
        wanted = given.metadata_filter(metadata)
        added = given.includes(include)
        with_total = given.flag(include_total, "include_total")

        order = newest_first if descending else oldest_first
        asked = [*query, descending, repr(dates), wanted]

        def mark(message: Message) -> Mark:
            return time_mark(_created(message), message.id)

        before = given_before(paging, asked)
        beside = {
            message.id: message
            for one in added
            for message in _with_neighbours(includable, one)
            if message.id not in before
        }
        found = page_of(
            [
                message
                for message in candidates
                if is_within(_created(message), dates)
                and has_all(metadata_of(message.content), wanted)
            ],
            mark,
            order,
            paging,
            asked,
            include_total=with_total,
            given=beside,
        )
        messages = {message.id: message for message in found.entries} | beside
        return MessagePage(
            messages=tuple(sorted(messages.values(), key=lambda message: order(mark(message)))),
            total=found.total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )


def _with_neighbours(messages: list[Message], include: Include) -> list[Message]:
    target = next((message for message in messages if message.id == include.id), None)
    if target is None:
        return []
    thread = in_order(
        [message for message in messages if message.thread_id == target.thread_id],
        _created,
        descending=False,
    )
    at = thread.index(target)
    return thread[max(0, at - include.with_previous_messages) : at + 1 + include.with_next_messages]


def _created(message: Message) -> datetime:
    return known(message.created_at)
