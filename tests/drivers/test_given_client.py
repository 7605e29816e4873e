"""A boto3 client that a caller hands in is the one that requests go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

import leyden
from leyden.drivers import SyncDriver
from leyden.drivers.pynamodb import ClientConnection
from leyden.errors import InvalidOptionError
from leyden.program import Request
from leyden.schema import load_service


@pytest.fixture(scope="module")
def engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as running:
        yield running


@pytest.fixture
def options(engine: leyden.LocalEngine) -> dict[str, Any]:
    return {
        "region_name": "eu-west-3",
        "endpoint_url": engine.endpoint_url,
        "aws_access_key_id": "given",
        "aws_secret_access_key": "given",
    }


def test_requests_go_through_the_client_and_its_handlers(options: dict[str, Any]) -> None:
    client = boto3.client("dynamodb", **options)
    signed: list[str] = []
    client.meta.events.register(
        "before-send.dynamodb",
        lambda request, **_: signed.append(request.headers["Authorization"].decode()),
    )
    driver = SyncDriver(connection=ClientConnection(client))
    assert driver.send(Request("ListTables", {}))["TableNames"] == []
    assert len(signed) == 1
    assert "Credential=given/" in signed[0]
    assert "/eu-west-3/" in signed[0]


def test_the_client_stays_open(options: dict[str, Any]) -> None:
    client = boto3.client("dynamodb", **options)
    with SyncDriver(connection=ClientConnection(client)) as driver:
        driver.connection.close()
    assert client.list_tables()["TableNames"] == []


def test_a_service_may_be_bound_to_a_client(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests of this process may run every service on the asynchronous driver.
    monkeypatch.setattr("leyden.service.loading.SyncDriver", SyncDriver)
    client = boto3.client("dynamodb", **options)
    key = {"pk": {"field": "pk", "composite": ["x"]}}
    spec = load_service(
        {
            "entity": "e",
            "version": "1",
            "service": "s",
            "attributes": {"x": "string"},
            "indexes": {"own": key},
        }
    )
    with leyden.bind(spec, table="bound", client=client) as app:
        app.create_table()
        app["e"].put(x="1").go()
    assert client.scan(TableName="bound")["Count"] == 1


def test_credentials_do_not_show(options: dict[str, Any]) -> None:
    assert "given" not in repr(ClientConnection(boto3.client("dynamodb", **options)))


def test_anything_but_a_low_level_client_of_dynamodb_is_refused(options: dict[str, Any]) -> None:
    for unfit, words in (
        (boto3.resource("dynamodb", **options).meta.client, "a boto3 resource"),
        (boto3.client("s3", **options), "for the service s3"),
        (object(), "not object"),
    ):
        with pytest.raises(InvalidOptionError, match=words):
            ClientConnection(unfit)
