"""The lean transport on connections that end, lie, hide behind proxies or want to be trusted."""

from __future__ import annotations

import gzip
import os
import ssl
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from leyden.drivers import SyncDriver
from leyden.drivers.sync import LeanConnection
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    CredentialsError,
    InvalidOptionError,
    ThrottledError,
)
from leyden.program import Request
from tests.drivers.serving import answer, make_certificate, serving

KEYS = {"access_key_id": "AKID", "secret_access_key": "SECRETKEY"}
GET = Request("GetItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}})
ADD = Request(
    "UpdateItem",
    {
        "TableName": "t",
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    },
)
FOUND = {"Item": {"pk": {"S": "a"}}}


@contextmanager
def driver_at(url: str | None, **options: Any) -> Iterator[SyncDriver]:
    connection = LeanConnection(endpoint_url=url, **{"credentials": KEYS, **options})
    yield SyncDriver(connection=connection)
    connection.close()


def pool_of(driver: SyncDriver) -> Any:
    return driver.connection._pool  # type: ignore[attr-defined]


def test_a_connection_is_used_again() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        for _ in range(5):
            assert driver.send(GET)["Item"] == FOUND["Item"]
        assert server.opened == 1


def test_a_connection_that_the_service_closed_is_replaced_without_an_error() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        for _ in range(4):
            driver.send(ADD)
            server.drop()
        assert server.opened == 4
        assert len(server.bodies) == 4


def test_a_connection_that_was_idle_for_long_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        driver.send(GET)
        monkeypatch.setattr("leyden.drivers.lean.sockets.IDLE_LIMIT", -1.0)
        driver.send(GET)
        assert server.opened == 2


def test_a_connection_that_the_answer_ends_is_not_used_again() -> None:
    with (
        serving(lambda n: answer(FOUND, 200, "Connection: close")) as server,
        driver_at(server.url) as driver,
    ):
        driver.send(GET)
        driver.send(GET)
        assert server.opened == 2
        assert pool_of(driver).idle == 0


def test_an_addition_on_a_used_connection_that_ends_unanswered_is_not_sent_twice() -> None:
    replies = [answer(FOUND), None]
    with serving(lambda n: replies[n]) as server, driver_at(server.url) as driver:
        driver.send(GET)
        with pytest.raises(ConnectionFailedError) as caught:
            driver.send(ADD)
        assert caught.value.unsure
        assert len(server.bodies) == 2


def test_a_read_on_a_used_connection_that_ends_unanswered_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    replies = [answer(FOUND), None, answer(FOUND)]
    with serving(lambda n: replies[n]) as server, driver_at(server.url) as driver:
        driver.send(GET)
        response = driver.send(GET)
        assert response["ResponseMetadata"]["RetryAttempts"] == 1
        assert response["ResponseMetadata"]["EarlierUnanswered"] is True
        assert len(server.bodies) == 3


@pytest.mark.parametrize(("mode", "attempts"), [("standard", 4), ("adaptive", 4), ("legacy", 10)])
def test_each_retry_mode_makes_as_many_attempts_as_in_botocore(
    monkeypatch: pytest.MonkeyPatch, mode: str, attempts: int
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    waits: list[float] = []
    monkeypatch.setattr("leyden.drivers.sync.retry_pause", waits.append)
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    error = {"__type": "x#InternalServerError", "message": "no"}
    counts = []
    for transport in ("lean", "pynamodb"):
        with (
            serving(lambda n: answer(error, 500)) as server,
            SyncDriver(endpoint_url=server.url, credentials=KEYS, transport=transport) as driver,
            pytest.raises(AwsError) as caught,
        ):
            driver.send(GET)
        assert caught.value.aws_code == "InternalServerError"
        assert caught.value.response is not None
        retries = caught.value.response["ResponseMetadata"]["RetryAttempts"]
        counts.append((len(server.bodies), retries))
    assert counts[0] == counts[1]
    assert counts[0][0] == attempts or "legacy" in mode


def test_the_number_of_attempts_that_a_file_sets_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    monkeypatch.setattr("leyden.drivers.sync.retry_pause", lambda seconds: None)
    (tmp_path / "config").write_text("[default]\nmax_attempts = 6\n")
    error = {"__type": "x#ThrottlingException", "message": "no"}
    with (
        serving(lambda n: answer(error, 400)) as server,
        driver_at(server.url) as driver,
        pytest.raises(ThrottledError),
    ):
        driver.send(GET)
    assert len(server.bodies) == 6
    assert "amz-sdk-request: attempt=6; max=6" in server.heads[-1]


def test_the_quota_of_retries_ends_them_and_successes_bring_them_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    monkeypatch.setattr("leyden.drivers.sync.retry_pause", lambda seconds: None)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    error = answer({"__type": "x#InternalServerError", "message": "no"}, 500)
    good = answer(FOUND)
    attempts: dict[str, list[int]] = {}
    for transport in ("lean", "pynamodb"):
        failing = [True]

        def reply(n: int, failing: list[bool] = failing) -> bytes:
            return error if failing[0] else good

        with (
            serving(reply) as server,
            SyncDriver(endpoint_url=server.url, credentials=KEYS, transport=transport) as driver,
        ):
            seen = attempts[transport] = []
            for failing[0] in (*[True] * 15, *[False] * 60, True, True):
                before = len(server.bodies)
                try:
                    driver.send(GET)
                except AwsError:
                    seen.append(len(server.bodies) - before)
    assert attempts["lean"] == attempts["pynamodb"]
    assert attempts["lean"][0] == 4
    assert attempts["lean"][14] == 1
    assert attempts["lean"][15] > 1


def test_a_body_that_does_not_fit_its_checksum_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    monkeypatch.setattr("leyden.drivers.sync.retry_pause", lambda seconds: None)
    right = f"x-amz-crc32: {zlib.crc32(b'{}')}"
    replies = {0: answer(b"{}", 200, "x-amz-crc32: 1"), 1: answer(b"{}", 200, right)}
    wrong = replies[0]
    with serving(lambda n: replies.get(n, wrong)) as server, driver_at(server.url) as driver:
        driver.send(GET)
        assert len(server.bodies) == 2
        with pytest.raises(ConnectionFailedError):
            driver.send(GET)
        assert len(server.bodies) == 6


@pytest.mark.parametrize("body", [b'{"Item": {"pk"', b"<html></html>", b""])
def test_a_whole_answer_that_is_no_json_is_never_an_empty_one(body: bytes) -> None:
    with (
        serving(lambda n: answer(body)) as server,
        driver_at(server.url) as driver,
        pytest.raises(AwsError),
    ):
        driver.send(GET)
    assert len(server.bodies) == 1


def test_a_compressed_answer_is_read() -> None:
    packed = gzip.compress(b'{"Item": {"pk": {"B": "AP8="}}}')
    reply = answer(packed, 200, "Content-Encoding: gzip", f"x-amz-crc32: {zlib.crc32(packed)}")
    with serving(lambda n: reply) as server, driver_at(server.url) as driver:
        assert driver.send(GET)["Item"] == {"pk": {"B": b"\x00\xff"}}
        assert "Accept-Encoding: identity" in server.heads[0]


def test_a_server_with_a_trusted_certificate_is_reached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path)
    with serving(lambda n: answer(FOUND), tls=tls) as server:
        url = server.url.replace("http", "https")
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            with monkeypatch.context() as patch, driver_at(url) as driver:
                patch.setenv(name, str(bundle))
                assert driver.send(GET)["Item"] == FOUND["Item"]
                driver.send(GET)
        assert server.opened == 2


def test_a_server_without_a_trusted_certificate_is_not_talked_to(tmp_path: Path) -> None:
    tls, _ = make_certificate(tmp_path)
    with (
        serving(lambda n: answer(FOUND), tls=tls) as server,
        driver_at(server.url.replace("http", "https")) as driver,
        pytest.raises(ConnectionFailedError) as caught,
    ):
        driver.send(GET)
    assert "SSLError" in str(caught.value)
    assert isinstance(caught.value.__cause__.__cause__, ssl.SSLError)  # type: ignore[union-attr]
    assert server.bodies == []


def test_a_proxy_is_asked_for_plain_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda n: answer(FOUND)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://us%40er:pass@"))
        with driver_at("http://dynamodb.example:8000") as driver:
            assert driver.send(GET)["Item"] == FOUND["Item"]
    head = proxy.heads[0]
    assert head.startswith("POST http://dynamodb.example:8000/ HTTP/1.1")
    assert "Host: dynamodb.example:8000" in head
    assert "Proxy-Authorization: Basic dXNAZXI6cGFzcw==" in head


def test_secure_endpoints_are_reached_through_a_tunnel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "dynamodb.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with serving(lambda n: answer(FOUND), tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://user:pass@"))
        with driver_at("https://dynamodb.example") as driver:
            driver.send(GET)
            driver.send(GET)
    assert proxy.heads[0].startswith("CONNECT dynamodb.example:443 HTTP/1.1")
    assert "Proxy-Authorization: Basic dXNlcjpwYXNz" in proxy.heads[0]
    assert proxy.heads[1].startswith("POST / HTTP/1.1")
    assert "Proxy-Authorization" not in proxy.heads[1]
    assert proxy.opened == 1


def test_a_proxy_that_refuses_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(lambda n: answer(b"", 407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://user:hidden@"))
        with (
            driver_at("https://dynamodb.example") as driver,
            pytest.raises(ConnectionFailedError, match="ProxyConnectionError") as caught,
        ):
            driver.send(GET)
    assert "hidden" not in str(caught.value) + str(caught.value.__cause__)


def test_no_proxy_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        driver.send(GET)


def test_nobody_at_the_other_end_is_an_error_that_is_sure() -> None:
    with driver_at("http://127.0.0.1:1") as driver, pytest.raises(ConnectionFailedError) as caught:
        driver.send(ADD)
    assert not caught.value.unsure


def test_threads_share_the_connections() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: driver.send(GET)["Item"], range(80)))
        assert found == [FOUND["Item"]] * 80
        assert server.opened <= 9
        assert pool_of(driver).idle == server.opened
        driver.connection.close()
        assert pool_of(driver).idle == 0


def test_no_more_connections_are_kept_open_than_asked_for() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url, pool_size=2) as driver:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: driver.send(GET), range(40)))
        assert pool_of(driver).idle <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_connections_of_its_own() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        driver.send(GET)
        child = os.fork()
        if child == 0:
            fine = driver.send(GET)["Item"] == FOUND["Item"]
            os._exit(0 if fine else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        driver.send(GET)
        assert server.opened == 2


def test_credentials_that_run_out_are_fetched_anew(tmp_path: Path) -> None:
    script = tmp_path / "keys.py"
    script.write_text(
        "import datetime, json, pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "n = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(n + 1))\n"
        # The first ones have run out as soon as they are there.
        "left = 1 if n == 0 else 7200\n"
        "end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=left)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AKID{n}', 'SecretAccessKey': 's',\n"
        "    'SessionToken': f'token{n}', 'Expiration': end.isoformat()}))\n"
    )
    (tmp_path / "config").write_text(
        f"[profile team]\ncredential_process = {sys.executable} {script}\n"
    )
    with (
        serving(lambda n: answer(FOUND)) as server,
        driver_at(server.url, credentials=None, profile="team") as driver,
    ):
        for _ in range(3):
            driver.send(GET)
    assert "AKID1" in server.heads[0]
    assert "x-amz-security-token: token1" in server.heads[2]
    assert (tmp_path / "count").read_text() == "2"


def test_credentials_that_cannot_be_fetched_are_a_credentials_error(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile team]\ncredential_process = false\n")
    with (
        driver_at("http://127.0.0.1:1", credentials=None, profile="team") as driver,
        pytest.raises(CredentialsError),
    ):
        driver.send(GET)


@pytest.mark.parametrize(
    ("surroundings", "host"),
    [
        ({}, "dynamodb.eu-west-1.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "dynamodb-fips.us-east-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "dynamodb.eu-west-1.api.aws"),
        ({"AWS_ACCOUNT_ID": "123456789012"}, "123456789012.ddb.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:7"}, "127.0.0.1:7"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:8"}, "127.0.0.1:8"),
    ],
)
def test_requests_go_where_botocore_sends_them(
    monkeypatch: pytest.MonkeyPatch, surroundings: dict[str, str], host: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    region = "us-east-1" if "fips" in host else "eu-west-1"
    went: dict[str, str] = {}
    for transport in ("lean", "pynamodb"):
        driver = SyncDriver(region=region, transport=transport)
        with monkeypatch.context() as patch:

            class StopError(Exception):
                """Nothing leaves this machine."""

            def caught(self: Any, request: Any, *rest: Any, kind: str = transport) -> Any:
                went[kind] = request.url
                raise StopError

            patch.setattr("leyden.drivers.lean.sockets.Pool.exchange", caught)
            patch.setattr("botocore.httpsession.URLLib3Session.send", caught)
            with pytest.raises(StopError):
                driver.send(GET)
    assert went["lean"] == went["pynamodb"]
    assert f"//{host}/" in went["lean"]


def test_stand_ins_for_the_service_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto import mock_aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws(), SyncDriver(region="eu-west-1") as driver:
        driver.send(
            Request(
                "CreateTable",
                {
                    "TableName": "table",
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                },
            )
        )
        item = {"pk": {"S": "a"}, "n": {"N": "1"}}
        driver.send(Request("PutItem", {"TableName": "table", "Item": item}))
        update = {**ADD.params, "TableName": "table"}
        driver.send(Request("UpdateItem", update))
        found = driver.send(Request("GetItem", {"TableName": "table", "Key": {"pk": {"S": "a"}}}))
    assert found["Item"]["n"] == {"N": "2"}


def test_a_transport_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match='"lean" or "pynamodb"'):
        SyncDriver(transport="fast")  # type: ignore[arg-type]
