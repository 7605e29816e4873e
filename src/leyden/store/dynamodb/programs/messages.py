"""Messages by their ids: reading, changing and deleting them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leyden.errors import BatchIncompleteError, SaveIncompleteError
from leyden.operations.item_id import item_id
from leyden.program import Program
from leyden.store import given
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.batching import failed_writes, were_refused
from leyden.store.dynamodb.programs.changing import MessageChanging
from leyden.store.dynamodb.rows import content_text, created, message_of
from leyden.store.interface import Given
from leyden.store.order import in_order
from leyden.store.records import Message


class MessageMethods(MessageChanging):
    """The methods of `Memory` on messages by their ids, but for saving."""

    @method
    def list_messages_by_id(self, message_ids: Sequence[str]) -> Program[list[Message]]:
        """Read in batches."""
        found = yield from self._by_id(given.identifiers(message_ids, "message_ids"))
        messages = [message_of(record) for record in found.values()]
        return in_order([message for message in messages if message], created, descending=False)

    @method
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
        untouched = yield from self._touched_or_not(threads)
        after = self._whole(outcomes, names)
        if untouched is not None:
            raise self._untouched("changed", tuple(after), untouched)
        changed = [message_of(record) for record in after.values()]
        return [message for message in changed if message]

    @method
    def delete_messages(self, message_ids: Sequence[str]) -> Program[None]:
        """Read which threads they are of, then delete in batches."""
        ids = given.identifiers(message_ids, "message_ids")
        found = yield from self._by_id(ids, ("id", "thread_id"))
        if not found:
            return
        deleting = self._messages.delete([{"id": id} for id in found])
        incomplete: BatchIncompleteError | None = None
        left: set[str] = set()
        try:
            yield from deleting.program(concurrency=self._concurrency)
        except BatchIncompleteError as error:
            incomplete, left = error, self._ids_of(found, error.result.unprocessed)
        # Of what was deleted, also where it was not all.
        threads = {record.thread_id: None for id, record in found.items() if id not in left}
        untouched = yield from self._touched_or_not(filter(None, threads))
        if incomplete is not None:
            unsure = self._ids_of(found, failed_writes(incomplete))
            if were_refused(incomplete):
                left, unsure = left | unsure, set()
            deleted = [id for id in found if id not in left | unsure]
            doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
            raise SaveIncompleteError(
                f"{len(deleted)} of {len(found)} messages were deleted, {len(left)} were not"
                f"{doubt}; doing it again is safe ({incomplete.message})",
                saved=deleted,
                unsaved=[id for id in found if id in left],
                unsure=[id for id in found if id in unsure],
                failures=incomplete.failures or (incomplete,),
                entity=self._messages.name,
            ) from incomplete
        if untouched is not None:
            raise self._untouched("deleted", tuple(found), untouched)

    def _ids_of(self, ids: Iterable[str], writes: Sequence[Any]) -> set[str]:
        """The ids whose messages these raw deletions are of."""
        keys = {item_id("", write["DeleteRequest"]["Key"]) for write in writes}
        return {id for id in ids if self._key_of(id) in keys} if keys else set()

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
