"""How a conversation is deleted, with the entries that no history reaches any more.

The record goes first, and leaves a note that its entries are being deleted. They go from the newest
to the oldest, so that an entry that is there has all those before it. Whoever forks a conversation
meanwhile changes the count of the family, on which each deletion depends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_ai.conversation_store import ConversationConflict

from leyden.agents.backend import Backend
from leyden.agents.pydantic_ai.reading import Reading, reachable, tips_of
from leyden.agents.pydantic_ai.writing import refused
from leyden.errors import (
    ConditionFailedError,
    ItemNotFoundError,
    ItemTooLargeError,
    TransactionCanceledError,
)
from leyden.program import Program

FEW: Final = 40
"""How many entries one transaction deletes, with their places and some parts of large messages."""


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
        if stored is None or stored.revision != revision:
            raise ConversationConflict(conversation_id)
        conversation = self._entities.conversation
        ids = {"conversation_id": conversation_id, "family_id": stored.family_id}
        scope = {} if stored.scope is None else {"scope": stored.scope}
        record = conversation.remove(conversation_id=conversation_id)
        writes = [
            record.where(conversation.attr.revision == revision),
            self._entities.member.delete(**ids),
            self._entities.remnant.put(**ids, **scope, closed=True, **self._backend.expiry()),
        ]
        try:
            yield from self._app.transact_write(writes).program()
        except TransactionCanceledError as error:
            if refused(error):
                raise ConversationConflict(conversation_id) from error
            raise
        yield from self._erase(ids)

    def finish(self, conversation_id: str, scope: str | None) -> Program[None]:
        """Delete what interrupted calls have left of a conversation."""
        remnant = self._entities.remnant
        query = remnant.query.remnants(conversation_id=conversation_id)
        for one in (yield from query.program(consistent=True, pages="all")):
            if scope is not None and one.scope != scope:
                continue
            ids = {"conversation_id": conversation_id, "family_id": one.family_id}
            try:
                # Whoever may still be writing them cannot point at them from now on.
                yield from remnant.patch(**ids).set(closed=True).program(response="none")
            except ItemNotFoundError:
                continue
            yield from self._erase(ids)

    def _erase(self, ids: Mapping[str, str]) -> Program[None]:
        yield from self._collect(ids["family_id"])
        yield from self._entities.remnant.delete(**ids).program(response="none")

    def _collect(self, family_id: str) -> Program[None]:
        """Delete the entries of a family that no record's history reaches."""
        family = self._entities.family
        while True:
            changes = yield from self._announce(family_id)
            # Records after entries: an entry that was saved in between is not among these.
            entries = yield from self._reading.outlines(family_id)
            records = yield from self._reading.members(family_id)
            if not records:
                if changes is not None:
                    remove = family.remove(family_id=family_id)
                    try:
                        yield from remove.where(family.attr.changes == changes).program()
                    except ConditionFailedError:
                        continue
                newest_first = [(one.entry_id, one.depth) for one in entries]
                yield from self._reading.erase(family_id, newest_first)
                return
            if changes is None:
                return
            tips = {tip for one in records for tip in tips_of(one)}
            known = entries
            if not tips <= {one.entry_id for one in entries}:
                # A record was saved in between. Its newest entries lead to those before them.
                known = yield from self._reading.outlines(family_id)
            kept = reachable(known, tips)
            doomed = [one for one in entries if one.entry_id not in kept]
            parts = deque(doomed[at : at + FEW] for at in range(0, len(doomed), FEW))
            try:
                while parts:
                    part = parts.popleft()
                    try:
                        yield from self._delete_entries(family_id, changes, part)
                        changes += 1
                    except ItemTooLargeError:
                        half = len(part) // 2
                        if half == 0:
                            raise
                        parts.extendleft((part[half:], part[:half]))
                return
            except TransactionCanceledError as error:
                if "family" not in refused(error):
                    raise

    def _announce(self, family_id: str) -> Program[int | None]:
        """Count a change of a family, and give the count; None if the family is gone."""
        patch = self._entities.family.patch(family_id=family_id).add(changes=1)
        try:
            changed = yield from patch.program(response="all_new")
        except ConditionFailedError:
            return None
        changes: int = changed.changes
        return changes

    def _delete_entries(
        self, family_id: str, changes: int, entries: Sequence[Any]
    ) -> Program[None]:
        """Delete entries in one transaction, if the family has not changed.

        This changes it as well, so that none of them becomes part of a history afterwards.
        """
        family = self._entities.family
        patch = family.patch(family_id=family_id).add(changes=1)
        writes: list[Any] = [patch.where(family.attr.changes == changes)]
        for one in entries:
            key = {"family_id": family_id, "depth": one.depth, "entry_id": one.entry_id}
            writes.append(self._entities.entry.delete(**key))
            writes.append(self._entities.place.delete(entry_id=one.entry_id))
        yield from self._app.transact_write(writes).program()
