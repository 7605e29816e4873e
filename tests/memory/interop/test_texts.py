"""Any message is kept and embedded as by `@mastra/memory`, and any text cut into its chunks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.memory.text import CHUNK_UNITS, chunks_of, embedded_text, kept_of
from leyden.store import Message
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.sides import START

pytestmark = pytest.mark.node

_words = st.builds(
    lambda letters, length: (letters * length)[:length],
    st.text("aé日😀𝔘-\u0085\u001c\u200b", min_size=1, max_size=3),
    st.one_of(
        st.integers(min_value=1, max_value=12),
        st.sampled_from([2, 1023, 4096, 8191, 8192, 16_383, 16_384, 16_385, 20_000, 33_000]),
    ),
)
_spaces = st.text(" \n\t\u00a0\ufeff\u2029\u3000", min_size=1, max_size=2)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    pieces = [draw(st.sampled_from(["", " ", "\ufeff\n"]))]
    for word in draw(st.lists(_words, max_size=6)):
        times = draw(st.sampled_from([1, 1, 1, 2, 700]))
        pieces.append((word + draw(_spaces)) * times if len(word) * times < 100_000 else word)
    if draw(st.booleans()):
        pieces.append(draw(_words))
    return "".join(pieces)


def test_any_text_is_cut_alike(client: MemoryClient) -> None:
    client.open("chunks", options={}, dimensions=4)

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(_texts())
    def compare(text: str) -> None:
        ours, theirs = chunks_of(text), client.call("chunks", "chunkText", text)
        if all(map(_is_whole, theirs)):
            assert ours == theirs
        else:
            # They cut a pair in two, and what follows in that word is one unit later.
            assert "".join(ours) == _paired("".join(theirs))
            assert all(_is_whole(chunk) and _units(chunk) <= CHUNK_UNITS for chunk in ours)

    compare()


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


_tagged = st.lists(
    st.sampled_from(
        ["<working_memory>", "</working_memory>", "a", "b c", " ", "\n", "\ufeff", "\u0085", "<"]
    ),
    max_size=7,
).map("".join)
_parts = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": _tagged}),
    st.fixed_dictionaries(
        {
            "type": st.just("tool-invocation"),
            "toolInvocation": st.fixed_dictionaries(
                {
                    "state": st.just("result"),
                    "toolCallId": st.just("c"),
                    "toolName": st.sampled_from(["updateWorkingMemory", "weather"]),
                    "args": st.just({}),
                    "result": st.just(1),
                }
            ),
        }
    ),
    st.just({"type": "reasoning", "reasoning": "a", "details": []}),
)
_contents = st.fixed_dictionaries(
    {"format": st.just(2), "parts": st.lists(_parts, max_size=4)}, optional={"content": _tagged}
)


def test_any_message_is_kept_and_embedded_alike(client: MemoryClient) -> None:
    @given(_contents, st.sampled_from(["user", "assistant", "system", "tool"]))
    def compare(content: Any, role: str) -> None:
        client.open("texts", options={"semanticRecall": True}, dimensions=4)
        saved = {"id": "m", "threadId": "t", "resourceId": "r", "role": role, "type": "v2"}
        message = {**saved, "createdAt": START, "content": content}
        client.call("texts", "saveMessages", {"messages": [message]})
        stored = next(asked["messages"] for asked in client.asked if "storage" in asked)
        texts = [each["content"] for asked in client.asked for each in asked.get("metadata", [])]
        kept = kept_of(Message(id="m", thread_id="t", role=role, content=content))
        assert [each["content"] for each in stored] == ([kept.content] if kept else [])
        text = embedded_text(kept) if kept else None
        assert texts == ([text] if text else [])

    compare()
