"""Manifests and compressed values that somebody else wrote: bounded before they are believed."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest

import leyden
from leyden.errors import DecodeError, ItemTooLargeError
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.companions.overflow.format import (
    Entry,
    Packing,
    arrange,
    read_manifest,
    unfold,
    unpack,
)
from tests.conformance.notes import NOTES

bound = leyden.load(NOTES, table="notes").entities.note._bound


def manifest(**changes: Any) -> dict[str, Any]:
    entry = Entry("S", 5, 1, "g", 7).encode()
    for name, value in changes.items():
        entry["M"][name] = value
    return {"__overflow__": {"M": {"text": entry}}}


def packed(kind: str, plain: bytes) -> tuple[bytes, Entry]:
    content = zlib.compress(plain, 9)
    return content, Entry(kind, len(plain), 0, "g", zlib.crc32(content))


@pytest.mark.parametrize(
    "item",
    [
        manifest(parts={"N": "3000000"}),
        manifest(parts={"N": "101"}),
        manifest(parts={"N": "-1"}),
        manifest(parts={"N": "9" * 5000}),
        manifest(parts={"S": "1"}),
        manifest(bytes={"N": "380000000"}),
        manifest(bytes={"N": "-1"}),
        manifest(bytes=[]),
        manifest(codec={"S": "other"}),
        {"__overflow__": {"M": []}},
        {"__overflow__": {"M": {"text": 1}}},
        {"__overflow__": {"M": {"text": {"M": []}}}},
        {"__overflow__": {"S": "x"}},
        {"__overflow__": []},
        {"__overflow__": 1},
    ],
    ids=lambda item: str(item)[:60],
)
def test_a_manifest_that_no_write_makes_is_an_error_of_ours(item: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read_manifest(item)
    assert caught.value.field == "__overflow__"


def test_bytes_that_inflate_to_hundreds_of_megabytes_take_no_memory() -> None:
    content = zlib.compress(bytes(100_000_000), 9)
    lying = Entry("B", 1000, 0, "g", zlib.crc32(content))
    tracemalloc.start()
    with pytest.raises(ValueError, match="size"):
        unpack(content, lying)
    honest = manifest(parts={"N": "0"}, bytes={"N": "100000000"})
    honest["__overflow__"]["M"]["text"]["M"]["checksum"] = {"N": str(zlib.crc32(content))}
    with pytest.raises(DecodeError):
        unfold({**honest, "text": {"B": content}})
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "plain",
    [
        b'{"L":[' * 400 + b'{"S":"x"}' + b"]}" * 400,
        b"[" * 100_000 + b"]" * 100_000,
        b"[]",
        b"{}",
        b"5",
        b"null",
        b'{"L": 5}',
        b'{"M": []}',
        b'{"B": 5}',
        b'{"BS": [5]}',
        b'{"L": [{"S": "a", "N": "1"}]}',
        b"{",
        b"\xff",
    ],
    ids=lambda plain: str(plain[:30]),
)
def test_a_compressed_value_of_no_sense_is_an_error_of_ours(plain: bytes) -> None:
    content, entry = packed("L", plain)
    item = {"__overflow__": {"M": {"text": entry.encode()}}, "text": {"B": content}}
    with pytest.raises(DecodeError):
        unfold(item)


def test_a_value_over_the_limit_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "VALUE_LIMIT", 500_000)
    values = {"text": {"S": "x" * 500_001}}
    with pytest.raises(ItemTooLargeError, match="at most 500,000") as caught:
        arrange(bound, {"pk": {"S": "p"}}, values, 0, {}, Packing())
    assert caught.value.size == 500_001
