"""Leyden and ElectroDB build the same requests, for generated models and operations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

import leyden
from tests.interop.comparison import compare
from tests.interop.gatherings import collection_queries, gatherings
from tests.interop.leyden_side import Words, to_service
from tests.interop.models import ENTITY, TABLE, models
from tests.interop.operations import operations
from tests.interop.oracle import Oracle
from tests.interop.transactions import compare_transactions, transactions

pytestmark = pytest.mark.node

OPERATIONS_A_MODEL = 4
GUARDED_AT_MOST = 0.1
"""The share of operations that Leyden alone may refuse, by the guards of its design.

Those of attributes in a key's own field, which many of the models have, are counted by themselves.
"""

LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]


class Tally:
    """Compares operations and counts what came of it."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.verdicts: Counter[str] = Counter()

    def check(self, words: Words, models: Mapping[str, Any], op: dict[str, Any]) -> None:
        note(f"models: {json.dumps(models)}\noperation: {json.dumps(op)}")
        asked = compare_transactions if "transact" in op else compare
        verdict = asked(self.oracle, words, models, TABLE, op)
        self.verdicts[verdict.kind] += 1
        kind = op.get("verb") or op.get("batch") or op.get("transact") or "collection"
        event(f"{kind}: {verdict.kind}")
        assert verdict.kind != "differ", verdict.detail

    def assert_most_are_the_same(self) -> None:
        total = sum(self.verdicts.values())
        guards = {kind: n for kind, n in self.verdicts.items() if kind.startswith("guard")}
        of_key_texts = sum(n for kind, n in guards.items() if " text" in kind)
        for guarded in (of_key_texts, sum(guards.values()) - of_key_texts):
            assert guarded <= GUARDED_AT_MOST * total, dict(self.verdicts)
        assert self.verdicts["same"] >= total / 2, dict(self.verdicts)


def test_both_sides_build_the_same_requests_for_one_entity(oracle: Oracle) -> None:
    tally = Tally(oracle)

    @settings(suppress_health_check=LARGE)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = {ENTITY: data.draw(models(), label="model")}
        words = Words(leyden.load(to_service(entities), table=TABLE), entities)
        for _ in range(OPERATIONS_A_MODEL):
            op = data.draw(operations(entities[ENTITY]), label="operation")
            tally.check(words, entities, op)

    agree()
    tally.assert_most_are_the_same()


def test_both_sides_build_the_same_requests_for_collections(oracle: Oracle) -> None:
    tally = Tally(oracle)

    @settings(suppress_health_check=LARGE)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = data.draw(gatherings(), label="models")
        words = Words(leyden.load(to_service(entities), table=TABLE), entities)
        for _ in range(OPERATIONS_A_MODEL):
            op = data.draw(collection_queries(entities), label="operation")
            tally.check(words, entities, op)

    agree()
    tally.assert_most_are_the_same()


def test_both_sides_build_the_same_transactions(oracle: Oracle) -> None:
    tally = Tally(oracle)

    # Each asks for up to six parts, so a quarter of the examples do.
    @settings(suppress_health_check=LARGE, max_examples=settings.default.max_examples // 4)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = {ENTITY: data.draw(models(), label="model")}
        words = Words(leyden.load(to_service(entities), table=TABLE), entities)
        for _ in range(2):
            op = data.draw(transactions(entities[ENTITY]), label="operation")
            tally.check(words, entities, op)

    agree()
    verdicts = tally.verdicts
    assert verdicts["same"] >= sum(verdicts.values()) / 4, dict(verdicts)
