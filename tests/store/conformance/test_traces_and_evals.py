"""Spans and evaluations are inserted in batches and listed."""

from __future__ import annotations

from functools import partial

import pytest
from attrs import asdict

from leyden.errors import KeyCollisionError
from leyden.store.records import Eval, Trace
from tests.store.conformance.made import (
    at,
    by_cursor,
    by_page,
    evaluation,
    ids,
    pages_by_cursor,
    trace,
)


def test_an_inserted_span_is_read_back(store, clock):
    given = Trace(
        **trace(
            "a",
            parent_span_id="p",
            attributes={"x": [1, None]},
            status={"code": 0},
            events=[{"name": "e"}],
            links=[],
            other="{}",
            created_at=at(1),
        )
    )
    store.traces.batch_trace_insert([given])
    (read,) = store.traces.get_traces().traces
    assert asdict(read) == {**asdict(given), "updated_at": clock.now}


def test_a_span_that_is_inserted_again_is_replaced(store):
    store.traces.batch_trace_insert([trace("a", other="x"), trace("b")])
    store.traces.batch_trace_insert([trace("a", name="other")])
    store.traces.batch_trace_insert([])
    (read,) = store.traces.get_traces(name="other").traces
    assert read.other is None
    assert store.traces.get_traces(include_total=True).total == 2


def test_spans_whose_ids_differ_by_case_only_do_not_overwrite_each_other(store):
    store.traces.batch_trace_insert([trace("a")])
    with pytest.raises(KeyCollisionError):
        store.traces.batch_trace_insert([trace("A"), trace("b")])
    assert "A" not in ids(store.traces.get_traces().traces)


@pytest.fixture
def spans(store):
    store.traces.batch_trace_insert(
        [
            trace(
                f"s{i:02}",
                name=["generate", "stream"][i % 2],
                scope=["agent", "tool", "agent"][i % 3],
                start_time=1_760_000_000_000 + i // 2,
                created_at=at(i),
            )
            for i in range(30)
        ]
    )
    return store.traces


NEWEST = [f"s{i:02}" for half in range(14, -1, -1) for i in (2 * half, 2 * half + 1)]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, lambda i: True),
        ({"name": "stream"}, lambda i: i % 2 == 1),
        ({"scope": "agent"}, lambda i: i % 3 != 1),
        ({"name": "generate", "scope": "tool"}, lambda i: i % 2 == 0 and i % 3 == 1),
        ({"name": "Stream"}, lambda i: False),
        ({"from_date": at(25)}, lambda i: i >= 25),
        ({"name": "stream", "from_date": at(3), "to_date": at(9)}, lambda i: i in (3, 5, 7, 9)),
        ({"scope": "agent", "to_date": at(2)}, lambda i: i in (0, 2)),
        ({"from_date": at(3), "to_date": at(1)}, lambda i: False),
    ],
)
def test_spans_are_found_the_newest_start_first(spans, options, rule):
    expected = [name for name in NEWEST if rule(int(name[1:]))]
    whole = spans.get_traces(**options, per_page=None, include_total=True)
    assert (ids(whole.traces), whole.total, whole.has_more) == (expected, len(expected), False)
    for size in (1, 7):
        pages = [spans.get_traces(**options, page=n, per_page=size) for n in range(30 // size + 1)]
        assert [name for page in pages for name in ids(page.traces)] == expected
        assert {page.total for page in pages} == {None}
        cut = [expected[i : i + size] for i in range(0, len(expected), size)] or [[]]
        for with_total in (False, True):
            read = partial(spans.get_traces, **options, include_total=with_total)
            assert by_cursor(read, "traces", per_page=size) == cut
            assert by_page(read, "traces", per_page=size) == cut


def test_an_inserted_evaluation_is_read_back(store):
    given = Eval(
        **evaluation(
            "r1", result={"score": 0.5, "info": {"x": [1]}}, test_info={"a": 1}, created_at=at(3)
        )
    )
    store.evals.insert_evals([given])
    assert store.evals.get_evals().evals == (given,)
    assert store.evals.get_evals_by_agent_name("agent-1") == [given]


def test_an_evaluation_without_a_time_is_of_now(store, clock):
    store.evals.insert_evals([evaluation("r1")])
    (read,) = store.evals.get_evals().evals
    assert (read.created_at, read.test_info) == (clock.now, None)


def test_an_evaluation_that_is_inserted_again_is_replaced(store):
    store.evals.insert_evals([evaluation("r1", test_info={"testPath": "x"}), evaluation("r2")])
    store.evals.insert_evals([evaluation("r1", metric_name="tone")])
    evals = {one.run_id: one for one in store.evals.get_evals().evals}
    assert (evals["r1"].metric_name, evals["r1"].test_info) == ("tone", None)
    with pytest.raises(KeyCollisionError):
        store.evals.insert_evals([evaluation("R1")])


@pytest.fixture
def evals(store):
    test_info = [{"testPath": "a.test.ts", "testName": "a"}, {"testName": "b"}, None]
    store.evals.insert_evals(
        [
            evaluation(
                f"r{i:02}",
                agent_name=f"agent-{i % 2}",
                created_at=at(i // 2),
                test_info=test_info[i % 3],
            )
            for i in range(30)
        ]
    )
    return store.evals


NEWEST_EVALS = [f"r{i:02}" for half in range(14, -1, -1) for i in (2 * half, 2 * half + 1)]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, lambda i: True),
        ({"agent_name": "agent-1"}, lambda i: i % 2 == 1),
        ({"agent_name": "AGENT-1"}, lambda i: False),
        ({"type": "test"}, lambda i: i % 3 == 0),
        ({"type": "live", "agent_name": "agent-0"}, lambda i: i % 3 != 0 and i % 2 == 0),
        ({"from_date": at(13)}, lambda i: i >= 26),
        ({"agent_name": "agent-0", "from_date": at(1), "to_date": at(2)}, lambda i: i in (2, 4)),
        ({"from_date": at(2), "to_date": at(1)}, lambda i: False),
    ],
)
def test_evaluations_are_found_the_newest_first(evals, options, rule):
    expected = [name for name in NEWEST_EVALS if rule(int(name[1:]))]
    whole = evals.get_evals(**options, per_page=None, include_total=True)
    assert [one.run_id for one in whole.evals] == expected
    assert (whole.total, whole.has_more) == (len(expected), False)
    for size in (1, 7):
        pages = [evals.get_evals(**options, page=n, per_page=size) for n in range(30 // size + 1)]
        assert [one.run_id for page in pages for one in page.evals] == expected
        assert {page.total for page in pages} == {None}
        for with_total in (False, True):
            read = pages_by_cursor(
                evals.get_evals, per_page=size, include_total=with_total, **options
            )
            found = list(read)
            assert [one.run_id for page in found for one in page.evals] == expected
            assert {page.total for page in found} == {len(expected) if with_total else None}
    if set(options) <= {"agent_name", "type"} and "agent_name" in options:
        assert [one.run_id for one in evals.get_evals_by_agent_name(**options)] == expected


def test_starts_that_are_no_times_come_last_on_whatever_page(store):
    starts = [
        9,
        1_760_000_000_000,
        -1,
        1e21,
        1_759_999_999_999_999_999,
        20,
        1_760_000_000_000_000.5,
    ]
    names = [f"s{n}" for n in range(len(starts))]
    store.traces.batch_trace_insert(
        [trace(name, start_time=start) for name, start in zip(names, starts, strict=True)]
    )
    expected = ["s6", "s1", "s4", "s3", "s5", "s0", "s2"]
    for options in ({}, {"name": "agent.generate"}, {"scope": "default"}):
        for size in (1, 2, 3, 7):
            read = partial(store.traces.get_traces, **options)
            pages = by_cursor(read, "traces", per_page=size)
            assert [name for page in pages for name in page] == expected
            pages = by_page(read, "traces", per_page=size)
            assert [name for page in pages for name in page] == expected
