"""The quick way from JSON to records gives what the careful way gives, or leaves it to that."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.lean.answers import read_body
from leyden.drivers.lean.exchange import write_body
from leyden.errors import DecodeError
from leyden.mapping import EntityMapping, compile_entity
from leyden.mapping.answers import UnusualItemError
from leyden.mapping.lack import WHOLE, lack_of
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD
from tests.mapping.schemas import TASK, entity
from tests.mapping.strategies import entities_with_values

ODD_VALUES = st.sampled_from(
    [
        {"NULL": True},
        {"S": "x"},
        {"S": 1},
        {"N": "1.50"},
        {"N": "no number"},
        {"BOOL": "x"},
        {"L": []},
        {"M": {}},
        {"SS": ["a"]},
        {"B": b"a"},
        {"L": [{"B": b"a"}]},
        {"L": [{"N": "1"}, {"N": "-0.5"}]},
        {"L": [{"N": "x"}]},
        {"L": [{"N": "1"}, {"L": [{"N": "1"}]}]},
        {"M": {"a": {"B": b"a"}}},
        {"S": "a", "N": "1"},
        {},
    ]
)

SET = {"type": "set", "items": "string"}


def identified(item: dict[str, Any], entity: str = "e", version: str = "1") -> dict[str, Any]:
    return {**item, "pk": {"S": "k"}, ENTITY_FIELD: {"S": entity}, VERSION_FIELD: {"S": version}}


def stored(compiled: EntityMapping, values: dict[str, Any]) -> dict[str, Any]:
    """The values as a write stores them."""
    accepted = {name: compiled.attributes[name].accept(value) for name, value in values.items()}
    return compiled.encode({name: value for name, value in accepted.items() if value is not None})


def body_of(items: list[Any]) -> bytes:
    return write_body({"Items": items, "Count": len(items), "ScannedCount": len(items)})


def carefully(compiled: EntityMapping, body: bytes) -> list[Any]:
    mine = {ENTITY_FIELD: {"S": "e"}, VERSION_FIELD: {"S": "1"}}
    found = read_body(body)["Items"]
    return [compiled.decode(item) for item in found if item.items() >= mine.items()]


def quickly(compiled: EntityMapping, body: bytes, marks: Any = None) -> dict[str, Any] | None:
    """The response, None where it is left to the careful way."""
    if compiled.rows is None:
        return None
    try:
        return compiled.rows.read(body, "e", "1", marks or {})
    except UnusualItemError:
        return None


@given(drawn=entities_with_values(), strangers=st.integers(0, 2))
def test_items_as_leyden_writes_them_are_read_the_same_quickly(drawn: Any, strangers: int) -> None:
    spec, values = drawn
    compiled = compile_entity(spec)
    item = stored(compiled, values)
    items = [identified(item), *[identified({}, "other")] * strangers, identified({})]
    body = body_of(items)
    response = quickly(compiled, body)
    if response is not None:
        assert response["Items"] == carefully(compiled, body)
        assert [lack_of(record) for record in response["Items"]] == [WHOLE] * 2
        assert response["ScannedCount"] == len(items)
    else:
        assert compiled.rows is None or b'"B"' in body or b'"BS"' in body


@given(data=st.data(), drawn=entities_with_values())
def test_items_that_others_wrote_are_read_the_same_or_left_alone(
    data: st.DataObject, drawn: Any
) -> None:
    spec, values = drawn
    compiled = compile_entity(spec)
    item = identified(stored(compiled, values))
    field = data.draw(st.sampled_from([*item]))
    item[field] = data.draw(ODD_VALUES)
    body = body_of([item])
    response = quickly(compiled, body)
    if response is not None:
        assert response["Items"] == carefully(compiled, body)


def task_item(**fields: Any) -> dict[str, Any]:
    compiled = compile_entity(TASK)
    return identified({**compiled.encode({"task_id": "t1"}), **fields})


def test_the_position_and_the_cost_of_a_page_come_along() -> None:
    said = {
        "Items": [task_item()],
        "Count": 1,
        "ScannedCount": 7,
        "LastEvaluatedKey": {"pk": {"S": "k"}},
        "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5},
    }
    response = quickly(compile_entity(TASK), write_body(said))
    assert response is not None
    assert {**response, "Items": None} == {**said, "Items": None}
    assert len(response["Items"]) == 1


def test_a_position_with_bytes_in_it_is_left_to_the_careful_way() -> None:
    said = {"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": {"pk": {"B": b"k"}}}
    assert quickly(compile_entity(TASK), write_body(said)) is None


def test_items_with_other_marks_are_left_out() -> None:
    compiled = compile_entity(TASK)
    field = compiled.attributes["task_id"].spec.field
    body = body_of([task_item(), task_item(**{field: {"S": "T1"}})])
    response = quickly(compiled, body, {field: {"S": "T1"}})
    assert response is not None
    assert [record.task_id for record in response["Items"]] == ["T1"]


@pytest.mark.parametrize("absent", [ENTITY_FIELD, VERSION_FIELD])
def test_an_item_that_does_not_say_whose_it_is_is_left_to_the_careful_way(absent: str) -> None:
    item = task_item()
    del item[absent]
    assert quickly(compile_entity(TASK), body_of([item])) is None


def test_an_unreadable_value_is_told_by_the_careful_way() -> None:
    compiled = compile_entity(TASK)
    field = compiled.attributes["task_id"].spec.field
    item = task_item(**{field: {"M": {}}})
    assert quickly(compiled, body_of([item])) is None
    with pytest.raises(DecodeError):
        compiled.decode(item)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Items": 1}', msgspec.json.encode({"Count": 1})])
def test_what_is_no_page_is_left_to_the_careful_way(body: bytes) -> None:
    assert quickly(compile_entity(TASK), body) is None


def test_records_of_a_page_have_short_texts_and_sets_of_texts_in_common() -> None:
    compiled = compile_entity(entity({"unit": "string", "body": "string", "tags": SET}))
    item = {"unit": {"S": "m/s"}, "body": {"S": "x" * 25}, "tags": {"SS": ["a", "b"]}}
    found = quickly(compiled, body_of([identified(item)] * 2))
    assert found is not None
    first, second = found["Items"]
    assert first == second
    assert first.unit is second.unit
    assert first.tags is second.tags == {"a", "b"}
    assert first.body is not second.body


def test_what_the_schema_does_not_know_is_left_to_the_careful_way() -> None:
    detail = {
        "type": "map",
        "properties": {"n": "integer", "m": {"type": "map", "properties": SEEN}},
    }
    compiled = compile_entity(entity({"id": "string", "detail": detail, "flat": FLAT}))
    values = {"id": "1", "detail": {"n": 1, "m": {"a": "x"}}, "flat": {"a": "x"}}
    item = identified(stored(compiled, values))
    assert compiled.rows is not None
    for place in ((), ("detail", "M"), ("detail", "M", "m", "M"), ("flat", "M")):
        changed = copy.deepcopy(item)
        inside = changed
        for step in place:
            inside = inside[step]
        compiled.rows.read(body_of([changed]), "e", "1", {})
        inside["strange"] = {"S": "x"}
        with pytest.raises(UnusualItemError):
            compiled.rows.read(body_of([changed]), "e", "1", {})


SEEN = {"a": "string"}
FLAT = {"type": "map", "properties": SEEN}


EMBEDDED = entity(
    {
        "id": "string",
        "near": {"type": "vector", "dimensions": 2},
        "far": {"type": "vector", "dimensions": 2, "deferred": True, "field": "f"},
    },
    entity="e",
)


def test_vectors_are_read_and_those_that_are_deferred_are_left_out() -> None:
    compiled = compile_entity(EMBEDDED)
    items = [
        identified(stored(compiled, values))
        for values in (
            {"id": "a", "near": [0.5, 1], "far": [1, 2]},
            {"id": "b", "near": [0.25, 1]},
            {"id": "c", "far": [1, 2]},
        )
    ]
    body = body_of(items)
    for content in (body, body.replace(b'"N":', b'"N" : ')):
        response = quickly(compiled, content)
        assert response is not None
        found = response["Items"]
        assert found == carefully(compiled, content)
        assert [record.near for record in found] == [(0.5, 1.0), (0.25, 1.0), None]
        assert [hasattr(record, "far") for record in found] == [False, True, False]
        assert found[1].far is None
        assert [type(one) for one in found] == [type(compiled.decode(item)) for item in items]
    shown = compiled.decode(items[0], deferred=True)
    assert (shown.far, lack_of(shown)) == ((1.0, 2.0), WHOLE)


def test_a_deferred_vector_that_cannot_be_read_is_in_nobodys_way() -> None:
    compiled = compile_entity(EMBEDDED)
    item = identified({"id": {"S": "a"}, "f": {"S": "no vector"}})
    response = quickly(compiled, body_of([item]))
    assert [record.id for record in carefully(compiled, body_of([item]))] == ["a"]
    assert response is None or response["Items"] == carefully(compiled, body_of([item]))
    with pytest.raises(DecodeError, match="is stored as S"):
        compiled.decode(item, deferred=True)
