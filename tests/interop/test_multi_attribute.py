"""Indexes whose keys are the attributes themselves: requests as ElectroDB builds them."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from tests.interop.comparison import compare
from tests.interop.leyden_side import Words, to_service
from tests.interop.oracle import Oracle
from tests.vectors.canonical import canonical

pytestmark = pytest.mark.node


def _model(entity: str, *more: str) -> dict[str, Any]:
    names = ("id", "region", "city", "year", *more)
    return {
        "model": {"entity": entity, "version": "1", "service": "svc"},
        "attributes": {n: {"type": "number" if n == "year" else "string"} for n in names},
        "indexes": {
            "main": {
                "pk": {"field": "pk", "composite": ["id"]},
                "sk": {"field": "sk", "composite": []},
            },
            "places": {
                "index": "gsi1",
                "type": "composite",
                "collection": "everything",
                "pk": {"composite": ["region"]},
                "sk": {"composite": ["city", "year"]},
            },
        },
    }


MODELS = {"event": _model("events", "title"), "photo": _model("photos", "file")}
QUERY = {"entity": "event", "verb": "query", "pattern": "places"}


@pytest.mark.parametrize(
    "op",
    [
        {**QUERY, "pk": {"region": "r"}},
        {**QUERY, "pk": {"region": "r", "city": "c"}},
        {**QUERY, "pk": {"region": "r", "city": "c", "year": 3}},
        {**QUERY, "pk": {"region": "r"}, "range": ["begins", {"city": "c"}]},
        {**QUERY, "pk": {"region": "r"}, "range": ["gt", {"city": "c"}]},
        {**QUERY, "pk": {"region": "r", "city": "c"}, "range": ["gte", {"year": 3}]},
        {**QUERY, "pk": {"region": "r"}, "range": ["lt", {"city": "c", "year": 3}]},
        {
            **QUERY,
            "pk": {"region": "r", "city": "c"},
            "range": ["between", {"year": 1}, {"year": 5}],
        },
        {
            **QUERY,
            "pk": {"region": "r"},
            "range": ["between", {"city": "c", "year": 1}, {"city": "c", "year": 5}],
        },
        {
            **QUERY,
            "pk": {"region": "r"},
            "range": ["between", {"city": "c", "year": 1}, {"city": "d", "year": 5}],
        },
        {**QUERY, "pk": {"region": "r"}, "where": ["eq", "title", "t"], "options": {"limit": 3}},
        {"entity": "event", "verb": "put", "item": {"id": "1", "region": "r", "year": 3}},
        {"entity": "event", "verb": "patch", "key": {"id": "1"}, "set": {"city": "c"}},
        {"collection": "everything", "pk": {"region": "r"}},
        {"collection": "everything", "pk": {"region": "r", "city": "c"}},
        {"collection": "everything", "pk": {"region": "r"}, "range": ["begins", {"city": "c"}]},
    ],
    ids=str,
)
def test_both_sides_build_the_same_requests(oracle: Oracle, op: dict[str, Any]) -> None:
    words = Words(leyden.load(to_service(MODELS), table="t"), MODELS)
    verdict = compare(oracle, words, MODELS, "t", op)
    assert verdict.kind in ("same", "both refuse"), verdict.detail


def test_a_match_filters_on_what_the_key_does_not_hold() -> None:
    """ElectroDB's own match names key fields here that there are not."""
    event = leyden.load(to_service(MODELS), table="t").entities.event
    params = canonical(event.match(region="r", city="c", year=3, title="t").params())
    paths = [part[1]["path"] for part in params["KeyConditionExpression"][1:]]
    assert paths == ["city", "region", "year"]
    filtered = [part[1]["path"] for part in params["FilterExpression"][1:]]
    assert filtered == ["__edb_e__", "__edb_v__", "title"]


def test_a_match_reads_no_index_that_may_lack_items_with_these_values() -> None:
    """An item without one of the index's attributes is not in it."""
    event = leyden.load(to_service(MODELS), table="t").entities.event
    assert event.match(region="r", city="c").explain().index is None
