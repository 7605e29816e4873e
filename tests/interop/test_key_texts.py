"""Attributes in a key's own field: both sides build the same requests and read each other."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from tests.interop.leyden_side import Words, to_service
from tests.interop.models import ENTITY, TABLE, key_text_models
from tests.interop.operations import operations
from tests.interop.oracle import Oracle
from tests.interop.test_differential import Tally
from tests.interop.values import key_texts

pytestmark = pytest.mark.node

OPERATIONS_A_MODEL = 4
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]


def test_both_sides_build_the_same_requests(oracle: Oracle) -> None:
    tally = Tally(oracle)

    # Beside all that test_differential.py asks of other models.
    @settings(suppress_health_check=LARGE, max_examples=settings.default.max_examples // 3)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = {ENTITY: data.draw(key_text_models(), label="model")}
        words = Words(leyden.load(to_service(entities), table=TABLE), entities)
        for _ in range(OPERATIONS_A_MODEL):
            op = data.draw(operations(entities[ENTITY]), label="operation")
            tally.check(words, entities, op)

    agree()
    verdicts = tally.verdicts
    assert verdicts["same"] >= sum(verdicts.values()) / 3, dict(verdicts)


MODEL: dict[str, Any] = {
    "model": {"entity": "member", "version": "1", "service": "club"},
    "attributes": {
        "userId": {"type": "string"},
        "joined": {"type": "string"},
        "email": {"type": "string"},
        "team": {"type": "string"},
        "note": {"type": "string"},
    },
    "indexes": {
        "primary": {
            "pk": {"field": "userId", "composite": ["userId"], "template": "USER#${userId}"},
            "sk": {"field": "joined", "composite": ["joined"], "template": "AT#${joined}#end"},
        },
        "byEmail": {
            "index": "gsi1",
            "pk": {"field": "email", "composite": ["email"], "template": "MAIL#${email}"},
            "sk": {"field": "team", "composite": ["team"]},
        },
    },
}


@pytest.mark.parametrize("casing", ["default", "lower", "upper", "none"])
@given(
    item=st.fixed_dictionaries(
        {"userId": key_texts, "joined": key_texts},
        optional={"email": key_texts, "team": key_texts, "note": key_texts},
    )
)
def test_each_side_reads_what_the_other_wrote(
    oracle: Oracle, casing: str, item: dict[str, str]
) -> None:
    models = {ENTITY: cased(casing)}
    entity = leyden.load(to_service(models), table=TABLE)[ENTITY]
    ours = entity.put(item).params()["Item"]
    theirs = oracle.ask(models, TABLE, {"entity": ENTITY, "verb": "put", "item": item})["Item"]
    assert {field: value["S"] for field, value in ours.items()} == theirs
    record = attrs.asdict(entity.parse(ours))
    read_by_us = {name: value for name, value in record.items() if value is not None}
    read_by_them = oracle.read(models, TABLE, ENTITY, theirs)
    # ElectroDB shows a key without a value as text, and Leyden as what it is: no value.
    expected = {name: value for name, value in read_by_them.items() if name in item}
    assert read_by_us == expected


def cased(casing: str) -> dict[str, Any]:
    """The model with all its keys in this casing."""
    model: dict[str, Any] = deepcopy(MODEL)
    for index in model["indexes"].values():
        for half in ("pk", "sk"):
            index[half]["casing"] = casing
    return model
