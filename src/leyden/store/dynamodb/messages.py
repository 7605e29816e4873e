"""Messages on a table: their records, and saving, changing and deleting many in one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import asdict, evolve, fields_dict, frozen

from leyden import Patch, Service
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    DecodeError,
    ItemTooLargeError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
)
from leyden.program import Program, outcomes_of
from leyden.store import given
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.dynamodb.writing import (
    STORED_APART,
    Change,
    OnTable,
    account,
    folded,
    insisting,
    left_of,
    merge,
    unchanged,
)
from leyden.store.memory import MemoryMethods, changed_fields
from leyden.store.records import Message
from leyden.store.values import Clock, as_it_reads, known, later, stored_text

Records: TypeAlias = dict[str, Any]
Outcomes: TypeAlias = dict[str, Any]
"""By id: the record afterwards, None if it is gone, or the error of its change."""

_TOGETHER: Final = 25
"""How many messages one transaction changes. It is small because one refusal refuses them all."""

_LONG: Final = 64 * 1024
"""From this many characters on, a text may be too large, or be stored in another form."""


@frozen
class _Planned:
    """A change of one message, as part of a transaction."""

    after: Any
    write: Patch


def message_of(record: Any) -> Message | None:
    """Return the message in a record, or None for an item that has only parts of a message.

    Raises DecodeError if the message's content is stored outside its item and this store does not
    read it there.
    """
    if record is None or record.content is None or record.thread_id is None:
        if record is not None and record.role is not None and record.created_at is not None:
            raise DecodeError(
                "the item or the index has no content for a message (init() checks the index): "
                f"{STORED_APART}",
                field="content",
                entity="message",
            )
        return None
    named = {name: getattr(record, name) for name in fields_dict(Message)}
    return Message(**{**named, "content": as_it_reads(record.content)})


def message_values(message: Message) -> dict[str, Any]:
    """Return the attributes of a message, with its content as text: unchanged, or as JSON."""
    return set_fields(evolve(message, content=stored_text(message.content)))


def set_fields(record: Any) -> dict[str, Any]:
    """Return the fields of a record that are not None."""
    values = asdict(record, recurse=False)
    return {name: value for name, value in values.items() if value is not None}


class MessageSteps(OnTable, MemoryMethods):
    """The steps for messages, and what all steps of the memory share."""

    _alias = "message"

    def __init__(self, app: Service, now: Clock, ttl: TtlRules, concurrency: int) -> None:
        super().__init__(app, now, ttl, concurrency)
        self._messages = self._entity
        self._threads, self._resources = app.entities.thread, app.entities.resource

    def _save_messages(
        self, saved: Mapping[str, Message], together: bool
    ) -> Program[Mapping[str, str]]:
        """Write in batches, then set `updated_at` of the threads.

        A single message is written under the condition that its key is not another message's. For
        several messages, the stored ids are read first.
        """
        items = {
            id: {
                **message_values(message),
                **self._living(self._messages, known(message.updated_at)),
            }
            for id, message in saved.items()
        }
        before = yield from self._save_all(
            self._messages, items, id="id", what="messages", atomic=together
        )
        field = self._messages.spec.attributes["thread_id"].field
        were_in = {
            id: str(item[field]["S"])
            for id, item in zip(items, before, strict=True)
            if item and "S" in item.get(field, {})
        }
        threads = [message.thread_id for message in saved.values()]
        untouched = yield from self._touch([*threads, *were_in.values()])
        if untouched is not None:
            raise self._untouched("written", tuple(saved), untouched)
        return were_in

    def _messages_by_id(self, ids: Sequence[str]) -> Program[list[Message]]:
        """Read the messages in batches."""
        found = yield from self._by_id(ids)
        return [message for one in found.values() if (message := message_of(one))]

    def _change_messages(
        self, changes: Mapping[str, Sequence[given.MessageChange]], names: Mapping[str, str]
    ) -> Program[list[Message]]:
        """Read the messages in batches, then change many in one request."""
        found = yield from self._by_id(tuple(changes))
        threads: dict[str, None] = {}

        def change(record: Any) -> Mapping[str, Any] | None:
            message = message_of(record)
            if message is None:
                return None
            fields = changed_fields(message, changes[message.id])
            if "content" in fields:
                fields["content"] = stored_text(fields["content"])
            # Touch both threads: the one that the message was in, and the one it moves to.
            threads.update(
                dict.fromkeys((message.thread_id, fields.get("thread_id", message.thread_id)))
            )
            return fields

        outcomes = yield from self._changed_messages(found, change, names)
        # Touch the threads of all messages that were changed, even if some were not.
        untouched = yield from self._touch(threads)
        after = self._whole(outcomes, names)
        if untouched is not None:
            raise self._untouched("changed", tuple(after), untouched)
        return [message for record in after.values() if (message := message_of(record))]

    def _delete_messages(self, ids: Sequence[str]) -> Program[None]:
        """Read which threads the messages are in, then delete them in batches."""
        found = yield from self._by_id(ids, ("id", "thread_id"))
        if not found:
            return
        deleting = self._messages.delete([{"id": id} for id in found])
        incomplete: BatchIncompleteError | None = None
        left: set[str] = set()
        unsure: set[str] = set()
        try:
            yield from deleting.program(concurrency=self._concurrency)
        except BatchIncompleteError as error:
            keys = [(self._messages.get(id=id).params()["Key"], id) for id in found]
            left, unsure = left_of(
                error,
                lambda write: next(id for key, id in keys if key == write["DeleteRequest"]["Key"]),
            )
            incomplete = error
        # Touch the threads of all messages that were deleted, even if some were not.
        threads = {record.thread_id: None for id, record in found.items() if id not in left}
        untouched = yield from self._touch(filter(None, threads))
        if incomplete is not None:
            failed = account(
                self._messages, tuple(found), left, unsure, incomplete, "messages", "deleted"
            )
            raise failed from incomplete
        if untouched is not None:
            raise self._untouched("deleted", tuple(found), untouched)

    def _by_id(self, ids: Sequence[str], attributes: Sequence[str] = ()) -> Program[Records]:
        """Return the records with exactly these ids."""
        # Keys fold the case of letters, so a key may find another id's item.
        by_key = {folded(id): id for id in ids}
        found = yield from self._stored_under(
            self._messages,
            [{"id": id} for id in by_key.values()],
            attributes=tuple(attributes) or None,
        )
        records = dict(zip(by_key, found, strict=True))
        return {id: one for id in ids if (one := records[folded(id)]) and one.id == id}

    def _touch(self, thread_ids: Iterable[str]) -> Program[LeydenError | None]:
        """Set the time of the threads' last change, after their messages are written.

        Missing threads stay missing. An error is returned, not raised, because it must not hide
        what was written before.
        """
        try:
            now = self._now()
            patches = [
                self._threads.patch(id=id).set(updated_at=now) for id in dict.fromkeys(thread_ids)
            ]
        except LeydenError as error:
            return error
        outcomes = yield from outcomes_of(
            [insisting(partial(patch.program, response="none")) for patch in patches],
            self._concurrency,
        )
        errors = [one for one in outcomes if isinstance(one, LeydenError)]
        return next((one for one in errors if not isinstance(one, ConditionFailedError)), None)

    def _untouched(self, done: str, ids: Sequence[str], error: LeydenError) -> SaveIncompleteError:
        """Return the error for messages that are all written while a thread is not touched."""
        failed = SaveIncompleteError(
            f"all {len(ids)} messages were {done}, but some threads kept their old `updated_at` "
            f"({error.message}); doing it again is safe",
            saved=ids,
            failures=(error,),
            entity=self._messages.name,
        )
        failed.__cause__ = error
        return failed

    def _changed_messages(
        self, records: Mapping[str, Any], change: Change, names: Mapping[str, str]
    ) -> Program[Outcomes]:
        """Change messages, given as they were read; return the outcome of each, by id.

        Several messages go in transactions, under the condition that each is still as it was read.
        If one is not, or another write is under way on it, the messages of that transaction are
        merged one by one. If a message would become too large, nothing is changed; the error calls
        it by its name in `names`.
        """
        after: Outcomes = {}
        planned: dict[str, _Planned] = {}
        for id, record in records.items():
            values = change(record)
            if values is None:
                after[id] = record
                continue
            whole = {**values, "updated_at": later(self._now(), record.updated_at)}
            condition = unchanged(self._messages, record, whole)
            write = self._messages.patch(id=id).set(**whole).where(condition)
            planned[id] = _Planned(evolve(record, **whole), write)
            if len(values.get("content") or "") >= _LONG:
                try:
                    self._messages.put(**set_fields(planned[id].after)).params()
                except ItemTooLargeError as error:
                    error.message = f"{names[id]}, changed: {error.message}. Nothing was changed"
                    raise
        alone = {id: records[id] for id in planned if len(planned) == 1 or self._apart(records[id])}
        together = [(id, plan) for id, plan in planned.items() if id not in alone]
        parts = [dict(together[n : n + _TOGETHER]) for n in range(0, len(together), _TOGETHER)]
        outcomes = yield from outcomes_of(
            [
                self._one_by_one(alone, change),
                *(self._together(part, records, change) for part in parts),
            ],
            self._concurrency,
        )
        for ids, outcome in zip((alone, *parts), outcomes, strict=True):
            after |= _each(ids, outcome)
        return {id: after[id] for id in records}

    def _apart(self, record: Any) -> bool:
        """Return whether a message may be stored in another form than its record shows."""
        large = self._messages.spec.attributes["content"].overflow is not None
        return large and len(record.content or "") >= _LONG

    def _together(
        self, part: Mapping[str, _Planned], records: Mapping[str, Any], change: Change
    ) -> Program[Outcomes]:
        writes = [planned.write for planned in part.values()]
        try:
            yield from self._app.transact_write(writes).program()
        except TransactionCanceledError:
            return (yield from self._one_by_one({id: records[id] for id in part}, change))
        except ItemTooLargeError:
            # Nothing was sent: together the messages are too large for one transaction.
            if len(part) == 1:
                raise
            whole, middle = list(part.items()), (len(part) + 1) // 2
            halves = [dict(whole[:middle]), dict(whole[middle:])]
            found = yield from outcomes_of(
                [self._together(half, records, change) for half in halves], 1
            )
            after: Outcomes = {}
            for half, outcome in zip(halves, found, strict=True):
                after |= _each(half, outcome)
            return after
        return {id: planned.after for id, planned in part.items()}

    def _one_by_one(self, records: Mapping[str, Any], change: Change) -> Program[Outcomes]:
        merged = yield from outcomes_of(
            [
                merge(
                    self._messages,
                    {"id": id},
                    lambda record: None if record is None else change(record),
                    now=self._now,
                    seen=None if self._apart(record) else record,
                )
                for id, record in records.items()
            ],
            self._concurrency,
        )
        return dict(zip(records, merged, strict=True))

    def _whole(self, outcomes: Outcomes, names: Mapping[str, str]) -> Records:
        """Return the records that exist afterwards.

        Raises the error of a single message, and SaveIncompleteError if one of several failed.
        """
        failures = {id: one for id, one in outcomes.items() if isinstance(one, LeydenError)}
        if not failures:
            return {id: record for id, record in outcomes.items() if record is not None}
        id, first = next(iter(failures.items()))
        if len(outcomes) == 1:
            raise first
        unsure = [id for id, error in failures.items() if error.unsure]
        # Some failed only after everything they had to write was written.
        done = [id for id, error in failures.items() if error.outcome.written and not error.unsure]
        saved = [id for id in outcomes if id not in failures or id in done]
        raise SaveIncompleteError(
            f"{len(saved)} of {len(outcomes)} messages were changed, and some others were not; "
            f"doing it again is safe (the first that failed: {names[id]}: {first.message})",
            saved=saved,
            unsaved=[id for id in failures if id not in unsure and id not in saved],
            unsure=unsure,
            failures=tuple(dict.fromkeys(failures.values())),
            entity=self._messages.name,
        ) from first


def _each(ids: Iterable[str], outcome: Outcomes | LeydenError) -> Outcomes:
    """Return the outcome of each message: the error that befell them all, or its own."""
    return dict.fromkeys(ids, outcome) if isinstance(outcome, LeydenError) else outcome
