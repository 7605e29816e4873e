"""Attributes as operands of conditions and update actions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions import condition as conditions

from leyden.errors import InvalidExpressionError, UnknownAttributeError, ValidationError
from leyden.mapping import EntityMapping, compile_entity
from leyden.pynamodb import AttributePaths
from leyden.pynamodb.attributes import operand_of
from tests.mapping.schemas import DEEP, TASK, entity

NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
task = compile_entity(TASK)


def attributes_of(mapping: EntityMapping) -> Any:
    return AttributePaths(mapping.attributes, mapping.spec.entity)


def written(condition: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The text of a condition, its names and its values."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    text = condition.serialize(names, values)
    return text, names, values


attr: Any = attributes_of(task)
size: Any = conditions.size
deep_attr: Any = attributes_of(compile_entity(DEEP))


@pytest.mark.parametrize(
    ("condition", "text", "names", "values"),
    [
        (attr.points > 3, "#0 > :0", ["points"], [{"N": "3"}]),
        (attr.points == 5.0, "#0 = :0", ["points"], [{"N": "5"}]),
        (attr.created_at >= NOON, "#0 >= :0", ["createdAt"], [{"S": "2026-02-03T09:15:00.000Z"}]),
        (attr.expires_at < NOON, "#0 < :0", ["ttl"], [{"N": "1770110100"}]),
        (attr.price != Decimal("0.10"), "#0 <> :0", ["price"], [{"N": "0.1"}]),
        (attr.payload == {"a": 1}, "#0 = :0", ["payload"], [{"S": '{"a":1}'}]),
        (attr.extra == {"S": "x"}, "#0 = :0", ["extra"], [{"M": {"S": {"S": "x"}}}]),
        (attr.extra == None, "#0 = :0", ["extra"], [{"NULL": True}]),  # noqa: E711
        (attr.blob == b"\x00", "#0 = :0", ["blob"], [{"B": b"\x00"}]),
        (attr.detail["effort"] >= 2, "#0.#1 >= :0", ["detail", "eff"], [{"N": "2"}]),
        (attr.detail.effort >= 2, "#0.#1 >= :0", ["detail", "eff"], [{"N": "2"}]),
        (attr.detail == {"effort": 1}, "#0 = :0", ["detail"], [{"M": {"eff": {"N": "1"}}}]),
        (attr.history[0] == "x", "#0[0] = :0", ["history"], [{"S": "x"}]),
        (deep_attr.steps[1].due > NOON, "#0[1].#1 > :0", ["st", "d"], None),
        (deep_attr.open.a["b.c"] == 1, "#0.#1.#2 = :0", ["open", "a", "b.c"], [{"N": "1"}]),
        (attr.tags.contains("a"), "contains (#0, :0)", ["tags"], [{"S": "a"}]),
        (deep_attr.prices.contains(Decimal("1.0")), "contains (#0, :0)", ["prices"], [{"N": "1"}]),
        (attr.history.contains("a"), "contains (#0, :0)", ["history"], [{"S": "a"}]),
        (attr.headline.contains("a"), "contains (#0, :0)", ["headline"], [{"S": "a"}]),
        (attr.created_at.startswith("20"), "begins_with (#0, :0)", ["createdAt"], [{"S": "20"}]),
        (attr.blob.startswith(b"a"), "begins_with (#0, :0)", ["blob"], [{"B": b"a"}]),
        (attr.points.is_in(1, 2), "#0 IN (:0, :1)", ["points"], [{"N": "1"}, {"N": "2"}]),
        (attr.points.between(1, 2), "#0 BETWEEN :0 AND :1", ["points"], [{"N": "1"}, {"N": "2"}]),
        (attr.points.exists(), "attribute_exists (#0)", ["points"], []),
        (attr.points.does_not_exist(), "attribute_not_exists (#0)", ["points"], []),
        (attr.tags.size() > 2, "size (#0) > :0", ["tags"], [{"N": "2"}]),
        (size(attr.tags) > 2, "size (#0) > :0", ["tags"], [{"N": "2"}]),
        (attr.points.is_type(), "attribute_type (#0, :0)", ["points"], [{"S": "N"}]),
        (attr.points == attr.count, "#0 = #1", ["points", "count"], []),
        (attr.points.set(4), "#0 = :0", ["points"], [{"N": "4"}]),
        (attr.points.set(attr.points + 1), "#0 = #0 + :0", ["points"], [{"N": "1"}]),
        (attr.points.set(attr.points - 1), "#0 = #0 - :0", ["points"], [{"N": "1"}]),
        (
            attr.points.set((attr.points | 0) + 0.5),
            "#0 = if_not_exists (#0, :0) + :1",
            ["points"],
            [{"N": "0"}, {"N": "0.5"}],
        ),
        (
            attr.history.set(attr.history.append(["x"])),
            "#0 = list_append (#0, :0)",
            ["history"],
            [{"L": [{"S": "x"}]}],
        ),
        (attr.tags.add("a"), "#0 :0", ["tags"], [{"SS": ["a"]}]),
        (attr.tags.delete({"a", "b"}), "#0 :0", ["tags"], [{"SS": ["a", "b"]}]),
        (attr.points.add(2), "#0 :0", ["points"], [{"N": "2"}]),
        (attr.detail.effort.remove(), "#0.#1", ["detail", "eff"], []),
    ],
)
def test_operands_are_written_as_the_codec_writes(
    condition: Any, text: str, names: list[str], values: list[Any] | None
) -> None:
    found_text, found_names, found_values = written(condition)
    assert found_text == text
    assert list(found_names) == names
    if values is not None:
        assert list(found_values.values()) == values


@pytest.mark.parametrize(
    ("compare", "says"),
    [
        (lambda: attr.points > "3", '"points" must be a number'),
        (lambda: attr.points == None, "does_not_exist"),  # noqa: E711
        (lambda: attr.status == "opne", 'did you mean "open"'),
        (lambda: attr.created_at > NOON.replace(tzinfo=None), "time zone"),
        (lambda: attr.tags.contains(5), "must be a str"),
        (lambda: attr.detail.effort >= "2", '"detail.effort" must be a number'),
        (lambda: attr.points.startswith("1"), "only text and bytes"),
        (lambda: attr.headline.startswith(b"1"), "must be a str"),
        (lambda: attr.points.contains(1), "takes text, bytes, lists and sets"),
        (lambda: attr.points.is_in([1, 2]), "must be a number"),
        (lambda: attr.points.between(1, "2"), "must be a number"),
        (lambda: attr.extra.is_type(), "no stored type of its own"),
    ],
)
def test_an_operand_of_the_wrong_type_is_refused(compare: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        compare()


def test_comparisons_are_not_held_to_constraints_but_set_is() -> None:
    made: Any = attributes_of(compile_entity(entity({"x": {"type": "number", "max": 5}})))
    made.x.__gt__(100)
    made.x.add(100)
    with pytest.raises(ValidationError, match="must be at most"):
        made.x.set(100)


def test_unknown_names_are_refused_and_hasattr_still_works() -> None:
    with pytest.raises(UnknownAttributeError, match='did you mean "points"'):
        _ = attr.poinst
    with pytest.raises(UnknownAttributeError, match='did you mean "effort"'):
        _ = attr.detail.efort
    with pytest.raises(InvalidExpressionError, match="JSON string"):
        _ = attr.payload["a"]
    assert not hasattr(attr, "poinst")
    assert not hasattr(attr.detail, "efort")
    assert not hasattr(attr.payload, "a")
    assert hasattr(attr, "points")
    assert "points" in dir(attr)
    assert "count" in attr


def test_attributes_are_pynamodbs_own_classes() -> None:
    assert isinstance(attr.points, NumberAttribute)
    assert isinstance(attr.status, UnicodeAttribute)
    with pytest.raises(InvalidExpressionError, match=r"history\[0\]"):
        operand_of(task.attributes["history"].items)  # type: ignore[arg-type]
