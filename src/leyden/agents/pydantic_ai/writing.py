"""How a conversation is saved: its new entries first, then the record that makes them seen.

Nothing points at the entries until the record does, so each takes a plain write. The record takes
one as well, if it still is the one that the save began with. A first save has no such record, so it
writes one that is not seen before its entries.

A save that begins to point at entries which others may delete depends on more, and takes a
transaction: forks do, and whoever goes back to an earlier message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
)

from leyden.agents.backend import Backend
from leyden.agents.patience import patient, refused
from leyden.agents.pydantic_ai.deleting import LIVES, Deleting
from leyden.agents.pydantic_ai.forms import (
    Spot,
    ends_of,
    entries_of,
    listed,
    member_key,
    new_save,
    place_key,
    text_of,
    tips_of,
    values_of,
)
from leyden.agents.pydantic_ai.reading import Found, Reading
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    InputError,
    TransactionCanceledError,
)
from leyden.program import Program, Work, run_together

FEW: Final = 8
"""Up to so many items are written by requests of their own, and more in batches.

A batch of large values looks at what is stored first.
"""


class Saving:
    """One save: the program `run`."""

    def __init__(
        self,
        backend: Backend,
        reading: Reading,
        deleting: Deleting,
        record: ConversationRecord,
        new: Sequence[ConversationEntry],
        expected: str | None,
    ) -> None:
        self._app = backend.app
        self._entities = backend.app.entities
        self._concurrency = backend.concurrency
        self._reading = reading
        self._deleting = deleting
        self._record = record
        self._new = {one.id: one for one in new}
        self._expected = expected
        now = backend.now()
        self._expires = backend.expiry(now)
        self._lasting = backend.expiry(now, lives=LIVES)
        self._kept_until = _seconds(self._lasting)
        self._save = new_save()
        self._base = new_save()
        self._family = record.conversation_id
        self._joins = False
        self._begun: Any = None
        """What another first save of the conversation has begun with."""
        self._has_begun = False
        self._spots: dict[str, Spot] = {}
        """The entries that the record and the new ones point at, and the new ones."""

    def run(self) -> Program[None]:
        """Save. Raises ConversationConflict, and InputError."""
        stored, known = yield from self._look()
        self._leave_out(known)
        tips = {one.entry_id: one for one in tips_of(stored)}
        unknown = [id for id in self._pointed_at() if id not in tips]
        known |= yield from self._reading.located([id for id in unknown if id not in known])
        found = [known[id] for id in unknown if id in known]
        self._settle(stored, tips, found)
        yield from self._prolong(stored, tips, found)
        yield from self._keep_what_is_left(tips)
        guards = [self._entities.entry.check(**one.spot.key) for one in found]
        if stored is None:
            yield from self._begin()
        try:
            if self._new:
                yield from self._write_entries()
            if self._new and not guards:
                yield from self._commit()
            else:
                yield from self._commit_together(guards)
        except (ConversationConflict, BatchIncompleteError, InputError):
            yield from self._undo()
            raise
        ends = ends_of(self._record.head_id, self._record.branches)
        self._reading.remember(self._spots[id] for id in ends if id in self._spots)

    def _look(self) -> Program[tuple[Any, dict[str, Found]]]:
        """Read the record that this one replaces, and new entries that are stored already."""
        id = self._record.conversation_id
        together: list[Program[Any]] = [self._reading.stored(id), self._reading.located(self._new)]
        stored, known = yield from run_together(together, self._concurrency)
        if stored is not None and stored.buried and self._expected is None:
            yield from self._deleting.finish(id)
            stored = yield from self._reading.stored(id)
        if (None if stored is None else stored.revision) != self._expected:
            raise self._conflict()
        if stored is not None and stored.buried:
            raise self._conflict()
        if stored is not None and stored.revision is None:
            self._begun, stored = stored, None
        if stored is not None:
            self._base = stored.save_id
        return stored, known

    def _leave_out(self, known: Mapping[str, Found]) -> None:
        """Write no entry again that is stored. Raises InputError if it is another one."""
        for id, found in known.items():
            if entries_of([found.item]) != [self._new[id]]:
                raise InputError(
                    f"an entry {id!r} is stored already, and entries do not change; nothing was "
                    "saved",
                    entity="entry",
                )
            del self._new[id]

    def _pointed_at(self) -> list[str]:
        """The entries that are pointed at and not among the new ones."""
        record = self._record
        named = [one.parent_id for one in self._new.values()]
        named += ends_of(record.head_id, record.branches)
        return [id for id in dict.fromkeys(named) if id is not None and id not in self._new]

    def _settle(self, stored: Any, tips: Mapping[str, Spot], found: Sequence[Found]) -> None:
        """Find out which family the conversation belongs to, and where the new entries are."""
        families = {one.spot.family_id for one in found}
        families |= set() if stored is None else {stored.family_id}
        if len(families) > 1:
            raise InputError(
                f"conversation {self._record.conversation_id!r} points at an entry of another one "
                "that it was not forked from; nothing was saved",
                entity="conversation",
            )
        if families:
            (self._family,) = families
            self._joins = stored is None
        self._spots = {**tips, **{one.spot.entry_id: one.spot for one in found}}
        for number, one in enumerate(self._new.values()):
            depth = 0
            if one.parent_id is not None:
                if one.parent_id not in self._spots:
                    raise self._conflict()
                depth = self._spots[one.parent_id].depth + 1
            self._spots[one.id] = Spot(self._family, one.id, depth, self._save, number)
        if self._record.head_id is not None and self._record.head_id not in self._spots:
            raise self._conflict()

    def _prolong(
        self, stored: Any, tips: Mapping[str, Spot], found: Sequence[Found]
    ) -> Program[None]:
        """Let the entries of the history live as long as the record, if they might not.

        They live for longer than a record. So the saves of one time to live do this once.
        """
        if stored is not None:
            until = stored.kept_until
            if until is None and not self._expires:
                return
            if until is not None and self._expires and until >= (_seconds(self._expires) or 0):
                self._kept_until = until
                return
        elif not found or (not self._expires and all(one.item.expires_at is None for one in found)):
            return
        refs = [one.ref for one in (*tips.values(), *(one.spot for one in found))]
        yield from self._reading.prolong(self._family, refs, self._lasting)
        if stored is not None:
            yield from self._reading.change("member", self._member, **self._lasting)

    def _keep_what_is_left(self, tips: Mapping[str, Spot]) -> Program[None]:
        """Note of entries that no history ends in any more that they were seen."""
        named = {one.parent_id for one in self._new.values()}
        named |= {*ends_of(self._record.head_id, self._record.branches)}
        for id, spot in tips.items():
            if id not in named:
                yield from self._reading.change("entry", spot.key, kept=True)

    def _begin(self) -> Program[None]:
        """Write a record that is not seen, on which this save depends.

        If another first save has begun, or was interrupted, both depend on the same one, and the
        first to end is saved.
        """
        id = self._record.conversation_id
        if self._begun is not None and self._begun.family_id != self._family:
            yield from self._deleting.finish(id)
            self._begun = None
        if self._begun is not None:
            self._base = self._begun.save_id
            return
        if not self._new:
            return
        scope = {} if self._record.scope is None else {"whose": self._record.scope}
        create = self._entities.conversation.create(
            **self._ids, save_id=self._base, **scope, **self._lasting
        )
        self._has_begun = True
        if self._joins:
            yield from self._together([create, *self._joining()])
            return
        try:
            yield from patient(create)
        except ConditionFailedError as error:
            stored = (yield from self._reading.stored(id)) if error.unsure else None
            if stored is None or stored.save_id != self._base:
                raise self._conflict() from error

    def _write_entries(self) -> Program[None]:
        """Write the new entries, and after them their places: those are not found without them."""
        yield from self._write(self._puts_of_entries)
        yield from self._write(self._puts_of_places)

    def _write(self, puts: Any) -> Program[None]:
        # Messages with pictures take long to write, and to compress.
        def planned() -> list[Program[Any]]:
            writes = puts()
            if len(writes) <= FEW:
                return [one.program() for one in writes]
            return [self._app.batch_write(writes).program(concurrency=self._concurrency)]

        writing: list[Program[Any]] = yield Work(planned)
        yield from run_together(writing, self._concurrency)

    def _puts_of_entries(self) -> list[Any]:
        puts = []
        for one in self._new.values():
            parent = {}
            if one.parent_id is not None:
                parent["parent_id"] = one.parent_id
                save = self._spots[one.parent_id].save_id
                if save != self._save:
                    parent["parent_save"] = save
            put = self._entities.entry.put(
                **self._spots[one.id].key,
                entry_id=one.id,
                **parent,
                base=self._base,
                kind=one.kind,
                message=text_of(one.message),
                **self._lasting,
            )
            puts.append(put)
        return puts

    def _puts_of_places(self) -> list[Any]:
        places: dict[tuple[str, str, int], list[Spot]] = {}
        for id in self._new:
            places.setdefault(self._spots[id].place, []).append(self._spots[id])
        return [
            self._entities.place.put(
                **place_key(place),
                **self._ids,
                entries=listed(spots),
                **self._lasting,
            )
            for place, spots in places.items()
        ]

    def _put_of_record(self) -> Any:
        conversation = self._entities.conversation
        tips = [
            str(self._spots[id]) if id in self._spots else ""
            for id in ends_of(self._record.head_id, self._record.branches)
        ]
        values = {
            **values_of(self._record),
            "save_id": self._save,
            "family_id": self._family,
            **({"tips": tips} if tips else {}),
            **({} if self._kept_until is None else {"kept_until": self._kept_until}),
            **self._expires,
        }
        if self._expected is None and self._begun is None and not self._has_begun:
            return conversation.create(**values)
        return conversation.put(**values).where(conversation.attr.save_id == self._base)

    def _commit(self) -> Program[None]:
        """Write the record, which makes the new entries seen."""
        try:
            yield from patient(self._put_of_record())
        except ConditionFailedError as error:
            if not (error.unsure and (yield from self._was_saved())):
                raise self._conflict() from error

    def _was_saved(self) -> Program[bool]:
        """Say whether the record was written before the request was sent again."""
        id = self._record.conversation_id
        stored = yield from self._reading.stored(id)
        if stored is not None and stored.save_id == self._save:
            return True
        # Another writer may have gone on from it.
        last = self._spots[[*self._new][-1]]
        return (yield from self._reading.seen(last, id)) is not None

    def _commit_together(self, guards: Sequence[Any]) -> Program[None]:
        """Write the record, while entries that it begins to point at are there."""
        writes = [self._put_of_record(), *guards]
        if self._joins and self._begun is None and not self._has_begun:
            writes += self._joining()
        elif guards:
            writes.append(self._changed_family())
        yield from self._together(writes)

    def _joining(self) -> list[Any]:
        """What makes a new conversation a member of a family."""
        if self._family == self._record.conversation_id:
            return [self._changed_family()]
        id = self._record.conversation_id
        put = self._entities.member.put(**self._member, conversation_id=id, **self._lasting)
        return [self._changed_family(), put]

    def _changed_family(self) -> Any:
        """What lets others who delete entries of the family look again."""
        family = self._entities.family
        put = family.put(family_id=self._family, state=new_save(), **self._lasting)
        return put.where(family.attr.closed.does_not_exist())

    def _together(self, writes: Sequence[Any]) -> Program[None]:
        while True:
            try:
                yield from patient(self._app.transact_write(writes))
                return
            except TransactionCanceledError as error:
                if not refused(error):
                    raise
                if refused(error) != {"family"}:
                    raise self._conflict() from error
            # Who was to delete all of the family's entries may have been interrupted.
            yield from self._deleting.collect(self._family)

    def _undo(self) -> Program[None]:
        """Delete what this save has written, which was never seen."""
        yield from self._reading.erase([self._spots[id] for id in self._new])
        if not self._has_begun:
            return
        conversation = self._entities.conversation
        begun = conversation.remove(conversation_id=self._record.conversation_id)
        begun = begun.where(conversation.attr.save_id == self._base)
        writes = [begun, self._entities.member.delete(**self._member)]
        try:
            yield from patient(self._app.transact_write(writes))
        except TransactionCanceledError as error:
            if not refused(error):
                raise

    @property
    def _member(self) -> dict[str, str]:
        return member_key(self._family, self._record.conversation_id)

    @property
    def _ids(self) -> dict[str, str]:
        return {"conversation_id": self._record.conversation_id, "family_id": self._family}

    def _conflict(self) -> ConversationConflict:
        return ConversationConflict(self._record.conversation_id)


def _seconds(expires: Mapping[str, Any]) -> int | None:
    return int(expires["expires_at"].timestamp()) if expires else None
