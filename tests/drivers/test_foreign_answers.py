"""Answers that DynamoDB would not give: each is an error that says why, and is not repeated."""

from __future__ import annotations

import gzip

import pytest

from leyden.errors import AwsError
from tests.drivers.sending import EVERY_WAY, OURS, WAYS, send_over
from tests.drivers.serving import answer, serving
from tests.drivers.test_lean import ADD, FOUND, GET

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 1_000_000
BOMB = answer(gzip.compress(bytes(LIMIT + 1)), 200, "Content-Encoding: gzip")


@pytest.fixture(autouse=True)
def several_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")


TOO_LONG = "it is longer than"
FOREIGN = {
    "length": (answer(FOUND, length=10**9), TOO_LONG),
    "chunks": (CHUNKED + b"%x\r\n%b\r\n" % (LIMIT, bytes(LIMIT)) + b"1\r\nx\r\n", TOO_LONG),
    "end": (HEAD + b"\r\n" + bytes(2 * LIMIT), TOO_LONG),
    "bomb": (BOMB, TOO_LONG),
    "gzip": (answer(b"x", 200, "Content-Encoding: gzip"), "it cannot be decompressed"),
    "br": (answer(b"x", 200, "Content-Encoding: br"), "it is compressed in an unknown way"),
    "json": (answer(b"{", 200), "it cannot be read"),
    "chunk": (CHUNKED + b"%x\r\n" % (LIMIT + 1), TOO_LONG),
}


@pytest.mark.parametrize("way", [*EVERY_WAY, *(way for way in OURS if way not in EVERY_WAY)])
@pytest.mark.parametrize("name", FOREIGN)
def test_it_says_why_and_leaves_a_write_unsure(
    way: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, why = FOREIGN[name]
    if name == "chunk" and way not in OURS:
        # botocore's reader waits for what a chunk announces.
        said += bytes(LIMIT + 1) + b"\r\n0\r\n\r\n"
    for module in ("lean.answers", "botocore"):
        monkeypatch.setattr(f"leyden.drivers.{module}.ANSWER_LIMIT", LIMIT)
    with serving(lambda n: said) as server, pytest.raises(AwsError) as caught:
        send_over(way, server.url, ADD)
    assert f"the answer of {server.url} is not DynamoDB's: {why}" in str(caught.value)
    assert caught.value.unsure
    assert len(server.bodies) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_a_proxy_is_none_of_dynamodbs(way: str) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    with (
        serving(lambda n: page) as server,
        pytest.raises(AwsError, match="is not DynamoDB's: it is not JSON"),
    ):
        send_over(way, server.url, GET)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_refusal_that_is_too_long_is_an_error_as_well(way: str) -> None:
    with (
        serving(lambda n: answer(b"", 400, length=10**9)) as server,
        pytest.raises(AwsError, match="it is longer than 256 MB"),
    ):
        send_over(way, server.url, GET)


@pytest.mark.parametrize("way", OURS)
def test_a_large_answer_in_chunks_is_read(way: str) -> None:
    text = b"x" * 3_000_000
    body = b'{"Item": {"pk": {"S": "%b"}}}' % text
    said = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with serving(lambda n: said) as server:
        assert send_over(way, server.url)["Item"]["pk"]["S"] == text.decode()
