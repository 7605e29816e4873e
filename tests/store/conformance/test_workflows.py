"""Workflow runs keep their state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leyden.errors import KeyCollisionError
from tests.store.conformance.made import at, pages_by_cursor

SNAPSHOT = {
    "runId": "r1",
    "status": "running",
    "context": {"input": {"city": "Lyon"}, "fetch": {"status": "success", "output": [1, None]}},
    "value": {},
    "timestamp": 1_770_000_000_000,
}


def test_a_snapshot_is_loaded_as_it_was_persisted(store, clock):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT, resource_id="alice")
    assert store.workflows.load_workflow_snapshot("weather", "r1") == SNAPSHOT
    run = store.workflows.get_workflow_run_by_id("r1", workflow_name="weather")
    assert (run.workflow_name, run.run_id, run.snapshot) == ("weather", "r1", SNAPSHOT)
    assert (run.resource_id, run.created_at, run.updated_at) == ("alice", clock.now, clock.now)
    assert store.workflows.get_workflow_run_by_id("r1") == run


def test_a_missing_run_is_none(store):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT)
    assert store.workflows.load_workflow_snapshot("weather", "r2") is None
    assert store.workflows.load_workflow_snapshot("other", "r1") is None
    assert store.workflows.get_workflow_run_by_id("r2") is None
    assert store.workflows.get_workflow_run_by_id("r1", workflow_name="other") is None


def test_persisting_again_keeps_the_creation_and_the_resource(store, clock):
    store.workflows.persist_workflow_snapshot(
        "weather", "r1", SNAPSHOT, resource_id="alice", created_at=at(1), updated_at=at(2)
    )
    later = clock.tick()
    changed = {**SNAPSHOT, "status": "success"}
    store.workflows.persist_workflow_snapshot("weather", "r1", changed, created_at=at(9))
    run = store.workflows.get_workflow_run_by_id("r1")
    assert (run.created_at, run.updated_at, run.resource_id) == (at(1), later, "alice")
    assert run.snapshot == changed
    store.workflows.persist_workflow_snapshot("weather", "r1", changed, resource_id="bob")
    assert store.workflows.get_workflow_run_by_id("r1").resource_id == "bob"


def test_a_run_id_may_be_of_several_workflows(store):
    for name in ("b", "a"):
        store.workflows.persist_workflow_snapshot(name, "r1", {**SNAPSHOT, "value": {"of": name}})
    assert store.workflows.load_workflow_snapshot("a", "r1")["value"] == {"of": "a"}
    assert store.workflows.get_workflow_run_by_id("r1").workflow_name == "a"


def test_ids_that_differ_by_case_only_do_not_overwrite_each_other(store):
    store.workflows.persist_workflow_snapshot("Weather", "Run", SNAPSHOT)
    for name, run in (("weather", "Run"), ("Weather", "run")):
        with pytest.raises(KeyCollisionError):
            store.workflows.persist_workflow_snapshot(name, run, {"status": "x"})
        with pytest.raises(KeyCollisionError):
            store.workflows.update_workflow_results(name, run, step_id="s", result=1)
        assert store.workflows.load_workflow_snapshot(name, run) is None
        assert store.workflows.update_workflow_state(name, run, {"status": "x"}) is None
        store.workflows.delete_workflow_run_by_id(run, name)
    assert store.workflows.get_workflow_run_by_id("run") is None
    assert store.workflows.load_workflow_snapshot("Weather", "Run") == SNAPSHOT


def test_results_are_put_into_the_context(store, clock):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT)
    later = clock.tick()
    context = store.workflows.update_workflow_results(
        "weather",
        "r1",
        step_id="plan",
        result={"status": "success", "output": "é"},
        request_context={"user": "alice"},
    )
    assert context == {**SNAPSHOT["context"], "plan": {"status": "success", "output": "é"}}
    run = store.workflows.get_workflow_run_by_id("r1")
    assert run.snapshot == {**SNAPSHOT, "context": context, "requestContext": {"user": "alice"}}
    assert run.updated_at == later
    store.workflows.update_workflow_results(
        "weather", "r1", step_id="plan", result=None, request_context={"role": "admin"}
    )
    state = store.workflows.load_workflow_snapshot("weather", "r1")
    assert state["context"]["plan"] is None
    assert state["requestContext"] == {"user": "alice", "role": "admin"}


def test_results_begin_a_pending_run_where_there_is_none(store, clock):
    context = store.workflows.update_workflow_results("weather", "r1", step_id="a", result=[1])
    assert context == {"a": [1]}
    run = store.workflows.get_workflow_run_by_id("r1", workflow_name="weather")
    assert run.snapshot == {
        "context": {"a": [1]},
        "activePaths": [],
        "timestamp": int(clock.now.timestamp() * 1000),
        "suspendedPaths": {},
        "activeStepsPath": {},
        "resumeLabels": {},
        "serializedStepGraph": [],
        "status": "pending",
        "value": {},
        "waitingPaths": {},
        "runId": "r1",
        "requestContext": {},
    }
    assert run.created_at == run.updated_at == clock.now


def test_fields_of_the_state_are_set(store, clock):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT, resource_id="alice")
    later = clock.tick()
    fields = {"status": "failed", "error": {"message": "No"}, "value": {"a": [1]}}
    state = store.workflows.update_workflow_state("weather", "r1", fields)
    assert state == {**SNAPSHOT, **fields}
    run = store.workflows.get_workflow_run_by_id("r1")
    assert (run.snapshot, run.updated_at, run.resource_id) == (state, later, "alice")


def test_the_state_of_a_missing_run_is_none_and_makes_none(store):
    assert store.workflows.update_workflow_state("weather", "r1", {"status": "x"}) is None
    assert store.workflows.load_workflow_snapshot("weather", "r1") is None


@pytest.mark.parametrize(
    ("expected", "changes"),
    [(None, True), ("running", True), (["pending", "running"], True), ("pending", False)],
)
def test_the_state_is_changed_from_an_expected_status_only(store, expected, changes):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT)
    before = store.workflows.get_workflow_run_by_id("r1")
    state = store.workflows.update_workflow_state(
        "weather", "r1", {"status": "success"}, expected_status=expected
    )
    assert (state is not None) == changes
    if not changes:
        assert store.workflows.get_workflow_run_by_id("r1") == before


def test_of_many_that_expect_a_status_one_changes_it(store):
    store.workflows.persist_workflow_snapshot("weather", "r1", SNAPSHOT)

    def claim(worker: int) -> bool:
        fields = {"status": "claimed", "by": worker}
        return bool(
            store.workflows.update_workflow_state(
                "weather", "r1", fields, expected_status="running"
            )
        )

    with ThreadPoolExecutor(5) as pool:
        claims = list(pool.map(claim, range(5)))
    assert claims.count(True) == 1
    state = store.workflows.load_workflow_snapshot("weather", "r1")
    assert state["by"] == claims.index(True)


def test_concurrent_results_lose_nothing_not_even_of_a_new_run(store):
    def update(worker: int) -> None:
        for i in range(4):
            store.workflows.update_workflow_results(
                "weather",
                "r1",
                step_id=f"{worker}-{i}",
                result={"n": i},
                request_context={f"c{worker}-{i}": i},
            )

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(update, range(5)))
    state = store.workflows.load_workflow_snapshot("weather", "r1")
    assert state["context"] == {f"{w}-{i}": {"n": i} for w in range(5) for i in range(4)}
    assert state["requestContext"] == {f"c{w}-{i}": i for w in range(5) for i in range(4)}


def test_a_deleted_run_is_gone_and_deleting_it_again_is_no_error(store):
    for run in ("r1", "r2"):
        store.workflows.persist_workflow_snapshot("weather", run, SNAPSHOT)
    store.workflows.delete_workflow_run_by_id("r1", "weather")
    store.workflows.delete_workflow_run_by_id("r1", "weather")
    assert store.workflows.load_workflow_snapshot("weather", "r1") is None
    assert store.workflows.load_workflow_snapshot("weather", "r2") == SNAPSHOT


@pytest.fixture
def runs(store):
    for i in range(12):
        store.workflows.persist_workflow_snapshot(
            "weather" if i % 3 else "Digest",
            f"run-{i:02}",
            {"status": ["running", "success"][i % 2], "context": {}},
            resource_id=["alice", "bob", None][i % 3],
            created_at=at(i),
        )
    return store.workflows


def numbers(page):
    return [int(run.run_id[4:]) for run in page.runs]


def test_runs_of_a_workflow_are_listed_in_the_order_of_their_ids(runs):
    page = runs.list_workflow_runs(workflow_name="weather", include_total=True)
    assert (numbers(page), page.total) == ([1, 2, 4, 5, 7, 8, 10, 11], 8)
    assert numbers(runs.list_workflow_runs(workflow_name="Digest")) == [0, 3, 6, 9]
    assert runs.list_workflow_runs(workflow_name="WEATHER", include_total=True).total == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, range(12)),
        ({"resource_id": "bob"}, [1, 4, 7, 10]),
        ({"status": "success"}, [1, 3, 5, 7, 9, 11]),
        ({"workflow_name": "weather", "status": "running"}, [2, 4, 8, 10]),
        ({"from_date": at(9)}, [9, 10, 11]),
        ({"to_date": at(2)}, [0, 1, 2]),
        ({"from_date": at(3), "to_date": at(5), "workflow_name": "weather"}, [4, 5]),
        ({"from_date": at(5), "to_date": at(3)}, []),
        ({"status": "lost"}, []),
    ],
)
def test_runs_are_filtered(runs, options, expected):
    page = runs.list_workflow_runs(**options, per_page=None, include_total=True)
    assert sorted(numbers(page)) == list(expected)
    assert page.total == len(expected)
    for with_total in (False, True):
        read = pages_by_cursor(
            runs.list_workflow_runs, per_page=3, include_total=with_total, **options
        )
        pages = list(read)
        assert [run for page in pages for run in numbers(page)] == numbers(page)
        assert {page.total for page in pages} == {len(expected) if with_total else None}


@pytest.mark.parametrize("workflow_name", ["weather", None])
def test_pages_of_runs_are_the_whole(runs, workflow_name):
    options = {"workflow_name": workflow_name}
    whole = numbers(runs.list_workflow_runs(**options, per_page=None))
    for size in (1, 5, 12):
        pages = [
            runs.list_workflow_runs(**options, page=page, per_page=size)
            for page in range(-(-len(whole) // size) + 1)
        ]
        assert [number for page in pages for number in numbers(page)] == whole
        assert [page.has_more for page in pages] == [
            (n + 1) * size < len(whole) for n in range(len(pages))
        ]
        assert {page.total for page in pages} == {None}
    assert len(runs.list_workflow_runs().runs) == 10
    assert runs.list_workflow_runs(per_page=0).runs == ()
