"""Bad input is refused before anything is sent, in words that say where and never what."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leyden.errors import (
    InputError,
    InvalidCursorError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    UnknownAttributeError,
)
from tests.store.conformance.made import at, evaluation, message, score, thread, trace

NAIVE = datetime(2026, 1, 1)
SECRET = "s3cret-value"


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def own():
    inside: dict[str, object] = {}
    inside["self"] = inside
    return inside


THREADS = [
    ({"id": ""}, "id"),
    ({"id": "  "}, "id"),
    ({"id": 7}, "id"),
    ({"id": "a\ud800"}, "id"),
    ({"resource_id": ""}, "resource_id"),
    ({"title": 5}, "title"),
    ({"title": "\udfff"}, "title"),
    ({"metadata": "text"}, "metadata"),
    ({"metadata": [1]}, "metadata"),
    ({"metadata": {1: "x"}}, "metadata"),
    ({"metadata": {"a": float("nan")}}, "metadata.a"),
    ({"metadata": {"a": [object()]}}, r"metadata.a\[0\]"),
    ({"metadata": {"a": {1, 2}}}, "metadata.a"),
    ({"metadata": {"a": NAIVE}}, "metadata.a"),
    ({"metadata": own()}, "metadata"),
    ({"created_at": NAIVE}, "created_at"),
    ({"created_at": 1_700_000_000}, "created_at"),
    ({"created_at": "yesterday"}, "created_at"),
    ({"updated_at": NAIVE}, "updated_at"),
]


@pytest.mark.parametrize(("wrong", "where"), THREADS)
def test_threads_are_checked(store, wrong, where):
    with pytest.raises(InputError, match=where) as caught:
        store.memory.save_thread(thread(**wrong) if "id" not in wrong else {**thread(), **wrong})
    assert caught.value.operation == "store.memory.save_thread"
    assert store.memory.list_threads(include_total=True).total == 0


@pytest.mark.parametrize(
    ("fields", "error", "where"),
    [
        ({"id": "t1"}, RequiredAttributeError, "resource_id"),
        ({"resource_id": "alice"}, RequiredAttributeError, r"thread\.id"),
        (thread(titel="x"), UnknownAttributeError, 'did you mean "title"'),
        (thread(resourceId="x"), UnknownAttributeError, 'did you mean "resource_id"'),
        ({**thread(), 5: 1}, UnknownAttributeError, "int"),
        ("t1", InputError, "Thread"),
        (None, InputError, "Thread"),
        ([thread()], InputError, "Thread"),
    ],
)
def test_a_thread_has_its_fields_and_no_others(store, fields, error, where):
    with pytest.raises(error, match=where):
        store.memory.save_thread(fields)


MESSAGES = [
    ({"id": " "}, r"messages\[1\].id"),
    ({"thread_id": ""}, r"messages\[1\].thread_id"),
    ({"role": ""}, "role"),
    ({"role": None}, "role"),
    ({"type": 3}, "type"),
    ({"resource_id": " "}, "resource_id"),
    ({"content": None}, "content"),
    ({"content": 5}, "content"),
    ({"content": True}, "content"),
    ({"content": "\ud800"}, "content"),
    ({"content": {"parts": [b"x"]}}, r"content.parts\[0\]"),
    ({"content": own()}, "content"),
    ({"tool_call_args": float("inf")}, "tool_call_args"),
    ({"created_at": NAIVE}, "created_at"),
    ({"threadId": "t1"}, 'did you mean "thread_id"'),
]


@pytest.mark.parametrize(("wrong", "where"), MESSAGES)
def test_messages_are_checked_and_none_is_saved_where_one_is_wrong(store, wrong, where):
    several = [message("m1"), {**message("m2"), **wrong}]
    with pytest.raises(InputError, match=where) as caught:
        store.memory.save_messages(several)
    assert caught.value.operation == "store.memory.save_messages"
    assert store.memory.list_messages("t1", include_total=True).total == 0


@pytest.mark.parametrize("wrong", ["m1", None, 5, message("m1"), {"m1"}, ["m1"], [None], b"m1"])
def test_messages_are_given_as_a_list(store, wrong):
    with pytest.raises(InputError, match="messages"):
        store.memory.save_messages(wrong)


@pytest.mark.parametrize(
    ("change", "error", "where"),
    [
        ({}, RequiredAttributeError, r"messages\[0\].id"),
        ({"role": "x"}, RequiredAttributeError, "id"),
        ({"id": ""}, InputError, "id"),
        ({"id": "m1", "created_at": at(1)}, ReadOnlyAttributeError, "created_at"),
        ({"id": "m1", "updated_at": at(1)}, ReadOnlyAttributeError, "updated_at"),
        ({"id": "m1", "thread_id": " "}, InputError, "thread_id"),
        ({"id": "m1", "rolle": "x"}, UnknownAttributeError, "role"),
        ({"id": "m1", "content": 5}, InputError, "content"),
        ({"id": "m1", "content": {"metadata": [1]}}, InputError, "content.metadata"),
        ({"id": "m1", "content": {"metadata": {"a": {1}}}}, InputError, "content.metadata.a"),
        ("m1", InputError, "mapping"),
    ],
)
def test_changes_of_messages_are_checked(store, change, error, where):
    (saved,) = store.memory.save_messages([message("m1")])
    with pytest.raises(error, match=where):
        store.memory.update_messages([{"id": "m1", "role": "system"}, change][::-1])
    assert store.memory.list_messages_by_id(["m1"]) == [saved]


LISTINGS = [
    ({"thread_id": ""}, "thread_id"),
    ({"thread_id": " "}, "thread_id"),
    ({"thread_id": []}, "thread_id"),
    ({"thread_id": ["t1", ""]}, r"thread_id\[1\]"),
    ({"thread_id": None}, "thread_id"),
    ({"thread_id": 5}, "thread_id"),
    ({"resource_id": ""}, "resource_id"),
    ({"page": -1}, "page"),
    ({"page": 1.0}, "page"),
    ({"page": True}, "page"),
    ({"page": None}, "page"),
    ({"per_page": -1}, "per_page"),
    ({"per_page": "4"}, "per_page"),
    ({"per_page": False}, "per_page"),
    ({"page": 1, "per_page": None}, "per_page"),
    ({"order_by": "created_at"}, "order_by"),
    ({"order_by": ("created_at",)}, "order_by"),
    ({"order_by": ("created_at", "down")}, "order_by"),
    ({"order_by": ("created_at", "DESC")}, "order_by"),
    ({"order_by": ("createdAt", "asc")}, "created_at"),
    ({"order_by": ("updated_at", "asc")}, "order_by"),
    ({"order_by": None}, "order_by"),
    ({"date_range": {"start": NAIVE}}, "date_range.start"),
    ({"date_range": {"begin": at(1)}}, "begin"),
    ({"date_range": {"start_exclusive": 1}}, "start_exclusive"),
    ({"date_range": (at(0), at(1))}, "date_range"),
    ({"metadata": ["a"]}, "metadata"),
    ({"metadata": {5: 1}}, "metadata"),
    ({"metadata": {"a": {1}}}, "metadata.a"),
    ({"include": "m1"}, "include"),
    ({"include": ["m1"]}, r"include\[0\]"),
    ({"include": [{"with_next_messages": 1}]}, r"include\[0\].id"),
    ({"include": [{"id": "m1", "with_next_messages": -1}]}, "with_next_messages"),
    ({"include": [{"id": "m1", "with_previous_messages": 1.5}]}, "with_previous_messages"),
    ({"include": [{"id": "m1", "withNextMessages": 1}]}, "with_next_messages"),
    ({"include_total": None}, "include_total"),
    ({"cursor": 5}, "cursor"),
]


@pytest.mark.parametrize(("wrong", "where"), LISTINGS)
def test_what_is_asked_for_is_checked(store, wrong, where):
    with pytest.raises(InputError, match=where) as caught:
        store.memory.list_messages(**{"thread_id": "t1", **wrong})
    assert caught.value.operation == "store.memory.list_messages"
    if "thread_id" in wrong:
        return
    with pytest.raises(InputError, match=where):
        store.memory.list_messages_by_resource_id(**{"resource_id": "alice", **wrong})


def test_a_page_number_and_a_cursor_contradict_each_other(store):
    store.memory.save_messages([message(f"m{i}", i) for i in range(4)])
    cursor = store.memory.list_messages("t1", per_page=2).cursor
    with pytest.raises(InputError, match="cursor"):
        store.memory.list_messages("t1", per_page=2, page=1, cursor=cursor)


@pytest.mark.parametrize(
    "wrong",
    [
        {"page": -1},
        {"per_page": -5},
        {"order_by": ("title", "asc")},
        {"metadata": "x"},
        {"resource_id": ""},
        {"page": 2, "per_page": None},
    ],
)
def test_listings_of_threads_are_checked(store, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        store.memory.list_threads(**wrong)


CALLS = [
    (lambda s: s.memory.get_thread_by_id(""), "thread_id"),
    (lambda s: s.memory.get_thread_by_id(None), "thread_id"),
    (lambda s: s.memory.get_thread_by_id("t1", resource_id=""), "resource_id"),
    (lambda s: s.memory.delete_thread(" "), "thread_id"),
    (lambda s: s.memory.update_thread(""), "id"),
    (lambda s: s.memory.update_thread("t1", title=5), "title"),
    (lambda s: s.memory.update_thread("t1", metadata=[1]), "metadata"),
    (lambda s: s.memory.list_messages_by_id("m1"), "message_ids"),
    (lambda s: s.memory.list_messages_by_id(["m1", ""]), r"message_ids\[1\]"),
    (lambda s: s.memory.delete_messages("m1"), "message_ids"),
    (lambda s: s.memory.delete_messages([None]), r"message_ids\[0\]"),
    (lambda s: s.memory.list_messages_by_resource_id(""), "resource_id"),
    (lambda s: s.memory.copy_thread(""), "source_thread_id"),
    (lambda s: s.memory.copy_thread("t1", new_thread_id=""), "new_thread_id"),
    (lambda s: s.memory.copy_thread("t1", message_limit=-1), "message_limit"),
    (lambda s: s.memory.copy_thread("t1", start_date=NAIVE), "start_date"),
    (lambda s: s.memory.clone_thread("t1", end_date=NAIVE), "end_date"),
    (lambda s: s.memory.clone_thread("t1", message_ids="m1"), "message_ids"),
    (lambda s: s.memory.clone_thread("t1", metadata="x"), "metadata"),
    (lambda s: s.memory.update_thread_resource_id("t1", ""), "resource_id"),
    (lambda s: s.memory.get_resource_by_id(""), "resource_id"),
    (lambda s: s.memory.save_resource({}), "id"),
    (lambda s: s.memory.save_resource({"id": "a", "working_memory": {}}), "working_memory"),
    (lambda s: s.memory.save_resource({"id": "a", "name": "x"}), "name"),
    (lambda s: s.memory.update_resource("", working_memory="x"), "resource_id"),
    (lambda s: s.memory.update_resource("a", working_memory=5), "working_memory"),
    (lambda s: s.memory.update_resource("a", metadata=5), "metadata"),
    (lambda s: s.workflows.persist_workflow_snapshot("", "r", {}), "workflow_name"),
    (lambda s: s.workflows.persist_workflow_snapshot("w", "", {}), "run_id"),
    (lambda s: s.workflows.persist_workflow_snapshot("w", "r", "x"), "snapshot"),
    (lambda s: s.workflows.persist_workflow_snapshot("w", "r", {"a": {1}}), "snapshot.a"),
    (lambda s: s.workflows.persist_workflow_snapshot("w", "r", {}, created_at=NAIVE), "created_at"),
    (lambda s: s.workflows.load_workflow_snapshot("w", None), "run_id"),
    (lambda s: s.workflows.update_workflow_results("w", "r", step_id="", result=1), "step_id"),
    (lambda s: s.workflows.update_workflow_results("w", "r", step_id="a", result={1}), "result"),
    (
        lambda s: s.workflows.update_workflow_results(
            "w", "r", step_id="a", result=1, request_context=[]
        ),
        "request_context",
    ),
    (lambda s: s.workflows.update_workflow_state("w", "r", []), "opts"),
    (
        lambda s: s.workflows.update_workflow_state("w", "r", {}, expected_status=5),
        "expected_status",
    ),
    (lambda s: s.workflows.list_workflow_runs(page=-1), "page"),
    (lambda s: s.workflows.list_workflow_runs(from_date=NAIVE), "from_date"),
    (lambda s: s.workflows.list_workflow_runs(status=""), "status"),
    (lambda s: s.workflows.get_workflow_run_by_id(""), "run_id"),
    (lambda s: s.workflows.delete_workflow_run_by_id("r", ""), "workflow_name"),
    (lambda s: s.scores.get_score_by_id(""), "id"),
    (lambda s: s.scores.save_score(score(score="high")), "score.score"),
    (lambda s: s.scores.save_score(score(score=True)), "score.score"),
    (lambda s: s.scores.save_score(score(score=float("nan"))), "score.score"),
    (lambda s: s.scores.save_score(score(source="live")), "LIVE"),
    (lambda s: s.scores.save_score(score(scorer="relevance")), "score.scorer"),
    (lambda s: s.scores.save_score(score(metadata=[1])), "score.metadata"),
    (lambda s: s.scores.save_score(score(scorer_id="")), "score.scorer_id"),
    (lambda s: s.scores.save_score(score(output={1})), "score.output"),
    (lambda s: s.scores.save_score(without(score(), "run_id")), "score.run_id"),
    (lambda s: s.scores.save_score(without(score(), "output")), "score.output"),
    (lambda s: s.scores.save_score(score(scorerId="x")), "scorer_id"),
    (lambda s: s.scores.list_scores_by_scorer_id(""), "scorer_id"),
    (lambda s: s.scores.list_scores_by_scorer_id("a", source="live"), "source"),
    (lambda s: s.scores.list_scores_by_run_id("a", page=-1), "page"),
    (lambda s: s.scores.list_scores_by_entity_id("a", ""), "entity_type"),
    (lambda s: s.scores.list_scores_by_span("a", ""), "span_id"),
    (lambda s: s.traces.batch_trace_insert(trace("a")), "records"),
    (lambda s: s.traces.batch_trace_insert([without(trace("a"), "name")]), r"records\[0\].name"),
    (lambda s: s.traces.batch_trace_insert([trace("a", kind="x")]), r"records\[0\].kind"),
    (lambda s: s.traces.batch_trace_insert([trace("a", start_time=at(0))]), "start_time"),
    (lambda s: s.traces.get_traces(name=""), "name"),
    (lambda s: s.traces.get_traces(per_page=-1), "per_page"),
    (lambda s: s.evals.insert_evals([without(evaluation("a"), "result")]), "result"),
    (lambda s: s.evals.insert_evals([evaluation("a", instructions=5)]), "instructions"),
    (lambda s: s.evals.get_evals(type="tests"), "test"),
    (lambda s: s.evals.get_evals(to_date=NAIVE), "to_date"),
    (lambda s: s.evals.get_evals_by_agent_name(""), "agent_name"),
]


@pytest.mark.parametrize(("call", "where"), CALLS)
def test_arguments_are_checked(store, call, where):
    with pytest.raises(InputError, match=where) as caught:
        call(store)
    assert caught.value.operation is not None
    assert caught.value.operation.startswith("store.")


def test_refusals_never_show_values(store):
    calls = [
        lambda: store.memory.save_thread({"id": "a", "resource_id": [SECRET]}),
        lambda: store.memory.save_thread(thread(created_at=SECRET)),
        lambda: store.memory.save_thread(thread(metadata={"a": {SECRET}})),
        lambda: store.memory.save_messages([{**message("m1"), "content": SECRET.encode()}]),
        lambda: store.memory.list_messages("t1", cursor=SECRET),
        lambda: store.memory.list_threads(order_by=(SECRET, "asc")),
        lambda: store.scores.save_score(score(source=SECRET)),
    ]
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert SECRET not in str(caught.value)


def test_cursors_are_no_secret_door(store):
    store.memory.save_messages([message("m1", thread_id="t2"), message("m2", thread_id="t2")])
    cursor = store.memory.list_messages("t2", per_page=1).cursor
    with pytest.raises(InvalidCursorError):
        store.memory.list_messages("t1", cursor=cursor)


def test_a_clock_without_a_time_zone_is_refused(open_store):
    with pytest.raises(InputError):
        open_store(clock=lambda: NAIVE + timedelta(0)).memory.save_thread(thread())
