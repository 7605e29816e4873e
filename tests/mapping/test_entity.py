"""What an entity makes of given values, and what its records are."""

from __future__ import annotations

import linecache
import traceback
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from leyden.errors import (
    DecodeError,
    InvalidExpressionError,
    InvalidOptionError,
    MissingCompositeError,
    RequiredAttributeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.mapping import compile_entity
from leyden.schema.spec import Call, Generate, IndexSpec, JMESPath, KeySpec
from leyden.schema.spec import Literal as Fixed
from tests.mapping.schemas import TASK, entity

NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
task = compile_entity(TASK)


def test_create_fills_in_defaults_on_write_and_derived_values() -> None:
    values = task.prepare_create({"project_id": "p1", "task_id": "t1", "tags": None}, now=NOON)
    assert values == {
        "task_id": "t1",
        "project_id": "p1",
        "status": "open",
        "points": 0,
        "created_at": NOON,
        "updated_at": NOON,
        "headline": "open 0",
    }


def test_generated_ids_differ_and_now_is_one_instant() -> None:
    first = task.prepare_create({"project_id": "p1"})
    second = task.prepare_create({"project_id": "p1"})
    assert first["task_id"] < second["task_id"]
    assert first["created_at"] == first["updated_at"]


def test_what_every_write_sets_is_set_whatever_is_given_for_it() -> None:
    given = {"project_id": "p", "updated_at": NOON}
    assert task.prepare_create(given)["updated_at"] > NOON
    assert task.prepare_create(given, verbatim=True)["updated_at"] == NOON


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", NOON),
        ("ttl", NOON),
        ("string", "2026-02-03T09:15:00.000Z"),
        ("number", 1770110100000),
        ("integer", 1770110100000),
        ("decimal", Decimal(1770110100000)),
    ],
)
def test_now_fits_the_type_that_asks_for_it(kind: str, value: Any) -> None:
    made = compile_entity(entity({"x": {"type": kind, "default": Generate("now")}}))
    assert made.prepare_create({}, now=NOON)["x"] == value


def test_a_default_list_is_not_shared_between_items() -> None:
    made = compile_entity(entity({"x": {"type": "json", "default": Fixed([1])}}))
    made.prepare_create({})["x"].append(2)
    assert made.prepare_create({})["x"] == [1]


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownAttributeError, match='did you mean "points"') as caught:
        task.prepare_create({"poinst": 1})
    assert caught.value.entity == "tasks"


def test_all_missing_required_attributes_are_named_at_once() -> None:
    spec = entity({"a": {"required": True}, "b": {"required": True}})
    with pytest.raises(RequiredAttributeError, match='"a", "b" are required') as caught:
        compile_entity(spec).prepare_create({})
    assert caught.value.path == "a"
    assert caught.value.entity == "thing"


def test_errors_of_values_name_the_entity() -> None:
    with pytest.raises(ValidationError) as caught:
        task.prepare_create({"project_id": 5})
    assert caught.value.entity == "tasks"


def test_steps_run_in_order_check_set_derive() -> None:
    seen = []

    def setter(value: str, values: Any) -> str:
        seen.append(("set", value, dict(values)))
        return value.upper()

    def derive(given: Any, values: Any) -> str:
        seen.append(("derive", given, values["name"]))
        return f"{values['name']}!"

    spec = entity(
        {
            "name": {"default": Fixed("ada"), "pattern": "^[a-z]+$", "set": Call("upper")},
            "loud": {"watch": ("name",), "derive": Call("loud"), "required": True},
        }
    )
    made = compile_entity(spec, hooks={"upper": setter, "loud": derive})
    assert made.prepare_create({}) == {"name": "ADA", "loud": "ADA!"}
    assert seen == [("set", "ada", {"name": "ada"}), ("derive", None, "ADA")]
    assert made.prepare_create({"loud": "ADA!"}) == {"name": "ADA", "loud": "ADA!"}
    with pytest.raises(ValidationError, match="derived from other attributes"):
        made.prepare_create({"loud": "x"})


def test_a_set_hook_may_leave_an_attribute_out_but_not_change_its_type() -> None:
    spec = entity({"x": {"type": "number", "set": Call("f")}})
    results: list[Any] = [None, "text"]
    made = compile_entity(spec, hooks={"f": lambda value, values: results.pop(0)})
    assert made.prepare_create({"x": 1}) == {}
    with pytest.raises(ValidationError, match="must be a number"):
        made.prepare_create({"x": 1})


def test_set_and_get_hooks_apply_inside_containers() -> None:
    part = {"type": "map", "properties": {"a": {"set": Call("up"), "get": Call("down")}}}
    spec = entity({"x": {"type": "list", "items": part}})
    made = compile_entity(
        spec, hooks={"up": lambda v, all: v.upper(), "down": lambda v, all: v.lower()}
    )
    values = made.prepare_create({"x": [{"a": "b"}]})
    assert values == {"x": [{"a": "B"}]}
    assert made.decode(made.encode(values)).x == [{"a": "b"}]
    assert made.decode_values(made.encode(values)) == values


def test_get_hooks_see_the_item_and_run_where_a_watched_value_is_stored() -> None:
    spec = entity(
        {
            "first": "string",
            "secret": {"hidden": True},
            "both": {"watch": ("first",), "get": Call("join")},
        }
    )
    join = lambda value, values: f"{values['first']}-{values.get('secret')}"  # noqa: E731
    made = compile_entity(spec, hooks={"join": join})
    assert made.decode({"first": {"S": "a"}, "secret": {"S": "s"}}).both == "a-s"
    assert made.decode({}).both is None


def test_hidden_attributes_and_properties_do_not_reach_records() -> None:
    spec = entity(
        {
            "secret": {"hidden": True},
            "detail": {"type": "map", "properties": {"a": "string", "b": {"hidden": True}}},
        }
    )
    made = compile_entity(spec)
    values = made.prepare_create({"secret": "s", "detail": {"a": "1", "b": "2"}})
    record = made.decode(made.encode(values))
    assert not hasattr(record, "secret")
    assert record.detail == {"a": "1"}
    assert made.decode_values(made.encode(values)) == values
    assert made.visible == ("id", "detail")


def test_on_write_values_leave_out_what_is_given() -> None:
    assert task.on_write_values([], now=NOON) == {"updated_at": NOON}
    assert task.on_write_values(["updated_at"]) == {}


def test_watchers_derive_from_changed_and_known_together() -> None:
    assert task.watchers({"status": "closed"}, {"points": 3}) == {"headline": "closed 3"}
    assert task.watchers({"tags": {"a"}}, {}) == {}
    assert task.watchers({"points": None}, {"status": "open"}) == {"headline": "open null"}
    assert task.watchers({}, {"points": None, "status": "open"}) == {}
    known = {"points": None}
    assert task.watchers({"status": "open"}, known) == {"headline": "open null"}


def test_watchers_name_what_they_would_have_to_know() -> None:
    with pytest.raises(MissingCompositeError, match=r"\.set\(\).*\.composite\(\)") as caught:
        task.watchers({"status": "closed"}, {})
    assert caught.value.missing == ("points",)


def test_a_derivation_that_reads_everything_needs_everything() -> None:
    spec = entity(
        {"a": "string", "b": "string", "n": {"type": "integer", "derive": JMESPath("length(@)")}}
    )
    made = compile_entity(spec)
    assert made.watchers({"a": "x"}, {"b": "y", "id": None}) == {"n": 2}
    with pytest.raises(MissingCompositeError) as caught:
        made.watchers({"a": "x"}, {})
    assert caught.value.missing == ("b", "id")
    assert made.derivations == {"n": {"a", "b", "id"}}


def test_a_derive_hook_gets_all_values_and_none_of_its_own() -> None:
    calls = []

    def hook(given: Any, values: Any) -> Any:
        calls.append((given, dict(values)))

    spec = entity({"a": "string", "x": {"watch": ("*",), "derive": Call("hook")}})
    made = compile_entity(spec, hooks={"hook": hook})
    assert made.watchers({"a": "1"}, {"id": "i"}) == {"x": None}
    assert calls == [(None, {"a": "1", "id": "i"})]


def test_a_derive_hook_sees_what_it_watches_and_the_items_own_key() -> None:
    seen = []

    def hook(given: Any, values: Any) -> str:
        seen.append(dict(values))
        return str(values.get("a"))

    spec = entity({"a": "string", "b": "string", "x": {"watch": ("a",), "derive": Call("hook")}})
    made = compile_entity(spec, hooks={"hook": hook})
    assert made.prepare_create({"id": "i", "a": "1", "b": "2"})["x"] == "1"
    assert made.watchers({"a": "1"}, {"id": "i"}) == {"x": "1"}
    assert seen == [{"id": "i", "a": "1"}, {"id": "i", "a": "1"}]


def test_a_new_item_has_what_is_derived_from_nothing() -> None:
    spec = entity(
        {
            "parts": {"type": "list"},
            "count": {"type": "integer", "derive": JMESPath("length(parts || `[]`)")},
        }
    )
    made = compile_entity(spec)
    assert made.prepare_create({"id": "i"}) == {"id": "i", "count": 0}
    assert made.watchers({"parts": None}, {"id": "i"}) == {"count": 0}


def test_an_expression_reads_more_than_it_is_said_to_watch() -> None:
    spec = entity(
        {
            "a": "string",
            "b": "string",
            "x": {"watch": ("a",), "derive": JMESPath("join('', [a, b])")},
        }
    )
    with pytest.raises(MissingCompositeError) as caught:
        compile_entity(spec).watchers({"b": "1"}, {})
    assert caught.value.missing == ("a",)


def test_a_derive_expression_that_fails_says_why_without_values() -> None:
    spec = entity({"a": "string", "x": {"derive": JMESPath("join(',', a)")}})
    with pytest.raises(ValidationError, match="join") as caught:
        compile_entity(spec).prepare_create({"a": "hunter2"})
    assert caught.value.path == "x"
    assert "hunter2" not in str(caught.value)


def test_derived_values_are_held_to_their_type() -> None:
    spec = entity({"a": "number", "x": {"type": "decimal", "derive": JMESPath("a")}})
    assert compile_entity(spec).prepare_create({"a": 0.1})["x"] == Decimal("0.1")
    wrong = entity({"a": "number", "x": {"type": "boolean", "derive": JMESPath("a")}})
    with pytest.raises(ValidationError, match="must be a bool"):
        compile_entity(wrong).prepare_create({"a": 1})


def test_plain_values_are_what_expressions_see() -> None:
    plain = task.plain(
        {
            "created_at": NOON,
            "expires_at": NOON,
            "price": Decimal("1.5"),
            "tags": {"b", "a"},
            "blob": b"\x00",
            "detail": {"effort": 1, "owner": None},
            "extra": {"n": Decimal(3)},
            "points": None,
        }
    )
    assert plain == {
        "created_at": "2026-02-03T09:15:00.000Z",
        "expires_at": 1770110100,
        "price": 1.5,
        "tags": ["a", "b"],
        "blob": "AA==",
        "detail": {"effort": 1},
        "extra": {"n": 3},
    }


def test_a_sparse_index_says_who_is_in_it() -> None:
    condition = task.condition("assigned")
    assert condition.roots == frozenset({"status"})
    assert condition.holds({"status": "open"})
    assert not condition.holds({"status": "closed"})
    assert not condition.holds({})


def test_encode_refuses_names_that_it_would_drop() -> None:
    with pytest.raises(UnknownAttributeError):
        task.encode({"nope": 1})
    assert task.encode({"points": None}) == {}


def test_records_are_frozen_slotted_attrs_classes() -> None:
    record = task.decode({"taskId": {"S": "t1"}, "points": {"N": "5"}})
    assert isinstance(record, task.record)
    assert record == task.decode({"taskId": {"S": "t1"}, "points": {"N": "5"}, "x": {"S": "x"}})
    assert type(record).__name__ == "Task"
    assert repr(record) == "Task(task_id='t1', points=5)"
    assert record.detail is None
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.points = 6
    with pytest.raises((AttributeError, TypeError)):
        record.other = 1
    assert type(record).__dictoffset__ == 0
    assert attrs.asdict(record)["points"] == 5
    assert record == task.record(task_id="t1", points=5)
    assert attrs.evolve(record, points=6).points == 6
    assert hash(record) == hash(task.record(task_id="t1", points=5))
    assert "points" in (type(record).__doc__ or "")


def test_names_that_python_reserves_get_an_underscore_in_records() -> None:
    made = compile_entity(entity({"from": "string", "_x": "string", "a-b": "string"}))
    record = made.decode({"from": {"S": "1"}, "_x": {"S": "2"}, "a-b": {"S": "3"}})
    assert (record.from_, record._x, record.a_b) == ("1", "2", "3")
    assert made.record(from_="1", _x="2", a_b="3") == record
    assert made.slots["from"] == "from_"


def test_an_unreadable_item_names_field_and_entity() -> None:
    for read in (task.decode, task.decode_values):
        with pytest.raises(DecodeError) as caught:
            read({"createdAt": {"S": "soon"}})
        assert caught.value.field == "createdAt"
        assert caught.value.entity == "tasks"


def test_tracebacks_show_the_generated_source() -> None:
    with pytest.raises(AttributeError) as caught:
        task.encode({"created_at": "no datetime"})
    frames = traceback.extract_tb(caught.value.__traceback__)
    generated = [frame for frame in frames if frame.filename.startswith("<leyden tasks")]
    assert generated
    assert "timestamp_text(value)" in (generated[0].line or "")
    assert linecache.getline(generated[0].filename, 1)


def test_a_missing_hook_is_named_with_its_place() -> None:
    spec = entity({"x": {"type": "map", "properties": {"y": {"set": Call("encrpyt")}}}})
    with pytest.raises(InvalidOptionError, match=r'"x\.y".*did you mean "encrypt"'):
        compile_entity(spec, hooks={"encrypt": str})
    with pytest.raises(InvalidOptionError, match="not callable"):
        compile_entity(spec, hooks={"encrpyt": 5})  # type: ignore[dict-item]


def test_an_expression_that_does_not_parse_is_refused() -> None:
    with pytest.raises(InvalidExpressionError):
        compile_entity(entity({"x": {"derive": JMESPath("a..b")}}))


def test_enum_strings_of_records_are_shared() -> None:
    stored = {"status": {"S": "".join(["op", "en"])}}
    assert task.decode(stored).status is TASK.attributes["status"].values[0]


def test_a_condition_over_a_set_or_time_sees_plain_values() -> None:
    made = compile_entity(
        entity(
            {"id": "string", "tags": {"type": "set", "items": "string"}},
            indexes={
                "primary": IndexSpec("primary", None, KeySpec("pk", ("id",))),
                "hot": IndexSpec(
                    "hot",
                    "gsi1",
                    KeySpec("gsi1pk", ("id",)),
                    when=JMESPath("contains(tags, 'hot')"),
                ),
            },
        )
    )
    assert made.condition("hot").holds({"tags": frozenset({"hot"})})
    with pytest.raises(ValidationError, match="when of hot"):
        made.condition("hot").holds({})
