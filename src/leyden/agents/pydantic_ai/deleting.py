"""How a conversation is deleted, with the entries that no history reaches any more.

The record is buried first: from then on nobody sees it, or can save it. Its entries go next, and
what is left of the record at the end. So whoever deletes the conversation again goes on where an
earlier call was interrupted.

Entries that no record points at may belong to a save that has not ended. Such a save began with the
stored record of its conversation, which it says in its entries. Those are left alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from pydantic_ai.conversation_store import ConversationConflict

from leyden.agents.backend import Backend
from leyden.agents.patience import patient, refused
from leyden.agents.pydantic_ai.forms import (
    Spot,
    member_key,
    new_save,
    place_key,
    spot_of,
    tips_of,
)
from leyden.agents.pydantic_ai.reading import Reading, reachable
from leyden.errors import ConditionFailedError, ItemTooLargeError, TransactionCanceledError
from leyden.program import Program, run_together

FEW: Final = 40
"""How many entries one transaction deletes, with their places and some parts of large messages."""

MEMBERS: Final = 90
"""How many members of a family one transaction deletes."""

LIVES: Final = 2
"""How many times the time to live entries have, so that not each save has to prolong them all."""


class Deleting:
    """Programs that delete."""

    def __init__(self, backend: Backend, reading: Reading) -> None:
        self._app = backend.app
        self._entities = backend.app.entities
        self._backend = backend
        self._reading = reading

    def delete(self, conversation_id: str, revision: str) -> Program[None]:
        """Delete a record and what only its history reaches. Raises ConversationConflict."""
        stored = yield from self._reading.stored(conversation_id)
        if stored is None or stored.revision is None or stored.revision != revision:
            raise ConversationConflict(conversation_id)
        grave = yield from self._bury(stored)
        if grave is None:
            raise ConversationConflict(conversation_id)
        yield from self._clear(stored, grave)

    def finish(self, conversation_id: str, scope: str | None = None) -> Program[None]:
        """Delete what interrupted calls have left of a conversation that is not seen."""
        stored = yield from self._reading.stored(conversation_id)
        if stored is None:
            if (yield from self._reading.outlines(conversation_id)):
                yield from self.collect(conversation_id)
        elif stored.revision is None and scope in (None, stored.whose):
            # Whoever may still be saving it cannot do so from now on.
            grave = stored.save_id if stored.buried else (yield from self._bury(stored))
            if grave is not None:
                yield from self._clear(stored, grave)

    def _bury(self, stored: Any) -> Program[str | None]:
        """Leave of a record what finds its entries; None if another writer was faster."""
        conversation = self._entities.conversation
        whose = stored.whose if stored.scope is None else stored.scope
        grave = new_save()
        put = conversation.put(
            conversation_id=stored.conversation_id,
            family_id=stored.family_id,
            save_id=grave,
            buried=True,
            **({} if whose is None else {"whose": whose}),
            **self._backend.expiry(lives=LIVES),
        )
        try:
            yield from patient(put.where(conversation.attr.save_id == stored.save_id))
        except ConditionFailedError as error:
            now = (
                (yield from self._reading.stored(stored.conversation_id)) if error.unsure else None
            )
            if now is None or now.save_id != grave:
                return None
        return grave

    def _clear(self, stored: Any, grave: str) -> Program[None]:
        """Delete the entries of a record that was buried, and what was left of it."""
        yield from self.collect(stored.family_id)
        conversation, id = self._entities.conversation, stored.conversation_id
        remove = conversation.remove(conversation_id=id).where(conversation.attr.save_id == grave)
        writes = [remove, self._entities.member.delete(**member_key(stored.family_id, id))]
        try:
            yield from patient(self._app.transact_write(writes))
        except TransactionCanceledError as error:
            # Somebody else deletes it as well.
            if not refused(error):
                raise

    def collect(self, family_id: str) -> Program[None]:
        """Delete the entries of a family that no record's history reaches."""
        while True:
            # Records after entries: an entry that was saved in between is not among these.
            together: list[Program[Any]] = [
                self._reading.family(family_id),
                self._reading.outlines(family_id),
            ]
            family, entries = yield from run_together(together, self._backend.concurrency)
            forks = yield from self._reading.member_ids(family_id)
            members = yield from self._reading.members(family_id, forks)
            records = [one for one in members if not one.buried]
            doomed, kept = yield from self._split(family_id, entries, records)
            if family is not None and family.closed:
                state = family.state
            elif not records:
                # Nothing can begin to point at the entries from now on.
                state = yield from self._write_family(family_id, family, closed=True)
                if state is None:
                    continue
            elif not doomed:
                return
            elif family is None:
                yield from self._write_family(family_id, family)
                continue
            elif (yield from self._delete_entries(family, doomed, kept)):
                return
            else:
                continue
            yield from self._reading.erase(doomed, kept=kept)
            alive = {one.conversation_id for one in records}
            yield from self._dissolve(family_id, state, [one for one in forks if one not in alive])
            return

    def _split(
        self, family_id: str, entries: Sequence[Any], records: Sequence[Any]
    ) -> Program[tuple[list[Spot], list[Spot]]]:
        """Tell entries that nobody needs from the others; both have the deepest first."""
        tips = {tip.ref for one in records for tip in tips_of(one)}
        known = entries
        if not tips <= {(one.entry_id, one.save_id) for one in entries}:
            # A record was saved in between. Its newest entries lead to those before them.
            known = yield from self._reading.outlines(family_id)
        refs = reachable(known, tips)
        # A save of these may not have ended.
        latest = {one.save_id for one in records}
        doomed: list[Spot] = []
        kept: list[Spot] = []
        for one in entries:
            spot = spot_of(one)
            (kept if spot.ref in refs or one.base in latest else doomed).append(spot)
        return doomed, kept

    def _write_family(
        self, family_id: str, family: Any, *, closed: bool = False
    ) -> Program[str | None]:
        """Write the item of a family; None if it is not the one any more that was read."""
        entity, state = self._entities.family, new_save()
        values = {"family_id": family_id, "state": state, **self._backend.expiry(lives=LIVES)}
        if closed:
            values["closed"] = True
        writing: Any
        if family is None:
            writing = entity.create(**values)
        else:
            writing = entity.put(**values).where(entity.attr.state == family.state)
        try:
            yield from patient(writing)
        except ConditionFailedError:
            return None
        return state

    def _delete_entries(
        self, family: Any, doomed: Sequence[Spot], kept: Sequence[Spot]
    ) -> Program[bool]:
        """Delete entries while nothing begins to point at them; False if something has."""
        places = {one.place for one in kept}
        parts = deque(doomed[at : at + FEW] for at in range(0, len(doomed), FEW))
        entity = self._entities.family
        check = entity.check(family_id=family.family_id).where(entity.attr.state == family.state)
        while parts:
            part = parts.popleft()
            gone = [one for one in dict.fromkeys(one.place for one in part) if one not in places]
            writes: list[Any] = [check]
            writes += [self._entities.place.delete(**place_key(one)) for one in gone]
            writes += [self._entities.entry.delete(**one.key) for one in part]
            try:
                yield from patient(self._app.transact_write(writes))
                places.update(gone)
            except ItemTooLargeError:
                half = len(part) // 2
                if half == 0:
                    raise
                parts.extendleft((part[half:], part[:half]))
            except TransactionCanceledError as error:
                if "family" not in refused(error):
                    raise
                return False
        return True

    def _dissolve(self, family_id: str, state: str, forks: Sequence[str]) -> Program[None]:
        """Delete the item of a closed family, after those of forks that are gone."""
        entity, id = self._entities.family, {"family_id": family_id}
        is_same = entity.attr.state == state
        parts = [forks[at : at + MEMBERS] for at in range(0, len(forks), MEMBERS)]
        try:
            for part in parts:
                keys = [member_key(family_id, one) for one in part]
                gone = [self._entities.member.delete(**one) for one in keys]
                check = entity.check(**id).where(is_same)
                yield from patient(self._app.transact_write([check, *gone]))
            yield from patient(entity.remove(**id).where(is_same))
        except TransactionCanceledError as error:
            if not refused(error):
                raise
        except ConditionFailedError:
            # Somebody else has done the same.
            return
