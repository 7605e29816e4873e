"""An update that sets an attribute to what others hold."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import InvalidExpressionError, LeydenError

ORDER = """
entity: order
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  state: string
  before: string
  code: string
  price: number
  total: {type: number, field: tot}
  detail: {type: map, properties: {tax: number}}
  items: {type: list, items: string}
  secret: {type: string, set: {call: hashed}}
  kind: {type: [a, b]}
  wide: {type: [a, b, c]}
  notes: {type: string, overflow: chunk}
  head: {type: string, watch: [before], derive: "before"}
indexes:
  own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  by_code: {index: gsi1, pk: {field: code, template: "C#${code}"}}
  by_state: {index: gsi2, pk: {field: gsi2pk, composite: [state]}}
"""


@pytest.fixture(scope="module")
def order() -> Any:
    return leyden.load(ORDER, table="t", hooks={"hashed": lambda value, _: value})["order"]


def written(chain: Any) -> str:
    """The update expression with names and values in place."""
    params = chain.params()
    text: str = params["UpdateExpression"]
    for placeholder, name in reversed(params["ExpressionAttributeNames"].items()):
        text = text.replace(placeholder, name)
    for placeholder, value in reversed(params["ExpressionAttributeValues"].items()):
        text = text.replace(placeholder, str(next(iter(value.values()))))
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda attr: attr.price, "tot = price,"),
        (lambda attr: attr.price + 5, "tot = price + 5,"),
        (lambda attr: attr.total - attr.price, "tot = tot - price,"),
        (lambda attr: (attr.total | 10) + 1, "tot = if_not_exists (tot, 10) + 1,"),
        (lambda attr: (attr.total | 10) - attr.detail.tax, "if_not_exists (tot, 10) - detail.tax,"),
    ],
)
def test_a_number_is_set_to_what_others_hold(order: Any, value: Any, text: str) -> None:
    assert text in written(order.update(id="1").set(total=value(order.attr)))
    assert text in written(order.patch(id="1").set({"total": value(order.attr)}))


def test_parts_of_maps_are_copied_both_ways(order: Any) -> None:
    assert "detail.tax = price," in written(
        order.patch(id="1").set({"detail.tax": order.attr.price})
    )
    assert "wide = kind," in written(order.patch(id="1").set(wide=order.attr.kind))


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("state", lambda attr: attr.secret),
        ("secret", lambda attr: attr.before),
        ("before", lambda attr: attr.price),
        ("kind", lambda attr: attr.wide),
        ("before", lambda attr: attr.code),
        ("before", lambda attr: attr.notes),
        ("notes", lambda attr: attr.before),
        ("before", lambda attr: attr.price + 1),
        ("head", lambda attr: attr.before),
        ("id", lambda attr: attr.before),
    ],
)
def test_what_must_be_known_or_is_of_another_type_is_refused(
    order: Any, target: str, value: Any
) -> None:
    with pytest.raises(LeydenError):
        order.patch(id="1").set({target: value(order.attr)}).params()


def test_an_input_of_a_derived_attribute_is_no_copy(order: Any) -> None:
    with pytest.raises(InvalidExpressionError, match='"head" is derived from it'):
        order.patch(id="1").set(before=order.attr.secret).params()


def test_an_attribute_of_another_entity_is_refused(order: Any) -> None:
    other = leyden.load(ORDER.replace("entity: order", "entity: bill"), table="t",
                        hooks={"hashed": lambda value, _: value})["bill"]  # fmt: skip
    with pytest.raises(InvalidExpressionError, match="attribute of this entity"):
        order.patch(id="1").set(total=other.attr.price)
