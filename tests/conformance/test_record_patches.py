"""The law of patches by records: they leave the item that a put of the changed record would."""

from __future__ import annotations

from typing import Any, Final

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import ConditionFailedError, InputError
from leyden.program import Request

SOURCE: Final = """
entity: parcels
alias: parcel
version: "1"
service: laws
attributes:
  id: {type: string, required: true}
  status: {type: [open, paid, sent]}
  weight: {type: integer, min: 0}
  zone: string
  lines: {type: list, items: {type: map, properties: {sku: string, count: integer}}}
  tags: {type: set, items: string}
  place: {type: map, properties: {row: string}}
  label: {type: string, derive: "join(' ', [status || '-', zone || '-'])"}
indexes:
  parcels:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
  by_status:
    index: gsi1
    when: "status != 'sent'"
    pk: {field: gsi1pk, composite: [status]}
    sk: {field: gsi1sk, composite: [zone, weight]}
  labelled:
    index: gsi2
    pk: {field: gsi2pk, composite: [label]}
    sk: {field: gsi2sk, composite: [weight]}
"""
PARTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "status": st.sampled_from(["open", "paid", "sent"]),
    "weight": st.integers(0, 3),
    "zone": st.sampled_from(["a", "B", "c d"]),
    "lines": st.lists(st.builds(dict, sku=st.sampled_from("xy")), max_size=2),
    "tags": st.sets(st.sampled_from("xyz"), min_size=1),
    "place": st.builds(dict, row=st.sampled_from("xy")),
}
VALUES = st.fixed_dictionaries({}, optional=PARTS)
CHANGES = st.fixed_dictionaries(
    {}, optional={name: st.none() | part for name, part in PARTS.items()}
)


@pytest.fixture
def app(open_service: Any) -> leyden.Service:
    app: leyden.Service = open_service(SOURCE)
    return app


def stored(app: leyden.Service) -> Any:
    key = app.entities.parcel.get(id="1").params()["Key"]
    params = {"TableName": app.table, "Key": key, "ConsistentRead": True}
    return app.driver.send(Request("GetItem", params, "raw")).get("Item")


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=VALUES, first=CHANGES, second=CHANGES, way=st.sampled_from(["evolve", "name"]))
def test_a_patch_leaves_what_a_put_would(
    app: leyden.Service,
    values: dict[str, Any],
    first: dict[str, Any],
    second: dict[str, Any],
    way: str,
) -> None:
    parcel = app.entities.parcel
    try:
        parcel.put(id="1", **values).go()
        wanted = parcel.put(**{"id": "1", **values, **first, **second}).params()["Item"]
    except InputError:
        # An index takes all attributes of a key, or none.
        return
    record = parcel.get(id="1").go(consistent=True)
    if way == "evolve":
        parcel.patch(attrs.evolve(attrs.evolve(record, **first), **second)).go()
    else:
        parcel.patch(attrs.evolve(record, **first), **second).go()
    assert stored(app) == wanted
    assert parcel.parse(stored(app)) == parcel.parse(wanted)


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(other=st.sampled_from([{"zone": "z"}, {"status": "paid"}]), apart=st.booleans())
def test_a_change_of_what_it_needs_is_noticed(
    app: leyden.Service, other: dict[str, Any], apart: bool
) -> None:
    parcel = app.entities.parcel
    parcel.put(id="1", status="open", weight=1, zone="a").go()
    record = parcel.get(id="1").go(consistent=True)
    parcel.patch(record, **other).go()
    before = stored(app)
    if apart:
        # Nothing depends on tags: what else changed is in nobody's way.
        parcel.patch(record, tags={"x"}).go()
        assert stored(app) == {**before, "tags": {"SS": ["x"]}}
        return
    with pytest.raises(ConditionFailedError, match="it was written meanwhile"):
        parcel.patch(record, weight=2).go()
    with pytest.raises(leyden.errors.TransactionCanceledError):
        app.transact_write([parcel.patch(attrs.evolve(record, weight=2))]).go()
    assert stored(app) == before
