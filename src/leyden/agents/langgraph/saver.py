"""The checkpointer: LangGraph's interface, on the programs of `history.py` and `upkeep.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)

from leyden.agents.backend import Backend, EitherAdapter, Options
from leyden.agents.langgraph.forms import Forms
from leyden.agents.langgraph.steps import Place, Steps

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions
    from langgraph.checkpoint.serde.base import SerializerProtocol


class LeydenSaver(EitherAdapter, BaseCheckpointSaver[Any]):
    """Checkpoints of LangGraph in a DynamoDB table, blocking and awaited.

    A step writes what it changed: of a list that grows, such as a chat's messages, only what is
    new. States of any size fit. Any text is a valid thread id or namespace. The newest state is one
    query, and one batch read more if it has large values.

    * `table_name`: the table; `leyden table schemas/agents/langgraph` prints its definition, and
      `saver.app.create_table()` creates it.
    * `serde`: a serializer in place of LangGraph's own, such as its `EncryptedSerializer`.
    * further options say how to reach DynamoDB, and with `ttl` how long checkpoints live after
      they were written: see `leyden.agents.backend.Options`.

    One saver may serve many threads and event loops.

    Raises InvalidOptionError.

    >>> with LeydenSaver("agents", region="eu-central-1") as saver:         # doctest: +SKIP
    ...     graph = builder.compile(checkpointer=saver)
    ...     graph.invoke({"messages": [("user", "Hello")]}, {"configurable": {"thread_id": "1"}})
    """

    def __init__(
        self,
        table_name: str,
        *,
        serde: SerializerProtocol | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(serde=serde)
        self._backend = Backend("agents/langgraph", type(self).__name__, table_name, **options)
        self._steps = Steps(self._backend)

    def setup(self) -> None:
        """Check that the table is there and fits; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        self._backend.run(self._backend.check_table(), "setup")

    async def asetup(self) -> None:
        """Check that the table is there and fits; see `setup`."""
        await self._backend.arun(self._backend.check_table(), "setup")

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint with its writes: the one that `config` names, or the newest."""
        return self._backend.run(self._steps.get(self.serde, Place.of(config)), "get_tuple")

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint; see `get_tuple`."""
        return await self._backend.arun(self._steps.get(self.serde, Place.of(config)), "get_tuple")

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Read checkpoints from the newest to the oldest, page after page.

        Those of the thread that `config` names, in its namespace if it names one, or of all
        threads without a `config`, which reads the whole table. `filter` has values that their
        metadata must have, and `before` names the checkpoint to begin behind.
        """
        at, end = _asked(config, before)
        threads = [at.thread_id] if at else self._backend.run(self._steps.threads(), "list")
        left = None if limit is None else max(limit, 0)
        for thread_id in threads:
            listing = self._steps.listing(thread_id, at, end)
            while not listing.done and left != 0:
                page = listing.next(Forms(self.serde), left, filter or {})
                found = self._backend.run(page, "list")
                yield from found
                left = None if left is None else left - len(found)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Read checkpoints; see `list`."""
        at, end = _asked(config, before)
        threads = [at.thread_id] if at else await self._backend.arun(self._steps.threads(), "list")
        left = None if limit is None else max(limit, 0)
        for thread_id in threads:
            listing = self._steps.listing(thread_id, at, end)
            while not listing.done and left != 0:
                page = listing.next(Forms(self.serde), left, filter or {})
                found = await self._backend.arun(page, "list")
                for one in found:
                    yield one
                left = None if left is None else left - len(found)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write a checkpoint, whose parent is the one that `config` names.

        Raises ConditionFailedError if the thread was deleted since this process read it, where that
        was more than a few minutes ago. Before that, what is written stays deleted with the thread.
        """
        return self._backend.run(self._steps.put(self.serde, config, checkpoint, metadata), "put")

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write a checkpoint; see `put`."""
        putting = self._steps.put(self.serde, config, checkpoint, metadata)
        return await self._backend.arun(putting, "put")

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Write what a task wrote to channels, beside the checkpoint that `config` names.

        What was written before stays, except in the channels of errors and interrupts.
        """
        putting = self._steps.put_writes(self.serde, config, writes, task_id, task_path)
        self._backend.run(putting, "put_writes")

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Write what a task wrote; see `put_writes`."""
        putting = self._steps.put_writes(self.serde, config, writes, task_id, task_path)
        await self._backend.arun(putting, "put_writes")

    def delete_thread(self, thread_id: str) -> None:
        """Delete all that a thread has.

        It is deleted at once, however much it has, and stays so if a graph is still running on it.
        """
        self._backend.run(self._steps.delete_thread(str(thread_id)), "delete_thread")

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all that a thread has; see `delete_thread`."""
        await self._backend.arun(self._steps.delete_thread(str(thread_id)), "delete_thread")

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints and writes of runs, in all threads."""
        self._backend.run(self._steps.delete_for_runs(run_ids), "delete_for_runs")

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints and writes of runs, in all threads."""
        await self._backend.arun(self._steps.delete_for_runs(run_ids), "delete_for_runs")

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all that a thread has to another one, which shows it once all is there.

        Raises InputError if the other one has checkpoints already.
        """
        copying = self._steps.copy_thread(str(source_thread_id), str(target_thread_id))
        self._backend.run(copying, "copy_thread")

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all that a thread has; see `copy_thread`."""
        copying = self._steps.copy_thread(str(source_thread_id), str(target_thread_id))
        await self._backend.arun(copying, "copy_thread")

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete old checkpoints of threads.

        `keep_latest` keeps the newest of each namespace, and those before it that the values of
        its delta channels are made of. `delete` deletes the threads. Graphs may go on meanwhile.
        """
        self._backend.run(self._steps.prune(self.serde, thread_ids, strategy), "prune")

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete old checkpoints of threads; see `prune`."""
        await self._backend.arun(self._steps.prune(self.serde, thread_ids, strategy), "prune")

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Read the writes that led to the values of delta channels, and the value they began with.

        Raises DecodeError if a part of that history was deleted or has expired.
        """
        reading = self._steps.delta_history(self.serde, config, channels)
        return self._backend.run(reading, "get_delta_channel_history")

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Read what delta channels are made of; see `get_delta_channel_history`."""
        reading = self._steps.delta_history(self.serde, config, channels)
        return await self._backend.arun(reading, "get_delta_channel_history")

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Return the version of a channel that follows `current`: a number, 1 at first.

        A thread that came from another saver may have versions of text, which go on as such.
        """
        if isinstance(current, str):
            number, _, rest = current.partition(".")
            return f"{int(number) + 1:0{len(number)}}" + (f".{rest}" if rest else "")
        return int(current or 0) + 1


AsyncLeydenSaver: TypeAlias = LeydenSaver
"""The same class: its methods that begin with `a` are awaited."""


def _asked(
    config: RunnableConfig | None, before: RunnableConfig | None
) -> tuple[Place | None, str | None]:
    """What `list` is asked for: a thread, and the checkpoint to begin behind."""
    end = (before or {}).get("configurable", {}).get("checkpoint_id") or None
    return (Place.of(config) if config else None), end
