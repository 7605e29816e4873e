"""What a page costs, on every domain: by the page, and not by what there is besides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from leyden.store import DynamoDBStore
from tests.store.test_costs import START, cost_of, message

pytestmark = pytest.mark.java

MANY: Final = 120
SPAN: Final = {"trace_id": "t", "name": "n", "scope": "s", "kind": 1}
SCORE: Final = {
    "scorer_id": "s",
    "run_id": "r",
    "entity_id": "e",
    "entity_type": "AGENT",
    "source": "LIVE",
    "score": 1,
    "scorer": {},
    "entity": {},
    "input": "?",
    "output": "!",
    "trace_id": "t",
    "span_id": "p",
}
EVAL: Final = {
    "global_run_id": "g",
    "agent_name": "a",
    "metric_name": "m",
    "instructions": "",
    "input": "",
    "output": "",
    "result": {},
}


@pytest.fixture(scope="module")
def filled(local_store: DynamoDBStore) -> DynamoDBStore:
    """A store with many of everything."""
    store = local_store
    for number in range(MANY):
        store.scores.save_score({**SCORE, "id": f"s{number:03}"})
        store.workflows.persist_workflow_snapshot("w", f"r{number:03}", {"status": "running"})
        thread = {"id": f"of-many-{number:03}", "resource_id": "many"}
        store.memory.save_thread({**thread, "created_at": START + timedelta(seconds=number)})
    store.traces.batch_trace_insert(
        [
            {**SPAN, "id": f"s{n:03}", "start_time": 1_760_000_000_000 + n, "end_time": 0}
            for n in range(MANY)
        ]
    )
    store.evals.insert_evals(
        [
            {**EVAL, "run_id": f"e{n:03}", "created_at": START + timedelta(seconds=n)}
            for n in range(MANY)
        ]
    )
    return store


Read = Callable[..., Any]
LISTINGS: Final[dict[str, Callable[[DynamoDBStore], Read]]] = {
    "threads": lambda store: lambda **o: store.memory.list_threads(resource_id="many", **o),
    "scorer": lambda store: lambda **o: store.scores.list_scores_by_scorer_id("s", **o),
    "run": lambda store: lambda **o: store.scores.list_scores_by_run_id("r", **o),
    "entity": lambda store: lambda **o: store.scores.list_scores_by_entity_id("e", "AGENT", **o),
    "span": lambda store: lambda **o: store.scores.list_scores_by_span("t", "p", **o),
    "runs": lambda store: lambda **o: store.workflows.list_workflow_runs(workflow_name="w", **o),
    "traces by name": lambda store: lambda **o: store.traces.get_traces(name="n", **o),
    "traces by scope": lambda store: lambda **o: store.traces.get_traces(scope="s", **o),
    "evals": lambda store: lambda **o: store.evals.get_evals(agent_name="a", **o),
}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_page_is_one_request_for_little_more_than_it_shows(
    filled: DynamoDBStore, name: str
) -> None:
    read = LISTINGS[name](filled)
    cursor = None
    for _ in range(3):
        with cost_of(filled) as cost:
            page = read(per_page=5, cursor=cursor)
        assert (page.total, page.has_more) == (None, True)
        assert cost.apis == {"Query": 1}
        assert 6 <= cost.read <= 10
        cursor = page.cursor
    with cost_of(filled) as cost:
        page = read(per_page=5, page=2)
    assert cost.read <= 20
    with cost_of(filled) as cost:
        page = read(per_page=5, include_total=True)
    assert page.total == MANY
    assert cost.read >= MANY
    with cost_of(filled) as cost:
        page = read(per_page=0, include_total=True)
    assert (page.total, cost.apis) == (0, {})


def test_included_messages_alone_cost_themselves(filled: DynamoDBStore) -> None:
    filled.memory.save_messages([message("alone", number) for number in range(50)])
    include = [{"id": f"alone-{n:05}"} for n in (7, 9, 30)]
    with cost_of(filled) as cost:
        page = filled.memory.list_messages("alone", per_page=0, include=include, include_total=True)
    assert (len(page.messages), page.total, page.has_more) == (3, 0, False)
    assert cost.apis == {"BatchGetItem": 1}


def test_the_newest_of_one_bulk_save_without_times_are_one_request(
    filled: DynamoDBStore,
) -> None:
    several = [message("bulk", number, created_at=None) for number in range(500)]
    filled.memory.save_messages(several)
    newest = ("created_at", "desc")
    with cost_of(filled) as cost:
        page = filled.memory.list_messages("bulk", per_page=10, order_by=newest)
    assert [one.id for one in page.messages] == [one["id"] for one in several[:-11:-1]]
    assert cost.apis == {"Query": 1}
    assert cost.consumed <= 1.5
    assert cost.read == 11


def test_a_page_inside_one_millisecond_costs_all_that_share_it(filled: DynamoDBStore) -> None:
    filled.memory.save_messages(
        [message("tied", number, created_at=START) for number in range(500)]
    )
    with cost_of(filled) as cost:
        page = filled.memory.list_messages("tied", per_page=10)
    assert page.has_more
    assert cost.read == 500
    assert cost.apis["Query"] <= 7
