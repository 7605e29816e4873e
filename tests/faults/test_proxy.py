"""The proxy itself does what it says: otherwise nothing here would prove anything."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.exceptions as aws
import pytest
from botocore.config import Config

from tests.faults.bank import Bank, key_of
from tests.faults.proxy import (
    CutShort,
    Forward,
    Partly,
    Refuse,
    Reset,
    Silence,
    merge,
    split_batch,
)

ITEM: Final = {"pk": {"S": "p"}, "sk": {"S": "s"}}

HEADERS: Final = {
    "X-Amz-Target": "DynamoDB_20120810.Scan",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=none"
    ),
}


def client_of(bank: Bank, read_timeout: float) -> Any:
    """A client that tries once."""
    session = bank.direct.driver.connection.session  # type: ignore[attr-defined]
    return session.create_client(
        "dynamodb",
        endpoint_url=bank.proxy.url,
        region_name=bank.engine.region,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
    )


@pytest.fixture
def client(bank: Bank) -> Any:
    """A client that tries once, and waits for the answer."""
    return client_of(bank, read_timeout=20)


def test_without_a_fault_the_engine_answers(bank: Bank, client: Any) -> None:
    client.put_item(TableName=bank.table.name, Item=ITEM)
    assert client.get_item(TableName=bank.table.name, Key=ITEM)["Item"] == ITEM
    assert bank.proxy.apis == ["PutItem", "GetItem"]


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        (Refuse("ThrottlingException"), aws.ClientError, False),
        (Refuse("InternalServerError", 500), aws.ClientError, False),
        # A reset may reach the client as such, or as an end of the connection.
        (Reset(), (aws.ConnectionError, aws.HTTPClientError), False),
        (Reset(forward=True), (aws.ConnectionError, aws.HTTPClientError), True),
        (Silence(), aws.ReadTimeoutError, False),
        (Silence(forward=True), aws.ReadTimeoutError, True),
    ],
)
def test_a_fault_fails_a_write_before_or_after_it_happens(
    bank: Bank, client: Any, fault: Any, error: Any, written: bool
) -> None:
    bank.proxy.play(fault)
    first = client_of(bank, read_timeout=0.3) if isinstance(fault, Silence) else client
    with pytest.raises(error):
        first.put_item(TableName=bank.table.name, Item=ITEM)
    bank.proxy.wait_until_met(1)
    assert (key_of(ITEM) in bank.table.items()) is written
    client.put_item(TableName=bank.table.name, Item=ITEM)
    assert [seen.fault for seen in bank.proxy.seen] == [fault, Forward()]


def test_part_of_a_batch_is_taken_up_and_the_rest_comes_back(bank: Bank, client: Any) -> None:
    writes = [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": f"s{n}"}}}} for n in range(5)]
    bank.proxy.play(Partly(2), Partly(0))
    answer = client.batch_write_item(RequestItems={bank.table.name: writes})
    assert answer["UnprocessedItems"] == {bank.table.name: writes[2:]}
    assert len(bank.table.items()) == 2
    answer = client.batch_write_item(RequestItems=answer["UnprocessedItems"])
    assert answer["UnprocessedItems"] == {bank.table.name: writes[2:]}
    assert len(bank.table.items()) == 2


def test_a_batch_is_split_over_tables_and_put_together_again() -> None:
    writes = {"a": [1, 2, 3], "b": [4, 5]}
    assert split_batch(writes, 4) == ({"a": [1, 2, 3], "b": [4]}, {"b": [5]})
    assert split_batch(writes, 0) == ({}, writes)
    keys = {"a": {"ConsistentRead": True, "Keys": [1, 2]}}
    kept, left = split_batch(keys, 1)
    assert kept == {"a": {"ConsistentRead": True, "Keys": [1]}}
    assert left == {"a": {"ConsistentRead": True, "Keys": [2]}}
    assert merge(kept, left) == keys
    assert merge(*split_batch(writes, 1)) == writes


@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_that_is_cut_short_has_half_of_its_bytes(bank: Bank, declared: bool) -> None:
    bank.fill(1)
    _, whole = bank.proxy.forward(HEADERS, json.dumps({"TableName": bank.table.name}).encode())
    bank.proxy.play(CutShort(declared))
    connection = http.client.HTTPConnection(urlsplit(bank.proxy.url).netloc, timeout=5)
    connection.request("POST", "/", json.dumps({"TableName": bank.table.name}), HEADERS)
    answer = connection.getresponse()
    assert answer.getheader("Content-Length") == (str(len(whole)) if declared else None)
    half = whole[: len(whole) // 2]
    if declared:
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        assert caught.value.partial == half
    else:
        assert answer.read() == half
    connection.close()
