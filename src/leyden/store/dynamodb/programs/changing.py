"""Changing messages by what is stored of them, many in a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from attrs import asdict, evolve, frozen

from leyden.errors import (
    ItemTooLargeError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
)
from leyden.operations.batches.sending import chunks
from leyden.operations.update import Patch
from leyden.program import Program, outcomes_of
from leyden.store.dynamodb.programs.base import DOMAIN, MemoryBase, is_done
from leyden.store.dynamodb.programs.merging import merge, unchanged
from leyden.store.times import later

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


class MessageChanging(MemoryBase):
    """Changes of messages that lose nothing."""

    def _changed_messages(
        self, records: Mapping[str, Any], change: Change, method: str, names: Mapping[str, str]
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
        parts = [dict(part) for part in chunks(together, _TOGETHER)]
        outcomes = yield from outcomes_of(
            [
                self._one_by_one(alone, change, method),
                *(self._together(part, records, change, method) for part in parts),
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
        self, part: Mapping[str, _Planned], records: Mapping[str, Any], change: Change, method: str
    ) -> Program[Outcomes]:
        writes = [planned.write for planned in part.values()]
        try:
            yield from self._app.transact_write(writes).program()
        except TransactionCanceledError:
            return (yield from self._one_by_one({id: records[id] for id in part}, change, method))
        except ItemTooLargeError:
            # Nothing was sent: together they are more than DynamoDB takes.
            if len(part) == 1:
                raise
            halves = [dict(half) for half in chunks(tuple(part.items()), (len(part) + 1) // 2)]
            found = yield from outcomes_of(
                [self._together(half, records, change, method) for half in halves], 1
            )
            after: Outcomes = {}
            for half, outcome in zip(halves, found, strict=True):
                after |= _each(half, outcome)
            return after
        return {id: planned.after for id, planned in part.items()}

    def _one_by_one(
        self, records: Mapping[str, Any], change: Change, method: str
    ) -> Program[Outcomes]:
        merged = yield from outcomes_of(
            [
                merge(
                    self._messages,
                    {"id": id},
                    lambda record: None if record is None else change(record),
                    now=self._now,
                    operation=f"{DOMAIN}.{method}",
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
        saved = [id for id in outcomes if id not in failures or is_done(failures[id])]
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
