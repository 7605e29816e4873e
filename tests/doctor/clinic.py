"""A service with all that the doctor knows, and raw requests about its table."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, Final

import leyden
from leyden.program import Item, Params, Request

KEYS: Final = {"first": bytes(range(32))}

SERVICE: Final = """
entity: patients
alias: patient
version: "1"
service: clinic
unique: [[email], [ward, bed]]
version_attribute: revision
attributes:
  clinic:   {type: string, required: true}
  id:       {type: string, required: true}
  email:    string
  ward:     string
  bed:      integer
  status:   {type: [here, away], default: here}
  age:      integer
  label:    {type: string, derive: "join('-', [ward || 'none', status || 'none'])"}
  notes:    {type: string, overflow: chunk}
  secret:   {type: string, encrypt: true}
  revision: integer
  expires:  {type: ttl}
  embedding: {type: vector, dimensions: 3}
  area:     string
indexes:
  own:
    collection: all
    pk: {field: pk, composite: [clinic]}
    sk: {field: sk, composite: [id]}
  by_ward:
    index: gsi1
    pk: {field: gsi1pk, composite: [ward]}
    sk: {field: gsi1sk, composite: [label]}
  present:
    index: gsi2
    when: "status == 'here'"
    absent: out
    pk: {field: gsi2pk, composite: [clinic, ward]}
    sk: {field: gsi2sk, composite: [age]}
  alike:
    vector: {index: vec1, attribute: embedding, partition: area}
---
entity: visits
alias: visit
version: "1"
service: clinic
keys: strict
attributes:
  clinic: {type: string, required: true}
  id:     {type: string, required: true}
  at:     timestamp
  cost:   {type: decimal}
  text:   {type: string, overflow: chunk}
indexes:
  own:
    pk: {field: pk, composite: [clinic]}
    sk: {field: sk, composite: [id]}
  by_cost:
    index: gsi1
    pk: {field: gsi1pk, composite: [clinic]}
    sk: {field: gsi1sk, composite: [cost, at]}
"""


def noise(length: int, seed: int = 0) -> str:
    """A text that does not become much shorter when it is compressed."""
    return random.Random(seed).randbytes(length // 2 + 1).hex()[:length]


def send(app: leyden.Service, api: str, params: Params) -> Any:
    """Send one raw request about the service's table."""

    def program() -> Any:
        return (yield Request(api, {"TableName": app.table, **params}))

    return app.driver.run(program())


def raw_items(app: leyden.Service) -> list[Item]:
    """All items of the table, as they are stored."""
    return [*send(app, "Scan", {"ConsistentRead": True}).get("Items", ())]


def key_of(item: Mapping[str, Any]) -> Item:
    """The table's own key of a raw item."""
    return {name: item[name] for name in ("pk", "sk") if name in item}


def empty(app: leyden.Service, *key: str) -> None:
    """Delete all items; `key` are the fields of the table's own key."""
    for item in raw_items(app):
        send(app, "DeleteItem", {"Key": {name: item[name] for name in key or ("pk", "sk")}})


def findings_of(report: Any, severities: Iterable[str] = ("fault", "warning", "note")) -> list[str]:
    """The codes of what was found, gravest first."""
    return [one.code for one in report.findings if one.severity in severities]
