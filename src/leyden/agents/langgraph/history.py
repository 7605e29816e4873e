"""The history of threads as programs: what a saver reads and writes, over its entities.

The pieces of a checkpoint are written before it, and deleted after it. `marks.py` says which
checkpoints of a thread are there, and `upkeep.py` how they are deleted and copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from leyden import Put
from leyden.agents.backend import Backend, worked
from leyden.agents.langgraph.forms import Written, outside, unfolded
from leyden.agents.langgraph.marks import Mark, Marks
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

    `mark` is the thread's, if that is known. Otherwise it is the first that a walk over the graph's
    own namespace meets, and others read it before. With `trusting`, these do not, so what they find
    is there only if the mark says so.
    """

    history: History
    thread_id: str
    namespace: str | None = None
    before: str | None = None
    only: str | None = None
    mark: Mark | None = None
    trusting: bool = False
    done: bool = False
    _cursor: str | None = None
    _writes: list[Any] = field(factory=list)
    _times: int = 1
    """How many times more to read, since the pages before had only writes, or what is deleted."""

    def page(self, limit: int | None = None) -> Program[list[Found]]:
        """Read a page of `limit` stored items, or without it of 1 MB."""
        asked = {"thread_id": self.thread_id}
        if self.namespace is not None:
            asked["namespace"] = self.namespace
            if self.only is not None:
                asked["checkpoint_id"] = self.only
        query = self.history.app.collections.history(**asked)
        if asked.keys() == {"thread_id", "namespace"}:
            # Without a range it would read the namespaces that begin like this one as well.
            query = (
                query.gte(checkpoint_id="")
                if self.before is None
                else query.lt(checkpoint_id=self.before)
            )
        meets_it = self.namespace == "" and self.before is None and self.only is None
        if self.mark is None and not meets_it and not self.trusting:
            self.mark = yield from self.history.marks.read(self.thread_id)
        page = yield from query.program(
            order="desc",
            consistent=True,
            cursor=self._cursor,
            limit=None if limit is None else limit * self._times,
        )
        self._cursor, self.done = page.cursor, page.cursor is None
        for alias, record in page.entries:
            if alias == "generation":
                self.mark = Mark.of(record)
        if self.mark is None and meets_it:
            self.mark = Mark()
        taken = [self._take(alias, record) for alias, record in page.entries]
        found = [one for one in taken if one is not None]
        self._times = 1 if found else 8 * self._times
        return found

    def _take(self, alias: str, record: Any) -> Found | None:
        """A checkpoint with its writes, which stand behind it in the key, so are read before it."""
        if alias == "writes":
            self._writes.append(record)
        if alias != "checkpoint":
            return None
        # Writes may come sooner than their checkpoint, or outlive it.
        writes = [one for one in self._writes if place(one) == place(record)]
        self._writes = []
        if self.mark is not None and not self.mark.shows(record):
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
        self.marks = Marks(backend)

    def find(
        self,
        thread_id: str,
        namespace: str | None,
        checkpoint_id: str | None,
        mark: Mark | None = None,
    ) -> Program[tuple[Found | None, Mark | None]]:
        """Read a checkpoint with its writes, or the newest one, and the mark if that is met.

        If it is not, what is found is there only if the mark says so.
        """
        walk = Walk(self, thread_id, namespace or "", only=checkpoint_id, mark=mark, trusting=True)
        limit = None if checkpoint_id else NEWEST
        while not walk.done:
            if found := (yield from walk.page(limit)):
                return found[0], walk.mark
        return None, walk.mark

    def ancestors(
        self, head: Any, mark: Mark | None, visit: Callable[[Found], Program[bool]]
    ) -> Program[bool]:
        """Read the checkpoints that lead to one, the nearest first, while `visit` returns True.

        Returns False if one that `visit` would want is gone.
        """
        parent = head.parent_id
        walk = Walk(self, head.thread_id, head.namespace, head.checkpoint_id, mark=mark)
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
        try:
            sheet: list[Any] = unfolded(writes.sheet, {one: p.data for one, p in stored.items()})
        except KeyError:
            # They are being deleted.
            return []
        return sheet

    def gone(self, found: Found) -> Program[None]:
        """Make sure that a checkpoint is gone whose pieces are. Raises DecodeError if it is not."""
        head = found.head
        mark = yield from self.marks.read(head.thread_id)
        there, _ = yield from self.find(head.thread_id, *place(head), mark)
        if there is not None:
            raise DecodeError(
                "a checkpoint refers to pieces that are not stored, and that no saver deletes. "
                "Go on from an earlier checkpoint, or delete the thread",
                entity="checkpoint",
            )

    def load(self, thread_id: str, blocks: Iterable[Block]) -> Program[dict[Digest, Any]]:
        """Read the pieces of blocks, as records; what is gone is left out."""
        return (yield from self.pieces.load({"thread_id": thread_id}, blocks))[0]

    def load_marked(
        self, thread_id: str, blocks: Iterable[Block], mark: Mark | None
    ) -> Program[tuple[dict[Digest, Any], Mark]]:
        """Read the pieces of blocks, and beside them the mark if that is not known."""
        if mark is not None:
            return (yield from self.load(thread_id, blocks)), mark
        beside = [self.marks.get(thread_id)]
        pieces, (found,) = yield from self.pieces.load({"thread_id": thread_id}, blocks, beside)
        return pieces, Mark.of(found)

    def save(
        self,
        values: Mapping[str, Any],
        pieces: Mapping[Digest, bytes],
        *,
        run_is_new: bool,
        unless_moved: Mark | None = None,
    ) -> Program[bool]:
        """Write a checkpoint, after what it refers to.

        With `unless_moved`, it is written only if that is the thread's mark still; returns whether
        it was.
        """
        thread_id, now = values["thread_id"], self.backend.now()
        expiry = self.backend.expiry(now)
        runs = []
        if run_is_new:
            runs = [self.entities.run.put(run_id=values["run_id"], thread_id=thread_id, **expiry)]
        yield from self.save_pieces(thread_id, pieces, runs)
        written_at = int(now.timestamp())
        writing = self.entities.checkpoint.put(**values, **expiry, written_at=written_at)
        if unless_moved is not None:
            condition = self.marks.is_still(thread_id, unless_moved)
            return (yield from self.marks.together([condition, writing]))
        yield from writing.program(response="none")
        return True

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
