"""Workflow runs on the table: stored as the TypeScript client stores them, and never lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import leyden
from leyden.errors import DecodeError, KeyCollisionError
from leyden.program import Request
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.dynamodb.store import DynamoDBWorkflows
from tests.memory_format.test_items import ITEMS
from tests.store.dynamodb.conftest import Clock, Requests, raw_items


@pytest.fixture
def workflows(app: leyden.Service, clock: Clock) -> Any:
    return DynamoDBWorkflows(app, clock, TtlRules(), 4)


STORED = [item for item in ITEMS if item["__edb_e__"]["S"] == "workflow_snapshot"]


@pytest.mark.parametrize("item", STORED, ids=lambda item: item["run_id"]["S"])
def test_a_run_is_stored_byte_for_byte_as_the_typescript_client_stores_it(
    workflows: Any, app: leyden.Service, item: dict[str, Any]
) -> None:
    workflows.persist_workflow_snapshot(
        item["workflow_name"]["S"],
        item["run_id"]["S"],
        json.loads(item["snapshot"]["S"]),
        resource_id=item.get("resourceId", {}).get("S"),
        created_at=datetime.fromisoformat(item["createdAt"]["S"]),
        updated_at=datetime.fromisoformat(item["updatedAt"]["S"]),
    )
    assert raw_items(app) == [item]


def test_a_second_save_keeps_the_time_of_creation_and_the_resource(
    workflows: Any, clock: Clock
) -> None:
    created = clock.time
    workflows.persist_workflow_snapshot("w", "r", {"status": "running"}, resource_id="alice")
    later = clock.advance(seconds=5)
    workflows.persist_workflow_snapshot("w", "r", {"status": "success"}, created_at=later)
    run = workflows.get_workflow_run_by_id("r")
    assert (run.created_at, run.updated_at, run.resource_id) == (created, later, "alice")
    assert run.snapshot == {"status": "success"}


def test_the_first_result_begins_a_run_as_the_typescript_client_begins_it(
    workflows: Any, app: leyden.Service, clock: Clock
) -> None:
    context = workflows.update_workflow_results(
        "w", "r", step_id="fetch", result={"ok": True}, request_context={"user": "alice"}
    )
    assert context == {"fetch": {"ok": True}}
    (item,) = raw_items(app)
    moment = int(clock.time.timestamp() * 1000)
    assert item["snapshot"]["S"] == (
        f'{{"context":{{"fetch":{{"ok":true}}}},"activePaths":[],"timestamp":{moment},'
        '"suspendedPaths":{},"activeStepsPath":{},"resumeLabels":{},"serializedStepGraph":[],'
        '"status":"pending","value":{},"waitingPaths":{},"runId":"r",'
        '"requestContext":{"user":"alice"}}'
    )
    assert item["createdAt"] == item["updatedAt"] == {"S": "2026-03-01T12:00:00.000Z"}


def test_results_and_request_context_are_merged_into_what_is_stored(workflows: Any) -> None:
    state = {"status": "running", "context": {"input": 1}, "requestContext": {"a": 1, "b": 1}}
    workflows.persist_workflow_snapshot("w", "r", state)
    workflows.update_workflow_results("w", "r", step_id="s", result=None, request_context={"b": 2})
    assert workflows.load_workflow_snapshot("w", "r") == {
        "status": "running",
        "context": {"input": 1, "s": None},
        "requestContext": {"a": 1, "b": 2},
    }


def test_a_state_is_changed_only_where_the_run_has_the_expected_status(workflows: Any) -> None:
    assert workflows.update_workflow_state("w", "r", {"status": "failed"}) is None
    workflows.persist_workflow_snapshot("w", "r", {"status": "suspended", "context": {}})
    kept = workflows.update_workflow_state(
        "w", "r", {"status": "failed"}, expected_status=["running", "pending"]
    )
    assert kept is None
    assert workflows.load_workflow_snapshot("w", "r")["status"] == "suspended"
    state = workflows.update_workflow_state(
        "w", "r", {"status": "running", "error": "late"}, expected_status="suspended"
    )
    assert state == {"status": "running", "context": {}, "error": "late"}
    assert workflows.load_workflow_snapshot("w", "r") == state


def test_no_result_is_lost_where_many_threads_update_one_run(
    workflows: Any, app: leyden.Service
) -> None:
    def update(number: int) -> None:
        if number % 3:
            workflows.update_workflow_results("w", "r", step_id=f"s{number}", result=number)
        else:
            workflows.update_workflow_state("w", "r", {f"f{number}": number})

    workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(update, range(48)))
    state = workflows.load_workflow_snapshot("w", "r")
    assert state["context"] == {f"s{number}": number for number in range(48) if number % 3}
    assert {name for name in state if name[0] == "f"} == {f"f{n}" for n in range(0, 48, 3)}


def test_runs_are_listed_in_the_order_of_their_ids_with_all_filters(
    workflows: Any, clock: Clock
) -> None:
    start = clock.time
    for number in range(6):
        workflows.persist_workflow_snapshot(
            "weather" if number % 2 else "Digest",
            f"run-{5 - number}",
            {"status": "failed" if number < 3 else "success"},
            resource_id="alice" if number != 1 else None,
        )
        clock.advance(seconds=1)

    def listed(**filters: Any) -> tuple[list[str], int | None]:
        page = workflows.list_workflow_runs(**filters, include_total=True)
        return [run.run_id for run in page.runs], page.total

    assert listed() == (["run-1", "run-3", "run-5", "run-0", "run-2", "run-4"], 6)
    assert listed(workflow_name="weather") == (["run-0", "run-2", "run-4"], 3)
    assert listed(workflow_name="WEATHER") == ([], 0)
    assert listed(status="failed") == (["run-3", "run-5", "run-4"], 3)
    assert listed(resource_id="alice", status="failed") == (["run-3", "run-5"], 2)
    assert listed(page=1, per_page=4) == (["run-2", "run-4"], 6)
    assert listed(per_page=0) == ([], 0)
    assert listed(from_date=start + timedelta(seconds=1), to_date=start + timedelta(seconds=3)) == (
        ["run-3", "run-2", "run-4"],
        3,
    )


def test_a_run_is_found_by_its_id_alone_through_an_index(
    workflows: Any, app: leyden.Service
) -> None:
    workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
    with Requests(app) as sent:
        assert workflows.get_workflow_run_by_id("r").workflow_name == "w"
        assert workflows.get_workflow_run_by_id("R") is None
        assert workflows.get_workflow_run_by_id("r", workflow_name="w").run_id == "r"
    assert sent.apis == ["Query", "Query", "GetItem"]


def test_ids_that_differ_by_case_only_are_neither_overwritten_nor_deleted(workflows: Any) -> None:
    workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
    with pytest.raises(KeyCollisionError):
        workflows.persist_workflow_snapshot("w", "R", {"status": "running"})
    with pytest.raises(KeyCollisionError):
        workflows.update_workflow_results("W", "r", step_id="s", result=1)
    workflows.delete_workflow_run_by_id("R", "w")
    assert workflows.load_workflow_snapshot("w", "R") is None
    assert workflows.load_workflow_snapshot("w", "r") == {"status": "running"}
    workflows.delete_workflow_run_by_id("r", "w")
    workflows.delete_workflow_run_by_id("r", "w")
    assert workflows.load_workflow_snapshot("w", "r") is None


def test_a_stored_state_that_is_no_object_is_refused_not_replaced(
    workflows: Any, app: leyden.Service
) -> None:
    workflows.persist_workflow_snapshot("w", "r", {})
    (item,) = raw_items(app)
    spoilt = {**item, "snapshot": {"S": "[1]"}}
    app.driver.send(Request("PutItem", {"TableName": app.table, "Item": spoilt}))
    with pytest.raises(DecodeError, match="not a JSON object"):
        workflows.update_workflow_results("w", "r", step_id="s", result=1)
    assert raw_items(app) == [spoilt]


def test_saves_and_updates_set_the_time_to_live(app: leyden.Service, clock: Clock) -> None:
    rules = TtlRules.of({"workflow_snapshot": timedelta(days=1)})
    workflows = DynamoDBWorkflows(app, clock, rules, 4)
    workflows.update_workflow_results("w", "r", step_id="s", result=1)
    expected = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert raw_items(app)[0]["ttl"] == {"N": str(int(expected.timestamp()))}
    clock.advance(hours=1)
    workflows.persist_workflow_snapshot("w", "r", {})
    assert raw_items(app)[0]["ttl"] == {"N": str(int(expected.timestamp()) + 3600)}
