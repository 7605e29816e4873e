"""Requests about vector indexes, over each transport, on the engines that have such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from leyden.drivers import SyncDriver
from leyden.errors import AwsError, LeydenError, TableNotFoundError
from leyden.events import Event, ResponseReceived
from leyden.program import Gather, Program, Request, Work
from tests.bridge import BridgedDriver

INDEX: Final = {
    "IndexName": "by_meaning",
    "VectorAttribute": {"AttributeName": "vec"},
    "Dimensions": 2,
    "DistanceFunction": "EUCLIDEAN",
    "SearchSchema": [{"AttributeName": "room", "SearchSchemaElementType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


@pytest.fixture(scope="module")
def engine(vector_engine: Any) -> Any:
    return vector_engine


@pytest.fixture(scope="module")
def driver(engine: Any, transport: str) -> Iterator[Any]:
    options = {
        "endpoint_url": engine.endpoint_url,
        "region": engine.region,
        "credentials": engine.credentials,
    }
    made: Any = (
        BridgedDriver(**options)
        if transport == "async"
        else SyncDriver(**options, transport="pynamodb" if transport == "pynamodb" else "lean")
    )
    with made:
        yield made


@pytest.fixture(scope="module")
def table(driver: Any, module_table_name: str) -> Iterator[str]:
    driver.send(
        Request(
            "CreateTable",
            {
                "TableName": module_table_name,
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
        driver.send(put(module_table_name, f"p{number}", number, 0.5))
    yield module_table_name
    driver.send(Request("DeleteTable", {"TableName": module_table_name}))


def vector(*numbers: float) -> list[dict[str, str]]:
    return [{"N": str(number)} for number in numbers]


def put(table: str, name: str, *numbers: float) -> Request:
    item = {"pk": {"S": name}, "room": {"S": "r"}, "vec": {"L": vector(*numbers)}}
    return Request(
        "PutItem", {"TableName": table, "Item": item, "ReturnConsumedCapacity": "INDEXES"}
    )


def search(table: str, *numbers: float, **changes: Any) -> Request:
    params: dict[str, Any] = {
        "TableName": table,
        "IndexName": "by_meaning",
        "SearchVector": vector(*numbers),
        "TopK": 2,
        "SearchConditionExpression": "room = :room",
        "ExpressionAttributeValues": {":room": {"S": "r"}},
    }
    return Request("SearchVectors", params | changes, "note.search", "note")


def names(found: Any) -> list[str]:
    return [one["Item"]["pk"]["S"] for one in found["SearchResults"]]


def test_the_nearest_are_found_and_the_cost_is_told(driver: Any, table: str) -> None:
    heard: list[Event] = []
    with driver.listen(heard.append):
        found = driver.send(search(table, 3, 0.5))
    assert names(found)[0] == "p3"
    assert found["SearchResults"][0]["Score"] == 0
    assert found["ConsumedCapacity"]["VectorSearchRequestBytes"] > 0
    assert isinstance(heard[-1], ResponseReceived)
    assert (heard[-1].api, heard[-1].index) == ("SearchVectors", "by_meaning")


def test_a_write_tells_what_the_index_cost(driver: Any, table: str) -> None:
    written = driver.send(put(table, "far", 100, 0.5))
    assert "by_meaning" in written["ConsumedCapacity"]["VectorIndexes"]


def test_searches_go_beside_other_steps(driver: Any, table: str) -> None:
    def program() -> Program[Any]:
        query = yield Work(lambda: (1, 0.5))
        get = Request("GetItem", {"TableName": table, "Key": {"pk": {"S": "p4"}}})
        return (yield Gather((search(table, *query), get, search(table, 4, 0.5, TopK=1)), 3))

    near, got, far = driver.run(program())
    assert (names(near)[0], got["Item"]["pk"]["S"], names(far)) == ("p1", "p4", ["p4"])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"IndexName": "no_such_index"}, LeydenError),
        ({"TableName": "no-such-table"}, TableNotFoundError),
        ({"SearchVector": vector(1, 2, 3)}, AwsError),
        ({"TopK": 101}, AwsError),
        ({"SearchConditionExpression": "room > :room"}, AwsError),
    ],
)
def test_what_cannot_be_searched_is_refused(
    driver: Any, table: str, changes: dict[str, Any], kind: type[LeydenError]
) -> None:
    with pytest.raises(kind) as caught:
        driver.send(search(table, 1, 0.5, **changes))
    assert caught.value.operation == "note.search"
    assert not caught.value.unsure
