"""Messages by their ids: reading, changing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from leyden.operations.request import Program
from leyden.store import given
from leyden.store.dynamodb.programs.changing import MessageChanging
from leyden.store.dynamodb.rows import content_text, created, message_of
from leyden.store.interface import Given
from leyden.store.order import in_order
from leyden.store.records import Message


@frozen
class MessagePrograms(MessageChanging):
    """The methods of `Memory` on messages by their ids, but for saving."""

    def list_messages_by_id(self, message_ids: Sequence[str]) -> Program[list[Message]]:
        """Read in batches."""
        found = yield from self._by_id(given.identifiers(message_ids, "message_ids"))
        messages = [message_of(record) for record in found.values()]
        return in_order([message for message in messages if message], created, descending=False)

    def update_messages(self, messages: Sequence[Given]) -> Program[list[Message]]:
        """Read in batches, then change many in a request."""
        changes: dict[str, list[given.MessageChange]] = {}
        names: dict[str, str] = {}
        for place, change in enumerate(given.message_changes(messages)):
            changes.setdefault(change.id, []).append(change)
            names.setdefault(change.id, f"messages[{place}]")
        found = yield from self._by_id(tuple(changes))
        threads: dict[str, None] = {}
        outcomes = yield from self._changed_messages(
            found,
            lambda record: _values(record, changes[record.id], threads),
            "update_messages",
            names,
        )
        # Of what was changed, also where it was not all.
        yield from self._touch(threads)
        after = self._whole(outcomes, names)
        changed = [message_of(record) for record in after.values()]
        return [message for message in changed if message]

    def delete_messages(self, message_ids: Sequence[str]) -> Program[None]:
        """Read which threads they are of, then delete in batches."""
        ids = given.identifiers(message_ids, "message_ids")
        found = yield from self._by_id(ids, ("id", "thread_id"))
        if not found:
            return
        yield from self._messages.delete([{"id": id} for id in found]).program(
            concurrency=self.concurrency
        )
        yield from self._touch(record.thread_id for record in found.values() if record.thread_id)

    def _by_id(self, ids: Sequence[str], attributes: Sequence[str] = ()) -> Program[dict[str, Any]]:
        """The records with exactly these ids."""
        found = yield from self._stored_messages(ids, attributes)
        return {id: record for id, record in found.items() if record.id == id}


def _values(
    record: Any, changes: Sequence[given.MessageChange], threads: dict[str, None]
) -> Mapping[str, Any] | None:
    """What changes make of a stored message; notes the threads that it was and will be in."""
    message = message_of(record)
    if message is None:
        return None
    content = message.content
    values: dict[str, Any] = {}
    for change in changes:
        values |= change.replaced()
        if change.content is not None:
            content = change.content_after(content)
            values["content"] = content_text(content)
    threads.update(dict.fromkeys((message.thread_id, values.get("thread_id", message.thread_id))))
    return values
