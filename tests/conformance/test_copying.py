"""Updates that set attributes to what others hold, on a table."""

from __future__ import annotations

from tests.conformance.conftest import Open

ORDER = """
entity: order
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  price: number
  total: number
  old: number
  detail: {type: map, properties: {tax: number}}
indexes:
  own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""


def test_values_are_made_in_the_table(open_service: Open) -> None:
    order = open_service(ORDER)["order"]
    attr = order.attr
    order.create(id="1", price=5, detail={"tax": 2}).go()
    order.patch(id="1").set(total=(attr.total | 10) + attr.price, old=attr.price).go()
    order.patch(id="1").set({"total": attr.total - attr.detail.tax, "detail.tax": attr.old}).go()
    found = order.get(id="1").go()
    assert (found.total, found.old, found.detail["tax"]) == (13, 5, 5)
