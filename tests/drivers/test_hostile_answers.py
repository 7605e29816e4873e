"""Answers that are none: every way to send refuses the same ones, in the same words."""

from __future__ import annotations

import contextlib
import gzip
import json
import traceback
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from leyden.drivers import SyncDriver
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ConnectionFailedError,
    InvalidOptionError,
    LeydenError,
)
from leyden.program import Request
from tests.drivers.sending import EVERY_WAY, send_over
from tests.drivers.serving import answer, serving
from tests.drivers.test_lean import ADD, FOUND, GET, KEYS

SECRET = "hidden-in-the-table"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PUT = Request(
    "PutItem",
    {"TableName": "t", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "x"},
    "note.create",
    "note",
)
QUERY = Request("Query", {"TableName": "t"})
REQUESTS = {
    "get": GET,
    "query": QUERY,
    "scan": Request("Scan", {"TableName": "t"}),
    "batch_get": Request("BatchGetItem", {"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}]}}}),
    "transact_get": Request(
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "t", "Key": {"pk": {"S": "a"}}}}]},
    ),
    "put": PUT,
    "add": ADD,
    "delete": Request("DeleteItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}}),
    "batch_write": Request(
        "BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}}
    ),
    "transact_write": Request(
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}]},
    ),
}
WRITES = {"put", "add", "delete", "batch_write", "transact_write"}

NEVER_AN_ANSWER = {
    "empty": answer(b""),
    "cut": answer(b'{"Item": {"pk"'),
    "html": answer(b"<html></html>"),
    "list": answer(b"[1]"),
    "text": answer(b'"x"'),
    "null": answer(b"null"),
    "no_utf8": answer(b"\xff\xfe"),
    "two": answer(b"{} {}"),
    "deep": answer(b"[" * 20_000),
    "other_type": HEAD.replace(b"x-amz-json-1.0", b"xml") + b"Content-Length: 2\r\n\r\n{}",
    "no_content": b"HTTP/1.1 204 X\r\n\r\n",
    "partial": answer(b"{}", 206),
    "accepted": answer(b"{}", 202),
    "gzip": answer(b"x", 200, "Content-Encoding: gzip"),
    "gzip_cut": answer(gzip.compress(b"{}")[:-3], 200, "Content-Encoding: gzip"),
    "br": answer(b"x", 200, "Content-Encoding: br"),
    "chunked": CHUNKED + b"6\r\n<html>\r\n0\r\n\r\n",
}
OF_ANOTHER_SHAPE = {
    "get": [{"Item": 1}, {"Item": [1]}, {"Item": {"pk": "a"}}, {"Item": {"b": {"B": "!!!a"}}}],
    "query": [{}, {"Items": {}, "Count": 0}, {"Items": [1], "Count": 1}, {"Count": "x"}],
    "scan": [{}, {"Items": [{"pk": 1}], "Count": 1}, {"Items": [], "LastEvaluatedKey": 1}],
    "batch_get": [{}, {"Responses": []}, {"Responses": {"t": 1}}, {"Responses": {"t": [1]}}],
    "transact_get": [{}, {"Responses": {}}, {"Responses": [1]}, {"Responses": [{"Item": 1}]}],
    "put": [{"Attributes": 1}, {"Attributes": {"n": "1"}}],
    "add": [{"Attributes": [1]}, {"Attributes": {"b": {"BS": ["!!!a"]}}}],
    "batch_write": [{}, {"UnprocessedItems": 1}, {"UnprocessedItems": {"t": 1}}],
}


def failure(way: str, said: bytes, request: Request) -> LeydenError:
    """What sending over `way` ends in, where that is said to every request."""
    with serving(lambda n: said) as server, pytest.raises(LeydenError) as caught:
        send_over(way, server.url, request)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert len(server.bodies) == 1
    return caught.value


def outcome(way: str, said: bytes, request: Request) -> dict[str, Any] | AwsError:
    """What sending over `way` gives, where that is said to every request."""
    with serving(lambda n: said) as server:
        try:
            return send_over(way, server.url, request)
        except AwsError as error:
            return error


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("name", NEVER_AN_ANSWER)
@pytest.mark.parametrize("request_name", ["get", "put", "batch_write", "query"])
def test_what_is_no_answer_is_never_an_empty_one(way: str, name: str, request_name: str) -> None:
    error = failure(way, NEVER_AN_ANSWER[name], REQUESTS[request_name])
    assert isinstance(error, AwsError)
    assert error.unsure == (request_name in WRITES)
    assert isinstance(error, ConnectionFailedError) or "is not DynamoDB's: it" in str(error)
    assert type(error) is KINDS.setdefault((name, request_name), type(error))


KINDS: dict[Any, type[LeydenError]] = {}
"""The kind of error that the first way gave: all give the same."""


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    ("request_name", "body"), [(name, b) for name, some in OF_ANOTHER_SHAPE.items() for b in some]
)
def test_an_answer_to_something_else_is_none(
    way: str, request_name: str, body: dict[str, Any]
) -> None:
    error = failure(way, answer(body), REQUESTS[request_name])
    assert isinstance(error, AwsError)
    assert "is not DynamoDB's: it cannot be read" in str(error)
    assert error.unsure == (request_name in WRITES)


STORED = {"pk": {"S": "a"}, "text": {"S": SECRET}}
CONDITION = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
WHOLE = json.dumps(
    {"__type": CONDITION, "message": "The conditional request failed", "Item": STORED}
).encode()
REFUSALS_OF_NO_SENSE = {
    "cut": WHOLE[:-3],
    "twice": WHOLE + WHOLE,
    "in_a_list": b"[" + WHOLE + b"]",
    "deep": b'{"message": "%s", "a": ' % SECRET.encode() + b"[" * 20_000,
    "no_text": b'{"__type": 5, "message": ["%s"]}' % SECRET.encode(),
    "page": b"<html>%s</html>" % SECRET.encode(),
    "no_utf8": SECRET.encode() + b"\xff",
    "item": b'{"__type": "x#ConditionalCheckFailedException", "Item": "%s"}' % SECRET.encode(),
    "reasons": b'{"__type": "x#TransactionCanceledException", "CancellationReasons": ["%s"]}'
    % SECRET.encode(),
    "no_code": b'{"__type": "x#TransactionCanceledException", "CancellationReasons": [{}]}',
    "base64": b'{"__type": "x#ConditionalCheckFailedException", "Item": {"b": {"B": "!!!a"}}}',
}


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("name", REFUSALS_OF_NO_SENSE)
@pytest.mark.parametrize("status", [400, 500, 403])
@pytest.mark.parametrize("request_name", ["put", "transact_write"])
def test_a_refusal_that_makes_no_sense_shows_nothing_of_itself(
    way: str, name: str, status: int, request_name: str
) -> None:
    error = failure(way, answer(REFUSALS_OF_NO_SENSE[name], status), REQUESTS[request_name])
    assert type(error) is AwsError
    assert f"failed with {status}" in str(error)
    assert error.unsure == (status == 500)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_refusal_that_makes_sense_is_one(way: str) -> None:
    error = failure(way, answer(WHOLE, 400), PUT)
    assert isinstance(error, ConditionFailedError)
    assert error.item == STORED


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "message",
    [
        f"The parameter cannot be converted to a numeric value: {SECRET}",
        f"Value '{SECRET}' at 'key' failed",
        f"what was sent is {SECRET}",
    ],
)
def test_the_cause_quotes_no_value_either(way: str, message: str) -> None:
    said = {"__type": "x#ValidationException", "message": message}
    request = Request("PutItem", {"TableName": "t", "Item": STORED})
    error = failure(way, answer(said, 400), request)
    assert "(value withheld)" in str(error)
    assert isinstance(error.__cause__, ClientError)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_parameter_that_cannot_be_written_is_not_quoted(way: str) -> None:
    request = Request("Query", {"TableName": "t", "ExclusiveStartKey": SECRET})
    with serving(lambda n: answer(b"{}")) as server, pytest.raises(InvalidOptionError) as caught:
        send_over(way, server.url, request)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert server.bodies == []


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("levels", [400, 2_000, 50_000])
def test_a_request_that_is_nested_without_end_is_refused(way: str, levels: int) -> None:
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    request = Request("PutItem", {"TableName": "t", "Item": {"pk": value}})
    refused = {"__type": "x#ValidationException", "message": "nested"}
    with serving(lambda n: answer(refused, 400)) as server, pytest.raises(LeydenError) as caught:
        send_over(way, server.url, request)
    assert not getattr(caught.value, "unsure", False)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("levels", [300, 450, 900, 5_000])
def test_an_item_that_is_nested_without_end_is_an_answer_or_none(way: str, levels: int) -> None:
    deep = b'{"L":[' * levels + b'{"S":"x"}' + b"]}" * levels
    said = answer(b'{"Attributes": {"deep": ' + deep + b"}}")
    ended = outcome(way, said, ADD)
    if isinstance(ended, AwsError):
        assert ended.unsure
        assert "is not DynamoDB's: it" in str(ended)
    else:
        assert list(ended["Attributes"]) == ["deep"]


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_length_that_is_none_is_no_answer(way: str) -> None:
    said = HEAD + b"Content-Length: many\r\nConnection: close\r\n\r\n{}"
    with serving(lambda n: said) as server, pytest.raises(AwsError) as caught:
        send_over(way, server.url, ADD)
    assert caught.value.unsure


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("status", [100, 102, 103])
def test_an_interim_answer_is_never_the_answer(way: str, status: int) -> None:
    interim = b"HTTP/1.1 %d Hints\r\nLink: x\r\n\r\n" % status
    ended = outcome(way, interim + answer(FOUND), GET)
    if isinstance(ended, AwsError):
        assert f"its status is {status}" in str(ended)
    else:
        assert ended["Item"] == FOUND["Item"]


@pytest.mark.parametrize("transport", ["lean", "pynamodb"])
def test_what_follows_an_interim_answer_answers_no_other_request(transport: Any) -> None:
    other = {"Item": {"pk": {"S": "another"}}}
    hints = b"HTTP/1.1 103 Hints\r\n\r\n"
    replies = [hints + answer(FOUND), answer(other), answer(other)]
    with (
        serving(lambda n: replies[n]) as server,
        SyncDriver(endpoint_url=server.url, credentials=KEYS, transport=transport) as driver,
    ):
        with contextlib.suppress(AwsError):
            driver.send(GET)
        assert driver.send(GET)["Item"] == other["Item"]


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_compressed_answer_is_read(way: str) -> None:
    packed = gzip.compress(json.dumps(FOUND).encode())
    reply = answer(packed, 200, "Content-Encoding: gzip", f"x-amz-crc32: {zlib.crc32(packed)}")
    with serving(lambda n: reply) as server:
        assert send_over(way, server.url, GET)["Item"] == FOUND["Item"]
