"""Threads and resources, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock
from uuid import uuid4

from attrs import evolve

from leyden.errors import InputError, NotFoundError
from leyden.keys.text import timestamp_text
from leyden.store import given
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given, OrderBy
from leyden.store.matching import has_all, is_within
from leyden.store.order import id_key, in_order
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
        source_id = given.identifier(source_thread_id, "source_thread_id")
        new_id = given.optional(given.identifier, new_thread_id, "new_thread_id")
        owner = given.optional(given.identifier, resource_id, "resource_id")
        new_title = given.optional(given.text, title, "title")
        new_metadata = given.optional(given.mapping, metadata, "metadata") or {}
        limit = given.optional(given.count, message_limit, "message_limit")
        dates = given.dates(start_date, end_date, ("start_date", "end_date"))
        ids = given.optional(given.identifiers, message_ids, "message_ids")

        source = self._thread(source_id)
        if new_id is not None and self._threads.get(new_id) is not None:
            raise InputError('there is a thread of the id "new_thread_id" already')
        copied = [
            message
            for message in self._messages_of(source_id)
            if is_within(known(message.created_at), dates) and (not ids or message.id in ids)
        ]
        if limit is not None:
            copied = copied[max(0, len(copied) - limit) :]
        now = self._now()
        clone = {"sourceThreadId": source_id, "clonedAt": timestamp_text(now)}
        if copied:
            clone["lastMessageId"] = copied[-1].id
        thread = Thread(
            id=new_id or str(uuid4()),
            resource_id=owner or source.resource_id,
            title=new_title or f"Clone of {source.title}",
            metadata={**new_metadata, "clone": clone},
            created_at=now,
            updated_at=now,
        )
        self._threads.put(thread.id, thread)
        # Copies of the same time are in the order of their ids, too: in that of the originals.
        new_ids = sorted((str(uuid4()) for _ in copied), key=id_key)
        ids_of_copies = {message.id: id for message, id in zip(copied, new_ids, strict=True)}
        for message in copied:
            copy = evolve(
                message,
                id=ids_of_copies[message.id],
                thread_id=thread.id,
                resource_id=owner or message.resource_id,
                updated_at=now,
            )
            self._messages.put(copy.id, copy)
        return CopiedThread(thread=thread, message_id_map=ids_of_copies)

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
        copied = self.copy_thread(
            source_thread_id,
            new_thread_id=new_thread_id,
            resource_id=resource_id,
            title=title,
            metadata=metadata,
            message_limit=message_limit,
            start_date=start_date,
            end_date=end_date,
            message_ids=message_ids,
        )
        return ClonedThread(
            thread=copied.thread,
            cloned_messages=tuple(self._messages_of(copied.thread.id)),
            message_id_map=copied.message_id_map,
        )

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
