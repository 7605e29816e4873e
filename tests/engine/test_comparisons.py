"""Values of two types have no order, and are not the same, in the engine inside this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import leyden.engine

VALUES: dict[str, dict[str, Any]] = {
    "text": {"S": "5"},
    "number": {"N": "5"},
    "binary": {"B": b"5"},
    "flag": {"BOOL": True},
    "null": {"NULL": True},
    "list": {"L": [{"N": "5"}]},
    "map": {"M": {"a": {"N": "5"}}},
    "texts": {"SS": ["5"]},
    "numbers": {"NS": ["5"]},
}
ORDERED = ("text", "number", "binary")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with leyden.engine.local() as engine:
        client = boto3.client(
            "dynamodb",
            endpoint_url=engine.endpoint_url,
            region_name=engine.region,
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        client.create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        for name, value in VALUES.items():
            key = {"pk": {"S": "p"}, "sk": {"S": name}}
            client.put_item(TableName="t", Item={**key, "n": value, "m": {"N": "5"}})
        client.put_item(TableName="t", Item={"pk": {"S": "p"}, "sk": {"S": "none"}})
        yield client


def found(client: Any, condition: str, **values: dict[str, Any]) -> set[str]:
    answer = client.query(
        TableName="t",
        KeyConditionExpression="pk = :pk",
        FilterExpression=condition,
        ExpressionAttributeValues={":pk": {"S": "p"}, **{f":{n}": v for n, v in values.items()}},
    )
    return {item["sk"]["S"] for item in answer["Items"]}


@pytest.mark.parametrize("kind", ORDERED)
@pytest.mark.parametrize("condition", ["n >= :v", "n <= :v", "n BETWEEN :v AND :v", "NOT n > :v"])
def test_only_values_of_one_type_have_an_order(client: Any, kind: str, condition: str) -> None:
    expected = {*VALUES, "none"} if condition.startswith("NOT") else {kind}
    assert found(client, condition, v=VALUES[kind]) == expected


@pytest.mark.parametrize("kind", VALUES)
def test_only_values_of_one_type_are_the_same(client: Any, kind: str) -> None:
    assert found(client, "n = :v", v=VALUES[kind]) == {kind}
    assert found(client, "n IN (:v)", v=VALUES[kind]) == {kind}
    assert found(client, "n <> :v", v=VALUES[kind]) == {*VALUES, "none"} - {kind}


def test_two_attributes_and_a_size_are_compared_as_well(client: Any) -> None:
    assert found(client, "n >= m") == {"number"}
    assert found(client, "n = m") == {"number"}
    assert found(client, "size(sk) > :v", v={"N": "6"}) == {"numbers"}
    assert found(client, "size(sk) >= :v", v={"S": "1"}) == set()
    measured = {"text", "binary", "list", "map", "texts", "numbers"}
    assert found(client, "size(n) > :v", v={"N": "0"}) == measured


def test_a_condition_over_another_type_is_not_met(client: Any) -> None:
    with pytest.raises(ClientError) as raised:
        client.update_item(
            TableName="t",
            Key={"pk": {"S": "p"}, "sk": {"S": "text"}},
            UpdateExpression="SET x = :v",
            ConditionExpression="n >= :v",
            ExpressionAttributeValues={":v": {"N": "1"}},
        )
    assert raised.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_between_needs_both_ends_of_the_type(client: Any) -> None:
    values = {"low": {"N": "1"}, "high": {"N": "9"}}
    assert found(client, "n BETWEEN :low AND :high", **values) == {"number"}
