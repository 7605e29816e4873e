"""Reading checkpoints: from what a walk over a thread finds to what LangGraph asks for.

Checkpoints that follow each other have most pieces in common, so a list of them reads each piece
once, many in a request. It decodes some checkpoints at a time, because a long thread of a large
state may be more than memory holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import define, field, frozen
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple

from leyden.agents.backend import worked
from leyden.agents.langgraph.forms import Forms, blocks_of
from leyden.agents.langgraph.history import Found, History, Opened, Walk
from leyden.agents.langgraph.marks import Mark
from leyden.agents.pieces import Block, Digest, digests
from leyden.program import Program

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

TOGETHER: Final = 100
"""How many pieces one request reads."""

AT_ONCE: Final = 1024 * 1024
"""From so many stored bytes on, further checkpoints are left for the next step."""


@frozen
class Whole:
    """A checkpoint as it is asked for, and the pieces and blocks that its values are made of."""

    asked: CheckpointTuple
    forms: Mapping[str, Any]
    blocks: Mapping[Block, tuple[Digest, ...]]
    pieces: Mapping[Digest, Any]


def config_of(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    """The config that names a checkpoint."""
    named = {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}
    return {"configurable": named}


def read(
    history: History, forms: Forms, found: Found, mark: Mark | None
) -> Program[tuple[Whole | None, Mark]]:
    """Read a checkpoint that was found, and its thread's mark; None for one that is gone."""
    thread_id = found.head.thread_id
    for opened in (yield from history.opened([found])):
        one = _Listed(found, opened, forms.loads(opened.typed))
        blocks = blocks_of(opened.forms)
        pieces, mark = yield from history.load_marked(thread_id, blocks, mark)
        if not mark.shows(found.head):
            return None, mark
        for whole in (yield from _decoded(history, forms, [one], pieces)):
            return whole, mark
    return None, (yield from history.marks.read(thread_id))


@define
class Listing:
    """The checkpoints that `list` is asked for, some at a time."""

    history: History
    walk: Walk
    _ahead: list[_Listed] = field(factory=list)
    _pieces: dict[Digest, Any] = field(factory=dict)

    @property
    def done(self) -> bool:
        """Whether there are no more."""
        return self.walk.done and not self._ahead

    def next(
        self, forms: Forms, limit: int | None, filter: Mapping[str, Any]
    ) -> Program[list[CheckpointTuple]]:
        """Read the next checkpoints whose metadata has what `filter` says, up to `limit`."""
        if not self._ahead:
            # Beside each checkpoint there are the writes of a task or two, as a rule.
            items = None if limit is None or filter else limit * 4
            page = yield from self.walk.page(items)
            self._ahead = (yield from self._listed(forms, page, filter))[:limit]
        if not self._ahead:
            return []
        yield from self._load()
        taken, size = [self._ahead.pop(0)], 0
        while self._ahead and self._ahead[0].needs <= self._pieces.keys():
            size += taken[-1].size(self._pieces)
            if size >= AT_ONCE:
                break
            taken.append(self._ahead.pop(0))
        wholes = yield from _decoded(self.history, forms, taken, self._pieces)
        return [whole.asked for whole in wholes]

    def _listed(
        self, forms: Forms, page: Sequence[Found], filter: Mapping[str, Any]
    ) -> Program[list[_Listed]]:
        opened = yield from self.history.opened(page)

        def listed() -> list[_Listed]:
            all = [_Listed(one.found, one, forms.loads(one.typed)) for one in opened]
            return [one for one in all if _has(one.said["metadata"], filter)]

        return (yield from worked(sum(len(one.typed[1]) for one in opened), listed))

    def _load(self) -> Program[None]:
        """Read the pieces of the next checkpoint, and of those behind it as far as they fit."""
        first, *rest = self._ahead
        if first.needs <= self._pieces.keys():
            return
        wanted = {*first.needs}
        for one in rest:
            if len(wanted | one.needs) > TOGETHER:
                break
            wanted |= one.needs
        kept = {name: self._pieces[name] for name in wanted & self._pieces.keys()}
        thread_id = first.found.head.thread_id
        self._pieces = kept | (yield from self.history.load(thread_id, wanted - kept.keys()))


@frozen
class _Listed:
    """A checkpoint that was found, its sheets, and what they say of it."""

    found: Found
    opened: Opened
    said: Any
    needs: frozenset[Digest] = field(init=False)
    """The pieces that its values are made of."""

    @needs.default
    def _needs(self) -> frozenset[Digest]:
        blocks = blocks_of(self.opened.forms)
        return frozenset(one for block in blocks for one in digests(block))

    def size(self, pieces: Mapping[Digest, Any]) -> int:
        """How many stored bytes it is made of."""
        data = [pieces[one].data for one in self.needs if one in pieces]
        return sum(map(len, (*data, *self.found.sheets)))


def _has(metadata: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    """Whether metadata has what a filter says."""
    return all(metadata.get(name) == value for name, value in filter.items())


def _decoded(
    history: History, forms: Forms, listed: Sequence[_Listed], pieces: Mapping[Digest, Any]
) -> Program[list[Whole]]:
    """Decode checkpoints; those that are gone are left out. Raises DecodeError."""

    def decoded() -> list[Whole | None]:
        return [_whole(forms, one, pieces) for one in listed]

    wholes = yield from worked(sum(one.size(pieces) for one in listed), decoded)
    for one, whole in zip(listed, wholes, strict=True):
        if whole is None:
            yield from history.gone(one.found)
    return [whole for whole in wholes if whole is not None]


def _whole(forms: Forms, listed: _Listed, pieces: Mapping[Digest, Any]) -> Whole | None:
    """A checkpoint with its values; None if a piece of it is not there."""
    own = {one: pieces[one] for one in listed.needs if one in pieces}
    opened, head = listed.opened, listed.found.head
    try:
        values, blocks = forms.values(opened.forms, {one: p.data for one, p in own.items()})
    except KeyError:
        return None
    where = (head.thread_id, head.namespace)
    asked = CheckpointTuple(
        config_of(*where, head.checkpoint_id),
        cast(Checkpoint, {**listed.said["checkpoint"], "channel_values": values}),
        listed.said["metadata"],
        config_of(*where, head.parent_id) if head.parent_id else None,
        [(task, channel, forms.loads(typed)) for _, task, _, channel, typed in opened.writes],
    )
    return Whole(asked, opened.forms, blocks, own)
