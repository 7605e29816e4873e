"""DynamoDB's requests go past moto's router, and get the very answers that they get through it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import leyden
from leyden.engine import local
from leyden.events import RequestSent

TABLE: dict[str, Any] = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "g", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi1",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM: dict[str, Any] = {
    "pk": {"S": "é"},
    "g": {"N": "1"},
    "a": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"b": {"B": "AAE="}}}]},
    "s": {"SS": ["x", "y"]},
}
KEY: dict[str, Any] = {"TableName": "t", "Key": {"pk": {"S": "é"}}}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("ListTables", {}),
    ("DescribeTable", {"TableName": "t"}),
    ("CreateTable", TABLE),
    ("CreateTable", TABLE),
    ("DescribeTable", {"TableName": "t"}),
    ("UpdateTimeToLive", {
        "TableName": "t",
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"},
    }),
    ("DescribeTimeToLive", {"TableName": "t"}),
    ("PutItem", {"TableName": "t", "Item": ITEM, "ReturnConsumedCapacity": "TOTAL"}),
    ("GetItem", {**KEY, "ReturnConsumedCapacity": "INDEXES"}),
    ("GetItem", {**KEY, "Key": {"pk": {"N": "1"}}}),
    ("Query", {
        "TableName": "t",
        "IndexName": "gsi1",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"N": "1"}},
    }),
    ("UpdateItem", {
        **KEY,
        "UpdateExpression": "SET x = :x",
        "ExpressionAttributeValues": {":x": {"S": "1"}},
        "ReturnValues": "ALL_NEW",
    }),
    ("PutItem", {
        "TableName": "t",
        "Item": ITEM,
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }),
    ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY["Key"]]}}}),
    ("TransactWriteItems", {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": ITEM, "ConditionExpression": "g = g"}},
            {"Delete": {"TableName": "t", "Key": {"pk": {"S": "other"}}}},
        ]
    }),
    ("Scan", {"TableName": "t"}),
    ("Scan", {"TableName": "not-there"}),
    ("Scan", {"TableName": "t", "Limit": 0}),
    ("CreateBackup", {"TableName": "t", "BackupName": "b1"}),
    ("ListBackups", {}),
    ("DescribeContinuousBackups", {"TableName": "t"}),
    ("DescribeEndpoints", {}),
    ("NoSuchCall", {}),
    ("DeleteTable", {"TableName": "t"}),
]  # fmt: skip
CHANGING = re.compile(r'[0-9a-f]{8}-[0-9a-f-]+|\d{12,}-\w+|\d{10}\.\d+|\d{12}|"\d{10}"')
"""Ids, accounts and times."""


@pytest.fixture
def engines() -> Iterator[list[Any]]:
    with local() as one, local() as other:
        yield [one, other]


def answered(engine: Any, api: str, params: dict[str, Any], **headers: str) -> Any:
    scope = "Credential=local/20260101/us-east-1/dynamodb/aws4_request"
    sent = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{api}",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        **headers,
    }
    request = Request(engine.endpoint_url, json.dumps(params).encode(), sent)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        return error.code, error.headers, error.read()


def ask(engine: Any, api: str, params: dict[str, Any], **headers: str) -> tuple[int, str, Any]:
    status, said, body = answered(engine, api, params, **headers)
    kind = said["Content-Type"]
    return status, kind, CHANGING.sub("...", body.decode() if "json" in kind else "")


def test_answers_are_those_that_come_through_the_router(engines: list[Any]) -> None:
    short, routed = engines
    for api, params in REQUESTS:
        # The router adds headers for browsers, so a request of one goes through it.
        through = ask(routed, api, params, Origin="http://localhost")
        assert ask(short, api, params) == through, api


def test_the_request_of_a_browser_is_told_that_it_may_read(engines: list[Any]) -> None:
    status, headers, _ = answered(engines[0], "ListTables", {}, Origin="http://localhost")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "http://localhost")


def test_a_fresh_table_is_not_waited_for_on_an_engine_that_has_it_at_once(
    engines: list[Any],
) -> None:
    asked: list[str] = []
    with leyden.load(leyden.schemas_folder("taskapp"), table="t", engine=engines[0]) as app:
        app.driver.listen(lambda e: asked.append(e.api) if isinstance(e, RequestSent) else None)
        assert app.create_table().created
    assert asked == ["DescribeTable", "CreateTable", "UpdateTimeToLive"]


def test_services_on_one_engine_share_a_client_that_outlives_them(engines: list[Any]) -> None:
    one, other = (
        leyden.load(leyden.schemas_folder("memory"), table=name, engine=engines[0])
        for name in ("one", "other")
    )
    clients: list[Any] = [app.driver.connection.client for app in (one, other)]  # type: ignore[attr-defined]
    assert clients[0] is clients[1]
    one.create_table()
    one.close()
    assert other.create_table().created
    other.close()
    by_pynamodb: Any = leyden.load(
        leyden.schemas_folder("memory"), table="one", engine=engines[0], transport="pynamodb"
    )
    assert by_pynamodb.driver.connection.client is not clients[0]
    by_pynamodb.check_table()
    by_pynamodb.close()
