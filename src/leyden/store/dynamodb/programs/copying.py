"""Copying a thread with its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from leyden.errors import (
    ConditionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    NotFoundError,
    SaveIncompleteError,
)
from leyden.operations.put import Put
from leyden.program import Item, Program
from leyden.store.copying import TAKEN, Copying
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.base import MemoryBase
from leyden.store.dynamodb.programs.carrying import raw_items, unknown_fields
from leyden.store.dynamodb.programs.streams import Span, Stream, take
from leyden.store.dynamodb.rows import created, message_of, message_values, thread_of, thread_values
from leyden.store.matching import is_within
from leyden.store.order import in_order
from leyden.store.pages import ClonedThread, CopiedThread
from leyden.store.records import JSON, Message


class CopyingMethods(MemoryBase):
    """`Memory.copy_thread` and `Memory.clone_thread`."""

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
            raise NotFoundError("there is no such thread", kind="thread", id=asked.source_id)
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
        if asked.limit == 0:
            return []
        stream = Stream(
            self._messages.query.by_thread(thread_id=asked.source_id),
            message_of,
            span=Span.of(asked.dates),
            descending=True,
            ids_descend=True,
        )
        taken = yield from take(
            [stream], asked.limit, descending=True, concurrency=self._concurrency
        )
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
