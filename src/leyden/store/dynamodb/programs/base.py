"""What the methods of memory share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    LeydenError,
    SaveIncompleteError,
)
from leyden.operations.batches.sending import cause_of
from leyden.operations.item_id import ItemId, item_id
from leyden.program import Program, outcomes_of
from leyden.service.entity import Entity
from leyden.service.service import Service
from leyden.store.dynamodb.methods import Domain
from leyden.store.dynamodb.programs.merging import insisting
from leyden.store.dynamodb.ttl import TtlRules
from leyden.store.interface import Memory
from leyden.store.stamps import Stamps
from leyden.store.times import Clock

DOMAIN: Final = "store.memory"


class MemoryBase(Domain):
    """The entities of memory, and what more than one of its methods needs."""

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

    def _touch(self, thread_ids: Iterable[str]) -> Program[None]:
        """Say of threads that they were changed now; those that are missing stay so."""
        now = self._now()
        programs = [self._touched(id, now) for id in dict.fromkeys(thread_ids)]
        outcomes = yield from outcomes_of(programs, self._concurrency)
        for outcome in outcomes:
            if isinstance(outcome, LeydenError):
                raise outcome

    def _touched_or_not(self, thread_ids: Iterable[str]) -> Program[LeydenError | None]:
        """Touch threads once their messages are written; gives the error where that fails.

        It must not hide what was written before.
        """
        try:
            yield from self._touch(thread_ids)
        except LeydenError as error:
            return error
        return None

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

    def _touched(self, thread_id: str, now: datetime) -> Program[None]:
        patch = self._threads.patch(id=thread_id).set(updated_at=now)
        try:
            yield from insisting(lambda: patch.program(response="none"))
        except ConditionFailedError:
            return

    def _stored_messages(
        self, ids: Sequence[str], attributes: Sequence[str] = ()
    ) -> Program[dict[str, Any]]:
        """What is stored under the keys of messages, by the ids that were asked for.

        Keys fold the case of letters, so the record may be that of another id.
        """
        keys = {id: self._key_of(id) for id in ids}
        by_key = {key: id for id, key in keys.items()}
        if not by_key:
            return {}
        reading = self._messages.get([{"id": id} for id in by_key.values()]).program(
            consistent=True,
            ignore_ownership=True,
            concurrency=self._concurrency,
            attributes=tuple(attributes) or None,
        )
        try:
            found = yield from reading
        except BatchIncompleteError as error:
            # Of a read it says no more than what befell it.
            raise cause_of(error) from error
        records = dict(zip(by_key, found, strict=True))
        return {id: records[key] for id, key in keys.items() if records[key] is not None}

    def _key_of(self, message_id: str) -> ItemId:
        """What is the same for ids that share a key."""
        return item_id("", self._messages.get(id=message_id).params()["Key"])


def is_done(error: LeydenError) -> bool:
    """Whether all that was to be written is, and what failed came after it."""
    return bool(error.outcome.written) and not error.unsure
