"""How items pass through the embedded engine: values as they are, writes as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

import leyden.engine
from tests.ministack import client_of

VALUES: list[dict[str, Any]] = [
    {"S": ""},
    {"S": "text"},
    {"N": "-12.50"},
    {"B": b"\x00\xff"},
    {"BOOL": False},
    {"NULL": True},
    {"SS": ["a", "b"]},
    {"NS": ["1", "2"]},
    {"BS": [b"a", b"\xff"]},
    {"L": []},
    {"L": [{"N": "1"}, {"L": [{"B": b"x"}]}, {"M": {}}]},
    {"M": {"S": {"N": "1"}, "a": {"M": {"b": {"BS": [b"x"]}, "c": {"L": [{"S": "y"}]}}}}},
]


@pytest.fixture(scope="module")
def engine() -> Iterator[leyden.engine.LocalEngine]:
    with leyden.engine.local() as engine:
        yield engine


@pytest.fixture
def client(engine: leyden.engine.LocalEngine) -> Iterator[Any]:
    client = client_of(engine.endpoint_url)
    client.create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    yield client
    client.delete_table(TableName="items")


def put(client: Any, name: str, **attributes: Any) -> None:
    client.put_item(TableName="items", Item={"pk": {"S": name}, **attributes})


def get(client: Any, name: str) -> Any:
    return client.get_item(TableName="items", Key={"pk": {"S": name}}).get("Item")


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_as_it_went_in(client: Any, value: dict[str, Any]) -> None:
    put(client, "a", value=value, twice={"L": [value, {"M": {"x": value}}]})
    expected = {"pk": {"S": "a"}, "value": value, "twice": {"L": [value, {"M": {"x": value}}]}}
    assert get(client, "a") == expected
    assert client.scan(TableName="items")["Items"] == [expected]
    client.update_item(
        TableName="items",
        Key={"pk": {"S": "b"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": value},
    )
    assert get(client, "b")["value"] == value


def test_numbers_as_other_clients_send_them_are_refused_as_ever(
    engine: leyden.engine.LocalEngine, client: Any
) -> None:
    request = Request(
        engine.endpoint_url,
        json.dumps({"TableName": "items", "Item": {"pk": {"S": "a"}, "n": {"N": 5}}}).encode(),
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.PutItem",
            "Authorization": "AWS4-HMAC-SHA256 Credential=any/20300101/us-east-1/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=00",
        },
    )
    with pytest.raises(OSError, match="HTTP Error 400"):
        urlopen(request, timeout=30)
    assert get(client, "a") is None


def test_an_update_that_fails_half_way_changes_nothing(client: Any) -> None:
    put(client, "a", one={"S": "x"})
    for name in ("a", "b"):
        with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
            client.update_item(
                TableName="items",
                Key={"pk": {"S": name}},
                UpdateExpression="SET one = :s, two = :l",
                ExpressionAttributeValues={":s": {"S": "y"}, ":l": {"S": "z" * 410_000}},
            )
    assert get(client, "a") == {"pk": {"S": "a"}, "one": {"S": "x"}}
    assert get(client, "b") is None


def test_a_canceled_transaction_changes_nothing_and_copies_no_item(
    engine: leyden.engine.LocalEngine, client: Any
) -> None:
    put(client, "a", n={"N": "1"})
    put(client, "b", n={"N": "1"})
    before = stored(engine)
    members: list[dict[str, Any]] = [
        {"Put": {"TableName": "items", "Item": {"pk": {"S": "c"}}}},
        {"Delete": {"TableName": "items", "Key": {"pk": {"S": "b"}}}},
        {
            "Update": {
                "TableName": "items",
                "Key": {"pk": {"S": "a"}},
                "UpdateExpression": "SET n = n + :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        },
    ]
    missing = {
        "TableName": "items",
        "Key": {"pk": {"S": "z"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[*members, {"ConditionCheck": missing}])
    after = stored(engine)
    assert {name: id(item) for name, item in after.items()} == {
        name: id(item) for name, item in before.items()
    }
    assert get(client, "a")["n"] == {"N": "1"}
    client.transact_write_items(TransactItems=members)
    assert get(client, "a")["n"] == {"N": "2"}
    assert get(client, "b") is None
    assert get(client, "c") == {"pk": {"S": "c"}}


def stored(engine: leyden.engine.LocalEngine) -> dict[str, Any]:
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[engine._account]["us-east-1"].tables["items"]
    return {key.value: item for key, item in table.items.items()}


@pytest.mark.parametrize("letter", ["x", "é"])
def test_an_item_is_measured_as_a_whole(client: Any, letter: str) -> None:
    half = letter * (200_000 // len(letter.encode()))
    put(client, "a", one={"S": half}, other={"S": half})
    for sizes in ((half, half, "x" * 10_000), ("x" * 10_000, half, half)):
        attributes = {name: {"S": text} for name, text in zip("abc", sizes, strict=True)}
        with pytest.raises(ClientError, match="Item size"):
            put(client, "b", **attributes)
    assert get(client, "b") is None


def test_one_expression_is_read_once_for_items_names_and_values_of_any_kind(client: Any) -> None:
    for name, value, given in (("a", "n", "1"), ("b", "m", "5"), ("a", "n", "7")):
        put(client, name, n={"N": "3"}, m={"N": "4"})
        client.update_item(
            TableName="items",
            Key={"pk": {"S": name}},
            UpdateExpression="SET #v = #v + :v, l = list_append(if_not_exists(l, :l), :l)",
            ConditionExpression="#v < :top AND attribute_exists(pk)",
            ExpressionAttributeNames={"#v": value},
            ExpressionAttributeValues={
                ":v": {"N": given},
                ":l": {"L": [{"S": name}]},
                ":top": {"N": "9"},
            },
        )
        before = {"n": 3, "m": 4}
        changed = {value: {"N": str(before[value] + int(given))}}
        kept = {"pk": {"S": name}, "n": {"N": "3"}, "m": {"N": "4"}}
        assert get(client, name) == {**kept, **changed, "l": {"L": [{"S": name}] * 2}}
