"""Copies of threads, as both backends make them: what is asked for, and what the copy is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve, frozen

from leyden.store import checks
from leyden.store.order import id_key
from leyden.store.records import JSON, ClonedThread, DateRange, Message, Thread
from leyden.types.times import timestamp_text

TAKEN = 'there is a thread of the id "new_thread_id" already'


@frozen
class Copying:
    """A copy that is asked for, checked.

    `what` are the copy's id, resource, title and metadata where they are given; `which` of the
    messages are copied is said by a number, two dates and ids.
    """

    source_id: str
    new_id: str | None
    owner: str | None
    title: str | None
    metadata: Mapping[str, JSON]
    limit: int | None
    dates: DateRange
    ids: tuple[str, ...] | None

    @classmethod
    def of(
        cls, source_id: Any, what: tuple[Any, Any, Any, Any], which: tuple[Any, Any, Any, Any]
    ) -> Copying:
        """Check what a caller gives. Raises InputError."""
        new_id, owner, title, metadata = what
        limit, start, end, ids = which
        return cls(
            checks.identifier(source_id, "source_thread_id"),
            checks.optional(checks.identifier, new_id, "new_thread_id"),
            checks.optional(checks.identifier, owner, "resource_id"),
            checks.optional(checks.text, title, "title"),
            checks.optional(checks.mapping, metadata, "metadata") or {},
            checks.optional(checks.count, limit, "message_limit"),
            checks.dates(start, end, ("start_date", "end_date")),
            checks.optional(checks.identifiers, ids, "message_ids"),
        )

    def newest(self, messages: Sequence[Message]) -> Sequence[Message]:
        """As many of the messages, which are given oldest first, as are to be copied."""
        return messages if self.limit is None else messages[max(0, len(messages) - self.limit) :]

    def made_of(self, source: Thread, originals: Sequence[Message], now: datetime) -> ClonedThread:
        """The copy of a thread with these messages, oldest first; nothing is written here."""
        clone = {"sourceThreadId": self.source_id, "clonedAt": timestamp_text(now)}
        if originals:
            clone["lastMessageId"] = originals[-1].id
        thread = Thread(
            id=self.new_id or str(uuid4()),
            resource_id=self.owner or source.resource_id,
            title=self.title or f"Clone of {source.title}",
            metadata={**self.metadata, "clone": clone},
            created_at=now,
            updated_at=now,
        )
        # Copies of the same time are in the order of their ids, too: in that of the originals.
        new_ids = sorted((str(uuid4()) for _ in originals), key=id_key)
        copies = tuple(
            evolve(
                message,
                id=new_id,
                thread_id=thread.id,
                resource_id=self.owner or message.resource_id,
                updated_at=now,
            )
            for message, new_id in zip(originals, new_ids, strict=True)
        )
        ids = {message.id: copy.id for message, copy in zip(originals, copies, strict=True)}
        return ClonedThread(thread=thread, cloned_messages=copies, message_id_map=ids)
