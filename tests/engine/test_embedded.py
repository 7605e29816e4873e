from __future__ import annotations

import builtins
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from typing import Any
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import boto3
import pytest

import leyden.engine
from leyden.drivers import SyncDriver
from leyden.engine import LocalEngine
from leyden.errors import ConditionFailedError, ConnectionFailedError, EngineError
from leyden.program import Gather, Program, Request

TABLE = {
    "TableName": "books",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


def driver_of(engine: LocalEngine, region: str | None = None) -> SyncDriver:
    return SyncDriver(
        endpoint_url=engine.endpoint_url,
        region=region or engine.region,
        credentials=engine.credentials,
    )


def tables_of(engine: LocalEngine, region: str | None = None) -> list[str]:
    with driver_of(engine, region) as driver:
        names: list[str] = driver.send(Request("ListTables", {}))["TableNames"]
        return names


def test_two_engines_do_not_see_each_others_tables() -> None:
    with leyden.engine.local() as one, leyden.engine.local() as other:
        driver_of(one).send(Request("CreateTable", TABLE))
        driver_of(other).send(Request("CreateTable", TABLE))
        item = {"pk": {"S": "a"}}
        driver_of(one).send(Request("PutItem", {"TableName": "books", "Item": item}))
        get = Request("GetItem", {"TableName": "books", "Key": item})
        assert driver_of(one).send(get)["Item"] == item
        assert "Item" not in driver_of(other).send(get)


def test_an_engine_starts_empty_on_the_port_of_one_that_was_closed() -> None:
    with leyden.engine.local() as first:
        port = int(first.endpoint_url.rpartition(":")[2])
        driver_of(first).send(Request("CreateTable", TABLE))
    with leyden.engine.local(port) as second:
        assert second.endpoint_url == first.endpoint_url
        assert tables_of(second) == []


def test_any_credentials_reach_the_same_tables() -> None:
    with leyden.engine.local() as engine:
        driver_of(engine).send(Request("CreateTable", TABLE))
        client = boto3.client(
            "dynamodb",
            endpoint_url=engine.endpoint_url,
            region_name=engine.region,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="another",
        )
        assert client.list_tables()["TableNames"] == ["books"]
        assert tables_of(engine, "eu-west-1") == []


def test_plain_http_is_enough_for_clients_of_other_languages() -> None:
    with leyden.engine.local() as engine:
        driver_of(engine).send(Request("CreateTable", TABLE))
        request = HttpRequest(
            engine.endpoint_url,
            json.dumps({}).encode(),
            {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "DynamoDB_20120810.ListTables",
                "Authorization": "AWS4-HMAC-SHA256 Credential=any/20300101/us-east-1/dynamodb/"
                "aws4_request, SignedHeaders=host, Signature=00",
            },
        )
        with urlopen(request, timeout=30) as answer:
            assert json.load(answer)["TableNames"] == ["books"]


def test_one_of_many_writes_at_once_meets_its_condition() -> None:
    def create_ten_times() -> Program[int]:
        params = {
            "TableName": "books",
            "Item": {"pk": {"S": "a"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        answers: list[Any] = yield Gather((Request("PutItem", params),) * 10, 10)
        return sum(not isinstance(answer, ConditionFailedError) for answer in answers)

    with leyden.engine.local() as engine, driver_of(engine) as driver:
        driver.send(Request("CreateTable", TABLE))
        assert driver.run(create_ten_times()) == 1


def test_a_client_that_stalls_delays_no_other() -> None:
    with leyden.engine.local() as engine:
        port = int(engine.endpoint_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as stalled:
            stalled.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
            assert tables_of(engine) == []


def test_a_closed_engine_is_not_reachable_and_may_be_closed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    engine = leyden.engine.local()
    engine.close()
    engine.close()
    with pytest.raises(ConnectionFailedError):
        tables_of(engine)


def test_closing_leaves_no_thread_and_no_tables() -> None:
    from moto.backends import get_backend

    accounts = set(get_backend("dynamodb"))
    threads = set(threading.enumerate())
    with leyden.engine.local() as engine:
        driver_of(engine).send(Request("CreateTable", TABLE))
        assert set(get_backend("dynamodb")) != accounts
    assert set(get_backend("dynamodb")) == accounts
    # What spoke to the client ends when the client's connection has, not a moment earlier.
    end = time.monotonic() + 10
    while not set(threading.enumerate()) <= threads and time.monotonic() < end:
        time.sleep(0.002)
    assert set(threading.enumerate()) <= threads


def test_a_taken_port_is_an_error_that_names_it(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=f"port {port}"):
            leyden.engine.local(port)
    assert capfd.readouterr() == ("", "")


def test_requests_print_and_log_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    werkzeug = logging.getLogger("werkzeug")
    before = (list(werkzeug.handlers), werkzeug.level)
    with caplog.at_level(logging.INFO), leyden.engine.local() as engine:
        tables_of(engine)
    assert (list(werkzeug.handlers), werkzeug.level) == before
    assert capfd.readouterr() == ("", "")
    assert "werkzeug" not in {record.name for record in caplog.records}


def test_without_moto_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_moto(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "moto":
            raise ModuleNotFoundError("No module named 'moto'")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without_moto)
    with pytest.raises(EngineError, match=r'pip install "leyden\[local\]"'):
        leyden.engine.local()


def test_a_process_that_forgets_to_close_its_engine_ends_all_the_same() -> None:
    code = "import leyden.engine; leyden.engine.local(); print('up')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")
