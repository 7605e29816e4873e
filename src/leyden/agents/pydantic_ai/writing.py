"""How a conversation is saved: its record and new entries in one transaction, if they fit.

More entries than fit are written first, where nothing points at them, and the record after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
)

from leyden.agents.backend import Backend
from leyden.agents.pydantic_ai.forms import text_of, values_of
from leyden.agents.pydantic_ai.reading import Reading, tips_of
from leyden.errors import (
    BatchIncompleteError,
    InputError,
    TransactionCanceledError,
)
from leyden.program import Program, Work, run_together

TOGETHER: Final = 100
"""How many items one transaction takes."""

LARGEST: Final = 1024 * 1024
"""The most letters of messages that go into one transaction. It takes 4 MB."""

LIVES: Final = 2
"""How many times the time to live entries have, so that not each save has to prolong them all."""

REFUSALS: Final = frozenset({"condition", "exists", "not_found"})
"""Why a transaction is refused if what is stored is not what it depends on."""


def refused(error: TransactionCanceledError) -> set[str]:
    """The entities of a transaction that were not as it depends on."""
    return {one.entity for one in error.rejections if one.reason in REFUSALS}


class Saving:
    """One save: the program `run`."""

    def __init__(
        self,
        backend: Backend,
        reading: Reading,
        record: ConversationRecord,
        new: Sequence[ConversationEntry],
        expected: str | None,
    ) -> None:
        self._app = backend.app
        self._entities = backend.app.entities
        self._concurrency = backend.concurrency
        self._reading = reading
        self._record = record
        self._new = new
        self._expected = expected
        now = backend.now()
        self._expires = backend.expiry(now)
        self._lasting = backend.expiry(now, lives=LIVES)
        self._kept_until = _seconds(self._lasting)
        self._family = uuid4().hex
        self._joins = False
        self._depths: dict[str, int] = {}

    def run(self) -> Program[None]:
        """Save. Raises ConversationConflict, and InputError."""
        pointed_at = self._pointed_at()
        together: list[Program[Any]] = [
            self._reading.stored(self._record.conversation_id),
            self._reading.places(pointed_at),
        ]
        stored, places = yield from run_together(together, self._concurrency)
        if (None if stored is None else stored.revision) != self._expected:
            raise self._conflict()
        if len(places) < len(pointed_at):
            raise self._conflict()
        self._settle(stored, places)
        yield from self._prolong(stored, places)
        head = self._record.head_id
        checks = [self._entities.place.check(entry_id=head)] if head in places else []
        joining = self._joining() if stored is None else []

        def planned() -> Program[None]:
            texts = [text_of(one.message) for one in self._new]
            entries, places_of_them = self._entries(texts)
            record = [self._put_of_record(), *checks]
            whole = [*record, *joining, *entries, *places_of_them]
            if len(whole) <= TOGETHER and sum(map(len, texts)) <= LARGEST:
                return self._together(self._app.transact_write(whole).program())
            return self._entries_first((entries, places_of_them), record, joining)

        # Messages with pictures take long to write, and to compress.
        saving: Program[None] = (yield Work(planned)) if self._new else planned()
        yield from saving

    def _pointed_at(self) -> list[str]:
        """The entries that are named and not among the new ones."""
        new = {one.id for one in self._new}
        named = dict.fromkeys([*(one.parent_id for one in self._new), self._record.head_id])
        return [one for one in named if one is not None and one not in new]

    def _settle(self, stored: Any, places: Mapping[str, Any]) -> None:
        """Find out which family the conversation belongs to, and how deep the new entries are."""
        families = {one.family_id for one in places.values()}
        families |= set() if stored is None else {stored.family_id}
        if len(families) > 1:
            raise InputError(
                f"conversation {self._record.conversation_id!r} points at an entry of another one "
                "that it was not forked from; nothing was saved",
                entity="conversation",
            )
        if families:
            (self._family,) = families
            self._joins = True
        known = {id: one.depth for id, one in places.items()}
        for one in self._new:
            known[one.id] = 0 if one.parent_id is None else known[one.parent_id] + 1
            self._depths[one.id] = known[one.id]

    def _prolong(self, stored: Any, places: Mapping[str, Any]) -> Program[None]:
        """Let the entries of the history live as long as the record, if they might not.

        They live for longer than a record. So the saves of one time to live do this once.
        """
        if not self._joins:
            return
        if stored is not None:
            until = stored.kept_until
            if until is None and not self._expires:
                return
            if until is not None and self._expires and until >= (_seconds(self._expires) or 0):
                self._kept_until = until
                return
        elif not self._expires and all(one.expires_at is None for one in places.values()):
            return
        tips = [*places, *tips_of(stored), *self._record.branches]
        yield from self._reading.prolong(self._family, tips, self._lasting)
        if stored is not None:
            yield from self._reading.prolong_item("member", self._ids, self._lasting)

    def _entries(self, texts: Sequence[str]) -> tuple[list[Any], list[Any]]:
        """What writes the new entries, and where they are."""
        entries, places = [], []
        for one, text in zip(self._new, texts, strict=True):
            key = {
                "family_id": self._family,
                "depth": self._depths[one.id],
                "entry_id": one.id,
                **self._lasting,
            }
            parent = {} if one.parent_id is None else {"parent_id": one.parent_id}
            entries.append(self._entities.entry.put(**key, **parent, kind=one.kind, message=text))
            places.append(self._entities.place.put(**key))
        return entries, places

    def _put_of_record(self) -> Any:
        conversation = self._entities.conversation
        kept = {} if self._kept_until is None else {"kept_until": self._kept_until}
        values = {**values_of(self._record), "family_id": self._family, **kept, **self._expires}
        if self._expected is None:
            return conversation.create(**values)
        return conversation.put(**values).where(conversation.attr.revision == self._expected)

    def _joining(self) -> list[Any]:
        """What makes a new conversation a member of its family."""
        key = {"family_id": self._family}
        member = self._entities.member.put(**self._ids, **self._lasting)
        if self._joins:
            return [self._entities.family.patch(**key).add(changes=1), member]
        return [self._entities.family.create(**key, changes=0, **self._lasting), member]

    def _together(self, writing: Program[Any]) -> Program[None]:
        try:
            yield from writing
        except TransactionCanceledError as error:
            if refused(error):
                raise self._conflict() from error
            raise

    def _entries_first(
        self, batches: Sequence[Sequence[Any]], record: Sequence[Any], joining: Sequence[Any]
    ) -> Program[None]:
        """Write entries, their places, then the record; undo it if another writer was faster.

        Who deletes what no history reaches may have taken the entries for that, which the family's
        count of changes tells. They are then written again. A family that nobody knows yet has no
        such count, and a remnant in its place.
        """
        try:
            while True:
                beside = yield from self._guarded(joining)
                for batch in batches:
                    writing: Program[Any] = yield Work(partial(self._batch, batch))
                    yield from writing
                try:
                    yield from self._app.transact_write([*record, *beside]).program()
                    return
                except TransactionCanceledError as error:
                    if not refused(error):
                        raise
                    if not self._joins or refused(error) != {"family"}:
                        raise self._conflict() from error
        except (ConversationConflict, BatchIncompleteError, InputError):
            newest_first = sorted(self._depths.items(), key=lambda one: -one[1])
            yield from self._reading.erase(self._family, newest_first)
            if not self._joins:
                yield from self._entities.remnant.delete(**self._ids).program(response="none")
            raise

    def _batch(self, puts: Sequence[Any]) -> Program[Any]:
        return self._app.batch_write(puts).program(concurrency=self._concurrency)

    def _guarded(self, joining: Sequence[Any]) -> Program[list[Any]]:
        """Begin to write entries; gives what must be in the transaction that makes them seen."""
        family, remnant = self._entities.family, self._entities.remnant
        if not self._joins:
            scope = {} if self._record.scope is None else {"scope": self._record.scope}
            note = remnant.put(**self._ids, **scope, **self._lasting)
            yield from note.program(response="none")
            still_open = remnant.attr.closed.does_not_exist()
            return [*joining, remnant.remove(**self._ids).where(still_open)]
        changes = yield from self._reading.changes(self._family)
        if changes is None:
            raise self._conflict()
        patch = family.patch(family_id=self._family).add(changes=1)
        return [patch.where(family.attr.changes == changes), *joining[1:]]

    @property
    def _ids(self) -> dict[str, str]:
        return {"conversation_id": self._record.conversation_id, "family_id": self._family}

    def _conflict(self) -> ConversationConflict:
        return ConversationConflict(self._record.conversation_id)


def _seconds(expires: Mapping[str, Any]) -> int | None:
    return int(expires["expires_at"].timestamp()) if expires else None
