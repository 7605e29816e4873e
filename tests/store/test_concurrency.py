"""Many processes change one item at the same time, and every change is there in the end.

With `LEYDEN_UPDATES` there are that many changes of the thread; in CI there are 1,000.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from leyden.store import DynamoDBStore
from tests.conftest import CI
from tests.store.stage import stage

PROCESSES: Final = 8
UPDATES: Final = int(os.environ.get("LEYDEN_UPDATES") or (1000 if CI else 200))
FEWER: Final = 40

pytestmark = pytest.mark.java


@pytest.fixture
def store(local_store: DynamoDBStore) -> DynamoDBStore:
    local_store.clear("memory")
    return local_store


def run_all(dynamodb_local: Any, store: DynamoDBStore, name: str, updates: int) -> dict[str, int]:
    """Make the changes; gives what must be there afterwards."""
    times = updates // PROCESSES
    calls = [
        {"name": name, "arguments": {"child": child, "times": times}} for child in range(PROCESSES)
    ]
    with stage(dynamodb_local, store.table_name) as running:
        assert running.run(calls) == [0] * PROCESSES
    return {f"{child}-{n}": n for child in range(PROCESSES) for n in range(times)}


def test_every_change_of_a_threads_metadata_survives(
    dynamodb_local: Any, store: DynamoDBStore
) -> None:
    store.memory.save_thread({"id": "t1", "resource_id": "alice", "metadata": {"own": True}})
    expected = run_all(dynamodb_local, store, "update_thread", UPDATES)
    thread = store.memory.get_thread_by_id("t1")
    assert thread is not None
    assert len(expected) == UPDATES
    assert thread.metadata == {"own": True, **expected}


def test_every_change_of_a_resource_survives_also_of_one_that_was_not_there(
    dynamodb_local: Any, store: DynamoDBStore
) -> None:
    expected = run_all(dynamodb_local, store, "update_resource", FEWER)
    resource = store.memory.get_resource_by_id("r1")
    assert resource is not None
    assert resource.metadata == expected


def test_every_change_of_messages_that_are_changed_together_survives(
    dynamodb_local: Any, store: DynamoDBStore
) -> None:
    store.memory.save_messages(
        [
            {"id": id, "thread_id": "t1", "role": "user", "content": {"parts": [], "content": id}}
            for id in ("m1", "m2")
        ]
    )
    expected = run_all(dynamodb_local, store, "update_message", FEWER)
    for message in store.memory.list_messages_by_id(["m1", "m2"]):
        assert message.content["metadata"] == expected
        assert message.content["content"] == message.id


def test_every_result_of_a_workflow_run_survives(dynamodb_local: Any, store: DynamoDBStore) -> None:
    expected = run_all(dynamodb_local, store, "update_run", FEWER)
    state = store.workflows.load_workflow_snapshot("weather", "run1")
    assert state is not None
    results = {step: {"number": number} for step, number in expected.items()}
    assert state["context"] == {**state["context"], **results}
