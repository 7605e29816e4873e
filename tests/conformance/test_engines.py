"""The engines themselves: each is up, and each hands a table to whoever asks with its words."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest


@pytest.fixture
def client(engine: Any) -> Any:
    given = engine.credentials
    keys = (
        {
            "aws_access_key_id": given.access_key_id,
            "aws_secret_access_key": given.secret_access_key,
        }
        if given is not None
        else {}
    )
    return botocore.session.get_session().create_client(
        "dynamodb", endpoint_url=engine.endpoint_url, region_name=engine.region, **keys
    )


def test_a_table_made_on_the_engine_is_there(client: Any, table_name: str) -> None:
    client.create_table(
        TableName=table_name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=table_name)
    client.put_item(TableName=table_name, Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    found = client.get_item(TableName=table_name, Key={"pk": {"S": "a"}})
    client.delete_table(TableName=table_name)
    assert found["Item"] == {"pk": {"S": "a"}, "n": {"N": "1"}}


def test_a_condition_that_fails_keeps_the_item(client: Any, table_name: str) -> None:
    client.create_table(
        TableName=table_name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=table_name)
    client.put_item(TableName=table_name, Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(
            TableName=table_name,
            Item={"pk": {"S": "a"}},
            ConditionExpression="attribute_not_exists(pk)",
        )
    found = client.get_item(TableName=table_name, Key={"pk": {"S": "a"}})
    client.delete_table(TableName=table_name)
    assert found["Item"] == {"pk": {"S": "a"}, "n": {"N": "1"}}
