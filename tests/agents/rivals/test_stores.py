"""Stores of LangGraph: what Leyden's does as the one in memory, and another package does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from bench.agents.contestants import STORES, Contestant
from bench.agents.stage import Stage
from bench.agents.stores import BEHAVIORS
from bench.agents.texts import text
from botocore.exceptions import ClientError
from langgraph.store.memory import InMemoryStore

from tests.agents.rivals.beside import Fault, beside

FAULTS: Final[dict[str, Fault | str]] = {
    "children": "finds only what is in the namespace itself",
    "filtered": "returns none of them, since it filters what it read up to the limit",
    "compared": "finds nothing, since it takes the operator for a value",
    "apart": "joins the labels with colons, so that one overwrites the other",
    "integers": "returns a Decimal",
    "floats": Fault("hands the float to boto3, which refuses it", TypeError),
    "large": Fault("puts all of a value into one item, which DynamoDB refuses", ClientError),
}
"""What the store of langgraph-checkpoint-aws does, by the names of behaviors."""


@pytest.mark.parametrize(
    ("behave", "package"),
    [
        pytest.param(behave, *case.values, marks=case.marks, id=f"{name}-{case.id}")
        for name, (_, behave) in BEHAVIORS.items()
        for case in beside(STORES, **{"aws-store": FAULTS[name]})
    ],
)
def test_a_store_does_as_the_one_in_memory(
    behave: Callable[[Any], Any], package: Contestant, here: Stage
) -> None:
    assert behave(package.open(here, here.table())) == behave(InMemoryStore())


@pytest.mark.parametrize(
    "package", beside(STORES, **{"aws-store": "scans the table, values and all"})
)
def test_namespaces_are_listed_by_as_many_requests_however_large_their_items_are(
    package: Contestant, here: Stage
) -> None:
    store = package.open(here, here.table())
    requests = []
    for n in range(3):
        store.put(("users", "ada"), f"{n}", {"essay": text(380_000)})
        with here.meter.counted() as spent:
            assert store.list_namespaces(prefix=("users",)) == [("users", "ada")]
        requests.append(spent.requests)
    assert {*requests} == {requests[0]}
