"""Changing messages by what is stored of them, many in a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from leyden.errors import ItemTooLargeError, TransactionCanceledError
from leyden.operations.batch_sending import chunks
from leyden.operations.concurrently import concurrently
from leyden.operations.request import Program
from leyden.operations.update import Patch
from leyden.store.dynamodb.programs.base import DOMAIN, MemoryBase
from leyden.store.dynamodb.programs.merging import later, merge, unchanged

Change: TypeAlias = Callable[[Any], Mapping[str, Any] | None]
Records: TypeAlias = dict[str, Any]

_TOGETHER: Final = 25
"""How many messages are changed in one request: one that is refused refuses them all."""


@frozen
class _Planned:
    """A change of one message, as a part of a transaction."""

    after: Any
    write: Patch


@frozen
class MessageChanging(MemoryBase):
    """Changes of messages that lose nothing."""

    def _changed_messages(
        self, records: Mapping[str, Any], change: Change, method: str
    ) -> Program[Records]:
        """Change messages, given as they were read; gives those that are there, by id.

        Several go in transactions, under the condition that each is as it was read. Where one is
        not, or another write is under way on it, those of its transaction are merged one by one.
        """
        if len(records) == 1:
            return (yield from self._one_by_one(records, change, method))
        planned: dict[str, _Planned] = {}
        after: Records = {}
        for id, record in records.items():
            values = change(record)
            if values is None:
                after[id] = record
            else:
                planned[id] = self._planned(record, values)
        parts = yield from concurrently(
            [
                self._together(dict(part), records, change, method)
                for part in chunks(tuple(planned.items()), _TOGETHER)
            ],
            self.concurrency,
        )
        for part in parts:
            after.update(part)
        return {id: after[id] for id in records if id in after}

    def _planned(self, record: Any, values: Mapping[str, Any]) -> _Planned:
        whole = {**values, "updated_at": later(self._clock(), record)}
        condition = unchanged(self._messages, record, whole)
        write = self._messages.patch(id=record.id).set(**whole).where(condition)
        return _Planned(evolve(record, **whole), write)

    def _together(
        self, part: Mapping[str, _Planned], records: Mapping[str, Any], change: Change, method: str
    ) -> Program[Records]:
        writes = [planned.write for planned in part.values()]
        try:
            yield from self.app.transact_write(writes).program()
        except TransactionCanceledError:
            return (yield from self._one_by_one({id: records[id] for id in part}, change, method))
        except ItemTooLargeError:
            # Nothing was sent: together they are more than DynamoDB takes.
            if len(part) == 1:
                raise
            after: Records = {}
            for half in chunks(tuple(part.items()), (len(part) + 1) // 2):
                after |= yield from self._together(dict(half), records, change, method)
            return after
        return {id: planned.after for id, planned in part.items()}

    def _one_by_one(
        self, records: Mapping[str, Any], change: Change, method: str
    ) -> Program[Records]:
        merged = yield from concurrently(
            [
                merge(
                    self._messages,
                    {"id": id},
                    lambda record: None if record is None else change(record),
                    now=self._clock,
                    operation=f"{DOMAIN}.{method}",
                    seen=record,
                )
                for id, record in records.items()
            ],
            self.concurrency,
        )
        return {id: record for id, record in zip(records, merged, strict=True) if record}
