"""Items that ElectroDB wrote are healthy: all that it writes in the golden data."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.doctor.items import Examiner
from leyden.program import Item
from tests.interop.leyden_side import to_service
from tests.vectors.golden import Vector, vectors


def written(vector: Vector) -> list[dict[str, Any]]:
    """The whole items in the requests of a golden operation, as plain JSON."""
    requests = vector.expect.get("request", [])
    listed = requests if isinstance(requests, list) else [requests]
    return [request["Item"] for request in listed if "Item" in request]


WRITTEN = [vector for vector in vectors() if written(vector)]


def typed(value: Any) -> Any:
    """A plain value as DynamoDB's DocumentClient writes it."""
    match value:
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": repr(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [typed(one) for one in value]}
        case dict():
            return {"M": {name: typed(one) for name, one in value.items()}}
    return {"NULL": True}


@pytest.mark.parametrize("vector", WRITTEN, ids=lambda vector: vector.id)
def test_what_electrodb_writes_is_healthy(vector: Vector) -> None:
    app = leyden.load(to_service(vector.models), table=vector.table)
    spec = app.entities[vector.op["entity"]].spec
    sets = {one.field for one in spec.attributes.values() if one.type == "set"}
    examiner = Examiner([entity._bound for entity in app.entities.values()])
    for plain in written(vector):
        item: Item = {
            name: {"SS": value} if name in sets else typed(value) for name, value in plain.items()
        }
        seen = examiner.judge(item)
        assert seen.entity is not None
        assert (seen.entity.spec.alias, seen.problems) == (vector.op["entity"], ())


def test_there_are_such_items() -> None:
    assert len(WRITTEN) > 10
