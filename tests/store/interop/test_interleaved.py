"""The client changes an item between our reading and our writing of it: both changes stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import leyden.events
from tests.store.interop import values
from tests.store.interop.test_every_method import message
from tests.store.interop.twins import SHARED, Twins
from tests.store.interop.words import Call

pytestmark = pytest.mark.node

RUN = {"workflow_name": "w", "run_id": "r"}
WRITES = {"UpdateItem", "PutItem", "BatchWriteItem", "TransactWriteItems"}


def _memory(name: str, **arguments: Any) -> Call:
    return Call(f"memory.{name}", arguments)


def _workflows(name: str, **arguments: Any) -> Call:
    return Call(f"workflows.{name}", {**RUN, **arguments})


THREAD = _memory("save_thread", thread={"id": "t", "resource_id": "r", "metadata": {"a": 0}})
SNAPSHOT = {"status": "running", "context": {"a": 0}, "requestContext": {}}

CASES = {
    "metadata of a thread": (
        (THREAD,),
        _memory("update_thread", id="t", metadata={"theirs": 1}),
        _memory("update_thread", id="t", metadata={"ours": 2}),
        _memory("get_thread_by_id", thread_id="t"),
        lambda found: found["metadata"],
    ),
    "metadata of a resource": (
        (_memory("save_resource", resource={"id": "r", "metadata": {"a": 0}}),),
        _memory("update_resource", resource_id="r", metadata={"theirs": 1}),
        _memory("update_resource", resource_id="r", metadata={"ours": 2}),
        _memory("get_resource_by_id", resource_id="r"),
        lambda found: found["metadata"],
    ),
    "a resource that is made by both": (
        (),
        _memory("update_resource", resource_id="r", metadata={"a": 0, "theirs": 1}),
        _memory("update_resource", resource_id="r", metadata={"ours": 2}),
        _memory("get_resource_by_id", resource_id="r"),
        lambda found: found["metadata"],
    ),
    "metadata of a message": (
        (
            THREAD,
            _memory("save_messages", messages=[message("m", "t", 0)]),
            _memory("update_messages", messages=[{"id": "m", "content": {"metadata": {"a": 0}}}]),
        ),
        _memory("update_messages", messages=[{"id": "m", "content": {"metadata": {"theirs": 1}}}]),
        _memory("update_messages", messages=[{"id": "m", "content": {"metadata": {"ours": 2}}}]),
        _memory("list_messages", thread_id="t"),
        lambda page: page["messages"][0]["content"]["metadata"],
    ),
    "results of a run": (
        (_workflows("persist_workflow_snapshot", snapshot=SNAPSHOT),),
        _workflows("update_workflow_results", step_id="theirs", result=1, request_context={}),
        _workflows("update_workflow_results", step_id="ours", result=2, request_context={}),
        _workflows("load_workflow_snapshot"),
        lambda snapshot: snapshot["context"],
    ),
    "the state of a run": (
        (_workflows("persist_workflow_snapshot", snapshot={**SNAPSHOT, "a": 0}),),
        _workflows("update_workflow_state", opts={"theirs": 1}),
        _workflows("update_workflow_state", opts={"ours": 2}),
        _workflows("load_workflow_snapshot"),
        lambda snapshot: {name: snapshot.get(name) for name in ("a", "theirs", "ours")},
    ),
}


@pytest.mark.parametrize("later", [0, 1], ids=["in the same millisecond", "later"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_of_the_clients_meanwhile_is_kept(
    twins: Twins, case: tuple[Any, ...], later: int
) -> None:
    before, change, own, reading, kept = case
    for call in before:
        twins.they(call, SHARED, now=values.START)
    # A client whose clock gives the stored time again is the hardest to notice.
    now = values.START + timedelta(milliseconds=later)
    interfered: list[str] = []

    def interfere(event: leyden.events.Event) -> None:
        if isinstance(event, leyden.events.RequestSent) and event.api in WRITES and not interfered:
            interfered.append(event.api)
            twins.they(change, SHARED, now=now)

    with leyden.events.listen(interfere):
        twins.we(own, SHARED, now=now)
    assert interfered
    assert kept(twins.they(reading, SHARED)) == {"a": 0, "theirs": 1, "ours": 2}
