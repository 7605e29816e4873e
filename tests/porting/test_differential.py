"""Generated models, ported and loaded from YAML, build the requests that ElectroDB builds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, currently_in_test_context, given, note, settings
from hypothesis import strategies as st

from leyden.porting import FoundModel, port_service
from tests.interop.comparison import compare
from tests.interop.gatherings import collection_queries, gatherings
from tests.interop.models import ENTITY, TABLE, models
from tests.interop.operations import operations
from tests.interop.oracle import Oracle
from tests.porting.renaming import PortedWords, loaded, yaml_of

pytestmark = pytest.mark.node

OPERATIONS_A_MODEL = 3
# Schemas that were read are held to the same in tests/interop, by all examples.
FEWER = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=settings.default.max_examples // 3,
)
_SIGNS = {"eq": "===", "ne": "!==", "gt": ">", "lt": "<"}


def with_functions(model: Mapping[str, Any]) -> dict[str, Any]:
    """The model with its indexes' conditions as JavaScript, as a module has them."""
    indexes = {}
    for name, index in model["indexes"].items():
        indexes[name] = dict(index)
        if "condition" in index:
            text = f"(item) => {_javascript(index['condition']['when'])}"
            indexes[name]["condition"] = {"$function": text}
    return {**model, "indexes": indexes}


def _javascript(condition: list[Any]) -> str:
    operator, *operands = condition
    if operator in ("and", "or"):
        sign = {"and": " && ", "or": " || "}[operator]
        return sign.join(f"({_javascript(operand)})" for operand in operands)
    return f"item.{operands[0]} {_SIGNS[operator]} {json.dumps(operands[1])}"


def words_of(models: Mapping[str, Any], *, snake_case: bool) -> PortedWords:
    found = []
    for alias, model in models.items():
        fields = tuple(model.get("identifiers", {}).values())
        alone = {part: value for part, value in model.items() if part != "identifiers"}
        found.append(FoundModel(with_functions(alone), alias=alias, identifiers=fields))
    service = port_service(found, snake_case=snake_case)
    if currently_in_test_context():
        note(yaml_of(service))
    return PortedWords(loaded(service, TABLE), models, service)


@pytest.mark.parametrize("snake_case", [False, True], ids=["own-names", "snake-case"])
def test_a_ported_entity_builds_the_same_requests(oracle: Oracle, snake_case: bool) -> None:
    verdicts: Counter[str] = Counter()

    @settings(FEWER)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = {ENTITY: data.draw(models(), label="model")}
        words = words_of(entities, snake_case=snake_case)
        for _ in range(OPERATIONS_A_MODEL):
            op = data.draw(operations(entities[ENTITY]), label="operation")
            verdict = compare(oracle, words, entities, TABLE, op)
            verdicts[verdict.kind] += 1
            assert verdict.kind != "differ", verdict.detail

    agree()
    assert verdicts["same"] >= verdicts.total() / 2, dict(verdicts)


def test_ported_collections_build_the_same_requests(oracle: Oracle) -> None:
    verdicts: Counter[str] = Counter()

    @settings(FEWER)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        entities = data.draw(gatherings(), label="models")
        words = words_of(entities, snake_case=True)
        op = data.draw(collection_queries(entities), label="operation")
        verdict = compare(oracle, words, entities, TABLE, op)
        verdicts[verdict.kind] += 1
        assert verdict.kind != "differ", verdict.detail

    agree()
    assert verdicts["same"] >= verdicts.total() / 2, dict(verdicts)


_STRING = {"type": "string"}
_NAMED = {"id": _STRING, "a": _STRING, "b": _STRING, "n": {"type": "number"}}
_OWN = {"pk": {"field": "pk", "composite": ["id"]}, "sk": {"field": "sk", "composite": []}}
_OF_A = {"field": "gsi1pk", "composite": ["a"]}
_ITEM = {"id": "I", "a": "A", "b": "B", "n": 5}
ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one label for two attributes": (
        {"a": {**_STRING, "label": "x"}, "b": {**_STRING, "label": "X"}},
        {"pk": {"field": "gsi1pk", "composite": ["a", "b"]}, "sk": {"field": "s", "composite": []}},
    ),
    "an empty label in a partition key": (
        {"a": {**_STRING, "label": ""}},
        {"pk": _OF_A, "sk": {"field": "s", "composite": ["b"]}},
    ),
    "an empty label in a sort key": (
        {"b": {**_STRING, "label": ""}},
        {"pk": _OF_A, "sk": {"field": "s", "composite": ["b"]}},
    ),
    "a template of a number": (
        {},
        {
            "pk": _OF_A,
            "sk": {"field": "s", "composite": ["n"], "template": "N#${n}", "cast": "number"},
        },
    ),
    "an attribute in a key's place": (
        {"gsi1pk": _STRING},
        {"pk": {**_OF_A, "template": "A#${a}"}, "sk": {"field": "s", "composite": ["b"]}},
    ),
    "no sort key of no attributes": (
        {},
        {"type": "composite", "pk": {"composite": ["a"]}, "sk": {"composite": []}},
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_model_builds_the_same_requests(name: str, oracle: Oracle) -> None:
    attributes, index = ODD[name]
    odd = {
        "model": {"entity": "thing", "version": "1", "service": "app"},
        "attributes": {**_NAMED, **attributes},
        "indexes": {"primary": _OWN, "odd": {"index": "gsi1", **index}},
    }
    entities = {ENTITY: odd}
    words = words_of(entities, snake_case=False)
    part = {key: _ITEM[key] for key in index["pk"]["composite"]}
    ops: list[dict[str, Any]] = [
        {"verb": "put", "item": _ITEM},
        {"verb": "update", "key": {"id": "I"}, "set": {"a": "C", "b": "D", "n": 3}},
        {"verb": "query", "pattern": "odd", "pk": part},
    ]
    for key in index.get("sk", {}).get("composite", []):
        ops.append({**ops[-1], "range": ["gt", {key: _ITEM[key]}]})
    for op in ops:
        verdict = compare(oracle, words, entities, TABLE, {"entity": ENTITY, **op})
        assert verdict.kind == "same", verdict.detail


def as_beta(model: Mapping[str, Any]) -> dict[str, Any]:
    """The model in the form that ElectroDB had before its first version."""
    return {**model["model"], "attributes": model["attributes"], "indexes": model["indexes"]}


class BetaOracle(Oracle):
    """ElectroDB, asked about the beta form of the models."""

    def ask(self, models: Mapping[str, Any], table: str, op: Mapping[str, Any]) -> Any:
        return super().ask({name: as_beta(m) for name, m in models.items()}, table, op)


def _is_range_in_a_cluster(model: Mapping[str, Any], op: Mapping[str, Any]) -> bool:
    return "range" in op and model["indexes"][op["pattern"]].get("type") == "clustered"


def test_a_ported_beta_model_builds_the_same_requests() -> None:
    verdicts: Counter[str] = Counter()

    with BetaOracle() as oracle:

        @settings(FEWER)
        @given(data=st.data())
        def agree(data: st.DataObject) -> None:
            drawn = data.draw(models(), label="model")
            # The beta had no identifiers of one's own.
            entities = {ENTITY: {k: part for k, part in drawn.items() if k != "identifiers"}}
            beta = {ENTITY: as_beta(entities[ENTITY])}
            words = words_of(beta, snake_case=False)
            for _ in range(OPERATIONS_A_MODEL):
                op = data.draw(operations(entities[ENTITY]), label="operation")
                if _is_range_in_a_cluster(entities[ENTITY], op):
                    continue  # porting notes that these differ
                verdict = compare(oracle, words, entities, TABLE, op)
                verdicts[verdict.kind] += 1
                assert verdict.kind != "differ", verdict.detail

        agree()
    assert verdicts["same"] >= verdicts.total() / 2, dict(verdicts)
