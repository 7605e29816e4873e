"""Stores are checked, cleared and closed."""

from __future__ import annotations

import pytest

from leyden.errors import InputError
from tests.store.conformance.made import evaluation, message, score, thread, trace

DOMAINS = ("memory", "workflows", "scores", "traces", "evals")


def fill(store):
    store.memory.save_thread(thread())
    store.memory.save_messages([message(f"m{i}", i) for i in range(30)])
    store.memory.save_resource({"id": "alice"})
    store.workflows.persist_workflow_snapshot("weather", "r1", {"status": "x"})
    store.scores.save_score(score(id="s1"))
    store.traces.batch_trace_insert([trace("a")])
    store.evals.insert_evals([evaluation("r1")])


def domains_with_something(store):
    memory = (
        store.memory.list_threads(include_total=True).total
        + store.memory.list_messages("t1", include_total=True).total
        + (store.memory.get_resource_by_id("alice") is not None)
    )
    filled = {
        "memory": memory,
        "workflows": store.workflows.list_workflow_runs(include_total=True).total,
        "scores": store.scores.list_scores_by_run_id("run-1", include_total=True).total,
        "traces": store.traces.get_traces(include_total=True).total,
        "evals": store.evals.get_evals(include_total=True).total,
    }
    return {name for name, count in filled.items() if count}


def test_a_store_that_can_be_used_passes_its_check(store):
    store.init()
    store.init()


@pytest.mark.parametrize("domain", DOMAINS)
def test_clearing_empties_one_domain_and_no_other(store, domain):
    fill(store)
    assert domains_with_something(store) == set(DOMAINS)
    store.clear(domain)
    assert domains_with_something(store) == set(DOMAINS) - {domain}
    store.clear(domain)
    fill(store)
    assert domains_with_something(store) == set(DOMAINS)


def test_an_unknown_domain_is_not_cleared(store):
    fill(store)
    with pytest.raises(InputError, match="memory"):
        store.clear("memori")
    assert domains_with_something(store) == set(DOMAINS)


def test_a_store_is_a_context(open_store):
    with open_store() as store:
        store.memory.save_thread(thread())
        assert store.memory.get_thread_by_id("t1").created_at.tzinfo is not None
    store.close()


def test_what_is_handed_out_is_a_copy(store):
    given = thread(metadata={"list": [1]})
    saved = store.memory.save_thread(given)
    given["metadata"]["list"].append(2)
    saved.metadata["list"].append(3)
    store.memory.get_thread_by_id("t1").metadata["list"].append(4)
    assert store.memory.get_thread_by_id("t1").metadata == {"list": [1]}
