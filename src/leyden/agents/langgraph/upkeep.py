"""Deleting and copying what threads have, so that a kill at any moment leaves the old or the new.

What fits one transaction is done in one. For more, the newest checkpoint of each namespace is
*closed* first: it becomes an item without a state, and readers see nothing at or before it. When a
thread is deleted, its closed checkpoints go last. When one is copied, they are replaced last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from leyden import Delete, Put
from leyden.agents.langgraph.forms import blocks_of, outside
from leyden.agents.langgraph.history import KEY, Found, History, Walk, place
from leyden.agents.pieces import Digest, digests, text_of
from leyden.program import Program
from leyden.store.dynamodb.writing import insisting

TOGETHER: Final = 100
"""How many items one transaction takes."""

FEW: Final = 25
"""How many whole checkpoints one transaction takes, of up to 100 KB each."""

GRACE: Final = 15 * 60
"""For how many seconds a piece may be without a checkpoint, which may be about to be written."""

T = TypeVar("T")


class Upkeep:
    """Programs that delete and copy."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._app, self._entities = history.app, history.entities

    def delete_thread(self, thread_id: str) -> Program[None]:
        """Delete all that a thread has."""
        heads, writes = yield from self.keys(thread_id)
        pieces = self._entities.piece.query.pieces(thread_id=thread_id)
        found = yield from pieces.program(attributes=("piece_id",), consistent=True, pages="all")
        newest = _newest(heads)
        older = [head for head in heads if head not in newest]
        rest = [self._delete_of("writes", one, "task_id") for one in writes]
        rest += [
            self._entities.piece.delete(thread_id=thread_id, piece_id=p.piece_id) for p in found
        ]
        last = [self._delete_of("checkpoint", one) for one in newest]
        last += [
            self._entities.run.delete(run_id=run_id, thread_id=thread_id)
            for run_id in sorted({head.run_id for head in heads} - {None})
        ]
        first = [self._delete_of("checkpoint", one) for one in older]
        if len(first) + len(rest) + len(last) <= TOGETHER:
            yield from self._at_once([*first, *rest, *last])
            return
        yield from self._close(thread_id, newest)
        for part in (first, rest, last):
            yield from self._each(part)

    def delete_run(self, run_id: str) -> Program[list[str]]:
        """Delete the checkpoints of a run, in each thread the newest last; returns the threads."""
        query = self._entities.run.query.threads(run_id=run_id)
        runs = yield from query.program(consistent=True, pages="all")
        for run in runs:
            heads, writes = yield from self.keys(run.thread_id)
            own = [head for head in heads if head.run_id == run_id]
            yield from self._delete(run.thread_id, own, writes)
            done = self._entities.run.delete(run_id=run_id, thread_id=run.thread_id)
            yield from done.program(response="none")
        return [run.thread_id for run in runs]

    def prune(self, thread_id: str, deltas: Callable[[Any], Iterable[str]]) -> Program[None]:
        """Delete the checkpoints of a thread but the newest of each namespace, and those it needs.

        It needs those back to the nearest value of each delta channel; `deltas` reads from what a
        sheet has which channels of a checkpoint are such.
        """
        heads, writes = yield from self.keys(thread_id)
        kept = set[tuple[str, str]]()
        for head in _newest(heads):
            kept |= yield from self._needed(head, deltas)
        yield from self._delete(thread_id, [one for one in heads if place(one) not in kept], writes)

    def copy_thread(self, source: str, target: str) -> Program[None]:
        """Copy all that a thread has to another one, which shows it once all is there."""
        heads, _ = yield from self.keys(source)
        newest = _newest(heads)
        places = {place(head) for head in newest}
        expiry = self._history.backend.expiry()
        if len(heads) > len(newest) or len(newest) > FEW:
            yield from self._close(target, newest)
        runs = [
            self._entities.run.put(run_id=run_id, thread_id=target, **expiry)
            for run_id in sorted({head.run_id for head in heads} - {None})
        ]
        yield from self._each(runs)
        pieces = self._entities.piece.query.pieces(thread_id=source)
        yield from self._copy(pieces, lambda piece: self._copy_of("piece", piece, target, 2))
        last: list[Put] = []

        def copied(record: Any) -> Put | None:
            alias = "checkpoint" if hasattr(record, "head") else "writes"
            put = self._copy_of(alias, record, target, 1)
            if alias == "writes" or place(record) not in places:
                return put
            last.append(put)
            return None

        yield from self._copy(self._app.collections.history(thread_id=source), copied)
        # The graph's own namespace comes last: it says that the thread is there.
        for part in _parts(list(reversed(last)), FEW):
            yield from self._at_once(part)

    def keys(self, thread_id: str) -> Program[tuple[list[Any], list[Any]]]:
        """Read the checkpoints and the writes of a thread: only what tells them apart."""
        history = self._app.collections.history(thread_id=thread_id)
        page = yield from history.program(
            attributes=(*KEY, "task_id", "run_id", "closed"), consistent=True, pages="all"
        )
        return page.checkpoint, page.writes

    def _delete(self, thread_id: str, heads: Sequence[Any], writes: Sequence[Any]) -> Program[None]:
        """Delete checkpoints with their writes, and the pieces that nothing has any more."""
        places = {place(head) for head in heads}
        newest = _newest(heads)
        own = [self._delete_of("writes", one, "task_id") for one in writes if place(one) in places]
        older = [self._delete_of("checkpoint", one) for one in heads if one not in newest]
        last = [self._delete_of("checkpoint", one) for one in newest]
        if len(own) + len(heads) <= TOGETHER:
            yield from self._at_once([*older, *own, *last])
        else:
            yield from self._each(older)
            yield from self._each(last)
            yield from self._each(own)
        if heads:
            yield from self._collect(thread_id)

    def _collect(self, thread_id: str) -> Program[None]:
        """Delete the pieces of a thread to which nothing refers."""
        used = set[Digest]()
        walk = Walk(self._history, thread_id)
        while not walk.done:
            for found in (yield from walk.page()):
                used |= yield from self._used(found)
        query = self._entities.piece.query.pieces(thread_id=thread_id)
        attributes = ("piece_id", "written_at")
        pieces = yield from query.program(attributes=attributes, consistent=True, pages="all")
        names = set(map(text_of, used))
        old = self._history.backend.now().timestamp() - GRACE
        yield from self._each(
            self._entities.piece.delete(thread_id=thread_id, piece_id=one.piece_id)
            for one in pieces
            if one.piece_id not in names and one.written_at < old
        )

    def _used(self, found: Found) -> Program[set[Digest]]:
        """The pieces that a checkpoint and its writes refer to."""
        blocks = [block for sheet in found.sheets if (block := outside(sheet)) is not None]
        for opened in (yield from self._history.opened([found])):
            blocks += blocks_of(opened.forms)
        return {one for block in blocks for one in digests(block)}

    def _needed(
        self, head: Any, deltas: Callable[[Any], Iterable[str]]
    ) -> Program[set[tuple[str, str]]]:
        found = yield from self._history.find(*(getattr(head, name) for name in KEY))
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
            yield from self._history.ancestors(found.head, visit)
        return kept

    def _close(self, thread_id: str, newest: Iterable[Any]) -> Program[None]:
        closing = [
            self._entities.checkpoint.put(
                thread_id=thread_id,
                namespace=head.namespace,
                checkpoint_id=head.checkpoint_id,
                closed=True,
                **self._history.backend.expiry(),
            )
            for head in newest
        ]
        for part in _parts(closing, TOGETHER):
            yield from self._at_once(part)

    def _copy(self, query: Any, copied: Callable[[Any], Put | None]) -> Program[None]:
        """Write copies of what a query finds, page after page."""
        cursor = None
        while True:
            page = yield from query.program(consistent=True, cursor=cursor)
            puts = [put for record in page if (put := copied(record)) is not None]
            yield from self._each(puts)
            cursor = page.cursor
            if cursor is None:
                return

    def _copy_of(self, alias: str, record: Any, target: str, lives: int) -> Put:
        values = {**record.to_dict(), "thread_id": target}
        values.pop("expires_at", None)
        return self._entities[alias].put(**values, **self._history.backend.expiry(lives=lives))

    def _delete_of(self, alias: str, record: Any, *more: str) -> Delete:
        key = {name: getattr(record, name) for name in (*KEY, *more)}
        return self._entities[alias].delete(**key)

    def _at_once(self, writes: Sequence[Put | Delete]) -> Program[None]:
        """Write up to 100 items in one transaction."""
        if writes:
            yield from insisting(lambda: self._app.transact_write([*writes]).program())

    def _each(self, writes: Iterable[Put | Delete]) -> Program[None]:
        """Write any number of items, each by itself."""
        batch = [*writes]
        if batch:
            concurrency = self._history.backend.concurrency
            yield from self._app.batch_write(batch).program(concurrency=concurrency)


def _newest(heads: Iterable[Any]) -> list[Any]:
    """The newest checkpoint of each namespace; those given are in the order of their keys."""
    return [*{head.namespace: head for head in heads}.values()]


def _parts(all: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (all[at : at + most] for at in range(0, len(all), most))
