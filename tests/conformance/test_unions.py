"""Unions on every engine: paths depend on the stored variant, and nothing of others is lost."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import ConditionFailedError, InputError
from leyden.types import LackingMap
from tests.conformance.conftest import Open

SHOP = """
entity: order
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  payment:
    type: union
    tag: kind
    variants:
      card: {properties: {number: {type: string, required: true}, note: string}}
      bank: {properties: {iban: {type: string, required: true}, note: string}}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""
CARD = {"kind": "card", "number": "1"}


@pytest.fixture
def app(open_service: Open) -> Any:
    return open_service(SHOP)


def test_a_step_changes_the_variant_that_has_it_and_no_other(app: Any) -> None:
    order = app.entities.order
    order.put(id="1", payment=CARD).go()
    changed = order.patch(id="1").set({"payment.number": "2"}).go(response="updated_new")
    # DynamoDB Local gives the whole map where the service gives the path alone.
    assert changed.payment in ({"number": "2"}, {**CARD, "number": "2"})
    assert isinstance(changed.payment, LackingMap)
    order.patch(id="1").set({"payment.note": "x"}).go()
    with pytest.raises(ConditionFailedError, match='"payment" is not "bank"'):
        order.patch(id="1").set({"payment.iban": "3"}).go()
    with pytest.raises(ConditionFailedError, match='"payment" is not "bank"'):
        order.update(id="none").set({"payment.iban": "3"}).go()
    change = order.patch(id="1").remove("payment.note")
    app.transact_write([change]).go()
    assert order.get(id="1").go().payment == {**CARD, "number": "2"}


def test_variants_are_found_by_their_tags_and_by_what_they_have(app: Any) -> None:
    order = app.entities.order
    order.put(
        [{"id": "1", "payment": CARD}, {"id": "2", "payment": {"kind": "bank", "iban": "9"}}]
    ).go()
    order.put(id="3").go()
    payment = order.attr.payment
    found = {
        name: sorted(one.id for one in order.scan.where(condition).go(pages="all"))
        for name, condition in {
            "card": payment["kind"] == "card",
            "not a card": payment["kind"] != "card",
            "iban": payment["iban"] == "9",
            "no iban": payment["iban"].does_not_exist(),
        }.items()
    }
    assert found == {"card": ["1"], "not a card": ["2", "3"], "iban": ["2"], "no iban": ["1", "3"]}


def test_a_variant_of_a_later_schema_is_not_erased(app: Any, open_service: Open) -> None:
    later = open_service(
        SHOP.replace("variants:\n", "variants:\n      coin: {properties: {wallet: string}}\n"),
        table=app.table,
        create=False,
    )
    later.entities.order.put(id="1", payment={"kind": "coin", "wallet": "w"}).go()
    order = app.entities.order
    for record in (
        order.get(id="1").go(),
        *order.query.by_id(id="1"),
        *order.get([{"id": "1"}]).go(),
    ):
        assert record.payment == {"kind": "coin"}
        with pytest.raises(InputError, match=r"payment\.wallet"):
            order.put(record).go()
    assert later.entities.order.get(id="1").go().payment == {"kind": "coin", "wallet": "w"}
