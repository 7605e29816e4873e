"""Bodies are written and read as botocore's serializer and parser do it."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.lean.answers import (
    ForeignAnswerError,
    HttpAnswer,
    checksum_fits,
    plain_content,
    read_body,
)
from leyden.drivers.lean.client import parameter_kinds
from leyden.drivers.lean.exchange import check_parameters, write_body

NAMES = st.sampled_from(["B", "BS", "S", "M", "L", "pk", "ü", ""])
VALUES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        st.builds(lambda v: {"S": v}, st.text(max_size=8)),
        st.builds(lambda v: {"N": str(v)}, st.integers()),
        st.builds(lambda v: {"B": v}, st.binary(max_size=8)),
        st.builds(lambda v: {"BS": v}, st.lists(st.binary(max_size=4), min_size=1, max_size=3)),
        st.builds(lambda v: {"SS": v}, st.lists(st.text(max_size=4), min_size=1, max_size=3)),
        st.builds(lambda v: {"BOOL": v}, st.booleans()),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3)),
        st.builds(lambda v: {"M": v}, st.dictionaries(NAMES, inner, max_size=3)),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


@cache
def service() -> Any:
    return botocore.session.get_session().get_service_model("dynamodb")


@given(item=ITEMS)
def test_a_request_is_written_as_botocore_writes_it(item: dict[str, Any]) -> None:
    params = {"TableName": "t", "Item": item}
    model = service().operation_model("PutItem")
    wanted = create_serializer("json").serialize_to_request(params, model)["body"]
    assert json.loads(write_body(params)) == json.loads(wanted)


@given(items=st.lists(ITEMS, max_size=3), ascii_only=st.booleans())
def test_an_answer_is_read_as_botocore_reads_it(
    items: list[dict[str, Any]], ascii_only: bool
) -> None:
    model = service().operation_model("Query")
    said = {"Items": items, "Count": len(items), "LastEvaluatedKey": items[0] if items else {}}
    body = json.dumps(json.loads(write_body(said)), ensure_ascii=ascii_only).encode()
    received = {"status_code": 200, "headers": {}, "body": body}
    wanted = create_parser("json").parse(received, model.output_shape)
    del wanted["ResponseMetadata"]
    assert read_body(body) == wanted
    assert read_body(body, "Query") == wanted


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"<html>", b"\xff", b'{"a": 1} x'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is all that its callers look at
        read_body(body)


def test_the_checksum_is_that_of_the_bytes_that_came() -> None:
    packed = gzip.compress(b"{}")
    right, wrong = str(zlib.crc32(packed)), str(zlib.crc32(b"{}"))
    assert checksum_fits(HttpAnswer(200, {"x-amz-crc32": right}, packed))
    assert not checksum_fits(HttpAnswer(200, {"x-amz-crc32": wrong}, packed))
    assert not checksum_fits(HttpAnswer(200, {"x-amz-crc32": "x"}, packed))
    assert checksum_fits(HttpAnswer(200, {}, packed))


def test_compressed_answers_are_read() -> None:
    packed = gzip.compress(b'{"Count": 1}')
    assert plain_content(HttpAnswer(200, {"content-encoding": "gzip"}, packed)) == b'{"Count": 1}'
    assert plain_content(HttpAnswer(200, {}, b"{}")) == b"{}"
    for coding, content in (("gzip", packed[:-9]), ("gzip", b"{}"), ("br", packed)):
        with pytest.raises(ForeignAnswerError, match="compressed"):
            plain_content(HttpAnswer(200, {"content-encoding": coding}, content))


def test_no_more_is_unpacked_than_an_answer_can_be_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpacked(size: int) -> int:
        packed = gzip.compress(bytes(size))
        return len(plain_content(HttpAnswer(200, {"content-encoding": "gzip"}, packed)))

    monkeypatch.setattr("leyden.drivers.lean.answers.ANSWER_LIMIT", 100_000)
    assert unpacked(100_000) == 100_000
    for size in (100_001, 10_000_000):
        with pytest.raises(ForeignAnswerError, match="longer than"):
            unpacked(size)


def test_parameters_are_checked_for_their_names_and_kinds() -> None:
    kinds = parameter_kinds(service().operation_model("Query"))
    check_parameters({"TableName": "t", "Limit": 1, "ConsistentRead": True}, kinds)
    for wrong in ({"TableName": 1}, {"ExclusiveStartKey": "x"}, {"Limit": "1"}):
        with pytest.raises(TypeError):
            check_parameters(wrong, kinds)
    with pytest.raises(KeyError):
        check_parameters({"Nonsense": 1}, kinds)
