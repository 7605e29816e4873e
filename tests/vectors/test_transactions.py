"""The golden writes as parts of transactions: each part is the request that it is alone."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.operations.chains.write import Write
from tests.interop.leyden_side import Words, to_service
from tests.vectors.canonical import as_text, canonical, without_guards
from tests.vectors.golden import Vector, vectors
from tests.vectors.test_vectors import guard_of

WRITES = ("put", "create", "upsert", "update", "patch", "delete", "remove")
SINGLE = [v for v in vectors() if v.op.get("verb") in WRITES and "request" in v.expect]


@pytest.mark.parametrize("vector", SINGLE, ids=lambda vector: vector.id)
def test_a_part_of_a_transaction_is_what_electrodb_sends_alone(vector: Vector) -> None:
    app = leyden.load(to_service(vector.models), table=vector.table)
    chain: Any = Words(app, vector.models).chain(vector.op)
    assert isinstance(chain, Write)
    (part,) = app.transact_write([chain]).params()["TransactItems"]
    ((kind, body),) = part.items()
    assert kind in ("Put", "Update", "Delete")
    body.pop("ReturnValuesOnConditionCheckFailure", None)
    expected = vector.expect["request"]
    assert as_text(without_guards(canonical(body), expected, guard_of(vector))) == as_text(expected)


def test_most_golden_writes_are_covered() -> None:
    assert len(SINGLE) > 30
