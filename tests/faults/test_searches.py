"""Searches of a vector index under faults: what the index finds, or an error; never less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen

from leyden.drivers import SyncDriver
from leyden.errors import AwsError, ConnectionFailedError, ThrottledError
from leyden.program import Gather, Program, Request
from tests.bridge import BridgedDriver
from tests.conformance.test_vector_requests import INDEX, names, put, search
from tests.conftest import _new_table_name
from tests.faults.proxy import (
    CutShort,
    Fault,
    FaultProxy,
    Forward,
    Reset,
    broken,
    fault_proxy,
    throttled,
)

PASSING: list[Fault] = [
    throttled("ThrottlingException"),
    throttled("RequestLimitExceeded"),
    broken(),
    broken(503),
    Reset(),
    Reset(forward=True),
    CutShort(),
]


@frozen
class Searched:
    """A table of five vectors behind a proxy, and who sends to it."""

    table: str
    driver: Any
    proxy: FaultProxy

    def nearest(self, *numbers: float) -> list[str]:
        """The names of the two items that are nearest."""
        return names(self.driver.send(search(self.table, *numbers)))


@pytest.fixture(scope="module", params=["lean", "pynamodb", "async"])
def one_table(vector_engine: Any, request: pytest.FixtureRequest) -> Iterator[Searched]:
    table = _new_table_name(f"faults-searches-{request.param}")
    with fault_proxy(vector_engine.endpoint_url) as proxy:
        options: dict[str, Any] = {
            "endpoint_url": proxy.url,
            "region": vector_engine.region,
            "credentials": vector_engine.credentials,
        }
        made: Any = BridgedDriver if request.param == "async" else SyncDriver
        if request.param != "async":
            options["transport"] = request.param
        with made(**options) as driver:
            driver.send(
                Request(
                    "CreateTable",
                    {
                        "TableName": table,
                        "BillingMode": "PAY_PER_REQUEST",
                        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                        "AttributeDefinitions": [
                            {"AttributeName": "pk", "AttributeType": "S"},
                            {"AttributeName": "room", "AttributeType": "S"},
                        ],
                        "VectorIndexes": [INDEX],
                    },
                )
            )
            for number in range(5):
                driver.send(put(table, f"p{number}", number, 0.5))
            yield Searched(table, driver, proxy)
            driver.send(Request("DeleteTable", {"TableName": table}))


@pytest.fixture
def searched(one_table: Searched) -> Iterator[Searched]:
    yield one_table
    one_table.proxy.play(otherwise=Forward())


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_a_fault_that_passes_is_not_seen(searched: Searched, fault: Fault) -> None:
    searched.proxy.play(fault)
    assert searched.nearest(3.1, 0.5) == ["p3", "p4"]
    assert [seen.fault for seen in searched.proxy.seen] == [fault, Forward()]
    searched.proxy.play(fault, fault)
    assert searched.nearest(0.1, 0.5) == ["p0", "p1"]
    assert [seen.fault for seen in searched.proxy.seen] == [fault, fault, Forward()]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_a_fault_that_lasts_is_an_error(searched: Searched, fault: Fault) -> None:
    searched.proxy.play(otherwise=fault)
    with pytest.raises(AwsError) as caught:
        searched.nearest(3.1, 0.5)
    kind = {400: ThrottledError, 500: AwsError, 503: AwsError}.get(getattr(fault, "status", 0))
    assert isinstance(caught.value, kind or ConnectionFailedError)
    assert not caught.value.unsure
    assert not caught.value.outcome
    assert caught.value.operation == "note.search"


def test_what_is_gathered_keeps_its_place_whatever_fails(searched: Searched) -> None:
    def program() -> Program[Any]:
        near = (search(searched.table, number, 0.5, TopK=1) for number in range(4))
        return (yield Gather(tuple(near), 2))

    searched.proxy.play(throttled(), Forward(), Reset(forward=True), CutShort())
    found = searched.driver.run(program())
    assert [names(one) for one in found] == [["p0"], ["p1"], ["p2"], ["p3"]]
