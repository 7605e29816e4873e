"""Scores on the table: stored as the TypeScript client stores them, listed newest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

import leyden
from leyden.errors import InputError, KeyCollisionError, RequiredAttributeError, ValidationError
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.dynamodb.store import DynamoDBScores
from tests.memory_format.test_items import ITEMS
from tests.store.dynamodb.conftest import Clock, Requests, raw_items

STORED = [item for item in ITEMS if item["__edb_e__"]["S"] == "score"]
SCORE: dict[str, Any] = {
    "scorer_id": "tone",
    "run_id": "run-1",
    "entity_id": "agent-1",
    "entity_type": "AGENT",
    "entity": {"id": "agent-1"},
    "source": "LIVE",
    "score": 0.5,
    "scorer": {"id": "tone"},
    "input": {"q": 1},
    "output": "fine",
}


@pytest.fixture
def scores(app: leyden.Service, clock: Clock) -> Any:
    return DynamoDBScores(app, clock, TtlRules(), 4)


@pytest.mark.parametrize("item", STORED, ids=lambda item: item["reason"]["S"])
def test_a_score_is_stored_byte_for_byte_as_the_typescript_client_stores_it(
    scores: Any, app: leyden.Service, clock: Clock, item: dict[str, Any]
) -> None:
    clock.time = datetime.fromisoformat(item["createdAt"]["S"])

    def text(name: str) -> str | None:
        return item.get(name, {}).get("S") or None

    def parsed(name: str) -> Any:
        return json.loads(item[name]["S"])

    saved = scores.save_score(
        {
            "id": text("id"),
            "scorer_id": text("scorerId"),
            "run_id": text("runId"),
            "entity_id": text("entityId"),
            "entity_type": text("entityType"),
            "source": text("source"),
            "score": float(item["score"]["N"]),
            "reason": text("reason"),
            "trace_id": text("traceId"),
            "span_id": text("spanId"),
            "entity": parsed("entityData"),
            "scorer": parsed("scorer"),
            "input": parsed("input"),
            "output": parsed("output"),
            "metadata": parsed("metadata"),
            "request_context": parsed("requestContext"),
        }
    )
    assert raw_items(app) == [item]
    assert scores.get_score_by_id(text("id")) == saved


def test_a_score_gets_an_id_and_times_and_reads_back_equal(scores: Any, clock: Clock) -> None:
    saved = scores.save_score({**SCORE, "thread_id": "", "input": None, "metadata": {"ü": [1.5]}})
    assert len(saved.id) == 36
    assert saved.created_at == saved.updated_at == clock.time
    assert (saved.thread_id, saved.input, saved.output) == (None, None, "fine")
    assert scores.get_score_by_id(saved.id) == saved
    assert scores.get_score_by_id("nobody") is None


def test_saving_an_id_again_replaces_all_of_it(scores: Any) -> None:
    scores.save_score({**SCORE, "id": "s1", "reason": "good"})
    scores.save_score({**SCORE, "id": "s1", "score": 1})
    stored = scores.get_score_by_id("s1")
    assert (stored.score, stored.reason) == (1, None)
    with pytest.raises(KeyCollisionError):
        scores.save_score({**SCORE, "id": "S1"})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"scorer": None}, RequiredAttributeError, "score.scorer"),
        ({"entity": None}, RequiredAttributeError, "score.entity"),
        ({"output": None}, RequiredAttributeError, "score.output"),
        ({"entity_type": "ROBOT"}, ValidationError, "not a kind of entity that can be scored"),
        ({"entity_type": "agent"}, ValidationError, '"AGENT"'),
        ({"source": "live"}, InputError, '"LIVE"'),
        ({"score": float("nan")}, ValidationError, "finite"),
        ({"score": True}, ValidationError, "an int or a float"),
        ({"scorer": "tone"}, ValidationError, "mapping"),
        ({"analyze_step_result": [1]}, ValidationError, "mapping"),
        ({"reason": 3}, ValidationError, "a str"),
        ({"scorerId": "tone"}, InputError, "scorer_id"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_score_that_the_typescript_client_would_refuse_is_refused(
    scores: Any, app: leyden.Service, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    with Requests(app) as sent, pytest.raises(error) as caught:
        scores.save_score({**SCORE, **change})
    assert words in str(caught.value)
    assert sent.apis == []


def test_every_kind_of_span_can_be_scored(scores: Any) -> None:
    assert scores.save_score({**SCORE, "entity_type": "tool_call"}).entity_type == "tool_call"


def test_scores_are_listed_newest_first_and_those_of_one_time_by_id(
    scores: Any, clock: Clock
) -> None:
    for number, id in enumerate(("c", "B", "a", "d", "e")):
        scores.save_score(
            {
                **SCORE,
                "id": id,
                "entity_type": "AGENT" if number % 2 else "WORKFLOW",
                "source": "TEST" if number == 1 else "LIVE",
                "trace_id": "tr",
                "span_id": "sp" if number > 2 else None,
            }
        )
        if number in (0, 3):
            clock.advance(milliseconds=1)

    def ids(page: Any) -> list[str]:
        return [score.id for score in page.scores]

    everything = scores.list_scores_by_scorer_id("tone", include_total=True)
    assert ids(everything) == ["e", "a", "B", "d", "c"]
    assert (everything.total, everything.page, everything.per_page) == (5, 0, 100)
    assert everything.has_more is False
    second = scores.list_scores_by_run_id("run-1", page=1, per_page=2, include_total=True)
    assert (ids(second), second.total, second.has_more) == (["B", "d"], 5, True)
    assert ids(scores.list_scores_by_run_id("run-1", per_page=None)) == ids(everything)
    assert scores.list_scores_by_run_id("run-1", per_page=0, include_total=True).total == 0
    assert ids(scores.list_scores_by_scorer_id("tone", source="TEST")) == ["B"]
    assert ids(scores.list_scores_by_scorer_id("tone", entity_type="AGENT")) == ["B", "d"]
    assert ids(scores.list_scores_by_scorer_id("tone", entity_id="agent-2")) == []
    assert ids(scores.list_scores_by_entity_id("agent-1", "WORKFLOW")) == ["e", "a", "c"]
    assert ids(scores.list_scores_by_span("tr", "sp")) == ["e", "d"]
    assert ids(scores.list_scores_by_scorer_id("Tone")) == []


def test_pages_neither_repeat_nor_skip_where_one_time_goes_on_over_pages_of_the_table(
    scores: Any, app: leyden.Service, clock: Clock
) -> None:
    filler = "x" * 300_000  # an answer of the table holds 1 MB
    for number in range(8):
        scores.save_score({**SCORE, "id": f"s{7 - number}", "output": filler})
        if number == 1:
            clock.advance(milliseconds=1)
    with Requests(app) as sent:
        pages = [scores.list_scores_by_scorer_id("tone", page=n, per_page=3) for n in range(3)]
    assert len(sent.apis) > len(pages)
    listed = [score.id for page in pages for score in page.scores]
    assert listed == ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"]
    assert [page.has_more for page in pages] == [True, True, False]
