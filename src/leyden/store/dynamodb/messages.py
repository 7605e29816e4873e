"""Messages: saving, changing and deleting them, many in a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import asdict, evolve, frozen

from leyden import Entity, Service
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    ItemTooLargeError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
)
from leyden.operations.chains.update import Patch
from leyden.program import Program, outcomes_of
from leyden.store import checks, given
from leyden.store.dynamodb.merging import insisting, merge, unchanged
from leyden.store.dynamodb.methods import Domain, method
from leyden.store.dynamodb.rows import content_text, created, message_of, message_values
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.dynamodb.writing import key_id, key_of, left_of, save_all, stored_under
from leyden.store.interface import Given, Memory
from leyden.store.order import in_order
from leyden.store.records import Message
from leyden.store.times import Clock, Stamps, known, later
from leyden.store.values import as_it_reads

Change: TypeAlias = Callable[[Any], Mapping[str, Any] | None]
Records: TypeAlias = dict[str, Any]
Outcomes: TypeAlias = dict[str, Any]
"""By id the record as it is afterwards, None where it is gone, or the error of its change."""

_TOGETHER: Final = 25
"""How many messages are changed in one request: one that is refused refuses them all."""

_LONG: Final = 64 * 1024
"""From this length on, in characters, a text may be too large, or be stored in another form."""


@frozen
class _Planned:
    """A change of one message, as a part of a transaction."""

    after: Any
    write: Patch


class MessageMethods(Domain):
    """The methods of `Memory` on messages, and what all of its methods have."""

    _interface = Memory

    def __init__(self, app: Service, now: Clock, ttl: TtlRules, concurrency: int) -> None:
        super().__init__(app, now, ttl, concurrency)
        self._stamps = Stamps()

    @property
    def _threads(self) -> Entity:
        return self._app.entities.thread

    @property
    def _messages(self) -> Entity:
        return self._app.entities.message

    @property
    def _resources(self) -> Entity:
        return self._app.entities.resource

    @method
    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> Program[list[Message]]:
        """Write in batches, then set `updated_at` of the threads.

        One message is written under the condition that its key is not another's. Of several the
        stored ids are read before.
        """
        together = checks.flag(atomic, "atomic")
        saved = self._stamps.dated(given.messages(messages), self._now())
        if not saved:
            return []
        alias = self._messages.spec.alias
        before = yield from save_all(
            self._app,
            self._messages,
            {
                id: {
                    **message_values(message),
                    **self._ttl.fields(alias, known(message.updated_at)),
                }
                for id, message in saved.items()
            },
            id="id",
            what="messages",
            concurrency=self._concurrency,
            atomic=together,
        )
        field = self._messages.spec.attributes["thread_id"].field
        threads = [message.thread_id for message in saved.values()]
        threads += [item[field]["S"] for item in before if item and "S" in item.get(field, {})]
        untouched = yield from self._touch(threads)
        if untouched is not None:
            raise self._untouched("written", tuple(saved), untouched)
        return [evolve(message, content=as_it_reads(message.content)) for message in saved.values()]

    @method
    def list_messages_by_id(self, message_ids: Sequence[str]) -> Program[list[Message]]:
        """Read in batches."""
        found = yield from self._by_id(checks.identifiers(message_ids, "message_ids"))
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
        untouched = yield from self._touch(threads)
        after = self._whole(outcomes, names)
        if untouched is not None:
            raise self._untouched("changed", tuple(after), untouched)
        changed = [message_of(record) for record in after.values()]
        return [message for message in changed if message]

    @method
    def delete_messages(self, message_ids: Sequence[str]) -> Program[None]:
        """Read which threads they are of, then delete in batches."""
        ids = checks.identifiers(message_ids, "message_ids")
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
            names = {key_id(key_of(self._messages, id=id)): id for id in found}
            left, unsure = left_of(
                error, lambda write: names[key_id(write["DeleteRequest"]["Key"])]
            )
            incomplete = error
        # Of what was deleted, also where it was not all.
        threads = {record.thread_id: None for id, record in found.items() if id not in left}
        untouched = yield from self._touch(filter(None, threads))
        if incomplete is not None:
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

    def _by_id(self, ids: Sequence[str], attributes: Sequence[str] = ()) -> Program[Records]:
        """The records with exactly these ids."""
        found = yield from self._stored_messages(ids, attributes)
        return {id: record for id, record in found.items() if record.id == id}

    def _stored_messages(
        self, ids: Sequence[str], attributes: Sequence[str] = ()
    ) -> Program[Records]:
        """What is stored under the keys of messages, by the ids that were asked for.

        Keys fold the case of letters, so the record may be that of another id.
        """
        keys = {id: key_id(key_of(self._messages, id=id)) for id in ids}
        by_key = {key: id for id, key in keys.items()}
        found = yield from stored_under(
            self._messages,
            [{"id": id} for id in by_key.values()],
            self._concurrency,
            attributes=tuple(attributes) or None,
        )
        records = dict(zip(by_key, found, strict=True))
        return {id: records[key] for id, key in keys.items() if records[key] is not None}

    def _touch(self, thread_ids: Iterable[str]) -> Program[LeydenError | None]:
        """Say of threads that they were changed now, once their messages are written.

        Those that are missing stay so. An error is given, not raised: it must not hide what was
        written before.
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
        """The error for messages that are all written, though their threads are not touched."""
        failed = SaveIncompleteError(
            f"all {len(ids)} messages were {done}, but `updated_at` of their threads was not set "
            f"({error.message}); doing it again is safe",
            saved=ids,
            failures=(error,),
            entity=self._messages.name,
        )
        failed.__cause__ = error
        return failed

    def _changed_messages(
        self, records: Mapping[str, Any], change: Change, name: str, names: Mapping[str, str]
    ) -> Program[Outcomes]:
        """Change messages, given as they were read; gives what came of each, by id.

        Several go in transactions, under the condition that each is as it was read. Where one is
        not, or another write is under way on it, those of its transaction are merged one by one.
        One that would be too large is refused before any is changed; `names` are what to call
        them then.
        """
        after: Outcomes = {}
        planned: dict[str, _Planned] = {}
        for id, record in records.items():
            values = change(record)
            if values is None:
                after[id] = record
            else:
                planned[id] = self._planned(record, values)
                self._refuse_too_large(names[id], planned[id].after, values)
        alone = {id: records[id] for id in planned if len(planned) == 1 or self._apart(records[id])}
        together = [(id, plan) for id, plan in planned.items() if id not in alone]
        parts = [dict(together[n : n + _TOGETHER]) for n in range(0, len(together), _TOGETHER)]
        outcomes = yield from outcomes_of(
            [
                self._one_by_one(alone, change, name),
                *(self._together(part, records, change, name) for part in parts),
            ],
            self._concurrency,
        )
        for ids, outcome in zip((alone, *parts), outcomes, strict=True):
            after |= _each(ids, outcome)
        return {id: after[id] for id in records}

    def _planned(self, record: Any, values: Mapping[str, Any]) -> _Planned:
        whole = {**values, "updated_at": later(self._now(), record.updated_at)}
        condition = unchanged(self._messages, record, whole)
        write = self._messages.patch(id=record.id).set(**whole).where(condition)
        return _Planned(evolve(record, **whole), write)

    def _refuse_too_large(self, name: str, after: Any, values: Mapping[str, Any]) -> None:
        """Raise ItemTooLargeError where the whole message would not fit."""
        if len(values.get("content") or "") < _LONG:
            return
        whole = asdict(after, recurse=False)
        given = {name: value for name, value in whole.items() if value is not None}
        try:
            self._messages.put(**given).params()
        except ItemTooLargeError as error:
            error.message = f"{name}, changed: {error.message}. Nothing was changed"
            raise

    def _apart(self, record: Any) -> bool:
        """Whether a message may be stored in another form, which a record does not show."""
        large = self._messages.spec.attributes["content"].overflow is not None
        return large and len(record.content or "") >= _LONG

    def _together(
        self, part: Mapping[str, _Planned], records: Mapping[str, Any], change: Change, name: str
    ) -> Program[Outcomes]:
        writes = [planned.write for planned in part.values()]
        try:
            yield from self._app.transact_write(writes).program()
        except TransactionCanceledError:
            return (yield from self._one_by_one({id: records[id] for id in part}, change, name))
        except ItemTooLargeError:
            # Nothing was sent: together they are more than DynamoDB takes.
            if len(part) == 1:
                raise
            whole, middle = list(part.items()), (len(part) + 1) // 2
            halves = [dict(whole[:middle]), dict(whole[middle:])]
            found = yield from outcomes_of(
                [self._together(half, records, change, name) for half in halves], 1
            )
            after: Outcomes = {}
            for half, outcome in zip(halves, found, strict=True):
                after |= _each(half, outcome)
            return after
        return {id: planned.after for id, planned in part.items()}

    def _one_by_one(
        self, records: Mapping[str, Any], change: Change, name: str
    ) -> Program[Outcomes]:
        merged = yield from outcomes_of(
            [
                merge(
                    self._messages,
                    {"id": id},
                    lambda record: None if record is None else change(record),
                    now=self._now,
                    operation=f"store.memory.{name}",
                    seen=None if self._apart(record) else record,
                )
                for id, record in records.items()
            ],
            self._concurrency,
        )
        return dict(zip(records, merged, strict=True))

    def _whole(self, outcomes: Outcomes, names: Mapping[str, str]) -> Records:
        """The records that are there afterwards.

        Raises the error of the only message, and SaveIncompleteError for that of one of several.
        """
        failures = {id: one for id, one in outcomes.items() if isinstance(one, LeydenError)}
        if not failures:
            return {id: record for id, record in outcomes.items() if record is not None}
        id, first = next(iter(failures.items()))
        if len(outcomes) == 1:
            raise first
        unsure = [id for id, error in failures.items() if error.unsure]
        saved = [id for id in outcomes if id not in failures or _is_done(failures[id])]
        raise SaveIncompleteError(
            f"{len(saved)} of {len(outcomes)} messages were changed, and not all of the others; "
            f"doing it again is safe (the first that failed: {names[id]}: {first.message})",
            saved=saved,
            unsaved=[id for id in failures if id not in unsure and id not in saved],
            unsure=unsure,
            failures=tuple(dict.fromkeys(failures.values())),
            entity=self._messages.name,
        ) from first


def _each(ids: Iterable[str], outcome: Outcomes | LeydenError) -> Outcomes:
    """What came of each of several messages: what befell them all, or their own."""
    return dict.fromkeys(ids, outcome) if isinstance(outcome, LeydenError) else outcome


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


def _is_done(error: LeydenError) -> bool:
    """Whether all that was to be written is, and what failed came after it."""
    return bool(error.outcome.written) and not error.unsure
