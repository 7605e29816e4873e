"""Every method of memory, workflows and scores, by both sides and on one table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from leyden.store.interface import Memory, Scores, Workflows
from tests.store.interop import values
from tests.store.interop.checks import they_answer, we_answer
from tests.store.interop.scripts import Step
from tests.store.interop.twins import OURS, SHARED, THEIRS, Twins
from tests.store.interop.words import MISSING_THERE, Call

pytestmark = pytest.mark.node


def message(id: str, thread: str, second: int, **fields: Any) -> dict[str, Any]:
    content = {"format": 2, "parts": [{"type": "text", "text": f"{id} — 日本 😀"}]}
    return {
        "id": id,
        "thread_id": thread,
        "resource_id": "alice",
        "role": "assistant" if second % 2 else "user",
        "type": "v2",
        "content": content,
        "created_at": values.START - timedelta(days=1, seconds=-second),
        **fields,
    }


def _of_memory() -> Iterator[Call]:
    def call(name: str, **arguments: Any) -> Call:
        return Call(f"memory.{name}", arguments)

    metadata = {"lang": "en", "n": 1.0, "deep": [{"x": None}, 0.1, 1e21]}
    first = values.START - timedelta(days=2)
    one = {"id": "One", "resource_id": "alice", "title": "", "created_at": first}
    yield call("save_thread", thread={**one, "metadata": metadata})
    yield call("save_thread", thread={"id": "two", "resource_id": "alice", "title": "Two"})
    yield call("save_thread", thread={"id": "three", "resource_id": "Bob", "title": "Three"})
    yield call("get_thread_by_id", thread_id="One")
    yield call("update_thread", id="One", title="Renamed", metadata={"lang": "it", "more": [1]})
    yield call("update_thread", id="missing", title="None")
    yield call("save_messages", messages=[message(f"m{n}", "One", n) for n in range(6)])
    yield call("save_messages", messages=[message(f"o{n}", "two", n // 2) for n in range(4)])
    yield call("save_messages", messages=[])
    yield call("save_messages", messages=[message("m1", "One", 1, role="tool")])
    yield call("list_messages", thread_id="One")
    yield call("list_messages", thread_id="two", per_page=3, page=1)
    yield call("list_messages", thread_id="two", order_by=("created_at", "desc"), per_page=3)
    yield call("list_messages_by_id", message_ids=["m3", "m0", "missing", "o1", "m0"])
    yield call(
        "update_messages",
        messages=[
            {"id": "m0", "content": {"metadata": {"score": 0.25}, "content": "Edited"}},
            {"id": "m5", "thread_id": "two", "role": "user"},
            {"id": "missing", "role": "user"},
        ],
    )
    yield call("delete_messages", message_ids=["m2", "o3", "missing"])
    yield call("list_messages", thread_id="One", resource_id="alice", per_page=None)
    yield call("list_threads", resource_id="alice", order_by=("created_at", "asc"))
    yield call("list_threads", metadata={"lang": "it"}, order_by=("updated_at", "desc"))
    yield call("update_thread_resource_id", thread_id="two", resource_id="Bob")
    yield call("update_thread_resource_id", thread_id="two", resource_id="Bob")
    yield call("update_thread_resource_id", thread_id="missing", resource_id="Bob")
    yield call("delete_thread", thread_id="two")
    yield call("delete_thread", thread_id="missing")
    yield call("list_messages", thread_id="two")
    resource = {"id": "alice", "working_memory": "# Facts", "metadata": {"tier": "gold"}}
    yield call("save_resource", resource=resource)
    yield call("update_resource", resource_id="alice", metadata={"since": 2024})
    yield call("update_resource", resource_id="new", working_memory="fresh")
    yield call("get_resource_by_id", resource_id="alice")
    yield call("get_resource_by_id", resource_id="missing")


def _of_workflows() -> Iterator[Call]:
    def call(name: str, **arguments: Any) -> Call:
        return Call(f"workflows.{name}", arguments)

    run = {"workflow_name": "Weather", "run_id": "run-1"}
    snapshot = {"status": "running", "context": {"input": {"city": "Lyon"}}, "value": {}}
    yield call("persist_workflow_snapshot", **run, snapshot=snapshot, resource_id="alice")
    other = {"workflow_name": "Weather", "run_id": "run-2"}
    yield call("persist_workflow_snapshot", **other, snapshot={**snapshot, "status": "failed"})
    yield call("load_workflow_snapshot", **run)
    yield call("load_workflow_snapshot", workflow_name="Weather", run_id="missing")
    result = {"status": "success", "output": {"temp": 21.5}}
    context = {"user": "alice"}
    yield call(
        "update_workflow_results", **run, step_id="fetch", result=result, request_context=context
    )
    yield call(
        "update_workflow_results",
        workflow_name="Weather",
        run_id="run-3",
        step_id="fetch",
        result=result,
        request_context={},
    )
    yield call("update_workflow_state", **run, opts={"status": "success"})
    missing = {"workflow_name": "Weather", "run_id": "missing"}
    yield call("update_workflow_state", **missing, opts={"status": "success"})
    yield call("list_workflow_runs", workflow_name="Weather")
    yield call("list_workflow_runs", status="failed", resource_id="alice")
    yield call("list_workflow_runs", resource_id="alice", per_page=1)
    yield call("get_workflow_run_by_id", **run)
    yield call("get_workflow_run_by_id", run_id="run-2")
    yield call("get_workflow_run_by_id", run_id="missing")
    yield call("delete_workflow_run_by_id", **other)
    yield call("delete_workflow_run_by_id", **missing)
    yield call("list_workflow_runs", workflow_name="Weather", page=0, per_page=2)


def _of_scores() -> Iterator[Call]:
    def call(name: str, **arguments: Any) -> Call:
        return Call(f"scores.{name}", arguments)

    score = {
        "scorer_id": "Relevance",
        "run_id": "run-1",
        "entity_id": "agent-1",
        "entity_type": "AGENT",
        "source": "LIVE",
        "score": 0.1,
        "scorer": {"id": "Relevance"},
        "entity": {"id": "agent-1"},
        "input": [{"role": "user", "content": "é"}],
        "output": {"text": "{}"},
        "reason": "",
    }
    yield call("save_score", score=score)
    yield call("save_score", score={**score, "trace_id": "tr", "span_id": "sp", "score": 1.0})
    yield call("get_score_by_id", id="missing")
    yield call("list_scores_by_scorer_id", scorer_id="Relevance", source="LIVE", per_page=1)
    yield call("list_scores_by_run_id", run_id="run-1")
    yield call("list_scores_by_entity_id", entity_id="agent-1", entity_type="AGENT")
    yield call("list_scores_by_span", trace_id="tr", span_id="sp")


CALLS: Final = (*_of_memory(), *_of_workflows(), *_of_scores())


def test_every_method_is_among_the_calls() -> None:
    methods = {
        f"{domain}.{name}"
        for domain, protocol in (("memory", Memory), ("workflows", Workflows), ("scores", Scores))
        for name in vars(protocol)
        if not name.startswith("_")
    }
    assert {call.method for call in CALLS} == methods - set(MISSING_THERE)


@pytest.mark.parametrize("turn", [0, 1], ids=["theirs first", "ours first"])
def test_both_sides_write_and_answer_the_same_in_every_method(twins: Twins, turn: int) -> None:
    for number, call in enumerate(CALLS):
        step = Step(call, values.START + timedelta(seconds=number), OURS)
        if call.name == "save_score":
            _save_score(twins, step)
            continue
        said = they_answer(twins, step, THEIRS)
        assert we_answer(twins, step, OURS) == said
        # On the shared table each call is made by the one and, if it reads, by the other too.
        speak = we_answer if (number + turn) % 2 else they_answer
        assert speak(twins, step, SHARED) == said
    items = twins.same_items()
    assert twins.tables[SHARED].items() == items


def _save_score(twins: Twins, step: Step) -> None:
    """Save a score by both sides, under the id that the client makes; by us on the shared table."""
    said = twins.they(step.call, now=step.now)
    with_id = {**step.call.arguments["score"], "id": said["id"]}
    saving = Call(step.call.method, {"score": with_id})
    for on in (OURS, SHARED):
        assert twins.we(saving, on, now=step.now) == said
    reading = Call("scores.get_score_by_id", {"id": said["id"]})
    for on in (OURS, THEIRS, SHARED):
        assert twins.they(reading, on) == twins.we(reading, on)


@pytest.mark.parametrize("domain", ["memory", "workflows", "scores"])
def test_both_sides_clear_the_same(twins: Twins, domain: str) -> None:
    for number, call in enumerate(CALLS):
        if call.name.startswith(("save_", "persist_")):
            twins.they(call, SHARED, now=values.START + timedelta(seconds=number))
    table = twins.tables[SHARED]
    before = table.items()
    kinds = {"memory": ("thread", "message", "resource"), "workflows": ("workflow_snapshot",)}
    left = [item for item in before if item["entity"]["S"] not in kinds.get(domain, ("score",))]
    assert len(left) < len(before)
    cleared = twins.client.call(table.name, domain, "dangerouslyClearAll", [])
    assert cleared.error is None
    assert table.items() == left
    for item in before:
        table.put(item)
    twins.stores[SHARED].clear(domain)
    assert table.items() == left
