"""The text of messages: what is embedded, in which chunks, as `@mastra/memory` does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.memory.text import (
    CHUNK_UNITS,
    chunks_of,
    embedded_text,
    index_name,
    kept_of,
    vector_metadata,
    without_working_memory,
)
from leyden.store import Message
from tests.memory.golden_texts import CONTENTS, TextCase, cases, shortened

CUT_PAIRS = {"a long word of pairs, odd", "a long word of pairs, odd twice"}
"""There the package cuts surrogate pairs in two, and what is here does not."""


def message(content: Any, role: str = "user") -> Message:
    return Message(id="m", thread_id="t", resource_id="r", role=role, content=content)


def told(message: Message | None) -> Any:
    """The text and the chunks of a message as the golden file tells them."""
    text = None if message is None else embedded_text(message)
    if text is None:
        return None
    return {"text": shortened(text), "chunks": [shortened(chunk) for chunk in chunks_of(text)]}


def by_name(case: TextCase) -> str:
    return case.name


@pytest.mark.parametrize("case", [c for c in cases() if c.name not in CUT_PAIRS], ids=by_name)
def test_a_message_is_embedded_as_the_package_embeds_it(case: TextCase) -> None:
    given = message(case.content, case.role)
    assert told(kept_of(given)) == case.saved
    assert told(given) == case.updated


@pytest.mark.parametrize("case", [c for c in cases() if isinstance(c.content, dict)], ids=by_name)
def test_a_message_is_kept_as_the_package_keeps_it(case: TextCase) -> None:
    kept = kept_of(message(case.content, case.role))
    if case.stored is None:
        assert kept is None
    else:
        # The package gives each message parts, be there none.
        assert kept is not None
        assert _all_shortened({"parts": [], **kept.content}) == case.stored


def _all_shortened(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        return [_all_shortened(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _all_shortened(inner) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("case", [c for c in cases() if c.name in CUT_PAIRS], ids=by_name)
def test_a_surrogate_pair_is_not_cut(case: TextCase) -> None:
    text = embedded_text(message(case.content))
    assert text is not None
    chunks = chunks_of(text)
    assert "".join(chunks) == text
    assert all(_units(chunk) <= CHUNK_UNITS for chunk in chunks)
    # So a piece ends one unit earlier than there, and nothing else is different.
    assert [_units(chunk) for chunk in chunks[:-1]] == [CHUNK_UNITS - 1] + [CHUNK_UNITS] * (
        len(chunks) - 2
    )
    assert len(chunks) == len(case.saved["chunks"])
    for chunk in chunks:
        chunk.encode()


def test_all_questions_have_answers() -> None:
    assert {case.name for case in cases()} >= CONTENTS.keys()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


words = st.text("ab\u00e9\u65e5\U0001f600 \n\ufeff\u0085", max_size=60)


@given(words, st.integers(min_value=1, max_value=2000))
def test_chunks_are_the_words_of_a_text_and_none_is_too_long(word: str, times: int) -> None:
    text = word * times
    chunks = chunks_of(text)
    assert all(chunk and _units(chunk) <= CHUNK_UNITS for chunk in chunks)
    white = str.maketrans(dict.fromkeys(" \n\ufeff", ""))
    assert "".join(chunks).translate(white) == text.translate(white)


@given(words)
def test_a_short_text_is_one_chunk_and_a_chunk_is_its_own_chunk(text: str) -> None:
    chunks = chunks_of(text)
    assert len(chunks) <= 1
    assert [piece for chunk in chunks for piece in chunks_of(chunk)] == chunks


def test_half_of_a_pair_in_a_text_goes_through() -> None:
    text = "\ud83d" * 40_000
    assert "".join(chunks_of(text)) == text


def test_many_tags_that_are_not_closed_take_no_time() -> None:
    text = "<working_memory>" * 20_000
    assert without_working_memory(text) == text


@pytest.mark.parametrize(
    ("dimensions", "separator", "name"),
    [
        (1536, "_", "memory_messages"),
        (1536, "-", "memory-messages"),
        (256, "_", "memory_messages_256"),
        (256, "-", "memory-messages-256"),
        (1, "_", "memory_messages_1"),
    ],
)
def test_an_index_is_named_by_its_dimensions(dimensions: int, separator: str, name: str) -> None:
    assert index_name(dimensions, separator) == name


def test_ids_in_metadata_are_the_messages_own_whatever_the_thread_says() -> None:
    saved = Message(
        id="m",
        thread_id="t",
        resource_id="r",
        role="user",
        content={},
        created_at=datetime(2026, 2, 3, 10, 15, tzinfo=timezone(timedelta(hours=1))),
    )
    thread = {"topic": "travel", "thread_id": "other", "resource_id": "other", "content": "other"}
    assert vector_metadata(saved, "hello", thread) == {
        "topic": "travel",
        "message_id": "m",
        "thread_id": "t",
        "resource_id": "r",
        "role": "user",
        "content": "hello",
        "created_at": "2026-02-03T09:15:00.000Z",
    }


def test_a_message_without_resource_has_none_in_its_metadata() -> None:
    saved = Message(id="m", thread_id="t", role="user", content={}, created_at=datetime.now(UTC))
    assert "resource_id" not in vector_metadata(saved, "hello", {"resource_id": "other"})


def test_a_message_that_has_nothing_to_strip_is_kept_as_it_is() -> None:
    plain = message({"format": 2, "parts": [{"type": "text", "text": "hello"}]})
    assert kept_of(plain) is plain
