"""The saver beside LangGraph's own in memory: the same calls, the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
)
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

import leyden
from leyden.agents.langgraph import LeydenSaver
from tests.agents.langgraph.conftest import new_saver
from tests.agents.langgraph.test_requests import at

pytestmark = pytest.mark.once

ENGINE = leyden.local()
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
THREADS = st.sampled_from(("one", "two", "one#two"))
NAMESPACES = st.sampled_from(("", "child:1", "child"))
INTEGERS = st.integers(-(2**62), 2**62)
ELEMENTS = st.one_of(
    INTEGERS,
    st.none(),
    st.text(max_size=5),
    st.integers(1, 400).map(lambda n: f"text {n} " * n),
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers(0, 255).map(lambda n: bytes([n, n + 1 & 255] * 200)),
    st.dictionaries(st.text(max_size=3), INTEGERS, max_size=3),
)
CHANNELS = st.sampled_from(("topic", "draft", "__error__", "__interrupt__", "__resume__"))


class Savers(RuleBasedStateMachine):
    """Checkpoints as graphs write them: values that stay, change and go, lists that grow."""

    checkpoints = Bundle("checkpoints")

    @initialize()
    def begin(self) -> None:
        self.oracle = InMemorySaver()
        self.saver = new_saver(ENGINE)
        self.other = LeydenSaver(self.saver.app.table, engine=ENGINE)

    @rule(target=checkpoints, thread=THREADS, namespace=NAMESPACES, topic=VALUES)
    def put_first(self, thread: str, namespace: str, topic: Any) -> Any:
        return self._put(
            thread, namespace, None, {"topic": topic, "letters": []}, {"topic", "letters"}
        )

    @rule(
        target=checkpoints,
        parent=checkpoints,
        added=st.lists(ELEMENTS, max_size=4),
        dropped=st.integers(0, 2),
        topic=st.none() | VALUES,
        step=st.integers(0, 3),
    )
    def put_next(self, parent: Any, added: list[Any], dropped: int, topic: Any, step: int) -> Any:
        before = self.oracle.get_tuple(parent)
        if before is None:
            return multiple()
        values = {**before.checkpoint["channel_values"]}
        values["letters"] = [*values.get("letters", []), *added][dropped:]
        changed = {"letters"}
        if topic is not None:
            values["topic"], changed = topic, {"letters", "topic"}
        where = parent["configurable"]
        return self._put(
            where["thread_id"], where["checkpoint_ns"], before.checkpoint, values, changed, step
        )

    @rule(
        at=checkpoints,
        writes=st.lists(st.tuples(CHANNELS, VALUES), min_size=1, max_size=12),
        task=st.sampled_from((("task-1", "~b"), ("task-2", "~a"), ("task-3", ""))),
    )
    def put_writes(self, at: Any, writes: Any, task: tuple[str, str]) -> None:
        if self.oracle.get_tuple(at) is None:
            # Of a thread that was deleted; in memory, these would be there if it were written anew.
            return
        for saver in (self.oracle, self.saver):
            saver.put_writes(at, writes, *task)

    @rule(at=checkpoints)
    def get(self, at: Any) -> None:
        assert _shown(self.saver.get_tuple(at)) == _shown(self.oracle.get_tuple(at))

    @rule(thread=THREADS, namespace=NAMESPACES)
    def get_newest(self, thread: str, namespace: str) -> None:
        found = at(thread, namespace=namespace)
        assert _shown(self.saver.get_tuple(found)) == _shown(self.oracle.get_tuple(found))

    @rule(is_new=st.booleans())
    def another_goes_on(self, is_new: bool) -> None:
        """Another process goes on: a new one, or one that knew the threads before."""
        if is_new:
            self.other = LeydenSaver(self.saver.app.table, engine=ENGINE)
        self.saver, self.other = self.other, self.saver

    @rule(
        thread=THREADS,
        namespace=st.none() | NAMESPACES,
        limit=st.none() | st.integers(0, 4),
        step=st.none() | st.integers(0, 3),
    )
    def list(self, thread: str, namespace: str | None, limit: int | None, step: int | None) -> None:
        config: Any = {"configurable": {"thread_id": thread}}
        if namespace is not None:
            config["configurable"]["checkpoint_ns"] = namespace
        filter = None if step is None else {"step": step}
        ours = [_shown(one) for one in self.saver.list(config, filter=filter, limit=limit)]
        theirs = [_shown(one) for one in self.oracle.list(config, filter=filter)]
        if namespace is None:
            # In which order namespaces come is nowhere said.
            assert len(ours) == len(theirs[:limit] if limit is not None else theirs)
            assert all(one in theirs for one in ours)
        else:
            assert ours == (theirs if limit is None else theirs[:limit])

    @rule(before=checkpoints)
    def list_before(self, before: Any) -> None:
        where = before["configurable"]
        config = at(where["thread_id"], namespace=where["checkpoint_ns"])
        ours = [_shown(one) for one in self.saver.list(config, before=before)]
        assert ours == [_shown(one) for one in self.oracle.list(config, before=before)]

    @rule(thread=THREADS)
    def delete_thread(self, thread: str) -> None:
        for saver in (self.oracle, self.saver):
            saver.delete_thread(thread)

    def _put(
        self,
        thread: str,
        namespace: str,
        before: Any,
        values: dict[str, Any],
        changed: set[str],
        step: int = 0,
    ) -> Any:
        checkpoint = empty_checkpoint()
        versions = {**before["channel_versions"]} if before else {}
        # Versions of other branches are other ones, as those of the framework's savers are.
        new = {name: f"{checkpoint['id']}.{name}" for name in sorted(changed)}
        checkpoint["channel_versions"] = versions | new
        checkpoint["channel_values"] = values
        config = at(thread, before["id"] if before else None, namespace)
        metadata: Any = {"source": "loop", "step": step, "parents": {}}
        # As a graph does: it begins with what it reads.
        assert _shown(self.saver.get_tuple(config)) == _shown(self.oracle.get_tuple(config))
        ours = self.saver.put(config, {**checkpoint}, metadata, new)
        assert ours == self.oracle.put(config, {**checkpoint}, metadata, new)
        return ours


def _shown(found: Any) -> Any:
    if found is None:
        return None
    configured = dict(found.config["configurable"])
    return (
        {name: configured[name] for name in ("thread_id", "checkpoint_ns", "checkpoint_id")},
        found.checkpoint,
        found.metadata,
        found.parent_config,
        found.pending_writes,
    )


TestSavers = Savers.TestCase
TestSavers.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, phases=NO_SHRINKING
)
