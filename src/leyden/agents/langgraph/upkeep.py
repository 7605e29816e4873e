"""Deleting and copying what threads have, so that a kill at any moment leaves the old or the new.

Each begins with the thread's mark, which `marks.py` explains. What fits one transaction is done
with it. The rest follows: it is not seen any more, or not yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from attrs import evolve

from leyden import Delete, Put
from leyden.agents.langgraph.forms import blocks_of, outside
from leyden.agents.langgraph.history import KEY, NEWEST, Found, History, Walk, place
from leyden.agents.langgraph.marks import GRACE, Mark
from leyden.agents.pieces import Digest, digests, text_of
from leyden.errors import ConditionFailedError, InputError
from leyden.program import Program

TOGETHER: Final = 100
"""How many items one transaction takes."""


class Keys(NamedTuple):
    """The mark of a thread, and what tells its checkpoints and writes apart, in their order."""

    mark: Mark
    heads: list[Any]
    writes: list[Any]

    @property
    def shown(self) -> list[Any]:
        """The checkpoints that are there."""
        return [head for head in self.heads if self.mark.shows(head)]

    @property
    def leftover(self) -> list[Any]:
        """The checkpoints that a deletion left, or somebody wrote who did not know of it."""
        return [
            one for one in self.heads if not (self.mark.shows(one) or self.mark.is_pending(one))
        ]


class Upkeep:
    """Programs that delete and copy."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._marks = history.marks
        self._app, self._entities = history.app, history.entities

    def delete_thread(self, thread_id: str) -> Program[None]:
        """Delete all that a thread has."""
        # The pieces that are there before the mark moves can be of no later generation.
        pieces = yield from self._pieces(thread_id, "piece_id")
        deleting = [
            self._entities.piece.delete(thread_id=thread_id, piece_id=one.piece_id)
            for one in pieces
        ]
        while True:
            mark, heads, writes = yield from self.keys(thread_id)
            if not heads and not writes and not deleting:
                return
            runs = sorted({head.run_id for head in heads} - {None})
            rest = [
                *(self._entities.run.delete(run_id=one, thread_id=thread_id) for one in runs),
                *(self._delete_of("writes", one, "task_id") for one in writes),
            ]
            # Checkpoints last: whoever deletes the thread again finds its runs by them.
            rest += [self._delete_of("checkpoint", one) for one in heads]
            beside, left = rest[: TOGETHER - 1], rest[TOGETHER - 1 :]
            if (yield from self._marks.move(thread_id, mark, mark.after_all(), beside)):
                break
        yield from self._each(deleting)
        yield from self._each(left)

    def delete_run(self, run_id: str) -> Program[list[str]]:
        """Delete the checkpoints of a run, in each thread the newest last; returns the threads."""
        query = self._entities.run.query.threads(run_id=run_id)
        runs = yield from query.program(consistent=True, pages="all")
        for run in runs:
            done = False
            while not done:
                keys = yield from self.keys(run.thread_id)
                own = [head for head in keys.heads if head.run_id == run_id]
                done = yield from self._delete(run.thread_id, keys, own)
            forgetting = self._entities.run.delete(run_id=run_id, thread_id=run.thread_id)
            yield from forgetting.program(response="none")
        return [run.thread_id for run in runs]

    def prune(self, thread_id: str, deltas: Callable[[Any], Iterable[str]]) -> Program[None]:
        """Delete the checkpoints of a thread but the newest of each namespace, and those it needs.

        It needs those back to the nearest value of each delta channel; `deltas` reads from what a
        sheet has which channels of a checkpoint are such.
        """
        done = False
        while not done:
            keys = yield from self.keys(thread_id)
            kept = set[tuple[str, str]]()
            for head in _newest(keys.shown):
                kept |= yield from self._needed(head, keys.mark, deltas)
            old = [one for one in keys.shown if place(one) not in kept]
            done = yield from self._delete(thread_id, keys, [*keys.leftover, *old])

    def copy_thread(self, source: str, target: str) -> Program[None]:
        """Copy all that a thread has to another one, which shows it once all is there.

        Raises InputError if the other one has checkpoints.
        """
        while True:
            keys = yield from self.keys(source)
            before = yield from self._empty(target)
            if not keys.shown:
                return
            begun = yield from self._marks.move(target, before, before.after_all(copying=True))
            if begun is None:
                continue
            yield from self._copy_all(source, target, keys.shown, begun)
            # Somebody may have deleted a part of it meanwhile.
            now = yield from self._marks.read(source)
            if now.revision == keys.mark.revision:
                break
        if (yield from self._marks.move(target, begun, evolve(begun, copying=False))) is None:
            raise ConditionFailedError(
                f'the thread "{target}" was deleted, or copied to, while a copy was under way'
            )

    def keys(self, thread_id: str) -> Program[Keys]:
        """Read the mark, the checkpoints and the writes of a thread: only what tells them apart."""
        history = self._app.collections.history(thread_id=thread_id)
        attributes = (*KEY, "task_id", "run_id", "generation", "written_at")
        page = yield from history.program(
            attributes=(*attributes, "number", "copying", "revision", "deleted_at"),
            consistent=True,
            pages="all",
        )
        mark = Mark.of(page.generation[0] if page.generation else None)
        return Keys(mark, page.checkpoint, page.writes)

    def _empty(self, target: str) -> Program[Mark]:
        """The mark of a thread without checkpoints. Raises InputError if it has some."""
        walk = Walk(self._history, target)
        while not walk.done:
            if (yield from walk.page(NEWEST)):
                raise InputError(
                    f'the thread "{target}" has checkpoints: copy to a new one, or delete it first'
                )
        return walk.mark or Mark()

    def _copy_all(
        self, source: str, target: str, shown: Sequence[Any], begun: Mark
    ) -> Program[None]:
        """Copy checkpoints with their writes, and all that these refer to."""
        now = self._history.backend.now()
        expiry = self._history.backend.expiry(now)
        runs = sorted({head.run_id for head in shown} - {None})
        yield from self._each(
            self._entities.run.put(run_id=one, thread_id=target, **expiry) for one in runs
        )
        pieces = self._entities.piece.query.pieces(thread_id=source)
        written = {"written_at": int(now.timestamp())}
        lasting = {**self._history.backend.expiry(now, lives=2), **written}
        yield from self._copy(
            pieces, lambda page: [self._copy_of("piece", one, target, lasting) for one in page]
        )
        places = {place(head) for head in shown}
        own: dict[str, Mapping[str, Any]] = {
            "checkpoint": {**expiry, **written, "generation": begun.number},
            "writes": expiry,
        }
        yield from self._copy(
            self._app.collections.history(thread_id=source),
            lambda page: [
                self._copy_of(alias, one, target, own[alias])
                for alias, one in page.entries
                if alias in own and place(one) in places
            ],
        )

    def _delete(self, thread_id: str, keys: Keys, own: Sequence[Any]) -> Program[bool]:
        """Delete checkpoints with their writes, and the pieces that nothing has any more.

        Returns False if the thread's mark is another one by now.
        """
        mark = keys.mark
        if not own and mark.deleted_at is None:
            return True
        now = self._history.backend.now().timestamp()
        places = {place(head) for head in own}
        spared = places & {place(head) for head in _lately_newest(keys.shown, now - GRACE)}
        used = (yield from self._used(thread_id, mark, spared)) if spared else set[Digest]()
        moved = mark
        if own:
            writes = [
                self._delete_of("writes", one, "task_id")
                for one in keys.writes
                if place(one) in places
            ]
            heads = [self._delete_of("checkpoint", one) for one in own]
            newest = _newest(own)
            older = [self._delete_of("checkpoint", one) for one in own if one not in newest]
            last = [self._delete_of("checkpoint", one) for one in newest]
            fits = len(heads) + len(writes) < TOGETHER
            after = evolve(mark, deleted_at=int(now))
            beside = [*heads, *writes] if fits else []
            found = yield from self._marks.move(thread_id, mark, after, beside)
            if found is None:
                return False
            moved = found
            if not fits:
                for part in (older, last, writes):
                    yield from self._each(part)
        # After an earlier deletion, nobody can tell which pieces somebody may rely on.
        if mark.deleted_at is None or mark.deleted_at < now - GRACE:
            yield from self._collect(thread_id, moved, used)
        return True

    def _collect(self, thread_id: str, mark: Mark, spared: Collection[Digest]) -> Program[None]:
        """Delete the pieces of a thread to which nothing refers, but for those that are spared."""
        if mark.copying:
            return
        used = yield from self._used(thread_id, mark)
        pieces = yield from self._pieces(thread_id, "piece_id", "written_at")
        old = self._history.backend.now().timestamp() - GRACE
        names = set(map(text_of, used))
        needless = [one for one in pieces if one.piece_id not in names]
        names = set(map(text_of, spared))
        gone = [one for one in needless if one.piece_id not in names and one.written_at < old]
        yield from self._each(
            self._entities.piece.delete(thread_id=thread_id, piece_id=one.piece_id) for one in gone
        )
        if len(gone) == len(needless):
            yield from self._marks.move(thread_id, mark, evolve(mark, deleted_at=None))

    def _used(
        self, thread_id: str, mark: Mark, only: Collection[tuple[str, str]] | None = None
    ) -> Program[set[Digest]]:
        """The pieces that checkpoints and their writes refer to: all, or only some."""
        used = set[Digest]()
        walk = Walk(self._history, thread_id, mark=mark)
        while not walk.done:
            for found in (yield from walk.page()):
                if only is None or place(found.head) in only:
                    used |= yield from self._used_by(found)
        return used

    def _used_by(self, found: Found) -> Program[set[Digest]]:
        """The pieces that a checkpoint and its writes refer to."""
        blocks = [block for sheet in found.sheets if (block := outside(sheet)) is not None]
        for opened in (yield from self._history.opened([found])):
            blocks += blocks_of(opened.forms)
        return {one for block in blocks for one in digests(block)}

    def _needed(
        self, head: Any, mark: Mark, deltas: Callable[[Any], Iterable[str]]
    ) -> Program[set[tuple[str, str]]]:
        found, _ = yield from self._history.find(head.thread_id, *place(head), mark)
        if found is None:
            return set()
        missing, kept = set[str](), set[tuple[str, str]]()
        for opened in (yield from self._history.opened([found])):
            missing = {*deltas(opened.typed)} - opened.forms.keys()
            kept = {place(head)}

        def visit(ancestor: Found) -> Program[bool]:
            kept.add(place(ancestor.head))
            opened = yield from self._history.opened([ancestor])
            missing.difference_update(opened[0].forms if opened else missing)
            return bool(missing)

        if missing:
            yield from self._history.ancestors(found.head, mark, visit)
        return kept

    def _pieces(self, thread_id: str, *attributes: str) -> Program[list[Any]]:
        query = self._entities.piece.query.pieces(thread_id=thread_id)
        found = yield from query.program(attributes=attributes, consistent=True, pages="all")
        return [*found]

    def _copy(self, query: Any, copied: Callable[[Any], list[Put]]) -> Program[None]:
        """Write copies of what a query finds, page after page."""
        cursor = None
        while True:
            page = yield from query.program(consistent=True, cursor=cursor)
            yield from self._each(copied(page))
            cursor = page.cursor
            if cursor is None:
                return

    def _copy_of(self, alias: str, record: Any, target: str, own: Mapping[str, Any]) -> Put:
        values = {**record.to_dict(), "thread_id": target}
        values.pop("expires_at", None)
        return self._entities[alias].put(**{**values, **own})

    def _delete_of(self, alias: str, record: Any, *more: str) -> Delete:
        key = {name: getattr(record, name) for name in (*KEY, *more)}
        return self._entities[alias].delete(**key)

    def _each(self, writes: Iterable[Put | Delete]) -> Program[None]:
        """Write any number of items, each by itself."""
        batch = [*writes]
        if batch:
            concurrency = self._history.backend.concurrency
            yield from self._app.batch_write(batch).program(concurrency=concurrency)


def _newest(heads: Iterable[Any]) -> list[Any]:
    """The newest checkpoint of each namespace; those given are in the order of their keys."""
    return [*{head.namespace: head for head in heads}.values()]


def _lately_newest(heads: Sequence[Any], since: float) -> Iterator[Any]:
    """The checkpoints that were the newest of their namespaces at some time since then."""
    yield from _newest(heads)
    for head, next in pairwise(heads):
        # A checkpoint may have been written after those that follow it, as by a move.
        written = max(head.written_at or 0, next.written_at or 0)
        if head.namespace == next.namespace and written > since:
            yield head
