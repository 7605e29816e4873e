"""What each type takes, and how it refuses the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from leyden.errors import (
    DecodeError,
    RequiredAttributeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.mapping import CompiledAttribute, compile_entity
from leyden.schema.spec import Call, Generate, JMESPath
from leyden.schema.spec import Literal as Fixed
from tests.mapping.schemas import entity

YEAR = timedelta(days=365)
PART = {"type": "map", "properties": {"n": "integer"}}
NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)


def one(kind: str, hooks: dict[str, Any] | None = None, **options: Any) -> CompiledAttribute:
    return compile_entity(entity({"x": {"type": kind, **options}}), hooks=hooks).attributes["x"]


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("attribute", "value", "stored"),
    [
        (one("string"), "é", {"S": "é"}),
        (one("string"), Colour.RED, {"S": "red"}),
        (one("enum", values=["red"]), Colour.RED, {"S": "red"}),
        (one("boolean"), False, {"BOOL": False}),
        (one("binary"), bytearray(b"\x00\xff"), {"B": b"\x00\xff"}),
        (one("binary"), memoryview(b"a"), {"B": b"a"}),
        (one("number"), 5.0, {"N": "5"}),
        (one("number"), Decimal("0.5"), {"N": "0.5"}),
        (one("integer"), 10**30, {"N": "1e+30"}),
        (one("decimal"), Decimal("1.50"), {"N": "1.5"}),
        (one("decimal"), 7, {"N": "7"}),
        (one("json"), {"b": (1, None), "a": "é"}, {"S": '{"b":[1,null],"a":"é"}'}),
        (one("json"), [1e-7, 0.000001, 1e21, 5.0, -0.0], {"S": "[1e-7,0.000001,1e+21,5,0]"}),
        (one("json"), {"e-5": "1.0, 2e+5", "x": 1.0}, {"S": '{"e-5":"1.0, 2e+5","x":1}'}),
        (one("json"), ["\ud800", "\u2028é"], {"S": '["\\ud800","\u2028é"]'}),
        (one("timestamp"), NOON, {"S": "2026-02-03T09:15:00.000Z"}),
        (one("timestamp"), "2026-02-03T11:15:00+02:00", {"S": "2026-02-03T09:15:00.000Z"}),
        (
            one("timestamp"),
            datetime(1, 1, 1, 2, 3, 4, 999_999, timezone(timedelta(hours=1))),
            {"S": "0001-01-01T01:03:04.999Z"},
        ),
        (one("ttl"), NOON + timedelta(microseconds=999_999), {"N": "1770110100"}),
        (one("ttl"), 1770110100.75, {"N": "1770110100"}),
        (one("list", items="number"), (1, 2.0), {"L": [{"N": "1"}, {"N": "2"}]}),
        (one("list"), [1, "a", None], {"L": [{"N": "1"}, {"S": "a"}, {"NULL": True}]}),
        (one("set", items="string"), ["b", "a"], {"SS": ["a", "b"]}),
        (one("set", items="number"), {10, 9.5}, {"NS": ["9.5", "10"]}),
        (one("set", items="binary"), {b"b", b"a"}, {"BS": [b"a", b"b"]}),
        (one("set", items="timestamp"), {NOON}, {"SS": ["2026-02-03T09:15:00.000Z"]}),
        (one("map"), {"a": {"b": [Decimal("0.1")]}}, None),
        (
            one("map", properties={"owner": "string", "effort": {"type": "number", "field": "e"}}),
            {"effort": 3, "owner": None},
            {"M": {"e": {"N": "3"}}},
        ),
        (one("any"), {"k": {b"x"}}, {"M": {"k": {"BS": [b"x"]}}}),
    ],
)
def test_a_value_is_stored_in_its_one_form(
    attribute: CompiledAttribute, value: Any, stored: Any
) -> None:
    accepted = attribute.accept(value)
    if stored is not None:
        assert attribute.encode(accepted) == stored
    assert attribute.decode(attribute.encode(accepted)) == accepted


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        (one("string"), 5, "must be a str, not int"),
        (one("string"), "\ud800", "surrogate"),
        (one("enum", values=["open", "closed"]), "opne", 'one of "open", "closed"; did you mean'),
        (one("boolean"), 1, "must be a bool"),
        (one("binary"), "abc", "must be bytes"),
        (one("json"), {1: 2}, "must have str keys"),
        (one("json"), {1: 2.0}, "must have str keys"),
        (one("json"), {None: [2.0]}, "must have str keys"),
        (one("json"), [float("nan")], "must be a finite number"),
        (one("json"), {"a": {1, 2}}, "must be JSON"),
        (one("timestamp"), datetime(2026, 1, 1), "without a time zone"),
        (one("timestamp"), "yesterday", "must be an ISO 8601"),
        (one("timestamp"), "2026-01-01T00:00:00", "without a time zone"),
        (one("timestamp"), 5, "aware datetime"),
        (one("ttl"), True, "aware datetime or seconds"),
        (one("ttl"), 10**15, "milliseconds"),
        (one("ttl"), float("nan"), "must be seconds"),
        (one("list"), {"a": 1}, "must be a list"),
        (one("list"), "abc", "must be a list"),
        (one("set", items="string"), set(), "DynamoDB cannot store"),
        (one("set", items="string"), ["a", "a"], "duplicates"),
        (one("set", items="string"), "abc", "must be a set"),
        (one("set"), {1, "a"}, "mixed types"),
        (one("set"), {True}, "must have members of"),
        (one("map"), {1: 2}, "must have str keys"),
        (one("map"), [1], "must be a dict"),
        (one("any"), NOON, 'declare the attribute as "timestamp"'),
        (one("any"), object(), "not object"),
        (one("any"), set(), "empty set"),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    attribute: CompiledAttribute, value: Any, says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        attribute.accept(value)
    assert caught.value.path.startswith("x")
    assert str(caught.value).startswith('"x')


@pytest.mark.parametrize(
    ("attribute", "value", "path"),
    [
        (one("list", items="string"), ["a", "b", 3], "x[2]"),
        (one("map", properties={"effort": "number"}), {"effort": "3"}, "x.effort"),
        (
            one("list", items={"type": "map", "properties": {"n": "integer"}}),
            [{"n": 0.5}],
            "x[0].n",
        ),
        (one("any"), {"a": [1, object()]}, "x.a[1]"),
        (one("json"), {"a": [1, object()]}, "x.a[1]"),
    ],
)
def test_a_refusal_names_the_place_inside_a_container(
    attribute: CompiledAttribute, value: Any, path: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        attribute.accept(value)
    assert caught.value.path == path


def test_messages_never_contain_the_value() -> None:
    for attribute in (one("number"), one("enum", values=["a"]), one("timestamp"), one("any")):
        with pytest.raises(ValidationError) as caught:
            attribute.accept({"hunter2-secret"} if attribute.spec.type == "number" else _Secret())
        assert "hunter2" not in str(caught.value)


class _Secret(dict[str, Any]):
    def __init__(self) -> None:
        super().__init__(a=object(), b="hunter2")

    def __repr__(self) -> str:
        return "hunter2"


def test_a_circular_json_value_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValidationError, match="contains itself"):
        one("json").accept(value)


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("attribute", [one("any"), one("list")])
def test_32_levels_fit_and_33_do_not(attribute: CompiledAttribute) -> None:
    assert attribute.accept(nested(32)) == nested(32)
    with pytest.raises(ValidationError, match="32"):
        attribute.accept(nested(33))


def test_depth_counts_typed_containers_too() -> None:
    attribute = one("map", properties={"inner": "any"})
    attribute.accept({"inner": nested(31)})
    with pytest.raises(ValidationError, match="32") as caught:
        attribute.accept({"inner": nested(32)})
    assert caught.value.path == "x"


def test_json_is_not_bound_by_dynamodbs_depth() -> None:
    assert one("json").accept(nested(100)) == nested(100)


def test_an_unknown_property_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownAttributeError, match='did you mean "effort"'):
        one("map", properties={"effort": "number"}).accept({"efort": 1})


def test_required_and_defaults_apply_inside_maps() -> None:
    attribute = one(
        "list",
        items={
            "type": "map",
            "properties": {
                "name": {"required": True},
                "kind": {"default": Fixed("task")},
                "at": {"type": "timestamp", "default": Generate("now")},
            },
        },
    )
    (made,) = attribute.accept([{"name": "a"}])
    assert made["kind"] == "task"
    assert made["at"].tzinfo is UTC
    with pytest.raises(RequiredAttributeError) as caught:
        attribute.accept([{"name": "a"}, {}])
    assert caught.value.path == "x[1].name"


@pytest.mark.parametrize(
    ("attribute", "good", "bad"),
    [
        (one("string", pattern="^a+$"), "aa", "ab"),
        (one("string", pattern="b"), "abc", "acd"),
        (one("number", min=0, max=10), 10, 10.5),
        (one("decimal", min=0.5), Decimal("0.5"), Decimal("0.4999")),
        (one("ttl", min=100), 100, 99),
        (one("string", min_length=2, max_length=3), "abc", "a"),
        (one("list", max_length=1), [1], [1, 2]),
        (one("set", items="number", min_length=2), {1, 2}, {1}),
        (one("number", validate=JMESPath("@ > `3`")), 4, 3),
        (one("map", properties={"a": "number"}, validate=JMESPath("a")), {"a": 0}, {}),
        (
            one("timestamp", validate=JMESPath("starts_with(@, '2026')")),
            NOON,
            NOON.replace(year=2025),
        ),
        (one("list", items={"type": "number", "min": 1}), [1], [0]),
    ],
)
def test_constraints_hold_on_what_is_stored(
    attribute: CompiledAttribute, good: Any, bad: Any
) -> None:
    attribute.accept(good)
    with pytest.raises(ValidationError):
        attribute.accept(bad)


def _raises(value: Any) -> None:
    raise ValueError("too odd")


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        (lambda v: False, "does not pass its validation"),
        (lambda v: "too odd", "too odd"),
        (_raises, "too odd"),
    ],
)
def test_a_validation_hook_refuses_by_false_message_or_error(hook: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        one("number", validate=Call("check"), hooks={"check": hook}).accept(3)


@pytest.mark.parametrize("verdict", [None, True, 1])
def test_a_validation_hook_accepts_by_none_or_true(verdict: Any) -> None:
    attribute = one("number", validate=Call("check"), hooks={"check": lambda v: verdict})
    assert attribute.accept(3) == 3


def test_operands_are_checked_by_type_but_not_by_constraints() -> None:
    attribute = one("number", min=5)
    assert attribute.accept(1, constraints=False) == 1
    with pytest.raises(ValidationError):
        attribute.accept("1", constraints=False)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-02-03T09:15:00.000Z", NOON),
        ("2026-02-03T09:15:00Z", NOON),
        ("2026-02-03t09:15:00.000z", NOON),
        ("2026-02-03T09:15:00.123456Z", NOON.replace(microsecond=123456)),
        ("2026-02-03T09:15:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2026-02-03T11:15:00.0+02:00", NOON),
    ],
)
def test_stored_timestamps_are_read_liberally(text: str, instant: datetime) -> None:
    read = one("timestamp").decode({"S": text})
    assert read == instant
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("attribute", "stored", "says"),
    [
        (one("string"), {"N": "5"}, "stored as N, and the schema says string"),
        (one("number"), {"N": "0.12345678901234567890123"}, 'declare the attribute as "decimal"'),
        (one("integer"), {"N": "0.5"}, "not a whole number"),
        (one("json"), {"S": "{"}, "not JSON"),
        (one("timestamp"), {"S": "soon"}, "not an ISO 8601"),
        (one("timestamp"), {"S": "2026-02-03T09:15:00"}, "without an offset"),
        (one("ttl"), {"N": "1770110100000000"}, "milliseconds"),
        (one("string"), "bare", "not a typed AttributeValue"),
        (one("any"), {"Q": 1}, "not an AttributeValue"),
        (one("binary"), {"B": "text"}, "cannot be read as binary"),
    ],
)
def test_what_does_not_fit_on_the_way_back_says_why(
    attribute: CompiledAttribute, stored: Any, says: str
) -> None:
    with pytest.raises(DecodeError, match=says) as caught:
        attribute.decode(stored)
    assert caught.value.field == "x"


def test_an_unreadable_part_is_named_by_its_stored_place() -> None:
    attribute = one(
        "list", items={"type": "map", "properties": {"effort": {"type": "number", "field": "e"}}}
    )
    with pytest.raises(DecodeError) as caught:
        attribute.decode({"L": [{"M": {}}, {"M": {"e": {"S": "3"}}}]})
    assert caught.value.field == "x[1].e"


def test_stored_nulls_read_as_none() -> None:
    assert one("string").decode({"NULL": True}) is None
    assert one("list", items="number").decode({"L": [{"N": "1"}, {"NULL": True}]}) == [1, None]
    typed_map = one("map", properties={"a": "number", "b": "string"})
    assert typed_map.decode({"M": {"a": {"NULL": True}, "b": {"S": "x"}}}) == {"b": "x"}


def test_unknown_stored_properties_are_left_out() -> None:
    assert one("map", properties={"a": "number"}).decode({"M": {"zz": {"S": "x"}}}) == {}


def test_a_value_of_an_enum_that_is_new_elsewhere_is_still_readable() -> None:
    assert one("enum", values=["a"]).decode({"S": "b"}) == "b"


def test_ttl_reads_as_an_aware_datetime() -> None:
    assert one("ttl").decode({"N": "1770110100"}) == NOON
    assert one("ttl").decode({"N": "-1.5"}) == datetime(1969, 12, 31, 23, 59, 58, tzinfo=UTC)
