"""Every attribute type has every capability: what one forgets is named here."""

from __future__ import annotations

import json
import re
from array import array
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pynamodb import attributes

from leyden.chart.samples import sample
from leyden.cli.values import read_json, value_from_text
from leyden.errors import LeydenError, ValidationError
from leyden.keys.form import segment_of, value_of
from leyden.mapping import CompiledAttribute, compile_entity
from leyden.mapping.validating import value_schema
from leyden.schema import check_service
from leyden.schema.language import ATTRIBUTE, GENERATED, TYPE_NAMES
from leyden.schema.spec import AttributeSpec
from leyden.types import TYPES, AttributeType, json_writer, plain_numbers, value_from_json
from leyden.types import json_ready as shown
from leyden.types.base import UNKNOWN
from tests.mapping.schemas import attribute as attribute_spec
from tests.mapping.schemas import entity

WRITTEN: dict[str, Any] = {"enum": ["open", "closed"]}
"""How a type is written in schemas, where not by its name."""

NEEDED: dict[str, dict[str, Any]] = {
    "vector": {"dimensions": 3},
    "union": {
        "tag": "kind",
        "variants": {
            "card": {"properties": {"number": {"type": "string", "required": True}}},
            "bank": {"properties": {"code": "integer", "limit": "number"}},
        },
    },
}
"""The options without which a type says too little."""

EVERY = pytest.mark.parametrize("name", TYPES)
THROUGH_OTHERS = {
    *("check", "normal_source", "read_source", "stored_kind"),  # a compiled attribute
    "key_value",  # value_of
    *("from_json", "from_text"),  # the command line
    *("python", "sample"),  # the annotation, and the samples
    *("static", "static_given", "static_operand"),  # the modules of static types
}
"""The capabilities that are asked for here by what stands upon types."""

KEYABLE = pytest.mark.parametrize("name", [name for name, kind in TYPES.items() if kind.keyable])


def spec_of(name: str) -> AttributeSpec:
    return attribute_spec("x", name, values=WRITTEN.get(name, ()), **NEEDED.get(name, {}))


def compiled(name: str) -> CompiledAttribute:
    options = {"values": WRITTEN[name]} if name in WRITTEN else NEEDED.get(name, {})
    return compile_entity(entity({"x": {"type": name, **options}})).attributes["x"]


def samples(name: str) -> list[Any]:
    accept = compiled(name).accept
    return [accept(sample(spec_of(name), number, "task")) for number in range(3)]


def in_an_entity(attribute: dict[str, Any]) -> dict[str, Any]:
    return {
        "entity": "things",
        "version": "1",
        "service": "s",
        "attributes": {"id": {"type": "string", "required": True}, "x": attribute},
        "indexes": {"by_id": {"pk": {"field": "pk", "composite": ["id"]}}},
    }


@EVERY
def test_its_name_is_the_one_that_it_is_found_by(name: str) -> None:
    assert TYPES[name].name == name
    assert TYPES[name].__doc__


@EVERY
def test_a_sample_is_accepted_written_and_read_back(name: str) -> None:
    attribute = compiled(name)
    for value in samples(name):
        stored = attribute.encode(value)
        if attribute.kind:
            assert list(stored) == [attribute.kind]
        assert attribute.decode(stored) == value
        assert attribute.accept(value) == value


@EVERY
def test_what_is_normal_for_certain_is_what_its_check_gives(name: str) -> None:
    said = {"type": name, "values": WRITTEN.get(name, ()), **NEEDED.get(name, {})}
    found = compile_entity(entity({"x": said}))
    for value in samples(name):
        assert found.prepare_create({"id": "1", "x": value})["x"] == value


@EVERY
def test_what_can_change_later_is_taken_for_no_fixed_type(name: str) -> None:
    taken = []
    for value in ([], {}, set(), bytearray(b"x"), array("d", [1.0, 2.0, 3.0])):
        try:
            taken.append(compiled(name).accept(value))
        except LeydenError:
            continue
    for value in samples(name):
        try:
            hash(value)
        except TypeError:
            taken.append(value)
    # Chains copy what they take for the others only.
    assert not (TYPES[name].fixed and taken)


@EVERY
def test_how_to_type_it_is_said_where_json_is_wanted(name: str) -> None:
    if TYPES[name].typed_as_json:
        with pytest.raises(ValueError, match=re.escape(TYPES[name].json_hint)):
            value_from_text(spec_of(name), "{")


@EVERY
def test_a_value_of_no_type_is_refused_by_its_place(name: str) -> None:
    with pytest.raises(ValidationError, match='"x"'):
        compiled(name).accept(object())


@EVERY
def test_it_is_plain_data_for_expressions(name: str) -> None:
    for value in samples(name):
        json.dumps(compiled(name).plain(value))


@EVERY
def test_its_annotation_is_the_class_of_its_values(name: str) -> None:
    annotation = TYPES[name].annotation(spec_of(name))
    if annotation is not Any:
        kind = getattr(annotation, "__origin__", annotation)
        assert all(isinstance(value, kind) for value in samples(name))


@EVERY
def test_what_is_printed_as_json_is_read_back(name: str) -> None:
    attribute = compiled(name)
    for value in samples(name):
        found = read_json(json.dumps(shown(value), default=float))
        assert attribute.accept(value_from_json(spec_of(name), found)) == value


@EVERY
def test_json_shows_it_as_any_value_of_its_class(name: str) -> None:
    own = TYPES[name].in_json
    for value in samples(name):
        assert (shown if own is None else own)(value) == shown(value)
        assert json_writer(spec_of(name))(value) == shown(value)


@EVERY
def test_its_json_schema_takes_its_json(name: str) -> None:
    schema = value_schema(spec_of(name))
    Draft202012Validator.check_schema(schema)
    assert (schema == {}) == (TYPES[name].json_schema(spec_of(name), value_schema) == {})
    for value in samples(name):
        shown_as = json.loads(json.dumps(plain_numbers(shown(value))))
        assert Draft202012Validator(schema).is_valid(shown_as)
        found = value_from_json(spec_of(name), shown_as)
        assert compiled(name).accept(found) == value


@EVERY
def test_what_people_type_is_a_value(name: str) -> None:
    attribute = compiled(name)
    for value in samples(name):
        text = json.dumps(shown(value), default=float)
        typed = text if TYPES[name].typed_as_json else text.strip('"')
        assert attribute.accept(value_from_text(spec_of(name), typed)) == value


@EVERY
def test_a_default_can_be_written_in_a_schema(name: str) -> None:
    for value in samples(name)[:1]:
        options = {"type": WRITTEN.get(name, name), **NEEDED.get(name, {})}
        given = in_an_entity({**options, "default": shown(value)})
        result = check_service(given)
        assert [fault for fault in result.faults if fault.severity == "error"] == []


@EVERY
def test_a_default_of_another_kind_is_refused_in_its_words(name: str) -> None:
    kind = TYPES[name]
    if kind.holds_anything or kind.typed_as_json:
        return
    with pytest.raises(ValueError, match=re.escape(kind.wanted)):
        kind.literal(spec_of(name), None, None)


@EVERY
def test_its_options_and_generators_are_of_the_language(name: str) -> None:
    kind = TYPES[name]
    assert kind.options <= set(ATTRIBUTE.options)
    assert {made for made, fitting in GENERATED.items() if name in fitting} == kind.generates
    for option in kind.options:
        types = ATTRIBUTE.options[option].types
        assert types is not None
        assert name in types
    for made in kind.generates & {"now"}:
        assert made
        attribute = compiled(name)
        instant = datetime(2026, 3, 2, tzinfo=UTC)
        accepted = attribute.accept(kind.now(instant))
        assert accepted is not None
        if kind.tells_time:
            assert kind.instant(accepted) == instant


@EVERY
def test_what_other_languages_call_it_is_no_type_here(name: str) -> None:
    assert not set(TYPES[name].also_called) & set(TYPE_NAMES)


@KEYABLE
@pytest.mark.parametrize("strict", [False, True])
def test_its_text_in_a_key_is_read_back(name: str, strict: bool) -> None:
    spec, kind = spec_of(name), TYPES[name]
    segment = segment_of(spec, "#x_", strict=strict)
    for value in samples(name):
        text = segment.text(value)
        if strict:
            assert kind.strict_value(text) == value
        else:
            assert value_of(spec, text) == value
            assert re.fullmatch(kind.key_pattern(spec), text)
            assert re.fullmatch(kind.key_pattern(spec), text.lower())
            if name != "string":
                assert value_of(spec, text.lower()) == value


@KEYABLE
def test_strict_texts_sort_as_values_do(name: str) -> None:
    kind = TYPES[name]
    if kind.choices(spec_of(name)) is not None:
        return
    values = sorted(samples(name))
    assert sorted(values, key=kind.strict_text) == values


@KEYABLE
def test_it_says_what_stands_in_a_key(name: str) -> None:
    kind = TYPES[name]
    assert kind.in_keys
    if not kind.castable:
        return
    value: Any = "12 monkeys" if kind.is_free_text else samples(name)[0]
    assert isinstance(float(kind.key_number(value)), float)


@EVERY
def test_every_key_capability_of_a_type_that_cannot_be_in_keys_is_left_alone(name: str) -> None:
    kind = TYPES[name]
    if kind.keyable:
        return
    assert (kind.in_keys, kind.countable, kind.is_integer, kind.is_text) == (
        "",
        False,
        False,
        False,
    )


@EVERY
def test_no_method_is_left_as_it_is_in_the_base(name: str) -> None:
    kind = TYPES[name]
    needed = {"sample"}
    if kind.write:
        needed |= {"read"} if not kind.holds_anything else set()
    if kind.keyable:
        needed |= {"key_text", "key_value", "strict_text", "strict_value"}
        needed |= {"key_number"} if kind.castable else set()
    forgotten = {n for n in needed if getattr(type(kind), n) is getattr(AttributeType, n)}
    assert forgotten == set()


@EVERY
def test_expressions_see_what_it_says(name: str) -> None:
    seen = {
        "text": str,
        "a number": int | float,
        "true or false": bool,
        "a list": list,
        "a map": dict,
        None: object,
    }
    attribute, kind = compiled(name), TYPES[name]
    for value in samples(name):
        assert isinstance(attribute.plain(value), seen[kind.in_expressions])
        # Base64 text may be meant as it stands, so an expression never gives bytes.
        if name != "binary":
            assert attribute.accept(kind.derived(attribute.plain(value))) == value


@EVERY
def test_a_set_holds_it_or_refuses_it(name: str) -> None:
    member = {"type": WRITTEN.get(name, name), **NEEDED.get(name, {})}
    a_set = {"type": "set", "items": member}
    faults = [fault.code for fault in check_service(in_an_entity(a_set)).errors]
    assert faults == ([] if TYPES[name].in_sets else ["option.value"])


@EVERY
def test_its_limits_bound_its_size(name: str) -> None:
    kind = TYPES[name]
    if "min" in kind.options:
        sizes = [kind.size(value) for value in samples(name)]
        limited = in_an_entity({"type": name, "min": 0.5})
        faults = [fault.code for fault in check_service(limited).errors]
        assert all(size >= 0 for size in sizes)
        assert faults == (["attribute.bounds"] if kind.whole_limits else [])
    if "min_length" in kind.options:
        assert all(len(value) >= 0 for value in samples(name))


@EVERY
def test_its_source_is_of_what_it_names(name: str) -> None:
    kind = TYPES[name]
    source = f"{kind.write} {kind.read} {kind.normal}"
    assert {one for one in kind.source_names if one in source} == {*kind.source_names}
    assert not kind.pynamodb or hasattr(attributes, f"{kind.pynamodb}Attribute")


@KEYABLE
def test_texts_in_keys_keep_the_order_that_it_says(name: str) -> None:
    spec, kind = spec_of(name), TYPES[name]
    values = sorted(samples(name))
    if kind.keeps_order:
        assert sorted(values, key=kind.key_text) == values
    if kind.has_one_width(spec):
        assert len({len(kind.key_text(value)) for value in values}) == 1
    if kind.begins_as_text:
        assert all(isinstance(kind.key_text(value), str) for value in values)
    assert kind.may_fold(spec) or not kind.is_free_text or kind.choices(spec)
    assert kind.may_hold(spec, "#x_") or not kind.is_free_text or kind.choices(spec)


@EVERY
def test_updates_know_its_operators(name: str) -> None:
    kind = TYPES[name]
    assert kind.operators <= {"add", "subtract", "append", "delete"}
    assert not kind.is_number or kind.operators >= {"add", "subtract"}
    assert isinstance(kind.without_parts, str)


@EVERY
def test_a_type_that_needs_more_than_its_name_is_refused_without_it(name: str) -> None:
    assert TYPES[name].needs == NEEDED.get(name, {}).keys()
    assert TYPES[name].needs <= TYPES[name].options
    for written in (name, {"type": WRITTEN.get(name, name)})[name in WRITTEN :]:
        result = check_service(in_an_entity(written))
        assert bool(result.errors) == bool(TYPES[name].needs)


def test_every_capability_is_asked_for_in_this_module() -> None:
    capabilities = {name for name in vars(AttributeType) if not name.startswith("_")}
    asked = set(re.findall(r"\.(\w+)", Path(__file__).read_text(encoding="utf-8")))
    assert capabilities - asked == THROUGH_OTHERS


def test_an_attribute_whose_type_was_refused_has_no_capability() -> None:
    assert not any((UNKNOWN.keyable, UNKNOWN.options, UNKNOWN.generates, UNKNOWN.expires))


@pytest.mark.parametrize("name", TYPES)
def test_the_example_of_a_type_is_an_attribute_of_it(name: str) -> None:
    kind = TYPES[name]
    assert kind.meaning.endswith(".")
    attribute = yaml.safe_load(kind.example)
    assert isinstance(attribute["type"], list) if name == "enum" else attribute["type"] == name
    service = check_service(in_an_entity(attribute)).service
    assert service is not None
    (made,) = service.entities.values()
    assert made.attributes["x"].type == name
