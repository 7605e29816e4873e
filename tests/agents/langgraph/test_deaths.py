"""A process that dies between any two requests leaves the old state or the new one."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from leyden.agents.langgraph import LeydenSaver
from leyden.errors import InputError
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


def whole(saver: LeydenSaver, thread_id: str, places: Any = ()) -> dict[Any, Any]:
    """What a new process reads of a thread: the newest checkpoints, and some by their ids."""
    fresh = LeydenSaver(saver.app.table, engine=saver._backend._bound["engine"])
    listed = [*fresh.list({"configurable": {"thread_id": thread_id}})]
    named = {
        (one.config["configurable"]["checkpoint_ns"], one.config["configurable"]["checkpoint_id"])
        for one in listed[::8]
    }
    found = {
        (namespace, id): fresh.get_tuple(at(thread_id, id, namespace))
        for namespace, id in sorted({*named, *(place for place in places if len(place) == 2)})
        if id
    }
    shown = {place: one and (one.checkpoint, one.pending_writes) for place, one in found.items()}
    for namespace in {namespace for namespace, _ in shown}:
        shown[namespace, ""] = newest(fresh, thread_id, namespace)
    return {**shown, "listed": [one.checkpoint for one in listed]}


def fill(saver: LeydenSaver, thread_id: str, checkpoints: int, tasks: int = 1) -> None:
    parent = None
    for n in range(checkpoints):
        config = put(saver, thread_id, {"n": n, "essay": f"{n}{ESSAY}"}, parent)
        for task in range(tasks):
            saver.put_writes(config, [("n", n)], f"task {task}")
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


# What 3 checkpoints have fits a transaction, and what 12 with 9 tasks each have does not.
@pytest.mark.parametrize(("checkpoints", "tasks"), [(3, 1), (12, 9)])
def test_a_thread_that_is_deleted_is_there_whole_or_not_at_all(
    embedded: Any, checkpoints: int, tasks: int
) -> None:
    saver = new_saver(embedded)
    source = "source"
    fill(saver, source, checkpoints, tasks)
    child = at(source, namespace="child")
    found = saver.get_tuple(at(source))
    assert found is not None
    saver.put(child, found.checkpoint, {}, {})
    old = whole(saver, source)
    numbers = count()
    thread = ""

    def begin() -> None:
        nonlocal thread
        thread = f"t{next(numbers)}"
        saver.copy_thread(source, thread)
        assert whole(saver, thread, old) == old

    for died in each_death(saver._backend, begin, lambda: saver.delete_thread(thread)):
        now = whole(saver, thread, old)
        assert now == old or not any(now.values())
        if not died:
            assert not any(now.values())
        # Whoever deletes it again, finishes it.
        saver.delete_thread(thread)
        stored = saver.app.collections.history(thread_id=thread).go(pages="all")
        assert [kind for kind, _ in stored.entries] == ["generation"]
        assert not [*saver.app.entities.piece.query.pieces(thread_id=thread).go(pages="all")]


@pytest.mark.parametrize("checkpoints", [1, 15])
def test_a_copy_is_there_whole_or_not_at_all(embedded: Any, checkpoints: int) -> None:
    saver = new_saver(embedded)
    fill(saver, "source", checkpoints)
    source = whole(saver, "source")
    numbers = count()
    target = ""

    def begin() -> None:
        nonlocal target
        target = f"t{next(numbers)}"

    for died in each_death(saver._backend, begin, lambda: saver.copy_thread("source", target)):
        now = whole(saver, target, source)
        assert now == source or not any(now.values())
        if died and not any(now.values()):
            # Whoever goes on without it is seen, and whoever copies anew finishes it.
            if next(numbers) % 2:
                put(saver, target, {"n": "anew"})
                values, _ = newest(saver, target)
                assert values == {"n": "anew"}
                continue
            saver.copy_thread("source", target)
        assert whole(saver, target, source) == source


def test_nothing_is_copied_to_a_thread_that_has_checkpoints(embedded: Any) -> None:
    saver = new_saver(embedded)
    fill(saver, "source", 2)
    fill(saver, "target", 1)
    old = whole(saver, "target")
    with pytest.raises(InputError, match="has checkpoints: copy to a new one"):
        saver.copy_thread("source", "target")
    assert whole(saver, "target") == old
    saver.delete_thread("target")
    saver.copy_thread("nowhere", "target")
    assert not any(whole(saver, "target", old).values())
    saver.copy_thread("source", "target")
    assert whole(saver, "target") == whole(saver, "source")


def test_a_thread_that_is_pruned_keeps_its_newest_state(embedded: Any) -> None:
    saver = new_saver(embedded)
    fill(saver, "source", 12, 9)
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
