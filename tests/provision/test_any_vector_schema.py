"""An engine makes the table of every schema with vector indexes that is accepted."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import AwsError
from leyden.program import Request
from leyden.schema import check_service

FIELDS = ("one", "two", "three", "four")
VALUES: dict[str, Any] = {
    "string": "x",
    "integer": 1,
    "binary": b"x",
    "boolean": True,
    "timestamp": "2026-01-02T03:04:05Z",
}
METRICS = ("cosine", "euclidean", "dot_product")
_numbers = itertools.count()


def value_of(options: dict[str, Any]) -> Any:
    return VALUES.get(options["type"], (1.0,) * options.get("dimensions", 0))


@st.composite
def entities(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """An entity whose attributes may share fields with another one's, in other types."""
    attributes: dict[str, Any] = {"id": {"type": "string", "required": True}}
    for field in draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True)):
        options: dict[str, Any] = {"type": draw(st.sampled_from(["vector", "string", *VALUES]))}
        if options["type"] == "vector":
            options["dimensions"] = draw(st.sampled_from([2, 2, 3]))
        attributes[f"of_{field}"] = {**options, "field": field}
    names = st.sampled_from([*attributes][1:])
    indexes: dict[str, Any] = {
        "by_id": {
            "pk": {"field": "pk", "composite": ["id"]},
            "sk": {"field": "sk", "composite": []},
        }
    }
    if draw(st.booleans()):
        made_of = {"field": "five", "composite": ["id"], "template": "${id}"}
        indexes["by_key"] = {"index": draw(st.sampled_from(["gsi1", "vec1"])), "pk": made_of}
    for number in range(draw(st.integers(0, 2))):
        vector: dict[str, Any] = {
            "index": draw(st.sampled_from(["vec1", "vec2"])),
            "attribute": draw(names),
            "metric": draw(st.sampled_from(METRICS[:2])),
            "filters": draw(st.lists(names, max_size=2)),
        }
        if draw(st.booleans()):
            vector["partition"] = draw(names)
        if draw(st.booleans()):
            vector["projection"] = [draw(st.sampled_from(["pk", *FIELDS]))]
        indexes[f"near{number}"] = {"vector": vector}
    entity = {"entity": name, "version": "1", "service": "any"}
    return {**entity, "attributes": attributes, "indexes": indexes}


@given(entities("left"), entities("right"))
@settings(max_examples=40)
def test_an_engine_takes_whatever_is_accepted(
    vector_engine: Any, left: dict[str, Any], right: dict[str, Any]
) -> None:
    source = {"entities": [left, right]}
    if check_service(source).service is None:
        return
    table = f"any-vectors-{next(_numbers)}-{vector_engine.endpoint_url.rpartition(':')[2]}"
    with leyden.load(source, table=table, engine=vector_engine) as app:
        assert app.create_table().created
        app.check_table()
        for entity in (left, right):
            given = {name: value_of(options) for name, options in entity["attributes"].items()}
            app.entities[entity["entity"]].put(**{**given, "id": "i"}).go()
        app.driver.send(Request("DeleteTable", {"TableName": table}))


SHAPE = {
    "entity": "note",
    "version": "1",
    "service": "any",
    "attributes": {
        "id": {"type": "string", "required": True},
        "near": {"type": "vector", "dimensions": 2},
        "kind": "string",
    },
    "indexes": {
        "by_id": {"pk": {"field": "pk", "composite": ["id"]}},
        "close": {"vector": {"index": "vec1", "attribute": "near", "filters": ["kind"]}},
    },
}
OTHER = {
    **SHAPE,
    "entity": "page",
    "indexes": {"by_id": {"pk": {"field": "pk", "composite": ["id"]}}},
}


@pytest.mark.parametrize(
    ("attribute", "options"),
    [
        ("near", {"type": "string"}),
        ("near", {"type": "vector", "dimensions": 3}),
        ("kind", {"type": "integer"}),
        ("kind", {"type": "boolean"}),
    ],
)
def test_what_is_refused_of_another_entity_the_engine_would_refuse_of_its_items(
    vector_engine: Any, attribute: str, options: dict[str, Any]
) -> None:
    other = {**OTHER, "attributes": {**OTHER["attributes"], attribute: options}}
    faults = check_service({"entities": [SHAPE, other]}).faults
    assert [fault.code for fault in faults] == ["search.field"]
    table = f"refused-vectors-{next(_numbers)}-{vector_engine.endpoint_url.rpartition(':')[2]}"
    with leyden.load(SHAPE, table=table, engine=vector_engine) as app:
        app.create_table()
        with leyden.load(other, table=table, engine=vector_engine) as beside:
            put = beside.entities.page.put(**{"id": "i", attribute: value_of(options)})
            with pytest.raises(AwsError, match="ValidationException"):
                put.go()
