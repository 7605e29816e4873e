"""The memory domain, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock
from typing import Any, Final

from attrs import evolve

from leyden.errors import InputError, NotFoundError
from leyden.store import checks, given
from leyden.store.copying import TAKEN, Copying
from leyden.store.in_memory.base import Domain, RecordTable, locked_domain
from leyden.store.interface import Given, OrderBy
from leyden.store.order import Mark, in_order, newest_first, oldest_first, time_mark
from leyden.store.pages import Asked, digest, of_all
from leyden.store.records import (
    JSON,
    ClonedThread,
    CopiedThread,
    DateRange,
    Include,
    Message,
    MessagePage,
    Resource,
    Thread,
    ThreadPage,
)
from leyden.store.times import Clock, Stamps, known
from leyden.store.values import as_it_reads, has_all, is_within, metadata_of

_TOGETHER: Final = 100
"""The most messages of an atomic save: as many as DynamoDB takes in a transaction."""


@locked_domain("memory")
class InMemoryMemory(Domain):
    """Threads, messages and resources of an `InMemoryStore`; see `Memory`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._threads: RecordTable[Thread] = RecordTable("thread")
        self._messages: RecordTable[Message] = RecordTable("message")
        self._resources: RecordTable[Resource] = RecordTable("resource")
        self._stamps = Stamps()

    def get_thread_by_id(self, thread_id: str, *, resource_id: str | None = None) -> Thread | None:
        """See `Memory.get_thread_by_id`."""
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        thread = self._threads.get(checks.identifier(thread_id, "thread_id"))
        return None if thread and owner not in (None, thread.resource_id) else thread

    def save_thread(self, thread: Thread | Given) -> Thread:
        """See `Memory.save_thread`."""
        new, now = given.thread(thread), self._now()
        old = self._threads.get(new.id) or new
        saved = evolve(
            new,
            metadata=_first(new.metadata, old.metadata),
            created_at=old.created_at or new.created_at or now,
            updated_at=new.updated_at or now,
            archived_at=_first(new.archived_at, old.archived_at),
        )
        self._threads.put(saved.id, saved)
        return saved

    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Thread:
        """See `Memory.update_thread`."""
        new_title = checks.optional(checks.text, title, "title")
        new_metadata = checks.optional(checks.mapping, metadata, "metadata")
        thread = self._thread(checks.identifier(id, "id"))
        if new_metadata is not None:
            new_metadata = {**(thread.metadata or {}), **new_metadata}
        changed = evolve(
            thread,
            title=new_title or thread.title,
            metadata=thread.metadata if new_metadata is None else new_metadata,
            updated_at=self._after(known(thread.updated_at)),
        )
        self._threads.put(changed.id, changed)
        return changed

    def delete_thread(self, thread_id: str) -> None:
        """See `Memory.delete_thread`."""
        id = checks.identifier(thread_id, "thread_id")
        for message in self._messages_of(id):
            self._messages.remove(message.id)
        self._threads.remove(id)

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
    ) -> ThreadPage:
        """See `Memory.list_threads`."""
        field, descending = checks.order(order_by)
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        wanted = checks.metadata_filter(metadata)
        query = ["threads", owner, wanted, field, descending]
        asked = Asked.of(query, page, per_page, cursor, include_total)

        def mark(thread: Thread) -> Mark:
            time = thread.created_at if field == "created_at" else thread.updated_at
            return time_mark(known(time), thread.id)

        threads = [
            thread
            for thread in self._threads
            if owner in (None, thread.resource_id) and has_all(thread.metadata, wanted)
        ]
        found = of_all(threads, mark, newest_first if descending else oldest_first, asked)
        return found.page(ThreadPage, threads=found.entries)

    def copy_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> CopiedThread:
        """See `Memory.copy_thread`."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        cloned = self._copied(Copying.of(source_thread_id, what, which))
        return CopiedThread(thread=cloned.thread, message_id_map=cloned.message_id_map)

    def clone_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> ClonedThread:
        """See `Memory.clone_thread`."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        return self._copied(Copying.of(source_thread_id, what, which))

    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Thread:
        """See `Memory.update_thread_resource_id`."""
        id = checks.identifier(thread_id, "thread_id")
        owner = checks.identifier(resource_id, "resource_id")
        thread = self._thread(id)
        if thread.resource_id == owner:
            return thread
        for message in self._messages_of(id):
            if message.resource_id != owner:
                moved = self._after(known(message.updated_at))
                self._messages.put(message.id, evolve(message, resource_id=owner, updated_at=moved))
        changed = self._after(known(thread.updated_at))
        thread = evolve(thread, resource_id=owner, updated_at=changed)
        self._threads.put(id, thread)
        return thread

    def get_resource_by_id(self, resource_id: str) -> Resource | None:
        """See `Memory.get_resource_by_id`."""
        return self._resources.get(checks.identifier(resource_id, "resource_id"))

    def save_resource(self, resource: Resource | Given) -> Resource:
        """See `Memory.save_resource`."""
        new, now = given.resource(resource), self._now()
        old = self._resources.get(new.id) or Resource(id=new.id)
        saved = Resource(
            id=new.id,
            working_memory=_first(new.working_memory, old.working_memory),
            metadata=_first(new.metadata, old.metadata),
            created_at=old.created_at or new.created_at or now,
            updated_at=now,
        )
        self._resources.put(saved.id, saved)
        return saved

    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Resource:
        """See `Memory.update_resource`."""
        id = checks.identifier(resource_id, "resource_id")
        memory = checks.optional(checks.text, working_memory, "working_memory")
        new = checks.optional(checks.mapping, metadata, "metadata")
        old = self._resources.get(id)
        if old is None:
            return self.save_resource(Resource(id=id, working_memory=memory, metadata=new or {}))
        changed = evolve(
            old,
            working_memory=_first(memory, old.working_memory),
            metadata=old.metadata if new is None else {**(old.metadata or {}), **new},
            updated_at=self._after(known(old.updated_at)),
        )
        self._resources.put(id, changed)
        return changed

    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> list[Message]:
        """See `Memory.save_messages`."""
        together = checks.flag(atomic, "atomic")
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
        threads = checks.thread_ids(thread_id)
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        return self._list(
            [
                message
                for message in self._messages
                if message.thread_id in threads and owner in (None, message.resource_id)
            ],
            [message for message in self._messages if owner in (None, message.resource_id)],
            ["messages", sorted(threads), owner],
            (page, per_page, cursor, include_total),
            (order_by, date_range, metadata, include),
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
        owner = checks.identifier(resource_id, "resource_id")
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
            (page, per_page, cursor, include_total),
            (order_by, date_range, metadata, include),
        )

    def list_messages_by_id(self, message_ids: Sequence[str]) -> list[Message]:
        """See `Memory.list_messages_by_id`."""
        found = [self._messages.get(id) for id in checks.identifiers(message_ids, "message_ids")]
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
        found = [self._messages.get(id) for id in checks.identifiers(message_ids, "message_ids")]
        for message in found:
            if message is not None:
                self._messages.remove(message.id)
        self._touch([message.thread_id for message in found if message is not None])

    def _list(
        self,
        candidates: list[Message],
        includable: list[Message],
        identity: list[JSON],
        paging: tuple[int, int | None, str | None, bool],
        what: tuple[Any, Any, Any, Any],
    ) -> MessagePage:
        order_by, date_range, metadata, include = what
        _, descending = checks.order(order_by, ("created_at",))
        dates = given.date_range(date_range)
        wanted = checks.metadata_filter(metadata)
        query = [*identity, descending, repr(dates), wanted]
        asked = Asked.of(query, *paging)
        order = newest_first if descending else oldest_first
        before = asked.given_before()
        beside = {
            message.id: message
            for one in given.includes(include)
            for message in _with_neighbours(includable, one)
            if digest(message.id) not in before
        }
        meant = [
            message
            for message in candidates
            if is_within(known(message.created_at), dates)
            and has_all(metadata_of(message.content), wanted)
        ]
        found = of_all(meant, _mark, order, asked, beside)
        messages = {message.id: message for message in found.entries} | beside
        ordered = sorted(messages.values(), key=lambda message: order(_mark(message)))
        return found.page(MessagePage, messages=tuple(ordered))

    def _clear(self) -> None:
        self._threads.clear()
        self._messages.clear()
        self._resources.clear()

    def _thread(self, id: str) -> Thread:
        thread = self._threads.get(id)
        if thread is None:
            raise NotFoundError("there is no such thread", kind="thread", id=id)
        return thread

    def _copied(self, asked: Copying) -> ClonedThread:
        source = self._thread(asked.source_id)
        if asked.new_id is not None and self._threads.get(asked.new_id) is not None:
            raise InputError(TAKEN)
        originals = [
            message
            for message in self._messages_of(asked.source_id)
            if is_within(known(message.created_at), asked.dates)
            and (not asked.ids or message.id in asked.ids)
        ]
        copy = asked.made_of(source, asked.newest(originals), self._now())
        self._threads.put(copy.thread.id, copy.thread)
        for message in copy.cloned_messages:
            self._messages.put(message.id, message)
        return copy

    def _messages_of(self, thread_id: str) -> list[Message]:
        """The messages of a thread, oldest first."""
        messages = [message for message in self._messages if message.thread_id == thread_id]
        return in_order(messages, lambda m: known(m.created_at), descending=False)

    def _touch(self, thread_ids: Sequence[str]) -> None:
        now = self._now()
        for id in thread_ids:
            thread = self._threads.get(id)
            if thread is not None:
                self._threads.put(id, evolve(thread, updated_at=now))


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


def _mark(message: Message) -> Mark:
    return time_mark(_created(message), message.id)


def _first(new: JSON, old: JSON) -> JSON:
    return old if new is None else new
