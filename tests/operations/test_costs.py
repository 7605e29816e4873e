"""What a write costs, in words and as data, before it is sent."""

from __future__ import annotations

from base64 import b64encode
from random import Random
from typing import Any

import leyden

SCHEMA: dict[str, Any] = {
    "entity": "member",
    "version": "1",
    "service": "club",
    "unique": [["email"]],
    "attributes": {
        "id": {"type": "string", "required": True},
        "email": "string",
        "text": {"type": "string", "overflow": "chunk"},
    },
    "indexes": {
        "member": {
            "pk": {"field": "pk", "composite": ["id"]},
            "sk": {"field": "sk", "composite": []},
        },
    },
}


def member() -> Any:
    return leyden.load(SCHEMA, table="club").entities.member


def test_guards_and_the_transaction_that_they_need_are_counted() -> None:
    cost = member().create(id="1", email="ada@example.com").explain().cost
    assert (cost.item, cost.others, cost.in_transaction, cost.units) == (1, 1, True, 4)
    assert "exact" in cost.bound


def test_parts_of_large_values_are_counted() -> None:
    text = b64encode(Random(1).randbytes(525_000)).decode()
    cost = member().create(id="1", text=text).explain().cost
    assert cost.in_transaction
    # Some 525,000 bytes when compressed, in two parts, and what each says beside its bytes.
    assert 513 <= cost.others <= 525
    assert cost.item == 1


def test_a_put_may_replace_what_costs_more() -> None:
    said = str(member().put(id="1").explain())
    # The guard of a value that the stored item may have.
    assert (
        "  costs: at least 6 write units: 1 for the item, 2 for the items that go with it" in said
    )


def test_an_update_of_a_unique_value_moves_its_guard() -> None:
    cost = member().patch(id="1").set(email="eve@example.com").explain().cost
    assert (cost.others, cost.in_transaction, cost.bound) == (2, True, "at most")
    assert member().patch(id="1").set(text="short").explain().cost.others == 0


def test_a_check_costs_what_reads_in_transactions_do() -> None:
    assert member().check(id="1").explain().cost.units == 2


def test_reads_have_no_cost_before_they_are_sent() -> None:
    assert member().get(id="1").explain().cost is None


def test_a_transaction_doubles_each_of_its_writes() -> None:
    app = leyden.load(SCHEMA, table="club")
    entry = app.entities.member
    said = app.transact_write([entry.create(id="1"), entry.check(id="2")]).explain()
    assert said.count("  costs: ") == 2
    assert "costs: 2 write units: 1 for the item, doubled by the transaction" in said


def test_a_transaction_says_what_its_writes_cost_together() -> None:
    app = leyden.load(SCHEMA, table="club")
    entry = app.entities.member

    def total(*writes: Any) -> str:
        return app.transact_write([*writes]).explain().splitlines()[-1]

    create = entry.create(id="1", email="ada@example.com")
    patch = entry.patch(id="2").set(text="short")
    # An exact cost takes the bound of the others; two bounds of different kinds leave none.
    assert total(create, entry.create(id="2")) == "costs together: 6 write units"
    assert total(create, patch) == "costs together: at most 6 write units"
    assert total(create, entry.put(id="3")) == "costs together: at least 10 write units"
    assert total(patch, entry.put(id="3")) == "costs together: about 8 write units"
