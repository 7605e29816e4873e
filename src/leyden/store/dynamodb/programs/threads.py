"""Threads: reading, saving, changing and deleting one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve
from pynamodb.expressions.condition import Condition

from leyden.errors import (
    ConditionFailedError,
    KeyCollisionError,
    NotFoundError,
    SaveIncompleteError,
)
from leyden.operations.as_stored import as_stored
from leyden.program import Program
from leyden.store import given
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.base import DOMAIN
from leyden.store.dynamodb.programs.changing import MessageChanging
from leyden.store.dynamodb.programs.merging import found_after, insisting, merge
from leyden.store.dynamodb.rows import thread_of, thread_values
from leyden.store.interface import Given
from leyden.store.records import JSON, Thread


class ThreadMethods(MessageChanging):
    """The methods of `Memory` on single threads."""

    @method
    def get_thread_by_id(
        self, thread_id: str, *, resource_id: str | None = None
    ) -> Program[Thread | None]:
        """Read one item."""
        id = given.identifier(thread_id, "thread_id")
        owner = given.optional(given.identifier, resource_id, "resource_id")
        thread = thread_of((yield from self._threads.get(id=id).program(consistent=True)))
        return None if thread and owner not in (None, thread.resource_id) else thread

    @method
    def save_thread(self, thread: Thread | Given) -> Program[Thread]:
        """Write one item, over whatever is stored but its time of creation."""
        new, now = given.thread(thread), self._now()
        whole = evolve(new, created_at=new.created_at or now, updated_at=new.updated_at or now)
        created = self._threads.attr.created_at
        seen = created.does_not_exist() | (created == whole.created_at)
        while True:
            try:
                return (yield from insisting(partial(self._written, whole, now, seen)))
            except KeyCollisionError:
                raise
            except ConditionFailedError as error:
                stored = yield from found_after(self._threads, {"id": new.id}, error)
                if stored.record is not None and stored.record.created_at is not None:
                    whole = evolve(whole, created_at=stored.record.created_at)
                seen = as_stored(self._threads.spec, stored.item or {}, ["created_at"])

    @method
    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Program[Thread]:
        """Merge into one item."""
        new_title = given.optional(given.text, title, "title")
        added = given.optional(given.mapping, metadata, "metadata")

        def change(thread: Thread) -> Mapping[str, Any]:
            changed: dict[str, Any] = {"title": new_title} if new_title else {}
            if added is not None:
                changed["metadata"] = {**(thread.metadata or {}), **added}
            return changed

        thread_id = given.identifier(id, "id")
        return (yield from self._changed(thread_id, change, "update_thread"))

    @method
    def delete_thread(self, thread_id: str) -> Program[None]:
        """Look where the messages are, delete them in batches, then the thread."""
        id = given.identifier(thread_id, "thread_id")
        deleted: set[str] = set()
        while True:
            found = yield from self._deleted_messages(id, deleted)
            if not found:
                break
        try:
            yield from insisting(lambda: self._threads.delete(id=id).program(response="none"))
        except KeyCollisionError:
            # The thread under the key is another one.
            return

    @method
    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Program[Thread]:
        """Change the messages in batches, then the thread, so that it can be done again."""
        id = given.identifier(thread_id, "thread_id")
        owner = given.identifier(resource_id, "resource_id")
        seen = yield from self._threads.get(id=id).program(consistent=True)
        thread = thread_of(seen)
        if thread is None:
            raise _missing(id)
        if thread.resource_id == owner:
            return thread
        owners = self._messages.attr.resource_id
        query = self._messages.query.by_thread(thread_id=id).where(
            owners.does_not_exist() | (owners != owner)
        )
        cursor: str | None = None
        done: list[str] = []
        while True:
            page = yield from query.program(cursor=cursor)
            names = {message.id: "a message of the thread" for message in page}
            outcomes = yield from self._changed_messages(
                {message.id: message for message in page},
                lambda message: {"resource_id": owner} if message.thread_id == id else None,
                "update_thread_resource_id",
                names,
            )
            try:
                self._whole(outcomes, names)
            except SaveIncompleteError as error:
                error.saved = (*done, *error.saved)
                raise
            done += names
            cursor = page.cursor
            if cursor is None:
                break
        return (
            yield from self._changed(
                id, lambda thread: {"resource_id": owner}, "update_thread_resource_id", seen
            )
        )

    def _written(self, thread: Thread, now: datetime, seen: Condition) -> Program[Thread]:
        """Write a thread where there is none, or one whose time of creation was seen."""
        values = {**thread_values(thread), **self._ttl.fields("thread", now)}
        write = self._threads.upsert(**values).where(seen)
        saved = thread_of((yield from write.program(response="all_new")))
        assert saved is not None
        return saved

    def _changed(self, id: str, change: Any, method: str, seen: Any = None) -> Program[Thread]:
        def changed(record: Any) -> Mapping[str, Any]:
            thread = thread_of(record)
            if thread is None:
                raise _missing(id)
            values: Mapping[str, Any] = change(thread)
            return values

        record = yield from merge(
            self._threads,
            {"id": id},
            changed,
            now=self._now,
            operation=f"{DOMAIN}.{method}",
            seen=seen,
        )
        thread = thread_of(record)
        assert thread is not None
        return thread

    def _deleted_messages(self, thread_id: str, deleted: set[str]) -> Program[bool]:
        """Delete the messages that the index shows; whether there were new ones."""
        query = self._messages.query.by_thread(thread_id=thread_id)
        cursor: str | None = None
        found = False
        while True:
            page = yield from query.program(attributes=("id",), cursor=cursor)
            ids = [message.id for message in page if message.id not in deleted]
            if ids:
                found = True
                yield from self._delete_of(thread_id, ids)
                deleted.update(ids)
            cursor = page.cursor
            if cursor is None:
                return found

    def _delete_of(self, thread_id: str, ids: Sequence[str]) -> Program[None]:
        """Delete these messages, but for those that have moved: the index may not know it yet.

        A condition would do without the look, but many in a request are a transaction, whose writes
        cost twice; a read costs a fifth of a write.
        """
        stored = yield from self._stored_messages(ids, ("id", "thread_id"))
        keys = [
            {"id": id}
            for id, record in stored.items()
            if record.id == id and record.thread_id in (None, thread_id)
        ]
        if keys:
            yield from self._messages.delete(keys).program(concurrency=self._concurrency)


def _missing(id: str) -> NotFoundError:
    return NotFoundError("there is no such thread", kind="thread", id=id)
