"""Records as types of Pydantic, of FastAPI, and of others that make and take objects."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import jsonschema
import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError

import leyden
from leyden.errors import ArgumentError
from leyden.mapping.lack import lack_of, narrow
from tests.mapping.test_showing import PLAIN, SOURCE, VALUES

BOUNDS = """
entity: orders
alias: order
version: "1"
service: shop
description: An order of a customer.
attributes:
  id: {type: string, required: true, default: {generate: uuid7}}
  customer: {type: string, required: true, pattern: "^c[0-9]+$", max_length: 9, description: Who.}
  status: {type: [open, paid], default: open}
  total: {type: decimal, required: true, min: 0}
  weight: {type: integer, min: 1, max: 100}
  share: {type: number, max: 1}
  codes: {type: set, items: {type: string, min_length: 2}, max_length: 3}
  lines:
    type: list
    max_length: 2
    items:
      type: map
      properties: {sku: {type: string, required: true}, count: {type: integer, min: 1}}
  pay:
    type: union
    tag: kind
    variants:
      card: {properties: {number: {type: string, required: true}}}
      cash: {properties: {given: integer}}
  made_at: {type: timestamp, default: {generate: now}, read_only: true}
  secret: {type: string, hidden: true}
indexes:
  orders:
    pk: {field: pk, composite: [id]}
"""


@pytest.fixture
def thing() -> leyden.Entity:
    return leyden.load(SOURCE, table="t")["thing"]


@pytest.fixture
def order() -> leyden.Entity:
    return leyden.load(BOUNDS, table="t")["order"]


def read(entity: leyden.Entity, **values: Any) -> Any:
    return entity.parse(entity.put(values).params()["Item"])


def errors_of(adapter: TypeAdapter[Any], value: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_of_a_body_of_changes_nothing_is_required(order: leyden.Entity) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[order.record, leyden.Changes])
    assert "required" not in adapter.json_schema()
    body = adapter.validate_python({"weight": 3, "codes": None})
    assert (body.weight, body.codes, isinstance(body, order.record)) == (3, None, True)
    assert errors_of(adapter, {"weight": 0})[0][0] == ("weight",)
    # To take away what is required is no change that can be.
    assert errors_of(adapter, {"total": None})[0][0] == ("total",)


def test_what_is_shown_as_json_comes_back(thing: leyden.Entity) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(thing.record)
    record = read(thing, **VALUES)
    assert json.loads(adapter.dump_json(record)) == PLAIN
    assert adapter.dump_python(record, mode="json") == PLAIN
    # What no attribute declares comes back as JSON has it.
    rest = {name: value for name, value in PLAIN.items() if name != "free"}
    for again in (adapter.validate_json(json.dumps(rest)), adapter.validate_python(rest)):
        assert again == thing.record(**{**record.to_dict(), "free": None})
    assert adapter.validate_python(record) is record
    assert adapter.dump_python(record) is record


def test_every_attribute_that_is_wrong_is_told_at_its_place(order: leyden.Entity) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(order.record)
    wrong = {
        "customer": "x",
        "weight": 0,
        "total": None,
        "lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 0}, {"count": 1}],
        "pay": {"kind": "card"},
        "wieght": 1,
        "secret": "s",
    }
    found = dict(errors_of(adapter, wrong))
    assert found[("weight",)] == '"weight" must be at least 1'
    assert found[("total",)] == '"total" is required'
    assert found[("customer",)].startswith('"customer" does not match the pattern')
    assert found[("lines", 1, "count")] == '"lines[1].count" must be at least 1'
    assert found[("pay", "number")] == '"pay.number" is required'
    assert 'did you mean "weight"?' in found[("wieght",)]
    assert ("secret",) in found
    assert errors_of(adapter, {"total": 1}) == [(("customer",), "Field required")]
    assert errors_of(adapter, 5)[0][1].startswith("Input should be an object, or a record")


def test_the_json_schema_has_the_constraints(order: leyden.Entity) -> None:
    schema = TypeAdapter(order.record).json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["title"], schema["description"]) == ("Order", "An order of a customer.")
    assert schema["required"] == ["customer", "total"]
    parts = schema["properties"]
    assert "secret" not in parts
    assert parts["customer"] == {
        "type": "string",
        "pattern": "^c[0-9]+$",
        "maxLength": 9,
        "description": "Who.",
    }
    assert parts["status"]["default"] == "open"
    assert parts["status"]["anyOf"] == [
        {"type": "string", "enum": ["open", "paid"]},
        {"type": "null"},
    ]
    assert parts["weight"]["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert parts["lines"]["anyOf"][0]["items"]["required"] == ["sku"]
    assert [one["properties"]["kind"]["enum"] for one in parts["pay"]["anyOf"][0]["oneOf"]] == [
        ["card"],
        ["cash"],
    ]
    assert parts["made_at"]["readOnly"] is True


@pytest.mark.parametrize(
    "value",
    [
        {"customer": "c1", "total": 1.5},
        {"customer": "c1", "total": "1.50", "codes": ["ab", "cd"], "share": 0.5, "weight": None},
        {"customer": "x", "total": 1},
        {"customer": "c1", "total": -1},
        {"customer": "c1"},
        {"customer": "c1", "total": 1, "status": "lost"},
        {"customer": "c1", "total": 1, "weight": 101},
        {"customer": "c1", "total": 1, "codes": ["a"]},
        {"customer": "c1", "total": 1, "codes": []},
        {"customer": "c1", "total": 1, "lines": [{"sku": "a"}] * 3},
        {"customer": "c1", "total": 1, "pay": {"kind": "card"}},
        {"customer": "c1", "total": 1, "pay": {"kind": "cash"}, "made_at": "2026-01-01T00:00:00Z"},
        {"customer": "c1", "total": 1, "more": 1},
        {"customer": "c1", "total": 1, "share": 2},
    ],
)
def test_the_json_schema_and_the_checks_agree(order: leyden.Entity, value: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(order.record)
    fits = jsonschema.Draft202012Validator(adapter.json_schema()).is_valid(value)
    try:
        adapter.validate_python(value)
    except ValidationError:
        assert not fits
    else:
        assert fits


def test_models_hold_records(thing: leyden.Entity) -> None:
    kind: Any = thing.record

    class Cart(BaseModel):
        one: kind
        many: list[kind] = []
        any: Any = None
        of_some_entity: leyden.Record | None = None

    record = read(thing, **{**VALUES, "free": None})
    cart = Cart(one=record, many=[record], any={"it": record}, of_some_entity=record)
    plain = {name: value for name, value in PLAIN.items() if name != "free"}
    assert cart.model_dump(mode="json") == {
        "one": plain,
        "many": [plain],
        "any": {"it": plain},
        "of_some_entity": plain,
    }
    assert Cart(one=plain).one == record
    assert "Thing" in Cart.model_json_schema()["$defs"]
    with pytest.raises(ValidationError) as caught:
        Cart(one=record, many=[{"id": "1", "count": "x"}])
    assert caught.value.errors()[0]["loc"] == ("many", 0, "count")


def test_what_is_left_out_by_name_is_not_written(order: leyden.Entity) -> None:
    class Basket(BaseModel):
        orders: list[order.record]  # type: ignore[name-defined]

    record = read(order, id="o1", customer="c1", total=5, lines=[{"sku": "x", "count": 1}])
    basket = Basket(orders=[record])
    chosen: Any = {"customer": True, "lines": {0: {"sku"}}}
    assert basket.model_dump(mode="json", include={"orders": {0: chosen}}) == {
        "orders": [{"customer": "c1", "lines": [{"sku": "x"}]}]
    }
    left = json.loads(basket.model_dump_json(exclude={"orders": {0: chosen}}))["orders"][0]
    assert left.keys() == record.to_dict().keys() - {"customer"}
    assert left["lines"] == [{"count": 1}]
    web = FastAPI()

    @web.get("/", response_model=order.record, response_model_exclude={"total"})
    def show() -> Any:
        return record

    assert TestClient(web).get("/").json().keys() == record.to_dict().keys() - {"total"}


@pytest.mark.parametrize("annotated", [int, None, leyden.Record])
def test_changes_are_of_the_class_of_an_entity(order: leyden.Entity, annotated: Any) -> None:
    kind = order.record | None if annotated is None else annotated
    with pytest.raises(ArgumentError, match=r"Annotated\[Order, leyden\.Changes\] \| None"):
        TypeAdapter(Annotated[kind, leyden.Changes])
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[order.record, leyden.Changes] | None)
    assert adapter.validate_python({"weight": 2}).weight == 2


def test_a_part_is_written_as_the_part_that_it_is(order: leyden.Entity) -> None:
    part = narrow(read(order, id="1", customer="c1", total=1), frozenset({"id"}))
    adapter: TypeAdapter[Any] = TypeAdapter(order.record)
    assert adapter.validate_python(part) is part
    assert adapter.dump_json(part) == b'{"id":"1"}'


@pytest.fixture
def web(thing: leyden.Entity) -> Iterator[TestClient]:
    web = FastAPI()
    record, kind = read(thing, **VALUES), thing.record

    @web.get("/none")
    def without() -> Any:
        return {"found": [record]}

    @web.get("/plain")
    def plain():  # type: ignore[no-untyped-def]
        return record

    def annotated() -> Any:
        return record

    annotated.__annotations__["return"] = kind
    web.get("/annotated")(annotated)
    web.get("/model", response_model=list[kind])(lambda: [record])  # type: ignore[valid-type]
    web.get("/base", response_model=leyden.Record)(lambda: record)

    def post(body: Any) -> Any:
        return body

    post.__annotations__.update(body=kind)
    post.__annotations__["return"] = kind
    web.post("/made")(post)
    with TestClient(web) as client:
        yield client


def test_fastapi_returns_records_however_it_is_told(web: TestClient) -> None:
    for path, shown in (
        ("plain", PLAIN),
        ("annotated", PLAIN),
        ("base", PLAIN),
        ("model", [PLAIN]),
        ("none", {"found": [PLAIN]}),
    ):
        assert web.get(f"/{path}").json() == shown, path


def test_fastapi_takes_records_for_bodies(web: TestClient) -> None:
    body = {"id": "1", "amount": 19.9, "tags": ["x"], "data": "/wA="}
    assert web.post("/made", json=body).json() == body
    refused = web.post("/made", json={"amount": 1, "parts": [{"price": "x"}]})
    assert refused.status_code == 422
    assert [error["loc"] for error in refused.json()["detail"]] == [
        ["body", "id"],
        ["body", "parts", 0, "price"],
    ]
    described = web.get("/openapi.json").json()
    assert "Thing" in described["components"]["schemas"]


def test_a_body_makes_a_record_that_was_never_read(thing: leyden.Entity) -> None:
    body = TypeAdapter(thing.record).validate_json('{"id": "1", "count": null, "on": true}')
    lack = lack_of(body)
    assert lack is not None
    assert (lack.made, lack.changed) == (True, {"id", "count", "on"})
    for made in (
        thing.record(id="1", on=True),
        msgspec.convert({"id": "1", "on": True}, thing.record),
    ):
        assert (made == body, lack_of(made).changed) == (True, {"id", "on"})  # type: ignore[union-attr]
    bounded = SOURCE.replace("count: integer", "count: {type: integer, min: 1}")
    kind = leyden.load(bounded, table="t")["thing"].record
    assert kind is not thing.record
    with pytest.raises(msgspec.ValidationError, match='"count" must be at least'):
        msgspec.convert({"id": "1", "count": 0}, kind)


def test_the_class_is_a_dataclass_to_who_asks_and_its_records_are_not(thing: leyden.Entity) -> None:
    names = [field.name for field in dataclasses.fields(thing.record)]
    assert names == list(PLAIN)
    assert not dataclasses.is_dataclass(read(thing, **VALUES))
    assert not dataclasses.is_dataclass(thing.record(id="1"))
    assert json.loads(msgspec.json.encode(thing.record(id="1", amount=Decimal(2))))["id"] == "1"


def test_pydantic_is_imported_by_itself_only() -> None:
    script = (
        "import sys, leyden\n"
        f"thing = leyden.load({SOURCE!r}, table='t')['thing']\n"
        "record = thing.record(id='1', amount=2)\n"
        "thing.patch(record).params(), record.to_dict(json=True), record.to_json(), vars(record)\n"
        "print([name for name in ('pydantic', 'pydantic_core') if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
