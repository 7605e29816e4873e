"""The memory domain: threads and resources, and what messages.py and listings.py have of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve
from pynamodb.expressions.condition import Condition

from leyden.errors import (
    ConditionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    NotFoundError,
    SaveIncompleteError,
)
from leyden.operations.chains.put import Put
from leyden.operations.plan.expressions import as_stored
from leyden.program import Item, Program
from leyden.store import checks, given
from leyden.store.copying import TAKEN, Copying
from leyden.store.dynamodb.listings import ListingMethods
from leyden.store.dynamodb.merging import found_after, insisting, merge
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.rows import (
    created,
    message_of,
    message_values,
    resource_of,
    resource_values,
    thread_of,
    thread_values,
)
from leyden.store.dynamodb.streams import Span, by_time, take
from leyden.store.dynamodb.writing import raw_items, unknown_fields
from leyden.store.interface import Given
from leyden.store.order import in_order, latest_first
from leyden.store.records import JSON, ClonedThread, CopiedThread, Message, Resource, Thread
from leyden.store.times import known
from leyden.store.values import is_within


class MemoryMethods(ListingMethods):
    """The methods of `Memory`."""

    @method
    def get_thread_by_id(
        self, thread_id: str, *, resource_id: str | None = None
    ) -> Program[Thread | None]:
        """Read one item."""
        id = checks.identifier(thread_id, "thread_id")
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
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
        new_title = checks.optional(checks.text, title, "title")
        added = checks.optional(checks.mapping, metadata, "metadata")

        def change(thread: Thread) -> Mapping[str, Any]:
            changed: dict[str, Any] = {"title": new_title} if new_title else {}
            if added is not None:
                changed["metadata"] = {**(thread.metadata or {}), **added}
            return changed

        thread_id = checks.identifier(id, "id")
        return (yield from self._changed(thread_id, change, "update_thread"))

    @method
    def delete_thread(self, thread_id: str) -> Program[None]:
        """Look where the messages are, delete them in batches, then the thread."""
        id = checks.identifier(thread_id, "thread_id")
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
        id = checks.identifier(thread_id, "thread_id")
        owner = checks.identifier(resource_id, "resource_id")
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
        return known(thread_of((yield from write.program(response="all_new"))))

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
            operation=f"store.memory.{method}",
            seen=seen,
        )
        return known(thread_of(record))

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

    @method
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
    ) -> Program[CopiedThread]:
        """`clone_thread`, without the messages."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        asked = Copying.of(source_thread_id, what, which)
        cloned = yield from self._copied(asked)
        return CopiedThread(thread=cloned.thread, message_id_map=cloned.message_id_map)

    @method
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
    ) -> Program[ClonedThread]:
        """Read what is to be copied, make the thread, then write the messages in batches."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        asked = Copying.of(source_thread_id, what, which)
        return (yield from self._copied(asked))

    def _copied(self, asked: Copying) -> Program[ClonedThread]:
        """Copy a thread; what a failure leaves of the copy is deleted."""
        reading = self._threads.get(id=asked.source_id).program(consistent=True, data="result")
        found = yield from reading
        source = thread_of(found.item)
        if source is None:
            raise _missing(asked.source_id)
        originals = yield from self._originals(asked)
        now = self._now()
        copy = asked.made_of(source, originals, now)
        beside = unknown_fields(self._threads, found.response["Item"])
        stored = yield from raw_items(
            self._messages, [{"id": message.id} for message in originals], self._concurrency
        )
        expiry = self._ttl.fields(self._messages.spec.alias, now)
        # What cannot be written is refused before anything is sent.
        entries = [
            self._messages.put(**message_values(message), **expiry).carrying(
                unknown_fields(self._messages, item)
            )
            for message, item in zip(copy.cloned_messages, stored, strict=True)
        ]
        yield from self._write_copy(copy, beside, entries, now)
        return copy

    def _originals(self, asked: Copying) -> Program[Sequence[Message]]:
        """The messages to copy, oldest first: of those that are let through the newest."""
        if asked.ids:
            found = yield from self._stored_messages(asked.ids)
            wanted = [
                message
                for id, record in found.items()
                if (message := message_of(record))
                and (message.id, message.thread_id) == (id, asked.source_id)
                and is_within(created(message), asked.dates)
            ]
            return asked.newest(in_order(wanted, created, descending=False))
        query = self._messages.query.by_thread(thread_id=asked.source_id)
        index = by_time(query, message_of, latest_first, Span.of(asked.dates))
        taken = yield from take([index], asked.limit, concurrency=self._concurrency)
        return taken.entries[::-1]

    def _write_copy(
        self, copy: ClonedThread, beside: Item, entries: Sequence[Put], now: datetime
    ) -> Program[None]:
        # The thread is first: were it last, a copy that was broken off could not be found.
        thread = copy.thread
        living = self._ttl.fields(self._threads.spec.alias, now)
        try:
            creating = self._threads.create(**thread_values(thread), **living)
            yield from creating.carrying(beside).program()
        except KeyCollisionError:
            raise
        except ConditionFailedError as error:
            raise InputError(TAKEN) from error
        if not entries:
            return
        try:
            yield from self._app.batch_write(entries).program(concurrency=self._concurrency)
        except LeydenError as error:
            ids = [message.id for message in copy.cloned_messages]
            try:
                keys = [{"id": id} for id in ids]
                yield from self._messages.delete(keys).program(concurrency=self._concurrency)
                yield from self._threads.delete(id=thread.id).program()
            except LeydenError as left:
                raise SaveIncompleteError(
                    f"the copy was broken off ({error.message}), and what is there of it could "
                    f"not be deleted ({left.message}); delete_thread() of the first id in `unsure` "
                    "does that",
                    unsure=(thread.id, *ids),
                    failures=(error, left),
                    entity=self._threads.name,
                ) from error
            raise

    @method
    def get_resource_by_id(self, resource_id: str) -> Program[Resource | None]:
        """Read one item."""
        id = checks.identifier(resource_id, "resource_id")
        return resource_of((yield from self._resources.get(id=id).program(consistent=True)))

    @method
    def save_resource(self, resource: Resource | Given) -> Program[Resource]:
        """Write one item, over whatever is stored but its time of creation."""
        new, now = given.resource(resource), self._now()
        whole = evolve(new, created_at=new.created_at or now, updated_at=now)
        values = {**resource_values(whole), **self._living(now)}
        write = self._resources.upsert(**values)
        return known(resource_of((yield from insisting(lambda: write.program(response="all_new")))))

    @method
    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Program[Resource]:
        """Merge into one item, which is made where there is none."""
        id = checks.identifier(resource_id, "resource_id")
        memory = checks.optional(checks.text, working_memory, "working_memory")
        added = checks.optional(checks.mapping, metadata, "metadata")
        remembered: dict[str, Any] = {} if memory is None else {"working_memory": memory}

        def change(stored: Any) -> Mapping[str, Any]:
            if stored is None:
                now = self._now()
                begun = {"metadata": added or {}, "created_at": now, **self._living(now)}
                return {**remembered, **begun}
            if added is None:
                return remembered
            return {**remembered, "metadata": {**(stored.metadata or {}), **added}}

        record = yield from merge(
            self._resources,
            {"id": id},
            change,
            now=self._now,
            operation="store.memory.update_resource",
        )
        return known(resource_of(record))

    def _living(self, now: Any) -> dict[str, Any]:
        return dict(self._ttl.fields(self._resources.spec.alias, now))


def _missing(id: str) -> NotFoundError:
    return NotFoundError("there is no such thread", kind="thread", id=id)
