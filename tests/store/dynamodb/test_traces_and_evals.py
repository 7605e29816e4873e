"""Spans and evaluations on the table, as the earlier TypeScript client stored them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import leyden
from leyden.errors import (
    BatchIncompleteError,
    KeyCollisionError,
    SaveIncompleteError,
    ThrottledError,
)
from leyden.program import Request
from leyden.results import BatchResult
from leyden.store.dynamodb.settings import TTL, TtlRules
from leyden.store.dynamodb.store import DynamoDBEvals, DynamoDBTraces
from leyden.store.dynamodb.writing import incomplete
from tests.memory_format.test_items import EARLIER
from tests.store.dynamodb.conftest import Clock, Requests, raw_items

TRACE, EVAL = EARLIER


@pytest.fixture
def traces(app: leyden.Service, clock: Clock) -> Any:
    return DynamoDBTraces(app, clock, TtlRules(), 4)


@pytest.fixture
def evals(app: leyden.Service, clock: Clock) -> Any:
    return DynamoDBEvals(app, clock, TtlRules(), 4)


def span(id: str, **fields: Any) -> dict[str, Any]:
    usual = {"trace_id": "t", "name": "run", "scope": "app", "kind": 1}
    return {"id": id, **usual, "start_time": 10, "end_time": 20, **fields}


def evaluation(run_id: str, **fields: Any) -> dict[str, Any]:
    usual = {"global_run_id": "g", "agent_name": "Chef", "metric_name": "tone"}
    texts = {"instructions": "Be kind.", "input": "hi", "output": "hello"}
    return {"run_id": run_id, **usual, **texts, "result": {"score": 1}, **fields}


def test_a_span_is_stored_byte_for_byte_as_the_earlier_client_stored_it(
    app: leyden.Service, clock: Clock
) -> None:
    made = datetime.fromisoformat(TRACE["createdAt"]["S"])
    clock.time = made
    expiry = datetime.fromtimestamp(int(TRACE["ttl"]["N"]), UTC)
    traces = DynamoDBTraces(app, clock, TtlRules.of({"trace": expiry - made}), 4)
    traces.batch_trace_insert(
        [
            {
                "id": "Span-1",
                "trace_id": "tr-1",
                "parent_span_id": "span-0",
                "name": "agent.Generate",
                "scope": "default-tracer",
                "kind": 1,
                "start_time": 1746086400000000,
                "end_time": 1746086400250000,
                "attributes": json.loads(TRACE["attributes"]["S"]),
                "status": {"code": 1},
                "events": [],
                "links": [],
                "other": TRACE["other"]["S"],
            }
        ]
    )
    assert raw_items(app) == [TRACE]


def test_an_evaluation_is_stored_byte_for_byte_as_the_earlier_client_stored_it(
    app: leyden.Service, clock: Clock
) -> None:
    clock.time = datetime.fromisoformat(EVAL["updatedAt"]["S"])
    expiry = datetime.fromtimestamp(int(EVAL["expiresAt"]["N"]), UTC)
    rules = TtlRules.of({"eval": TTL(after=expiry - clock.time, attribute="expires_at")})
    evals = DynamoDBEvals(app, clock, rules, 4)
    evals.insert_evals(
        [
            {
                "run_id": "Run-1",
                "global_run_id": "g-1",
                "agent_name": "Chef",
                "metric_name": "tone",
                "instructions": "Be kind.",
                "input": "hi",
                "output": "hello",
                "result": {"score": 0.75, "info": {}},
                "test_info": {"testName": "a"},
            }
        ]
    )
    # The item was made in two steps there, a second apart.
    assert raw_items(app) == [{**EVAL, "createdAt": EVAL["updatedAt"]}]


def test_spans_are_listed_by_name_and_scope_newest_start_first(traces: Any, clock: Clock) -> None:
    start = clock.time
    traces.batch_trace_insert(
        [
            span("a", start_time=9, created_at=start),
            span("b", start_time=100, created_at=start + timedelta(seconds=1)),
            span("B2", start_time=100, name="other", created_at=start + timedelta(seconds=2)),
            span("c", start_time=20, scope="lib", created_at=start + timedelta(seconds=3)),
        ]
    )

    def ids(**options: Any) -> list[str]:
        return [trace.id for trace in traces.get_traces(**options).traces]

    assert ids() == ["b", "B2", "c", "a"]
    assert ids(name="run") == ["b", "c", "a"]
    assert ids(scope="app") == ["b", "B2", "a"]
    assert ids(name="run", scope="lib") == ["c"]
    after = start + timedelta(seconds=1)
    assert ids(from_date=after, to_date=start + timedelta(seconds=2)) == ["b", "B2"]
    page = traces.get_traces(page=1, per_page=3, include_total=True)
    assert ([t.id for t in page.traces], page.total, page.has_more) == (["a"], 4, False)


def test_evaluations_are_listed_by_agent_and_kind_newest_first(evals: Any, clock: Clock) -> None:
    start = clock.time
    evals.insert_evals(
        [
            evaluation("a", test_info={"testPath": "tests/a.ts"}),
            evaluation("b", test_info={"testName": "x"}, created_at=start + timedelta(seconds=1)),
            evaluation("c", agent_name="Waiter", input={"q": 1}),
        ]
    )

    def ids(**options: Any) -> list[str]:
        return [one.run_id for one in evals.get_evals(**options).evals]

    assert ids() == ["b", "a", "c"]
    assert ids(agent_name="Chef") == ["b", "a"]
    assert ids(type="test") == ["a"]
    assert ids(type="live") == ["b", "c"]
    assert ids(to_date=start) == ["a", "c"]
    assert [one.run_id for one in evals.get_evals_by_agent_name("Chef", type="live")] == ["b"]
    (waiter,) = evals.get_evals_by_agent_name("Waiter")
    assert (waiter.input, waiter.output, waiter.created_at) == ({"q": 1}, "hello", start)
    assert evals.get_evals(per_page=1).has_more is True


def test_a_hundred_spans_take_a_read_of_their_ids_and_four_writes(
    traces: Any, app: leyden.Service
) -> None:
    with Requests(app) as sent:
        traces.batch_trace_insert([span(f"s{number}") for number in range(100)])
    assert sent.apis == ["BatchGetItem"] + ["BatchWriteItem"] * 4
    assert traces.get_traces(per_page=None, include_total=True).total == 100


def test_no_span_overwrites_one_whose_id_differs_by_case_only(
    traces: Any, app: leyden.Service
) -> None:
    traces.batch_trace_insert([])
    traces.batch_trace_insert([span("a", kind=1)])
    stored = raw_items(app)
    for batch in ([span("A")], [span("A"), span("b")], [span("c"), span("C")]):
        with pytest.raises(KeyCollisionError):
            traces.batch_trace_insert(batch)
    assert raw_items(app) == stored
    traces.batch_trace_insert([span("a", kind=2), span("b"), span("a", kind=3)])
    assert {trace.id: trace.kind for trace in traces.get_traces().traces} == {"a": 3, "b": 1}


def test_what_was_not_saved_is_told_by_its_ids(app: leyden.Service) -> None:
    def put(id: str) -> dict[str, Any]:
        return {"PutRequest": {"Item": {"id": {"S": id}}}}

    batch = BatchResult((), (put("b"),), None, 1)
    failure = ThrottledError("too many", request=Request("BatchWriteItem", {}))
    error = BatchIncompleteError(
        "incomplete", result=batch, unsure=[{app.table: [put("c")]}], failures=[failure]
    )
    said = incomplete(app.entities.trace, ["a", "b", "c"], error, id="id", what="spans")
    assert isinstance(said, SaveIncompleteError)
    assert (said.saved, said.unsaved, said.unsure) == (("a",), ("b",), ("c",))
    assert said.failures == (failure,)
    assert "1 of 3 spans were written, 1 were not, and 1 may or may not have been" in str(said)
