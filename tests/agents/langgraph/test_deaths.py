"""A process that dies between any two requests leaves the old state or the new one."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from leyden.agents.langgraph import LeydenSaver
from tests.agents.chaos import each_death
from tests.agents.langgraph.conftest import new_saver
from tests.agents.langgraph.test_requests import at, put

pytestmark = pytest.mark.once

ESSAY = "".join(map(str, range(9000)))


def newest(saver: LeydenSaver, thread_id: str, namespace: str = "") -> Any:
    """What a process that has just begun reads: the newest state, or None."""
    fresh = LeydenSaver(saver.app.table, engine=saver._backend._bound["engine"])
    found = fresh.get_tuple(at(thread_id, namespace=namespace))
    return found and (found.checkpoint["channel_values"], found.pending_writes)


def fill(saver: LeydenSaver, thread_id: str, checkpoints: int, **values: Any) -> None:
    parent = None
    for n in range(checkpoints):
        config = put(saver, thread_id, {"n": n, "essay": f"{n}{ESSAY}", **values}, parent)
        saver.put_writes(config, [("n", n)], "task")
        parent = config["configurable"]["checkpoint_id"]


def test_a_checkpoint_is_there_whole_or_not_at_all(embedded: Any) -> None:
    saver = new_saver(embedded)
    numbers = count()
    thread = ""

    def begin() -> None:
        nonlocal thread
        thread = f"t{next(numbers)}"
        put(saver, thread, {"essay": "old" + ESSAY})

    def act() -> None:
        files = [bytes([n]) * 300_000 + ESSAY.encode() for n in range(3)]
        put(saver, thread, {"essay": "new" + ESSAY, "files": files})

    seen = []
    for died in each_death(saver._backend, begin, act):
        values, _ = newest(saver, thread)
        assert values["essay"][:3] == ("old" if died else "new")
        seen.append(values["essay"][:3])
    assert len(seen) > 2


@pytest.mark.parametrize("checkpoints", [3, 40])
def test_a_thread_that_is_deleted_has_its_newest_state_or_none(
    embedded: Any, checkpoints: int
) -> None:
    saver = new_saver(embedded)
    source = "source"
    fill(saver, source, checkpoints)
    child = at(source, namespace="child")
    found = saver.get_tuple(at(source))
    assert found is not None
    saver.put(child, found.checkpoint, {}, {})
    old = newest(saver, source), newest(saver, source, "child")
    numbers = count()
    thread = ""

    def begin() -> None:
        nonlocal thread
        thread = f"t{next(numbers)}"
        saver.copy_thread(source, thread)

    for died in each_death(saver._backend, begin, lambda: saver.delete_thread(thread)):
        now = newest(saver, thread), newest(saver, thread, "child")
        assert now in (old, (None, None))
        if not died:
            assert now == (None, None)
        # Whoever deletes it again, finishes it.
        saver.delete_thread(thread)
        assert not [*saver.app.collections.history(thread_id=thread).go(pages="all")]
        assert not [*saver.app.entities.piece.query.pieces(thread_id=thread).go(pages="all")]


@pytest.mark.parametrize("checkpoints", [1, 30])
def test_a_copy_is_there_whole_or_not_at_all(embedded: Any, checkpoints: int) -> None:
    saver = new_saver(embedded)
    fill(saver, "source", checkpoints)
    whole = [one.checkpoint for one in saver.list(at("source"))]
    numbers = count()
    target = ""

    def begin() -> None:
        nonlocal target
        target = f"t{next(numbers)}"

    for died in each_death(saver._backend, begin, lambda: saver.copy_thread("source", target)):
        listed = [one.checkpoint for one in saver.list(at(target))]
        assert listed in ([], whole)
        if not died:
            assert listed == whole


def test_a_thread_that_is_pruned_keeps_its_newest_state(embedded: Any) -> None:
    saver = new_saver(embedded)
    fill(saver, "source", 40)
    old = newest(saver, "source")
    numbers = count()
    thread = ""

    def begin() -> None:
        nonlocal thread
        thread = f"t{next(numbers)}"
        saver.copy_thread("source", thread)

    for died in each_death(saver._backend, begin, lambda: saver.prune([thread])):
        assert newest(saver, thread) == old
        if not died:
            assert len([*saver.list(at(thread))]) == 1


def test_a_run_that_is_deleted_leaves_its_newest_state_or_the_one_before(embedded: Any) -> None:
    saver = new_saver(embedded)
    numbers = count()
    thread = run = ""

    def begin() -> None:
        nonlocal thread, run
        thread, run = f"t{(n := next(numbers))}", f"run{n}"
        parent = None
        for n in range(5):
            config = at(thread, parent)
            if n >= 2:
                config["metadata"] = {"run_id": run}
            found = put_in(saver, config, {"n": n})
            parent = found["configurable"]["checkpoint_id"]

    def put_in(saver: LeydenSaver, config: Any, values: Any) -> Any:
        made = put(saver, "elsewhere", values)
        found = saver.get_tuple(made)
        assert found is not None
        return saver.put(config, found.checkpoint, {}, {})

    for died in each_death(saver._backend, begin, lambda: saver.delete_for_runs([run])):
        values, _ = newest(saver, thread)
        assert values["n"] in ((4, 1) if died else (1,))
