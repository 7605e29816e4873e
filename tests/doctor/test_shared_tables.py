"""Tables of several services, and items in which whoever wrote them put anything."""

from __future__ import annotations

from typing import Any, Final

import pytest

import leyden
from leyden.engine import LocalEngine
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.plan import expressions as size
from tests.doctor.clinic import findings_of, noise, raw_items, send
from tests.doctor.conftest import Open

ORDERS: Final = """
entity: order
version: "1"
service: SERVICE
unique: [[ticket]]
attributes:
  id:     {type: string, required: true}
  ticket: string
  body:   {type: string, overflow: chunk}
indexes:
  orders:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


def orders(service: str) -> str:
    return ORDERS.replace("SERVICE", service)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are large that are not, so that tests are quick."""
    monkeypatch.setattr(size, "ITEM_LIMIT", 3000)
    monkeypatch.setattr(overflow, "PART_BYTES", 1000)


@pytest.mark.parametrize("other", ["shop_eu", "shops", "shop-eu", "sho"])
def test_services_with_entities_of_one_name_are_told_apart(
    other: str, open_service: Open, embedded: LocalEngine
) -> None:
    one = open_service(orders("shop"))
    with leyden.load(orders(other), table=one.table, engine=embedded) as two:
        for app in (one, two):
            app.entities.order.put(id="1", ticket="t", body=noise(9000)).go()
        for app in (one, two):
            report = app.doctor(full=True)
            assert {*findings_of(report)} == {"item.foreign"}
            assert report.entities["order"].items == 1


def test_a_scope_is_no_other_service(open_service: Open) -> None:
    schema = orders("shop").replace("  orders:\n", "  orders:\n    scope: eu\n")
    app = open_service(schema)
    app.entities.order.put(id="1", ticket="t", body=noise(9000)).go()
    assert app.doctor(full=True).findings == ()


def test_guards_of_another_service_are_foreign_where_keys_are_templates(
    open_service: Open, embedded: LocalEngine
) -> None:
    def templates(service: str, letter: str) -> str:
        pk, sk = f"template: '{letter}${{id}}'", "template: O"
        keys = orders(service).replace("pk, composite: [id]", f"pk, {pk}")
        return keys.replace("sk, composite: []", f"sk, {sk}")

    one = open_service(templates("one", "A#"))
    with leyden.load(templates("two", "B#"), table=one.table, engine=embedded) as two:
        two.entities.order.put(id="1", ticket="t").go()
        assert "guard.unneeded" not in findings_of(one.doctor(full=True))


OWNERS: Final[list[Any]] = [
    {"S": "x"},
    {"M": {}},
    {"M": {"pk": {"S": "x"}}},
    {"M": {"pk": {"N": "1"}, "sk": {"S": "x"}}},
    {"M": {"pk": {"M": {}}, "sk": {"S": "x"}}},
    {"M": {"pk": {"L": [{"NULL": True}]}, "sk": {"SS": ["x"]}}},
    {"M": {"pk": {"S": ""}, "sk": {"S": ""}}},
    {"M": {"pk": {"S": "x" * 2049}, "sk": {"S": "x"}}},
    {"M": {"pk": {"S": "x"}, "sk": {"S": "\u00fc" * 513}}},
]


@pytest.mark.parametrize("owner", OWNERS)
def test_guards_and_parts_that_name_no_key_are_found(owner: Any, open_service: Open) -> None:
    app = open_service(orders("shop"))
    app.entities.order.put(id="1", ticket="t", body=noise(9000)).go()
    for item in raw_items(app):
        if "__leyden_owner__" in item:
            send(app, "PutItem", {"Item": {**item, "__leyden_owner__": owner}})
    found = {*findings_of(app.doctor(full=True))}
    assert "guard.ownerless" in found
    assert found <= {"guard.ownerless", "unique.unguarded", "part.orphan", "item.foreign"}


def test_what_foreign_items_call_themselves_is_told_on_one_line(open_service: Open) -> None:
    app = open_service(orders("shop"))
    names = {"__edb_e__": {"S": "x\x1b[31m\n" * 1000}, "__edb_v__": {"S": "1\x07" * 1000}}
    send(app, "PutItem", {"Item": {"pk": {"S": "x"}, "sk": {"S": "x"}, **names}})
    names["__edb_e__"] = {"S": "order"}
    own = {"pk": {"S": "$shop#id_1"}, "sk": {"S": "$order_2"}}
    send(app, "PutItem", {"Item": {**own, **names}})
    fields = {"x\x1b[31m\n\u202e" * 1000: {"S": "x"}, "id": {"S": "2"}}
    good = {**names, "__edb_v__": {"S": "1"}, "pk": {"S": "$shop#id_2"}, "sk": {"S": "$order_1"}}
    send(app, "PutItem", {"Item": {**good, **fields}})
    report = app.doctor(full=True)
    assert {*findings_of(report)} == {"item.foreign", "item.version", "attribute.unknown"}
    told = [*(one.message for one in report.findings), *report.entities]
    assert all(text.isprintable() and len(text) < 250 for text in told)
