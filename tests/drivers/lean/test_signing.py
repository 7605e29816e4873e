"""The signature is the one that botocore's own signer makes, whatever is signed."""

from __future__ import annotations

import datetime
from typing import Any
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.lean.endpoint import Clock, Destination

MOMENTS = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2040, 1, 1))
WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_", min_size=1, max_size=20)
SECRETS = st.text("abcXYZ0189+/=", min_size=1, max_size=40)
HOSTS = st.sampled_from(
    [
        "dynamodb.eu-west-1.amazonaws.com",
        "DynamoDB.us-east-1.amazonaws.com",
        "123456789012.ddb.us-east-1.amazonaws.com",
        "127.0.0.1",
        "[::1]",
        "user:pass@localhost",
    ]
)
PORTS = st.sampled_from(["", ":80", ":443", ":8000"])
PATHS = st.sampled_from(["", "/", "/x", "/a/b/", "/a//b", "/a/../b", "/a b", "/~x", "/%41?b=2&a=1"])
URLS = st.builds("{}://{}{}{}".format, st.sampled_from(["http", "https"]), HOSTS, PORTS, PATHS)


def botocores(
    url: str, headers: dict[str, str], body: bytes, region: str, keys: Any, moment: Any
) -> AWSRequest:
    request = AWSRequest(method="POST", url=url, headers=headers, data=body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(keys, "dynamodb", region).add_auth(request)
    return request


def head_of(request: bytes) -> dict[str, str]:
    head = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}


@given(
    url=URLS,
    region=WORDS,
    access=WORDS,
    secrets=st.lists(SECRETS, min_size=2, max_size=2),
    token=st.none() | SECRETS,
    bodies=st.lists(st.binary(max_size=200), min_size=2, max_size=2),
    moments=st.lists(MOMENTS, min_size=2, max_size=2),
    agent=WORDS,
    target=WORDS,
)
def test_every_request_is_signed_as_botocore_signs_it(
    url: str,
    region: str,
    access: str,
    secrets: list[str],
    token: str | None,
    bodies: list[bytes],
    moments: list[datetime.datetime],
    agent: str,
    target: str,
) -> None:
    headers = {
        "User-Agent": f"{agent} lang/python",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{target}",
    }
    first = ReadOnlyCredentials(access, secrets[0], token)
    asked = botocores(url, headers, b"{}", region, first, moments[0])
    destination = Destination.like(url, dict(asked.headers.items()))
    # The same destination signs on other days and with other credentials.
    for secret, moment, body in zip(secrets, moments, bodies, strict=True):
        keys = ReadOnlyCredentials(access, secret, token)
        wanted = botocores(url, headers, body, region, keys, moment)
        stamp = moment.strftime("%Y%m%dT%H%M%SZ")
        written = destination.request(keys, stamp, body, attempt=1, invocation="i")
        sent = head_of(written)
        assert sent["authorization"] == wanted.headers["Authorization"]
        assert sent.get("x-amz-security-token") == wanted.headers.get("X-Amz-Security-Token")
        assert written.endswith(b"\r\n\r\n" + body)
        assert sent["content-length"] == str(len(body))
        assert sent["user-agent"] == headers["User-Agent"]


def test_the_clock_tells_each_second_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([1_770_110_100.2, 1_770_110_100.9, 1_770_110_101.0])
    monkeypatch.setattr("leyden.drivers.lean.endpoint.time.time", lambda: next(seconds))
    clock = Clock()
    assert [clock.now() for _ in range(3)] == [
        "20260203T091500Z",
        "20260203T091500Z",
        "20260203T091501Z",
    ]


def test_the_trace_of_a_lambda_function_goes_along_unsigned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2;Parent=3")
    keys = ReadOnlyCredentials("AKID", "secret", None)
    headers = {"Authorization": "Credential=AKID/20260203/us-east-1/dynamodb/aws4_request, x"}
    destination = Destination.like("https://dynamodb.us-east-1.amazonaws.com/", headers)
    written = destination.request(keys, "20260203T091500Z", b"{}", attempt=2, invocation="i")
    sent = head_of(written)
    assert sent["x-amzn-trace-id"] == "Root=1-2;Parent=3"
    assert "trace" not in sent["authorization"]
    assert sent["amz-sdk-request"].startswith("attempt=2")
