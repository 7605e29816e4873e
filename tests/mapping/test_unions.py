"""Unions: the variant that the tag names is checked, filled, hidden and read as a map is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    DecodeError,
    InvalidExpressionError,
    LeydenError,
    RequiredAttributeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.mapping import EntityMapping, compile_entity
from leyden.schema.spec import Call, Literal
from leyden.types import LackingMap
from tests.mapping.schemas import entity

PAYMENT = {
    "type": "union",
    "tag": "kind",
    "variants": {
        "card": {
            "properties": {
                "number": {"required": True, "pattern": "^[0-9]+$"},
                "cvc": {"hidden": True},
                "holder": {"default": Literal("unknown"), "field": "h"},
                "level": "integer",
            }
        },
        "bank": {
            "properties": {
                "iban": {"required": True},
                "holder": {"default": Literal("unknown"), "field": "h"},
                "level": "string",
            }
        },
        "cash": {},
    },
}


def compiled(**attributes: Any) -> EntityMapping:
    return compile_entity(entity({"payment": PAYMENT, **attributes}))


def stored(**parts: Any) -> dict[str, Any]:
    return {"id": {"S": "1"}, "payment": {"M": {k: {"S": v} for k, v in parts.items()}}}


def test_it_is_stored_as_a_plain_map_with_its_tag() -> None:
    order = compiled()
    values = order.prepare_create({"id": "1", "payment": {"kind": "card", "number": "1"}})
    assert order.encode(values)["payment"] == {
        "M": {"kind": {"S": "card"}, "number": {"S": "1"}, "h": {"S": "unknown"}}
    }


@pytest.mark.parametrize(
    ("value", "error", "path", "said"),
    [
        ({}, RequiredAttributeError, "payment.kind", 'which variant "payment" is'),
        ({"kind": "crad"}, ValidationError, "payment.kind", 'did you mean "card"?'),
        ({"kind": 3}, ValidationError, "payment.kind", "not int"),
        ({"kind": ["card"]}, ValidationError, "payment.kind", "not list"),
        ({"kind": "card"}, RequiredAttributeError, "payment.number", "is required"),
        ({"kind": "card", "number": "x"}, ValidationError, "payment.number", "pattern"),
        ({"kind": "bank", "number": "1"}, UnknownAttributeError, None, 'no property "number"'),
        ("card", ValidationError, "payment", "must be a dict"),
    ],
)
def test_a_value_of_no_variant_is_refused_at_its_place(
    value: Any, error: type[LeydenError], path: str | None, said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        compiled().prepare_create({"id": "1", "payment": value})
    assert path is None or raised.value.path == path  # type: ignore[attr-defined]


def test_what_a_variant_hides_is_not_shown_and_not_lost() -> None:
    record = compiled().decode(stored(kind="card", number="1", cvc="9"))
    assert record.payment == {"kind": "card", "number": "1"}
    assert record.__leyden_lack__.inside == ("payment.cvc",)
    with pytest.raises(ValidationError, match='without "cvc"'):
        compiled().prepare_create({"id": "1", "payment": record.payment})


def test_an_unknown_variant_is_read_as_its_tag_and_not_written_back() -> None:
    order = compiled()
    record = order.decode(stored(kind="cheque", number="1"))
    assert record.payment == {"kind": "cheque"}
    assert isinstance(record.payment, LackingMap)
    assert record.__leyden_lack__.inside == ("payment.number",)
    for value in (record.payment, {"kind": "cheque"}):
        with pytest.raises(ValidationError):
            order.prepare_create({"id": "1", "payment": value})


def test_without_its_tag_what_is_certain_is_read() -> None:
    """An update that changed a path returns the path alone."""
    record = compiled().decode(stored(h="Ada", cvc="9", level="1", number="4"))
    assert record.payment == {"holder": "Ada", "number": "4"}
    assert record.__leyden_lack__.inside == ("payment.cvc", "payment.level")


def test_a_tag_that_is_no_text_is_an_error_at_its_place() -> None:
    item = {"id": {"S": "1"}, "payment": {"M": {"kind": {"N": "1"}}}}
    with pytest.raises(DecodeError) as raised:
        compiled().decode(item)
    assert raised.value.field == "payment.kind"


def test_hooks_of_the_variant_are_called_and_no_others() -> None:
    spec = entity(
        {
            "pet": {
                "type": "union",
                "tag": "is",
                "variants": {
                    "cat": {"properties": {"name": {"set": Call("up"), "get": Call("down")}}},
                    "dog": {"properties": {"name": "string"}},
                },
            }
        }
    )
    hooks = {"up": lambda value, _: value.upper(), "down": lambda value, _: f"{value.lower()}!"}
    pets = compile_entity(spec, hooks=hooks)
    for kind, held, shown in (("cat", "TOM", "tom!"), ("dog", "Tom", "Tom")):
        values = pets.prepare_create({"id": "1", "pet": {"is": kind, "name": "Tom"}})
        assert values["pet"]["name"] == held
        assert pets.decode(pets.encode(values)).pet["name"] == shown


SHOP = """
entity: order
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  paid:
    type: list
    items:
      type: union
      tag: kind
      variants:
        card: {properties: {number: {type: string, required: true}, fee: integer, note: string}}
        bank: {properties: {iban: string, fee: string, note: string}}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""


@pytest.fixture(scope="module")
def order() -> leyden.Entity:
    return leyden.load(SHOP, table="shop", region="us-east-1").entities.order


def test_a_step_inside_depends_on_the_stored_variant(order: leyden.Entity) -> None:
    params = order.patch(id="1").set({"paid[0].number": "2", "paid[1].note": "x"}).params()
    tags = {v["S"] for v in params["ExpressionAttributeValues"].values()} & {"card", "bank"}
    names = params["ExpressionAttributeNames"]
    condition = params["ConditionExpression"]
    for short, name in names.items():
        condition = condition.replace(short, name)
    assert "paid[0].kind = " in condition
    assert "paid[1].kind IN (" in condition
    assert tags == {"card", "bank"}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"paid[0].kind": "bank"}, "set .paid.0.. as a whole"),
        ({"paid[0].fee": 1}, 'not the same in the variants "card" and "bank"'),
        ({"paid[0].number": "1", "paid[0].iban": "2"}, "in different variants"),
    ],
)
def test_a_step_that_says_nothing_certain_is_refused(
    order: leyden.Entity, steps: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidExpressionError, match=said):
        order.patch(id="1").set(steps).params()


def test_what_is_required_in_a_variant_is_not_removed(order: leyden.Entity) -> None:
    with pytest.raises(RequiredAttributeError):
        order.patch(id="1").remove("paid[0].number")
    with pytest.raises(InvalidExpressionError, match="which variant"):
        order.patch(id="1").remove("paid[0].kind")


def test_conditions_are_on_the_tag_and_on_what_is_certain(order: leyden.Entity) -> None:
    first = order.attr.paid[0]
    params = order.scan.where((first["kind"] == "card") & (first.number == "1")).params()
    assert {"S": "card"} in params["ExpressionAttributeValues"].values()
    with pytest.raises(ValidationError, match=r'"paid.0..kind" must be one of'):
        _ = first["kind"] == "crad"
    with pytest.raises(UnknownAttributeError, match='did you mean "number"'):
        _ = first["nummer"] == "1"
    with pytest.raises(InvalidExpressionError, match='"card" and "bank"'):
        _ = first["fee"] == 1


@given(st.dictionaries(st.sampled_from(["kind", "number", "h", "cvc", "level", "x"]), st.text()))
def test_whatever_others_stored_is_read_and_never_lost_in_silence(parts: dict[str, str]) -> None:
    order = compiled()
    item = stored(**parts)
    try:
        record = order.decode(item)
    except DecodeError:
        return
    shown = {"h" if name == "holder" else name for name in record.payment}
    lost = {f"payment.{name}" for name in parts.keys() - shown}
    assert lost == set(record.__leyden_lack__.inside)
