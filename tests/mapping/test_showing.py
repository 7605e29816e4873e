"""Records as dicts and as JSON: one form of each value, whoever writes it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

import leyden
from leyden.cli.values import json_text, plain_record, read_json
from leyden.errors import NotReadError
from leyden.mapping.lack import narrow

SOURCE = """
entity: things
alias: thing
version: "1"
service: shown
attributes:
  id: {type: string, required: true, field: i}
  kind: {type: [a, b]}
  at: timestamp
  until: ttl
  data: binary
  tags: {type: set, items: string}
  blobs: {type: set, items: binary}
  amount: decimal
  count: integer
  share: number
  on: boolean
  parts: {type: list, items: {type: map, properties: {price: decimal, at: timestamp}}}
  free: any
  doc: json
  near: {type: vector, dimensions: 2}
  secret: {type: string, hidden: true}
indexes:
  things:
    pk: {field: pk, composite: [id]}
"""
AT = "2026-02-03T09:15:00.000Z"
VALUES: dict[str, Any] = {
    "id": "1",
    "kind": "a",
    "at": AT,
    "until": 1_800_000_000,
    "data": b"\xff\x00",
    "tags": {"y", "x"},
    "blobs": {b"\x01", b"\x00"},
    "amount": Decimal("19.90"),
    "count": 2**60,
    "share": 0.1,
    "on": False,
    "parts": [{"price": Decimal("1.5"), "at": AT}],
    "free": {"b": {1, 2}, "a": [b"x", Decimal("0.1234567890123456789")]},
    "doc": {"b": [None, 1.5], "a": "é"},
    "near": [0.5, -0.25],
    "secret": "s",
}
PLAIN: dict[str, Any] = {
    "id": "1",
    "kind": "a",
    "at": AT,
    "until": "2027-01-15T08:00:00.000Z",
    "data": "/wA=",
    "tags": ["x", "y"],
    "blobs": ["AA==", "AQ=="],
    "amount": 19.9,
    "count": 2**60,
    "share": 0.1,
    "on": False,
    "parts": [{"at": AT, "price": 1.5}],
    # No float holds so many digits, and none is lost.
    "free": {"a": ["eA==", "0.1234567890123456789"], "b": [1, 2]},
    "doc": {"b": [None, 1.5], "a": "é"},
    "near": [0.5, -0.25],
}


@pytest.fixture
def thing() -> leyden.Entity:
    return leyden.load(SOURCE, table="t")["thing"]


def record_of(thing: leyden.Entity, **values: Any) -> Any:
    return thing.parse(thing.put({**VALUES, **values}).params()["Item"])


def test_a_record_is_a_dict_of_what_its_item_has(thing: leyden.Entity) -> None:
    record = record_of(thing, kind=None)
    shown = record.to_dict()
    assert list(shown) == [name for name in PLAIN if name != "kind"]
    assert all(shown[name] is getattr(record, name) for name in shown)
    assert thing.put(shown, secret="s").params() == thing.put(record, secret="s").params()


def test_as_json_it_has_what_every_writer_of_json_takes(thing: leyden.Entity) -> None:
    record = record_of(thing)
    assert record.to_dict(json=True) == PLAIN
    assert json.loads(json.dumps(record.to_dict(json=True))) == PLAIN
    assert json.loads(json.dumps([record], default=vars)) == [PLAIN]


def test_it_says_what_the_command_line_says(thing: leyden.Entity) -> None:
    record = record_of(thing)
    command = plain_record(thing, record)
    assert read_json(record.to_json()) == read_json(json_text(command))
    assert list(record.to_dict(json=True)) == list(command)


def test_the_text_has_every_digit_and_half_a_surrogate_pair(thing: leyden.Entity) -> None:
    digits = "0.12345678901234567890123456789"
    text = record_of(thing, amount=Decimal(digits)).to_json()
    assert f'"amount":{digits}' in text
    torn = record_of(thing, doc={"a": "\ud800"})
    assert json.loads(torn.to_json())["doc"] == {"a": "\ud800"}


def test_a_part_shows_what_was_read(thing: leyden.Entity) -> None:
    full = thing.put(VALUES).params()["Item"]
    part = thing.parse({"pk": full["pk"], "i": full["i"]})
    shown = narrow(part, frozenset({"id", "kind"}))
    assert shown.to_dict() == shown.to_dict(json=True) == {"id": "1"}
    assert shown.to_json() == '{"id":"1"}'
    with pytest.raises(NotReadError):
        _ = shown.amount


def test_msgspec_takes_records_and_makes_them(thing: leyden.Entity) -> None:
    record = record_of(thing)
    assert sorted(json.loads(msgspec.json.encode(record))["tags"]) == ["x", "y"]
    values = {"id": "1", "amount": "2.50", "tags": ["x"], "at": AT}
    made = msgspec.convert(values, thing.record)
    assert made == thing.record(id="1", amount=Decimal("2.5"), tags={"x"}, at=record.at)
    assert isinstance(record, leyden.Record)
