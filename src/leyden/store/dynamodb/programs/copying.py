"""Copying a thread with its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve, frozen

from leyden.errors import (
    ConditionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    NotFoundError,
    SaveIncompleteError,
)
from leyden.keys.text import timestamp_text
from leyden.program import Item, Program
from leyden.store import given
from leyden.store.dynamodb.programs.base import MemoryBase
from leyden.store.dynamodb.programs.carrying import raw_items, unknown_fields
from leyden.store.dynamodb.programs.streams import Span, Stream, take
from leyden.store.dynamodb.rows import created, message_of, message_values, thread_of, thread_values
from leyden.store.matching import is_within
from leyden.store.order import id_key, in_order
from leyden.store.pages import ClonedThread, CopiedThread
from leyden.store.records import JSON, DateRange, Message, Thread


@frozen
class CopyingPrograms(MemoryBase):
    """`Memory.copy_thread` and `Memory.clone_thread`."""

    def copy_thread(self, source_thread_id: str, **options: Any) -> Program[CopiedThread]:
        """`clone_thread`, without the messages."""
        cloned = yield from self.clone_thread(source_thread_id, **options)
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
    ) -> Program[ClonedThread]:
        """Read what is to be copied, make the thread, then write the messages in batches.

        What a failure leaves of the copy is deleted.
        """
        source_id = given.identifier(source_thread_id, "source_thread_id")
        new_id = given.optional(given.identifier, new_thread_id, "new_thread_id")
        owner = given.optional(given.identifier, resource_id, "resource_id")
        new_title = given.optional(given.text, title, "title")
        new_metadata = given.optional(given.mapping, metadata, "metadata") or {}
        limit = given.optional(given.count, message_limit, "message_limit")
        dates = given.dates(start_date, end_date, ("start_date", "end_date"))
        ids = given.optional(given.identifiers, message_ids, "message_ids")
        reading = self._threads.get(id=source_id).program(consistent=True, data="result")
        found = yield from reading
        source = thread_of(found.item)
        if source is None:
            raise NotFoundError("there is no such thread", kind="thread", id=source_id)
        originals = yield from self._originals(source_id, dates, ids, limit)
        now = self.now()
        clone = {"sourceThreadId": source_id, "clonedAt": timestamp_text(now)}
        if originals:
            clone["lastMessageId"] = originals[-1].id
        thread = Thread(
            id=new_id or str(uuid4()),
            resource_id=owner or source.resource_id,
            title=new_title or f"Clone of {source.title}",
            metadata={**new_metadata, "clone": clone},
            created_at=now,
            updated_at=now,
        )
        # Copies of the same time are in the order of their ids, too: in that of the originals.
        new_ids = sorted((str(uuid4()) for _ in originals), key=id_key)
        copies = {
            message.id: evolve(
                message,
                id=copy_id,
                thread_id=thread.id,
                resource_id=owner or message.resource_id,
                updated_at=now,
            )
            for message, copy_id in zip(originals, new_ids, strict=True)
        }
        beside = unknown_fields(self._threads, found.response["Item"])
        stored = yield from raw_items(
            self._messages, [{"id": id} for id in copies], self.concurrency
        )
        besides = [unknown_fields(self._messages, item) for item in stored]
        yield from self._write_copy(thread, beside, tuple(copies.values()), besides, now)
        return ClonedThread(
            thread=thread,
            cloned_messages=tuple(copies.values()),
            message_id_map={id: copy.id for id, copy in copies.items()},
        )

    def _originals(
        self,
        thread_id: str,
        dates: DateRange,
        ids: Sequence[str] | None,
        limit: int | None,
    ) -> Program[list[Message]]:
        """The messages to copy, oldest first: of those that are let through the newest."""
        if ids:
            found = yield from self._stored_messages(ids)
            wanted = [
                message
                for id, record in found.items()
                if (message := message_of(record))
                and (message.id, message.thread_id) == (id, thread_id)
                and is_within(created(message), dates)
            ]
            ordered = in_order(wanted, created, descending=False)
            return ordered if limit is None else ordered[max(0, len(ordered) - limit) :]
        stream = Stream(
            self._messages.query.by_thread(thread_id=thread_id),
            message_of,
            span=Span.of(dates),
            descending=True,
            ids_descend=True,
        )
        if limit == 0:
            return []
        taken = yield from take([stream], limit, descending=True, concurrency=self.concurrency)
        return list(reversed(taken.entries))

    def _write_copy(
        self,
        thread: Thread,
        beside: Item,
        messages: Sequence[Message],
        besides: Sequence[Item],
        now: datetime,
    ) -> Program[None]:
        expiry = self.ttl.fields(self._messages.spec.alias, now)
        entries = [
            self._messages.put(**message_values(message), **expiry).carrying(fields)
            for message, fields in zip(messages, besides, strict=True)
        ]
        # The thread is first: were it last, a copy that was broken off could not be found.
        living = self.ttl.fields(self._threads.spec.alias, now)
        try:
            creating = self._threads.create(**thread_values(thread), **living)
            yield from creating.carrying(beside).program()
        except KeyCollisionError:
            raise
        except ConditionFailedError as error:
            raise InputError('there is a thread of the id "new_thread_id" already') from error
        if not entries:
            return
        try:
            yield from self.app.batch_write(entries).program(concurrency=self.concurrency)
        except LeydenError as error:
            ids = [message.id for message in messages]
            try:
                keys = [{"id": id} for id in ids]
                yield from self._messages.delete(keys).program(concurrency=self.concurrency)
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
