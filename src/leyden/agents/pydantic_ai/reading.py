"""What is read: records, listings, entries, and histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord

from leyden.agents.backend import Backend, worked
from leyden.agents.pydantic_ai.forms import PARTS, entries_of, record_of
from leyden.errors import ItemNotFoundError
from leyden.program import Program, run_together

MARGIN: Final = 4
"""How many items of other branches a page of a history has room for."""


def tips_of(stored: Any) -> list[str]:
    """The last entries of a stored record's histories; none without a record."""
    if stored is None:
        return []
    return [tip for tip in (stored.head_id, *(stored.branches or ())) if tip is not None]


def reachable(outlines: Iterable[Any], tips: Iterable[str]) -> set[str]:
    """The entries that histories up to some tips have."""
    parents = {one.entry_id: one.parent_id for one in outlines}
    found: set[str] = set()
    for tip in tips:
        at: str | None = tip
        while at is not None and at in parents and at not in found:
            found.add(at)
            at = parents[at]
    return found


class Reading:
    """Programs that read, and what the others build on."""

    def __init__(self, backend: Backend) -> None:
        self._app = backend.app
        self._entities = backend.app.entities
        self._concurrency = backend.concurrency

    def stored(self, conversation_id: str) -> Program[Any]:
        """Read the item of a conversation; None if there is none."""
        reading = self._entities.conversation.get(conversation_id=conversation_id)
        return (yield from reading.program(consistent=True))

    def record(self, conversation_id: str) -> Program[ConversationRecord | None]:
        """Read a record; None if there is none."""
        stored = yield from self.stored(conversation_id)
        return None if stored is None else record_of(stored)

    def records(self, scope: str | None, limit: int | None) -> Program[list[ConversationRecord]]:
        """Read the records of a scope, or of all, last saved first."""
        if limit == 0:
            return []
        query = self._entities.conversation.query
        if scope is not None:
            queries = [query.by_scope(scope=scope)]
        else:
            queries = [query.by_time(part=part) for part in range(PARTS)]
        pages: dict[str, Any] = {"pages": "all"} if limit is None else {"count": limit}
        reading = [one.program(order="desc", **pages) for one in queries]
        listed = yield from run_together(reading, self._concurrency)
        found = sorted(
            (one for page in listed for one in page), key=lambda one: one.updated_at, reverse=True
        )
        return [record_of(one) for one in found[:limit]]

    def places(self, ids: Sequence[str]) -> Program[dict[str, Any]]:
        """Read where entries are; those that are not stored are left out."""
        if not ids:
            return {}
        reading = self._entities.place.get([{"entry_id": id} for id in dict.fromkeys(ids)])
        found = yield from reading.program(consistent=True, concurrency=self._concurrency)
        return {one.entry_id: one for one in found if one is not None}

    def entry(self, entry_id: str) -> Program[ConversationEntry]:
        """Read an entry. Raises KeyError if it is not there."""
        place = (yield from self.places([entry_id])).get(entry_id)
        stored = None
        if place is not None:
            key = {name: getattr(place, name) for name in ("family_id", "depth", "entry_id")}
            stored = yield from self._entities.entry.get(**key).program(consistent=True)
        if stored is None:
            raise KeyError(entry_id)
        return (yield from self._decoded([stored]))[0]

    def history(self, head_id: str | None, limit: int | None) -> Program[list[ConversationEntry]]:
        """Read the entries up to one. Raises KeyError for one of them that is not there.

        The entries of a family are by their depth, those of other branches among them. So one
        query has all, and what leads up to the head is picked from it.
        """
        if head_id is None or limit == 0:
            return []
        place = (yield from self.places([head_id])).get(head_id)
        if place is None:
            raise KeyError(head_id)
        query = self._entities.entry.query.history(family_id=place.family_id).lte(depth=place.depth)
        options: dict[str, Any] = {"order": "desc", "consistent": True}
        if limit is not None:
            options["limit"] = limit + MARGIN
        found: list[Any] = []
        wanted: str | None = head_id
        cursor: str | None = None
        while wanted is not None and (limit is None or len(found) < limit):
            page = yield from query.program(cursor=cursor, **options)
            for one in page:
                if one.entry_id == wanted and (limit is None or len(found) < limit):
                    found.append(one)
                    wanted = one.parent_id
            cursor = page.cursor
            if cursor is None:
                break
        if wanted is not None and (limit is None or len(found) < limit):
            raise KeyError(wanted)
        return (yield from self._decoded(found[::-1]))

    def outlines(self, family_id: str) -> Program[list[Any]]:
        """Read the entries of a family without their messages, the deepest first."""
        query = self._entities.entry.query.history(family_id=family_id)
        names = ("family_id", "depth", "entry_id", "parent_id")
        reading = query.program(attributes=names, order="desc", consistent=True, pages="all")
        return list((yield from reading))

    def members(self, family_id: str) -> Program[list[Any]]:
        """Read the records of a family, as far as they say what they point at."""
        query = self._entities.member.query.members(family_id=family_id)
        members = yield from query.program(consistent=True, pages="all")
        if not members:
            return []
        keys = [{"conversation_id": one.conversation_id} for one in members]
        reading = self._entities.conversation.get(keys).program(
            attributes=("family_id", "head_id", "branches"),
            consistent=True,
            concurrency=self._concurrency,
        )
        found = yield from reading
        return [one for one in found if one is not None and one.family_id == family_id]

    def changes(self, family_id: str) -> Program[int | None]:
        """Read how often a family has changed; None if it is gone."""
        stored = yield from self._entities.family.get(family_id=family_id).program(consistent=True)
        return None if stored is None else stored.changes

    def erase(self, family_id: str, entries: Sequence[tuple[str, int]]) -> Program[None]:
        """Delete entries, given by their ids and depths, after their places.

        Who looks for what is left finds entries only.
        """
        if not entries:
            return
        places = [{"entry_id": id} for id, _ in entries]
        keys = [{"family_id": family_id, "depth": depth, "entry_id": id} for id, depth in entries]
        for deleting in (self._entities.place.delete(places), self._entities.entry.delete(keys)):
            yield from deleting.program(concurrency=self._concurrency)

    def prolong(
        self, family_id: str, tips: Iterable[str], expires: Mapping[str, Any]
    ) -> Program[None]:
        """Let a family and the histories up to some tips expire later, or never."""
        outlines = yield from self.outlines(family_id)
        kept = reachable(outlines, tips)
        items: list[Program[None]] = [
            self.prolong_item("family", {"family_id": family_id}, expires)
        ]
        for one in outlines:
            if one.entry_id in kept:
                id = {"entry_id": one.entry_id}
                key = {"family_id": family_id, "depth": one.depth, **id}
                items.append(self.prolong_item("entry", key, expires))
                items.append(self.prolong_item("place", id, expires))
        yield from run_together(items, self._concurrency)

    def prolong_item(
        self, entity: str, key: Mapping[str, Any], expires: Mapping[str, Any]
    ) -> Program[None]:
        """Let an item expire later, or never; one that is not there is passed over."""
        patch = self._entities[entity].patch(**key)
        patch = patch.set(**expires) if expires else patch.remove("expires_at")
        try:
            yield from patch.program(response="none")
        except ItemNotFoundError:
            return

    def _decoded(self, stored: Sequence[Any]) -> Program[list[ConversationEntry]]:
        size = sum(len(one.message) for one in stored)
        return (yield from worked(size, lambda: entries_of(stored)))
