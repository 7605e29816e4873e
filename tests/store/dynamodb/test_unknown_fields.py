"""What a newer client keeps in items beside what the schemas know outlives all that we do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from leyden.program import Request
from leyden.store import DynamoDBStore
from tests.store.whole import Item, raw_items

UNKNOWN: Final[Item] = {
    "labels": {"SS": ["a", "b"]},
    "nested": {"M": {"deep": {"L": [{"N": "1.50"}, {"NULL": True}]}}},
    "gsi9pk": {"S": "$mastra#later_x"},
    "blob": {"B": b"\x00\xff"},
}
SCORE: Final = {
    **dict.fromkeys(("scorer_id", "run_id", "entity_id", "input", "output"), "x"),
    "scorer": {"id": "x"},
    "entity": {"id": "x"},
    "source": "LIVE",
    "score": 1,
}
SPAN: Final = {
    "trace_id": "t",
    "name": "n",
    "scope": "s",
    "kind": 1,
    "start_time": 1,
    "end_time": 2,
}
EVAL: Final = {
    **dict.fromkeys(("global_run_id", "agent_name", "metric_name", "instructions"), "x"),
    **dict.fromkeys(("input", "output", "result"), "x"),
}


def message(id: str, text: str = "hi", **more: Any) -> dict[str, Any]:
    parts = [{"type": "text", "text": text}]
    common = {"thread_id": "t1", "role": "user", "content": {"format": 2, "parts": parts}}
    return {"id": id, **common, **more}


@pytest.fixture(params=["error", "chunk"])
def store(request: pytest.FixtureRequest, embedded: Any, table_name: str) -> Any:
    """A store with something of everything, and fields beside that no schema knows."""
    with DynamoDBStore(table_name=table_name, client=embedded, large_values=request.param) as store:
        store.app.create_table()
        store.memory.save_thread({"id": "t1", "resource_id": "alice", "metadata": {"a": 1}})
        store.memory.save_messages([message(f"m{n}") for n in range(3)])
        store.memory.save_resource({"id": "alice", "working_memory": "x"})
        store.workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
        store.scores.save_score({**SCORE, "id": "s1"})
        store.traces.batch_trace_insert([{**SPAN, "id": "p1"}, {**SPAN, "id": "p2"}])
        store.evals.insert_evals([{**EVAL, "run_id": "e1"}, {**EVAL, "run_id": "e2"}])
        for item in raw_items(store.app):
            whole = {"TableName": table_name, "Item": {**item, **UNKNOWN}}
            store.app.driver.send(Request("PutItem", whole))
        yield store


Act = Callable[[DynamoDBStore], Any]
ACTS: Final[dict[str, Act]] = {
    "save_thread": lambda s: s.memory.save_thread({"id": "t1", "resource_id": "bob"}),
    "save a thread as it was read": lambda s: s.memory.save_thread(s.memory.get_thread_by_id("t1")),
    "update_thread": lambda s: s.memory.update_thread("t1", title="New", metadata={"b": 1}),
    "update_thread_resource_id": lambda s: s.memory.update_thread_resource_id("t1", "bob"),
    "save a message": lambda s: s.memory.save_messages([message("m1", "again")]),
    "save a message that moves": lambda s: s.memory.save_messages([message("m1", thread_id="t2")]),
    "save messages": lambda s: s.memory.save_messages([message(f"m{n}", "again") for n in (0, 1)]),
    "save messages together": lambda s: s.memory.save_messages(
        [message(f"m{n}", "again") for n in (0, 1)], atomic=True
    ),
    "save messages as they were read": lambda s: s.memory.save_messages(
        s.memory.list_messages("t1").messages
    ),
    "update a message": lambda s: s.memory.update_messages([{"id": "m1", "role": "tool"}]),
    "update messages": lambda s: s.memory.update_messages(
        [{"id": f"m{n}", "content": {"metadata": {"seen": n}}} for n in range(3)]
    ),
    "move messages": lambda s: s.memory.update_messages(
        [{"id": f"m{n}", "thread_id": "t2"} for n in range(2)]
    ),
    "save_resource": lambda s: s.memory.save_resource({"id": "alice", "metadata": {"a": 1}}),
    "update_resource": lambda s: s.memory.update_resource("alice", working_memory="y"),
    "persist_workflow_snapshot": lambda s: s.workflows.persist_workflow_snapshot("w", "r", {}),
    "update_workflow_results": lambda s: s.workflows.update_workflow_results(
        "w", "r", step_id="a", result=1
    ),
    "update_workflow_state": lambda s: s.workflows.update_workflow_state("w", "r", {"status": "x"}),
    "save_score": lambda s: s.scores.save_score({**SCORE, "id": "s1", "score": 2}),
    "insert a span": lambda s: s.traces.batch_trace_insert([{**SPAN, "id": "p1", "name": "z"}]),
    "insert spans": lambda s: s.traces.batch_trace_insert(
        [{**SPAN, "id": f"p{n}", "name": "z"} for n in (1, 2, 3)]
    ),
    "insert an evaluation": lambda s: s.evals.insert_evals([{**EVAL, "run_id": "e1"}]),
    "insert evaluations": lambda s: s.evals.insert_evals(
        [{**EVAL, "run_id": f"e{n}", "output": "z"} for n in (1, 2, 3)]
    ),
}


def key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


@pytest.mark.parametrize("act", ACTS)
def test_what_is_not_known_stays(store: DynamoDBStore, act: str) -> None:
    before = {key(item): item for item in raw_items(store.app)}
    ACTS[act](store)
    after = {key(item): item for item in raw_items(store.app)}
    for place in before:
        assert {name: after[place].get(name) for name in UNKNOWN} == UNKNOWN, place


def test_copies_have_it_too(store: DynamoDBStore) -> None:
    before = {key(item) for item in raw_items(store.app)}
    cloned = store.memory.clone_thread("t1", resource_id="bob")
    store.memory.copy_thread("t1", message_ids=["m1"])
    made = [item for item in raw_items(store.app) if key(item) not in before]
    assert len(made) == 2 + 3 + 1
    for item in made:
        assert {name: item.get(name) for name in UNKNOWN} == UNKNOWN
        assert store.app.parse(item) is not None
    assert len(store.memory.list_messages(cloned.thread.id).messages) == 3


def test_it_is_read_past(store: DynamoDBStore) -> None:
    thread = store.memory.get_thread_by_id("t1")
    assert thread is not None
    assert store.memory.list_threads().threads == (thread,)
    assert store.memory.list_threads(resource_id="alice").threads == (thread,)
    assert [m.id for m in store.memory.list_messages("t1").messages] == ["m0", "m1", "m2"]
    assert len(store.memory.list_messages_by_id(["m0", "m1"])) == 2
    assert store.workflows.list_workflow_runs(workflow_name="w").runs[0].run_id == "r"
    assert store.scores.list_scores_by_run_id("x").scores[0].id == "s1"
    assert len(store.traces.get_traces(name="n").traces) == 2
    assert len(store.evals.get_evals(agent_name="x").evals) == 2
