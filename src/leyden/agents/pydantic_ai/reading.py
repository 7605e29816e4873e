"""What is read: records, listings, entries, and histories.

Entries are written before the record that points at them, so some may be stored that were never
seen. An entry was seen if a record points at it, or if a later save has written an entry after it:
that one had read the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord

from leyden.agents.backend import Backend, worked
from leyden.agents.latest import Latest
from leyden.agents.pydantic_ai.forms import (
    PARTS,
    Ref,
    Spot,
    bucket_of,
    entries_of,
    parent_of,
    place_key,
    record_of,
    spot_of,
    spots_of,
    tips_of,
)
from leyden.errors import ConditionFailedError, ItemNotFoundError
from leyden.program import Program, run_together

MARGIN: Final = 4
"""How many items of other branches a page of a history has room for."""

AHEAD: Final = 25
"""How many entries a page has in which the one after an entry is looked for."""

REMEMBERED: Final = 1000
"""Of how many histories a process remembers where they end."""

_OUTLINE: Final = (
    *("family_id", "depth", "save_id", "number"),
    *("entry_id", "parent_id", "parent_save", "base", "kept"),
)


@frozen
class Found:
    """An entry that was seen: where it is, and its item."""

    spot: Spot
    item: Any


def reachable(outlines: Iterable[Any], tips: Iterable[Ref]) -> set[Ref]:
    """The entries that histories up to some tips have."""
    parents = {(one.entry_id, one.save_id): parent_of(one) for one in outlines}
    found: set[Ref] = set()
    for tip in tips:
        at: Ref | None = tip
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
        self._ends: Latest[str, Spot] = Latest(REMEMBERED)

    def stored(self, conversation_id: str) -> Program[Any]:
        """Read the item of a conversation, also of one that is not seen; None if there is none."""
        reading = self._entities.conversation.get(conversation_id=conversation_id)
        return (yield from reading.program(consistent=True))

    def record(self, conversation_id: str) -> Program[ConversationRecord | None]:
        """Read a record; None if there is none."""
        stored = yield from self.stored(conversation_id)
        if stored is None or stored.revision is None:
            return None
        self.remember(tips_of(stored))
        return record_of(stored)

    def remember(self, tips: Iterable[Spot]) -> None:
        """Remember where histories end that were seen."""
        for tip in tips:
            self._ends.set(tip.entry_id, tip)

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

    def located(self, ids: Iterable[str]) -> Program[dict[str, Found]]:
        """Find entries by their ids; those that are not stored, or were not seen, are left out."""
        wanted = set(ids)
        query = self._entities.place.query
        queries = [
            query.places(bucket=bucket).program(consistent=True, pages="all")
            for bucket in dict.fromkeys(map(bucket_of, wanted))
        ]
        pages = yield from run_together(queries, self._concurrency)
        looking = [
            self.seen(spot, place.conversation_id)
            for page in pages
            for place in page
            for spot in spots_of(place)
            if spot.entry_id in wanted
        ]
        found = yield from run_together(looking, self._concurrency)
        return {one.item.entry_id: one for one in found if one is not None}

    def seen(self, spot: Spot, writer: str) -> Program[Found | None]:
        """Read an entry that a save of a conversation wrote; None if it was never seen."""
        together: list[Program[Any]] = [
            self._entities.entry.get(**spot.key).program(consistent=True),
            self.stored(writer),
        ]
        item, record = yield from run_together(together, self._concurrency)
        if item is None:
            return None
        found = Found(spot, item)
        if record is not None and record.family_id == spot.family_id:
            if record.save_id == item.base:
                return None
            if record.save_id == spot.save_id or _ends_in(record, {spot.ref}):
                return found
        if item.kept:
            return found
        mates, is_followed = yield from self._followed(spot)
        if is_followed:
            return found
        for one in (yield from self.members(spot.family_id)):
            if _ends_in(one, mates):
                return found
        # A record may have ended there until a moment ago, and now has what was written after it.
        _, is_followed = yield from self._followed(spot)
        return found if is_followed else None

    def _followed(self, spot: Spot) -> Program[tuple[set[Ref], bool]]:
        """Look for what was written after an entry.

        Gives what the same save wrote after it, and whether any of that shows that it was seen.
        """
        mates, deepest = {spot.ref}, spot.depth
        query = self._entities.entry.query.history(family_id=spot.family_id).gt(depth=spot.depth)
        cursor: str | None = None
        while True:
            page = yield from query.program(
                attributes=_OUTLINE, consistent=True, limit=AHEAD, cursor=cursor
            )
            for one in page:
                if one.depth > deepest + 1:
                    return mates, False
                if parent_of(one) in mates:
                    if one.save_id != spot.save_id:
                        return mates, True
                    if one.kept:
                        return mates, True
                    mates.add((one.entry_id, one.save_id))
                    deepest = one.depth
            cursor = page.cursor
            if cursor is None:
                return mates, False

    def entry(self, entry_id: str) -> Program[ConversationEntry]:
        """Read an entry. Raises KeyError if it is not there."""
        found = (yield from self.located([entry_id])).get(entry_id)
        if found is None:
            raise KeyError(entry_id)
        return (yield from self.decoded([found.item]))[0]

    def history(self, head_id: str | None, limit: int | None) -> Program[list[ConversationEntry]]:
        """Read the entries up to one. Raises KeyError for one of them that is not there."""
        if head_id is None or limit == 0:
            return []
        spot = self._ends.get(head_id)
        path = [] if spot is None else (yield from self._path(spot, limit))
        if not path:
            found = (yield from self.located([head_id])).get(head_id)
            path = [] if found is None else (yield from self._path(found.spot, limit))
        if not path:
            raise KeyError(head_id)
        return (yield from self.decoded(path))

    def _path(self, spot: Spot, limit: int | None) -> Program[list[Any]]:
        """Read the items of the entries up to one; none if that is not there.

        The entries of a family are by their depth, those of other branches among them. So one
        query has all, and what leads up to the head is picked from it.
        """
        query = self._entities.entry.query.history(family_id=spot.family_id).lte(depth=spot.depth)
        options: dict[str, Any] = {"order": "desc", "consistent": True}
        if limit is not None:
            options["limit"] = limit + MARGIN
        found: list[Any] = []
        wanted: Ref | None = spot.ref
        cursor: str | None = None
        while wanted is not None and (limit is None or len(found) < limit):
            page = yield from query.program(cursor=cursor, **options)
            for one in page:
                if (one.entry_id, one.save_id) == wanted and (limit is None or len(found) < limit):
                    found.append(one)
                    wanted = parent_of(one)
            cursor = page.cursor
            if cursor is None:
                break
        if found and wanted is not None and (limit is None or len(found) < limit):
            raise KeyError(wanted[0])
        return found[::-1]

    def outlines(self, family_id: str) -> Program[list[Any]]:
        """Read the entries of a family without their messages, the deepest first."""
        query = self._entities.entry.query.history(family_id=family_id)
        reading = query.program(attributes=_OUTLINE, order="desc", consistent=True, pages="all")
        return list((yield from reading))

    def member_ids(self, family_id: str) -> Program[list[str]]:
        """Read the ids of the forks in a family."""
        query = self._entities.member.query.members(family_id=family_id)
        members = yield from query.program(consistent=True, pages="all")
        return [one.conversation_id for one in members]

    def members(self, family_id: str, forks: Sequence[str] | None = None) -> Program[list[Any]]:
        """Read the records of a family, as far as they say what they point at.

        `forks` are those that are known already.
        """
        if forks is None:
            forks = yield from self.member_ids(family_id)
        keys = [{"conversation_id": id} for id in dict.fromkeys([family_id, *forks])]
        reading = self._entities.conversation.get(keys).program(
            attributes=(
                *("conversation_id", "save_id", "family_id", "revision"),
                *("head_id", "branches", "tips", "buried"),
            ),
            consistent=True,
            concurrency=self._concurrency,
        )
        found = yield from reading
        return [one for one in found if one is not None and one.family_id == family_id]

    def family(self, family_id: str) -> Program[Any]:
        """Read the item of a family; None if it has none."""
        return (yield from self._entities.family.get(family_id=family_id).program(consistent=True))

    def erase(self, spots: Iterable[Spot], *, kept: Iterable[Spot] = ()) -> Program[None]:
        """Delete entries after their places, but for the places of those that are kept.

        Who looks for what is left finds entries only.
        """
        doomed = list(spots)
        left = {one.place for one in kept}
        places = [one for one in dict.fromkeys(one.place for one in doomed) if one not in left]
        for name, keys in (
            ("place", [place_key(one) for one in places]),
            ("entry", [one.key for one in doomed]),
        ):
            if keys:
                deleting = self._entities[name].delete(keys)
                yield from deleting.program(concurrency=self._concurrency)

    def prolong(
        self, family_id: str, tips: Iterable[Ref], expires: Mapping[str, Any]
    ) -> Program[None]:
        """Let the histories up to some tips expire later, or never.

        Nothing expires sooner for it: other conversations may have the same messages.
        """
        outlines = yield from self.outlines(family_id)
        refs = reachable(outlines, tips)
        kept = [spot for spot in map(spot_of, outlines) if spot.ref in refs]
        items = [self._lengthen("entry", one.key, expires) for one in kept]
        for place in {one.place for one in kept}:
            items.append(self._lengthen("place", place_key(place), expires))
        yield from run_together(items, self._concurrency)

    def _lengthen(
        self, entity: str, key: Mapping[str, Any], expires: Mapping[str, Any]
    ) -> Program[None]:
        patch, until = self._entities[entity].patch(**key), self._entities[entity].attr.expires_at
        if expires:
            # Without this attribute it never expires.
            patch = patch.set(**expires).where(until < expires["expires_at"])
        else:
            patch = patch.remove("expires_at")
        try:
            yield from patch.program(response="none")
        except ConditionFailedError:
            return

    def change(self, entity: str, key: Mapping[str, Any], **values: Any) -> Program[None]:
        """Set attributes of an item, or let it never expire; one that is not there is passed over.

        Without any values, it loses its time to live.
        """
        patch = self._entities[entity].patch(**key)
        patch = patch.set(**values) if values else patch.remove("expires_at")
        try:
            yield from patch.program(response="none")
        except ItemNotFoundError:
            return

    def decoded(self, stored: Sequence[Any]) -> Program[list[ConversationEntry]]:
        """Read the messages of entries."""
        size = sum(len(one.message) for one in stored)
        return (yield from worked(size, lambda: entries_of(stored)))


def _ends_in(record: Any, refs: set[Ref]) -> bool:
    return any(tip.ref in refs for tip in tips_of(record))
