"""Laws of the codec: what was accepted comes back, by whichever way it is read."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leyden.mapping import CompiledAttribute, compile_entity
from leyden.mapping.attribute import decode_leniently
from leyden.pynamodb.attributes import operand_of
from leyden.pynamodb.model import build_model
from leyden.schema.spec import AttributeSpec, EntitySpec, IndexSpec, KeySpec
from tests.mapping.strategies import attribute_specs, entities_with_values, values_of


def compiled(spec: AttributeSpec) -> CompiledAttribute:
    own = IndexSpec("own", None, KeySpec("pk", ()), KeySpec("sk", ()))
    made = EntitySpec("e", "e", "1", "s", {spec.name: spec}, {"own": own})
    return compile_entity(made).attributes[spec.name]


@given(st.data(), attribute_specs())
def test_encode_then_decode_gives_back_what_was_accepted(
    data: st.DataObject, spec: AttributeSpec
) -> None:
    attribute = compiled(spec)
    value = data.draw(values_of(spec))
    accepted = attribute.accept(value)
    stored = attribute.encode(accepted) if accepted is not None else None
    if stored is not None:
        assert attribute.decode(stored) == accepted


@given(st.data(), attribute_specs())
def test_accepting_twice_changes_nothing(data: st.DataObject, spec: AttributeSpec) -> None:
    attribute = compiled(spec)
    accepted = attribute.accept(data.draw(values_of(spec)))
    if accepted is not None:
        assert attribute.accept(accepted) == accepted


@given(st.data(), attribute_specs())
def test_accepting_leaves_the_given_value_alone(data: st.DataObject, spec: AttributeSpec) -> None:
    value = data.draw(values_of(spec))
    before = copy.deepcopy(value)
    compiled(spec).accept(value)
    assert value == before


@given(st.data(), attribute_specs())
def test_the_careful_reading_agrees_with_the_quick_one(
    data: st.DataObject, spec: AttributeSpec
) -> None:
    attribute = compiled(spec)
    accepted = attribute.accept(data.draw(values_of(spec)))
    if accepted is not None:
        stored = attribute.encode(accepted)
        assert decode_leniently(attribute, stored, "x") == attribute.read(stored)


@given(st.data(), attribute_specs())
def test_the_pynamodb_attribute_writes_and_reads_the_same(
    data: st.DataObject, spec: AttributeSpec
) -> None:
    attribute = compiled(spec)
    accepted = attribute.accept(data.draw(values_of(spec)))
    if accepted is None:
        return
    stored = attribute.encode(accepted)
    theirs = operand_of(attribute)
    serialized = theirs.serialize(accepted)
    if theirs.attr_type:
        assert {theirs.attr_type: serialized} == stored
    else:
        assert serialized == stored
    assert theirs.deserialize(theirs.get_value(stored)) == accepted


@given(entities_with_values())
def test_an_item_reads_back_as_the_values_it_was_made_of(
    case: tuple[EntitySpec, dict[str, Any]],
) -> None:
    spec, given_values = case
    entity = compile_entity(spec)
    values = entity.prepare_create(given_values)
    item = entity.encode(values)
    read = entity.decode_values(item)
    assert read == {n: v for n, v in values.items() if v is not None}
    assert entity.encode(read) == item
    record = entity.decode(item)
    for name, slot in entity.slots.items():
        assert getattr(record, slot) == values.get(name)


@given(entities_with_values())
def test_the_model_writes_the_item_that_the_codec_writes(
    case: tuple[EntitySpec, dict[str, Any]],
) -> None:
    spec, given_values = case
    entity = compile_entity(spec)
    values = entity.prepare_create({**given_values, "id": "1"})
    item = entity.encode(values)
    instance = build_model(entity).from_raw_data(copy.deepcopy(item))
    written = instance.serialize()
    assert {field: written[field] for field in item} == item
    assert written.keys() - item.keys() == {"pk", "sk", "__edb_e__", "__edb_v__"}


@given(entities_with_values())
def test_plain_values_are_json(case: tuple[EntitySpec, dict[str, Any]]) -> None:
    import json

    spec, given_values = case
    entity = compile_entity(spec)
    values = entity.prepare_create(given_values)
    plain = entity.plain(values)
    assert plain.keys() == {name for name, value in values.items() if value is not None}
    assert json.loads(json.dumps(plain)) == plain
