"""Threads and resources, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock

from attrs import evolve

from leyden.errors import InputError, NotFoundError
from leyden.store import given
from leyden.store.copying import TAKEN, Copying
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given, OrderBy
from leyden.store.matching import has_all, is_within
from leyden.store.order import in_order
from leyden.store.pages import ClonedThread, CopiedThread, ThreadPage
from leyden.store.places import newest_first, oldest_first, time_mark
from leyden.store.records import JSON, Message, Resource, Thread
from leyden.store.stamps import Stamps
from leyden.store.times import Clock, known


@methods_of("memory")
class Threads(Domain):
    """The part of the memory domain about threads and resources."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._threads: Shelf[Thread] = Shelf("thread")
        self._messages: Shelf[Message] = Shelf("message")
        self._resources: Shelf[Resource] = Shelf("resource")
        self._stamps = Stamps()

    def get_thread_by_id(self, thread_id: str, *, resource_id: str | None = None) -> Thread | None:
        """See `Memory.get_thread_by_id`."""
        owner = given.optional(given.identifier, resource_id, "resource_id")
        thread = self._threads.get(given.identifier(thread_id, "thread_id"))
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
        new_title = given.optional(given.text, title, "title")
        new_metadata = given.optional(given.mapping, metadata, "metadata")
        thread = self._thread(given.identifier(id, "id"))
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
        id = given.identifier(thread_id, "thread_id")
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
        owner = given.optional(given.identifier, resource_id, "resource_id")
        wanted = given.metadata_filter(metadata)
        paging = given.paging(page, per_page, cursor)
        field, descending = given.order(order_by)
        with_total = given.flag(include_total, "include_total")

        def time(thread: Thread) -> datetime:
            return known(thread.created_at if field == "created_at" else thread.updated_at)

        found = page_of(
            [
                thread
                for thread in self._threads
                if owner in (None, thread.resource_id) and has_all(thread.metadata, wanted)
            ],
            lambda thread: time_mark(time(thread), thread.id),
            newest_first if descending else oldest_first,
            paging,
            ["threads", owner, wanted, field, descending],
            include_total=with_total,
        )
        return ThreadPage(
            threads=found.entries,
            total=found.total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

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
        id = given.identifier(thread_id, "thread_id")
        owner = given.identifier(resource_id, "resource_id")
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
        return self._resources.get(given.identifier(resource_id, "resource_id"))

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
        id = given.identifier(resource_id, "resource_id")
        memory = given.optional(given.text, working_memory, "working_memory")
        new = given.optional(given.mapping, metadata, "metadata")
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


def _first(new: JSON, old: JSON) -> JSON:
    return old if new is None else new
