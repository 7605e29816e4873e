"""The history of threads as programs: what a saver reads and writes, over its entities.

Two orders keep every moment readable. The pieces of a checkpoint are written before it, and deleted
after it. And of a thread's checkpoints, the newest is written last where several are written, and
deleted last. `upkeep.py` says how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from leyden import Put
from leyden.agents.backend import Backend, worked
from leyden.agents.langgraph.forms import Written, outside, unfolded
from leyden.agents.pieces import Block, Digest, Pieces
from leyden.errors import ConditionFailedError, DecodeError
from leyden.program import Program

NEWEST: Final = 16
"""How many items to read for the newest checkpoint: it, and the writes of 15 tasks."""

KEY: Final = ("thread_id", "namespace", "checkpoint_id")


def place(record: Any) -> tuple[str, str]:
    """Where in a thread a checkpoint, or what belongs to one, is."""
    return record.namespace, record.checkpoint_id


@frozen
class Found:
    """A checkpoint as it is stored, with the writes that belong to it."""

    head: Any
    writes: Sequence[Any]

    @property
    def sheets(self) -> list[bytes]:
        """The sheets of the checkpoint and of its writes."""
        return [self.head.head, *(one.sheet for one in self.writes)]


@frozen
class Opened:
    """What a checkpoint's sheets have: it with its metadata, its values' forms, and its writes.

    Each write is (task path, task id, place, channel, value), in the order of the tasks.
    """

    found: Found
    typed: Any
    forms: Mapping[str, Any]
    writes: Sequence[tuple[str, str, int, str, Any]]


@define
class Walk:
    """Reads a thread's checkpoints from the newest to the oldest, page after page.

    `namespace` None stands for all of them, one namespace after the other. `before` is the id of
    the checkpoint of the namespace to begin behind, and `only` that of the only one to read.
    """

    history: History
    thread_id: str
    namespace: str | None = None
    before: str | None = None
    only: str | None = None
    done: bool = False
    _cursor: str | None = None
    _writes: list[Any] = field(factory=list)
    _times: int = 1
    """How many times more to read, since the pages before had no checkpoint but only writes."""
    _closed: str | None = None
    """The namespace that is closed from here on."""

    def page(self, limit: int | None = None) -> Program[list[Found]]:
        """Read a page of `limit` stored items, or without it of 1 MB."""
        asked = {"thread_id": self.thread_id}
        if self.namespace is not None:
            asked["namespace"] = self.namespace
            if self.only is not None:
                asked["checkpoint_id"] = self.only
        query = self.history.app.collections.history(**asked)
        if self.before is not None and asked.keys() == {"thread_id", "namespace"}:
            query = query.lt(checkpoint_id=self.before)
        page = yield from query.program(
            order="desc",
            consistent=True,
            cursor=self._cursor,
            limit=None if limit is None else limit * self._times,
        )
        self._cursor, self.done = page.cursor, page.cursor is None
        taken = [self._take(alias, record) for alias, record in page.entries]
        self._times = (
            1 if any(alias == "checkpoint" for alias, _ in page.entries) else 8 * self._times
        )
        return [found for found in taken if found is not None]

    def _take(self, alias: str, record: Any) -> Found | None:
        """A checkpoint with its writes, which stand behind it in the key, so are read before it."""
        if alias == "writes":
            self._writes.append(record)
            return None
        # Writes may come sooner than their checkpoint, or outlive it.
        writes = [one for one in self._writes if place(one) == place(record)]
        self._writes = []
        if record.closed:
            self._closed = record.namespace
        if self._closed == record.namespace:
            self.done = self.done or self.namespace is not None
            return None
        id = record.checkpoint_id
        is_left_out = self.only not in (None, id) or (self.before is not None and id >= self.before)
        return None if is_left_out else Found(record, writes)


class History:
    """The programs over the entities of `schemas/agents/langgraph`."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.app = backend.app
        self.entities = backend.app.entities
        self.pieces = Pieces(backend.app, backend.concurrency)

    def find(
        self, thread_id: str, namespace: str | None, checkpoint_id: str | None
    ) -> Program[Found | None]:
        """Read a checkpoint with its writes, or the newest one."""
        walk = Walk(self, thread_id, namespace or "", only=checkpoint_id)
        limit = None if checkpoint_id else NEWEST
        while not walk.done:
            if found := (yield from walk.page(limit)):
                return found[0]
        return None

    def ancestors(self, head: Any, visit: Callable[[Found], Program[bool]]) -> Program[bool]:
        """Read the checkpoints that lead to one, the nearest first, while `visit` returns True.

        Returns False if one that `visit` would want is gone.
        """
        parent = head.parent_id
        walk = Walk(self, head.thread_id, head.namespace, before=head.checkpoint_id)
        while parent is not None and not walk.done:
            for found in (yield from walk.page()):
                if found.head.checkpoint_id == parent:
                    if not (yield from visit(found)):
                        return True
                    parent = found.head.parent_id
        return parent is None

    def opened(self, page: Sequence[Found]) -> Program[list[Opened]]:
        """Read the sheets of checkpoints of one thread; those that are gone are left out.

        Raises DecodeError.
        """
        sheets = [sheet for found in page for sheet in found.sheets]
        blocks = {block for sheet in sheets if (block := outside(sheet)) is not None}
        stored = yield from self.load(page[0].head.thread_id if page else "", blocks)
        pieces = {one: piece.data for one, piece in stored.items()}

        def read() -> list[Opened | None]:
            return [_opened(found, pieces) for found in page]

        all = yield from worked(sum(map(len, (*pieces.values(), *sheets))), read)
        for found, opened in zip(page, all, strict=True):
            if opened is None:
                yield from self.gone(found)
        return [opened for opened in all if opened is not None]

    def held(self, writes: Any) -> Program[list[Any]]:
        """Read the sheet of a task's writes."""
        block = outside(writes.sheet)
        stored = yield from self.load(writes.thread_id, [] if block is None else [block])
        sheet: list[Any] = unfolded(writes.sheet, {one: p.data for one, p in stored.items()})
        return sheet

    def gone(self, found: Found) -> Program[None]:
        """Make sure that a checkpoint is gone whose pieces are. Raises DecodeError if it is not."""
        head = found.head
        if (yield from self.find(head.thread_id, head.namespace, head.checkpoint_id)) is not None:
            raise DecodeError(
                "a checkpoint refers to pieces that are not stored: its thread was deleted or "
                "pruned while a graph was running on it. Go on from an earlier checkpoint, or "
                "delete the thread",
                entity="checkpoint",
            )

    def load(self, thread_id: str, blocks: Iterable[Block]) -> Program[dict[Digest, Any]]:
        """Read the pieces of blocks, as records; what is gone is left out."""
        return self.pieces.load({"thread_id": thread_id}, blocks)

    def save(
        self, values: Mapping[str, Any], pieces: Mapping[Digest, bytes], *, run_is_new: bool
    ) -> Program[None]:
        """Write a checkpoint, after what it refers to."""
        thread_id, expiry = values["thread_id"], self.backend.expiry()
        runs = []
        if run_is_new:
            runs = [self.entities.run.put(run_id=values["run_id"], thread_id=thread_id, **expiry)]
        yield from self.save_pieces(thread_id, pieces, runs)
        yield from self.entities.checkpoint.put(**values, **expiry).program(response="none")

    def save_writes(
        self,
        values: Mapping[str, Any],
        pieces: Mapping[Digest, bytes],
        merge: Callable[[Any], Program[Written | None]],
    ) -> Program[None]:
        """Write what a task wrote. If there are writes of it, `merge` says what becomes of them.

        It returns a sheet with its pieces, or None if nothing changes.
        """
        writes, expiry = self.entities.writes, self.backend.expiry()
        yield from self.save_pieces(values["thread_id"], pieces)
        try:
            yield from writes.create(**values, revision=1, **expiry).program(response="none")
            return
        except ConditionFailedError:
            key = {name: values[name] for name in (*KEY, "task_id")}
        # Until it is written, or found deleted with its checkpoint.
        while stored := (yield from writes.get(**key).program(consistent=True)):
            merged = yield from merge(stored)
            if merged is None:
                return
            yield from self.save_pieces(values["thread_id"], merged.pieces)
            next = stored.revision + 1
            changing = writes.patch(**key).set(sheet=merged.sheet, revision=next, **expiry)
            try:
                unchanged = writes.attr.revision == stored.revision
                yield from changing.where(unchanged).program(response="none")
                return
            except ConditionFailedError:
                continue

    def save_pieces(
        self, thread_id: str, pieces: Mapping[Digest, bytes], beside: Sequence[Put] = ()
    ) -> Program[None]:
        """Write pieces, and other items beside them."""
        now = self.backend.now()
        yield from self.pieces.save(
            {"thread_id": thread_id},
            pieces,
            beside,
            written_at=int(now.timestamp()),
            # Twice as long as a checkpoint, so that later ones may refer to them for a time.
            **self.backend.expiry(now, lives=2),
        )


def _opened(found: Found, pieces: Mapping[Digest, bytes]) -> Opened | None:
    """What a checkpoint's sheets have; None if a piece of them is not there."""
    try:
        typed, forms = unfolded(found.head.head, pieces)
        writes = [
            (one.task_path or "", one.task_id, at, channel, value)
            for one in found.writes
            for at, channel, value in unfolded(one.sheet, pieces)
        ]
    except KeyError:
        return None
    return Opened(found, typed, forms, sorted(writes, key=lambda write: write[:3]))
