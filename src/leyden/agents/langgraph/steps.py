"""What a saver does, as programs: from LangGraph's checkpoints to what is stored, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from attrs import evolve, field, frozen
from langgraph.checkpoint.base import (
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)

from leyden.agents.backend import Backend
from leyden.agents.langgraph.forms import NEVER, Forms, Seen, Written, blocks_of
from leyden.agents.langgraph.history import Found, History, Walk, place
from leyden.agents.langgraph.marks import LEASE, Mark
from leyden.agents.langgraph.reading import Listing, Whole, config_of, read
from leyden.agents.langgraph.upkeep import Upkeep
from leyden.agents.latest import Latest
from leyden.agents.pieces import Digest
from leyden.errors import ConditionFailedError, DecodeError, InputError
from leyden.program import Program, Work

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.serde.base import SerializerProtocol

T = TypeVar("T")

NAMESPACES: Final = 256
"""Of how many threads' namespaces a saver knows what it last read or wrote."""

THREADS: Final = 4096
"""Of how many threads a saver knows the mark."""

RUNS: Final = 4096
"""Of how many runs a saver knows that their threads are noted."""

DELTAS: Final = "counters_since_delta_snapshot"


class Place(NamedTuple):
    """What a config says: the thread, the namespace if it names one, and the checkpoint."""

    thread_id: str
    namespace: str | None
    checkpoint_id: str | None

    @classmethod
    def of(cls, config: RunnableConfig) -> Place:
        """Read a config. Raises InputError if it names no thread."""
        said = config.get("configurable", {})
        if said.get("thread_id") is None:
            raise InputError(
                'the config names no thread: pass {"configurable": {"thread_id": "..."}}'
            )
        namespace = said.get("checkpoint_ns")
        return cls(str(said["thread_id"]), namespace, said.get("checkpoint_id") or None)


@frozen
class Known:
    """What this process knows of a thread's namespace, since when, and under which mark.

    `is_newest` says whether it was the newest checkpoint: a deletion leaves its pieces for a time.
    """

    mark: Mark
    at: float
    seen: Seen = field(factory=Seen)
    is_newest: bool = True

    def is_doubtful(self, now: datetime, parent: str | None) -> bool:
        """Whether the child of a checkpoint may rely on it only if nothing was deleted since.

        Whoever writes a first checkpoint may know that the thread was deleted.
        """
        is_first = parent is None and self.seen.checkpoint_id is not None
        return is_first or not self.is_newest or now.timestamp() - self.at > LEASE


UNREAD: Final = Known(Mark(), 0.0)
"""What is assumed of a thread that was not read: that nothing was ever deleted from it.

It is long past its lease, so a write takes place only if that is so.
"""


class Steps:
    """The programs of a saver. Each takes the saver's serializer, which may be exchanged."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._history = History(backend)
        self._upkeep = Upkeep(self._history)
        self._known = Latest[tuple[str, str], Known](NAMESPACES)
        self._threads = Latest[str, Known](THREADS)
        self._runs = Latest[tuple[str, str], bool](RUNS)

    def get(self, serde: SerializerProtocol, at: Place) -> Program[CheckpointTuple | None]:
        """Read a checkpoint, or the newest one."""
        began, mark = self._backend.now().timestamp(), None
        while True:
            found, mark = yield from self._history.find(*at, mark)
            if found is None:
                break
            # One that is deleted while it is read leaves another one behind, or none.
            whole, mark = yield from read(self._history, Forms(serde), found, mark)
            if whole is not None:
                is_newest = at.checkpoint_id is None
                seen = _seen(whole)
                if not is_newest and mark.deleted_at is not None:
                    # It may have been deleted before the mark was read, and its pieces soon are.
                    seen = Seen(seen.checkpoint_id)
                known = Known(mark, began, seen, is_newest)
                self._learn(found.head.thread_id, found.head.namespace, known)
                return whole.asked
        # Another process may have deleted the thread, and with it what this one knew of.
        self._known.forget(lambda key: key == (at.thread_id, at.namespace or ""))
        if mark is None:
            self._threads.forget(lambda key: key == at.thread_id)
        else:
            self._threads.set(at.thread_id, Known(mark, began))
        return None

    def threads(self) -> Program[list[str]]:
        """Read which threads there are: this reads the whole table."""
        scan = self._history.entities.checkpoint.scan
        found = yield from scan.program(attributes=("thread_id",), consistent=True, pages="all")
        return [*dict.fromkeys(one.thread_id for one in found)]

    def stored(self, thread_id: str) -> Program[list[tuple[str, str]]]:
        """Read which checkpoints a thread has, by namespace and id, the oldest first."""
        keys = yield from self._upkeep.keys(thread_id)
        return [place(head) for head in keys.shown]

    def listing(self, thread_id: str, at: Place | None, before: str | None) -> Listing:
        """The checkpoints of a thread that `list` asks for."""
        namespace, only = (at.namespace, at.checkpoint_id) if at else (None, None)
        return Listing(self._history, Walk(self._history, thread_id, namespace, before, only))

    def put(
        self,
        serde: SerializerProtocol,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
    ) -> Program[RunnableConfig]:
        """Write a checkpoint: one request, and one before it if there is something large.

        If this process has not read the thread, the request is a transaction, which costs twice as
        much: a graph always reads first.

        Raises ConditionFailedError if the thread was deleted since this process read it, where that
        was more than a few minutes ago, or is known to this process.
        """
        at = Place.of(config)
        thread_id, namespace, parent = at.thread_id, at.namespace or "", at.checkpoint_id
        said: Any = get_checkpoint_metadata(config, metadata)
        values = {"thread_id": thread_id, "namespace": namespace, "checkpoint_id": checkpoint["id"]}
        for name, kind in (("run_id", str), ("source", str), ("step", int)):
            if isinstance(said.get(name), kind):
                values[name] = said[name]
        values |= {} if parent is None else {"parent_id": parent}
        run = (said["run_id"], thread_id) if "run_id" in values else None
        run_is_new = run is not None and not self._runs.get(run)
        known = self._known.get((thread_id, namespace)) or self._threads.get(thread_id) or UNREAD
        while True:
            if parent is not None and known.mark.number and known.seen.checkpoint_id != parent:
                yield from self._require(at, known.mark)
            now = self._backend.now()
            before = known.seen.lasting(_until(self._backend.expiry(now)))
            written: Written = yield Work(
                partial(Forms(serde).checkpoint, checkpoint, said, before, parent)
            )
            is_doubtful = known.is_doubtful(now, parent)
            if (
                yield from self._history.save(
                    {**values, "head": written.sheet, **known.mark.own},
                    written.pieces,
                    run_is_new=run_is_new,
                    unless_moved=known.mark if is_doubtful else None,
                )
            ):
                break
            self._forget(thread_id)
            read_at = self._backend.now().timestamp()
            known = Known((yield from self._history.marks.read(thread_id)), read_at)
        if run is not None:
            self._runs.set(run, True)
        until = _until(self._backend.expiry(now, lives=2))
        seen = written.seen(checkpoint["id"], before, until)
        at_last = now.timestamp() if is_doubtful else known.at
        self._learn(thread_id, namespace, Known(known.mark, at_last, seen))
        return config_of(thread_id, namespace, checkpoint["id"])

    def _require(self, parent: Place, mark: Mark) -> Program[None]:
        """Raise ConditionFailedError if a checkpoint is not there that another is to follow."""
        found, _ = yield from self._history.find(*parent, mark)
        if found is None:
            raise ConditionFailedError(
                f'the thread "{parent.thread_id}" was deleted while a graph was running on it. '
                "What the graph has written since is deleted, too; to begin anew, run it once more"
            )

    def put_writes(
        self,
        serde: SerializerProtocol,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
    ) -> Program[None]:
        """Write what a task wrote, in one request.

        A write in a place that has one already changes nothing, except in special channels.
        """
        at = Place.of(config)
        if at.checkpoint_id is None:
            raise InputError("the config names no checkpoint_id, and writes belong to a checkpoint")
        if not writes:
            return
        forms = Forms(serde)
        numbered = yield Work(lambda: forms.numbered(writes))
        written: Written = yield Work(lambda: forms.writes(_merged([], numbered)))

        def merge(stored: Any) -> Program[Written | None]:
            held = yield from self._history.held(stored)
            merged = _merged(held, numbered)
            return None if merged == held else forms.writes(merged)

        values = {
            "thread_id": at.thread_id,
            "namespace": at.namespace or "",
            "checkpoint_id": at.checkpoint_id,
            "task_id": task_id,
            "task_path": task_path,
            "sheet": written.sheet,
        }
        yield from self._history.save_writes(values, written.pieces, merge)

    def delta_history(
        self, serde: SerializerProtocol, config: RunnableConfig, channels: Sequence[str]
    ) -> Program[dict[str, DeltaChannelHistory]]:
        """Read what led to the values of channels: the nearest value, and the writes since.

        Raises DecodeError if a part of the history is gone.
        """
        at = Place.of(config)
        typed: dict[str, list[tuple[str, Any]]] = {channel: [] for channel in channels}
        seeds: dict[str, Any] = {}
        known = self._threads.get(at.thread_id)
        target, mark = yield from self._history.find(*at, known.mark if known else None)

        def visit(found: Found) -> Program[bool]:
            for opened in (yield from self._history.opened([found])):
                for _, task_id, _, channel, value in reversed(opened.writes):
                    if channel in typed and channel not in seeds:
                        typed[channel].append((task_id, value))
                seeds.update(
                    {one: opened.forms[one] for one in typed.keys() & opened.forms - seeds.keys()}
                )
                return len(seeds) < len(typed)
            return False

        if channels and target is not None:
            whole = yield from self._history.ancestors(target.head, mark, visit)
            opened = yield from self._history.opened([target])
            said = Forms(serde).loads(opened[0].typed) if opened else {}
            versions = said.get("checkpoint", {}).get("channel_versions", {})
            lost = [one for one in channels if one in versions and one not in seeds]
            if lost and not whole:
                raise DecodeError(
                    f"the history of the channels {', '.join(lost)} is not there as a whole: "
                    "checkpoints that led to this one were deleted, or have expired",
                    entity="checkpoint",
                )
        stored = yield from self._history.load(at.thread_id, blocks_of(seeds))
        pieces = {one: piece.data for one, piece in stored.items()}

        histories: dict[str, DeltaChannelHistory] = yield Work(
            partial(_histories, Forms(serde), typed, seeds, pieces)
        )
        return histories

    def delete_thread(self, thread_id: str) -> Program[None]:
        """Delete all that a thread has."""
        self._forget(thread_id)
        yield from self._upkeep.delete_thread(thread_id)
        self._forget(thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> Program[None]:
        """Delete the checkpoints and writes of runs."""
        for run_id in run_ids:
            for thread_id in (yield from self._upkeep.delete_run(run_id)):
                self._forget(thread_id)

    def copy_thread(self, source: str, target: str) -> Program[None]:
        """Copy all that a thread has to another one."""
        if source == target:
            raise InputError("the thread to copy and the one to copy it to are the same")
        yield from self._upkeep.copy_thread(source, target)
        self._forget(target)

    def prune(
        self, serde: SerializerProtocol, thread_ids: Sequence[str], strategy: str
    ) -> Program[None]:
        """Delete what threads have, or all but their newest checkpoints."""
        if strategy not in ("keep_latest", "delete"):
            raise InputError(f'strategy takes "keep_latest" or "delete", not "{strategy}"')
        forms = Forms(serde)
        for thread_id in map(str, thread_ids):
            if strategy == "delete":
                yield from self.delete_thread(thread_id)
            else:
                yield from self._upkeep.prune(
                    thread_id, lambda typed: forms.loads(typed)["metadata"].get(DELTAS) or ()
                )
                self._forget(thread_id)

    def _learn(self, thread_id: str, namespace: str, known: Known) -> None:
        self._known.set((thread_id, namespace), known)
        self._threads.set(thread_id, evolve(known, seen=Seen(), is_newest=True))

    def _forget(self, thread_id: str) -> None:
        self._known.forget(lambda key: key[0] == thread_id)
        self._threads.forget(lambda key: key == thread_id)
        self._runs.forget(lambda key: key[1] == thread_id)


def _seen(whole: Whole) -> Seen:
    """What a step may rely on that begins with a checkpoint."""
    asked = whole.asked
    return Seen(
        asked.config["configurable"]["checkpoint_id"],
        {**asked.checkpoint["channel_versions"]},
        whole.forms,
        whole.blocks,
        {one: _until({"expires_at": piece.expires_at}) for one, piece in whole.pieces.items()},
    )


def _until(expiry: Mapping[str, datetime | None]) -> float:
    """Until when what has that expiry is there."""
    expires_at = expiry.get("expires_at")
    return expires_at.timestamp() if expires_at else NEVER


def _merged(held: Sequence[Any], numbered: Sequence[tuple[int, str, Any]]) -> list[Any]:
    """What a task wrote before, and writes now: a special channel keeps its last write."""
    merged = {one[0]: one for one in held}
    for at, channel, typed in numbered:
        if at < 0 or at not in merged:
            merged[at] = [at, channel, [*typed]]
    return [*merged.values()]


def _histories(
    forms: Forms,
    typed: Mapping[str, Sequence[tuple[str, Any]]],
    seeds: Mapping[str, Any],
    pieces: Mapping[Digest, bytes],
) -> dict[str, DeltaChannelHistory]:
    """Read the values and the writes of channels, of which the newest come first."""
    values, _ = forms.values(seeds, pieces)
    histories: dict[str, DeltaChannelHistory] = {}
    for channel, newest_first in typed.items():
        writes = [(task, channel, forms.loads(one)) for task, one in newest_first[::-1]]
        histories[channel] = {"writes": writes}
        if channel in values:
            histories[channel]["seed"] = values[channel]
    return histories
