"""Scores, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.store.interop import values
from tests.store.interop.bounds import for_examples, on_dynamodb_local
from tests.store.interop.twins import OURS, SHARED, THEIRS, Twins
from tests.store.interop.words import Call

pytestmark = [pytest.mark.node, on_dynamodb_local]

_few_ids = st.sampled_from(["a", "B", "c d", "é😀"])
_scored = st.one_of(values.objects, values.plain_texts, st.lists(values.json_values, max_size=3))
_measures = st.one_of(
    st.integers(-(10**6), 10**6),
    # Within the numbers that the client's AWS library takes.
    st.floats(-values.EXACT, values.EXACT).filter(lambda n: n == 0 or abs(n) > 1e-100),
    st.sampled_from([0.1, -0.0, 1e-7, 1.0, values.EXACT]),
)
_texts = ["reason", "extract_prompt", "preprocess_prompt", "analyze_prompt", "reason_prompt"]
_texts += ["generate_score_prompt", "generate_reason_prompt"]
_objects = ["metadata", "additional_context", "request_context"]
# Without extract_step_result, which the client refuses: see test_faults.
_objects += ["preprocess_step_result", "analyze_step_result"]

scores = st.fixed_dictionaries(
    {
        "scorer_id": _few_ids,
        "run_id": _few_ids,
        "entity_id": _few_ids,
        "source": st.sampled_from(["LIVE", "TEST"]),
        "score": _measures,
        "scorer": values.objects,
        "entity": values.objects,
        "input": _scored,
        "output": _scored,
    },
    optional={
        "entity_type": st.sampled_from(["AGENT", "WORKFLOW", "STEP"]),
        **dict.fromkeys(("trace_id", "span_id", "resource_id", "thread_id"), _few_ids),
        **dict.fromkeys(_texts, values.texts),
        **dict.fromkeys(_objects, values.objects),
    },
)


def test_a_score_is_stored_and_read_alike(twins: Twins) -> None:
    drawn = st.lists(scores, min_size=1, max_size=4)
    for_examples(twins, drawn, lambda given_scores: _compare(twins, given_scores))


def _compare(twins: Twins, given_scores: list[dict[str, Any]]) -> None:
    twins.clear()
    ids = ["no such score"]
    for number, score in enumerate(given_scores):
        now = values.START + timedelta(seconds=number)
        by_them = twins.they(Call("scores.save_score", {"score": score}), now=now)
        # The client makes its ids itself.
        ids.append(by_them["id"])
        same = Call("scores.save_score", {"score": {**score, "id": by_them["id"]}})
        assert twins.we(same, now=now) == by_them
    twins.same_items()
    for call in _reads(given_scores, ids):
        said = twins.they(call)
        assert twins.we(call) == said
        assert twins.they(call, OURS) == said
        assert twins.we(call, THEIRS) == said


def _reads(given_scores: list[dict[str, Any]], ids: list[str]) -> Iterator[Call]:
    for id in ids:
        yield Call("scores.get_score_by_id", {"id": id})
    for score in given_scores[:2]:
        of_scorer = {"scorer_id": score["scorer_id"]}
        yield Call("scores.list_scores_by_scorer_id", of_scorer)
        yield Call("scores.list_scores_by_scorer_id", {**of_scorer, "per_page": 1, "page": 1})
        yield Call("scores.list_scores_by_scorer_id", {**of_scorer, "source": "LIVE"})
        yield Call("scores.list_scores_by_scorer_id", {**of_scorer, "entity_id": "a"})
        yield Call("scores.list_scores_by_scorer_id", {**of_scorer, "entity_type": "AGENT"})
        of_run = {"run_id": score["run_id"]}
        yield Call("scores.list_scores_by_run_id", {**of_run, "per_page": None})
        yield Call("scores.list_scores_by_run_id", {**of_run, "per_page": 0})
        of_entity = {"entity_id": score["entity_id"], "entity_type": "AGENT"}
        yield Call("scores.list_scores_by_entity_id", {**of_entity, "per_page": 2})
    yield Call("scores.list_scores_by_span", {"trace_id": "a", "span_id": "B"})
    yield Call("scores.list_scores_by_run_id", {"run_id": "no such run"})


def test_scores_of_a_span_are_read_alike(twins: Twins) -> None:
    score = {
        "scorer_id": "s",
        "run_id": "r",
        "entity_id": "e",
        "source": "LIVE",
        "score": 0.5,
        "scorer": {"id": "s"},
        "entity": {"id": "e"},
        "input": "in",
        "output": "out",
        "trace_id": "t",
    }
    for number, span in enumerate(["one", "two", "one"]):
        saving = Call("scores.save_score", {"score": {**score, "span_id": span, "run_id": span}})
        speak = twins.we if number == 1 else twins.they
        speak(saving, SHARED, now=values.START + timedelta(seconds=number))
    for span, count in (("one", 2), ("two", 1), ("three", 0)):
        call = Call("scores.list_scores_by_span", {"trace_id": "t", "span_id": span})
        said = twins.they(call, SHARED)
        assert len(said["scores"]) == count
        assert twins.we(call, SHARED) == said
