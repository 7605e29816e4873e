"""Answers are put together alike however they are cut into pieces."""

from __future__ import annotations

import itertools
from typing import Any, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.drivers.lean.answers import (
    ANSWER_LIMIT,
    READ_LIMIT,
    AnswerReader,
    BrokenAnswerError,
    ForeignAnswerError,
    HttpAnswer,
)

CONTENTS = st.binary(max_size=300)


def framed(content: bytes, framing: str, chunks: list[int]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nServer: x\r\nX-Two: a\r\nX-Two:  b \r\n"
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(content) + content
    if framing == "end":
        return head + b"\r\n" + content
    parts, start = [], 0
    for size in [*chunks, len(content)]:
        piece = content[start : start + size]
        if piece:
            parts.append(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
        start += len(piece)
    trailer = b"X-Trailer: 1\r\n" if framing == "trailer" else b""
    return (
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(parts)
        + b"0\r\n"
        + trailer
        + b"\r\n"
    )


def read(data: bytes, cuts: list[int]) -> AnswerReader:
    reader = AnswerReader()
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    done = False
    for start, end in itertools.pairwise(places):
        assert not done
        done = reader.feed(data[start:end])
    if not done:
        reader.finish()
    return reader


@given(
    content=CONTENTS,
    framing=st.sampled_from(["length", "end", "chunked", "trailer"]),
    chunks=st.lists(st.integers(1, 100), max_size=5),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
    interim=st.booleans(),
)
def test_an_answer_is_whole_however_it_arrives(
    content: bytes, framing: str, chunks: list[int], cuts: list[int], interim: bool
) -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" if interim else b""
    reader = read(data + framed(content, framing, chunks), cuts)
    assert reader.answer is not None
    assert reader.answer.content == content
    assert reader.answer.status_code == 200
    assert reader.answer.headers["x-two"] == "a, b"
    assert reader.reusable is (framing != "end")


@given(
    content=st.binary(min_size=1, max_size=300),
    framing=st.sampled_from(["length", "chunked", "trailer"]),
    lost=st.integers(1, 10_000),
)
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(
    content: bytes, framing: str, lost: int
) -> None:
    data = framed(content, framing, [7])
    with pytest.raises(BrokenAnswerError):
        read(data[: -(lost % len(data)) or -1], [])


def answered(data: bytes) -> tuple[HttpAnswer, bool]:
    reader = AnswerReader()
    assert reader.feed(data)
    assert reader.answer is not None
    return reader.answer, reader.reusable


@pytest.mark.parametrize(
    ("line", "header", "reusable"),
    [
        ("HTTP/1.1 200 OK", "X: 1", True),
        ("HTTP/1.1 200 OK", "Connection: close", False),
        ("HTTP/1.0 200 OK", "X: 1", False),
        ("HTTP/1.0 200 OK", "Connection: keep-alive", True),
    ],
)
def test_the_answer_says_whether_its_connection_may_be_used_again(
    line: str, header: str, reusable: bool
) -> None:
    data = f"{line}\r\n{header}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    assert answered(data)[1] is reusable


def test_a_connection_that_says_more_than_it_announced_is_not_used_again() -> None:
    answer, reusable = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500")
    assert (answer.content, reusable) == (b"{}", False)


def test_an_answer_without_a_body_ends_with_its_head() -> None:
    assert answered(b"HTTP/1.1 204 No Content\r\n\r\n")[0].content == b""


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"H" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenAnswerError):
        AnswerReader().feed(data)


def test_no_more_is_read_at_once_than_there_is_room_for() -> None:
    reader = AnswerReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
    assert reader.read_size == READ_LIMIT


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Watched(bytes):
    """Bytes that count how many of them are copied into others."""

    copied = 0

    def __getitem__(self, wanted: SupportsIndex | slice) -> Any:
        found = super().__getitem__(wanted)
        return self._counted(found) if isinstance(found, bytes) else found

    def __add__(self, other: Any) -> Any:
        return self._counted(super().__add__(other))

    def __radd__(self, other: Any) -> Any:
        return self._counted(bytes(other) + bytes(self))

    @classmethod
    def _counted(cls, made: bytes) -> bytes:
        Watched.copied += len(made)
        return cls(made)


@pytest.mark.parametrize(
    ("chunk", "piece"),
    [(1_000_000, 1000), (1, 50_000), (1, 7), (3000, 1), (3000, 400_000)],
)
def test_a_body_in_chunks_is_put_together_with_every_byte_looked_at_once(
    monkeypatch: pytest.MonkeyPatch, chunk: int, piece: int
) -> None:
    monkeypatch.setattr(Watched, "copied", 0)
    content = b"x" * 60_000 if chunk == 1 or piece == 1 else b"x" * 1_000_000
    data = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for part in (content[at : at + chunk] for at in range(0, len(content), chunk))
    )
    reader = AnswerReader()
    reader.feed(CHUNKED)
    for at in range(0, len(data), piece):
        assert not reader.feed(Watched(data[at : at + piece]))
    assert reader.feed(b"0\r\n\r\n")
    assert reader.answer is not None
    assert reader.answer.content == content
    # Once as the part of a chunk, and where a line comes in two pieces, that line again.
    assert Watched.copied < 4 * len(data)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % (ANSWER_LIMIT + 1),
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        CHUNKED + b"%x\r\n" % (ANSWER_LIMIT + 1),
        CHUNKED + b"f" * 60 + b"\r\n",
        CHUNKED + b"1\r\nx\r\n%x\r\n" % ANSWER_LIMIT,
    ],
)
def test_an_answer_that_says_it_is_too_long_is_not_read(data: bytes) -> None:
    with pytest.raises(ForeignAnswerError, match="longer than 256 MB"):
        AnswerReader().feed(data)


@pytest.mark.parametrize("framing", ["length", "end", "chunked"])
def test_an_answer_may_be_as_long_as_the_limit(
    framing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leyden.drivers.lean.answers.ANSWER_LIMIT", 1000)
    reader = read(framed(b"x" * 1000, framing, [400]), [])
    assert reader.answer is not None
    assert reader.answer.content == b"x" * 1000
    with pytest.raises(ForeignAnswerError, match="longer than"):
        read(framed(b"x" * 1001, framing, [400]), [])
