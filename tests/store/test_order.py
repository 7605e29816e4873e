"""The order of entries with the same time is JavaScript's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leyden.store.order import id_key, newest_first, oldest_first, time_mark

SORTER = """
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const ids = JSON.parse(line);
  ids.sort((a, b) => a.localeCompare(b));
  console.log(JSON.stringify(ids));
});
"""

printable = st.text(
    st.characters(min_codepoint=0x09, max_codepoint=0x7E, exclude_categories=["Cc"])
)
"""ASCII ids without control characters: JavaScript takes ids that differ by these for equal."""

few_letters = st.text("aAbB1-_. ", max_size=6)


@pytest.fixture(scope="module")
def sorted_by_javascript() -> Iterator[Callable[[list[str]], list[str]]]:
    process = subprocess.Popen(
        [shutil.which("node") or "node", "-e", SORTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(ids: list[str]) -> list[str]:
        process.stdin.write(json.dumps(ids) + "\n")
        process.stdin.flush()
        answer: list[str] = json.loads(process.stdout.readline())
        return answer

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.mark.node
@given(ids=st.lists(st.one_of(printable, few_letters), unique=True, max_size=30))
@example(ids=["message-10", "message-2", "Message-2", "message_2", "message 2", "message"])
def test_ascii_ids_are_in_the_order_of_locale_compare(sorted_by_javascript, ids):
    assert sorted(ids, key=id_key) == sorted_by_javascript(ids)


@pytest.mark.node
def test_every_ascii_character_has_its_place(sorted_by_javascript):
    characters = [chr(code) for code in (9, 10, 11, 12, 13, *range(32, 127))]
    assert sorted(characters, key=id_key) == sorted_by_javascript(characters)
    pairs = [one + other for one in "aA_-1z" for other in characters]
    assert sorted(pairs, key=id_key) == sorted_by_javascript(pairs)


@pytest.mark.node
@given(ids=st.lists(st.text(st.characters(max_codepoint=0x7E), max_size=8), unique=True))
def test_ids_with_control_characters_never_contradict_locale_compare(sorted_by_javascript, ids):
    ours = sorted(ids, key=id_key)
    assert sorted_by_javascript(ours) == ours, "a stable sort has nothing to move"


@pytest.mark.node
def test_letters_with_marks_are_beside_those_without(sorted_by_javascript):
    words = ["resume", "résumé", "Résumé", "resumes", "zoé", "zoe", "zof", "über", "uber", "ubere"]
    assert sorted(words, key=id_key) == sorted_by_javascript(words)


@given(st.lists(st.text(max_size=5), unique=True))
def test_no_two_ids_are_equal_in_order(ids):
    assert len({id_key(id) for id in ids}) == len(ids)


def test_times_turn_around_and_ids_do_not():
    early = datetime(2026, 1, 1, tzinfo=UTC)
    late = early + timedelta(milliseconds=1)
    entries = [(late, "b"), (early, "b"), (late, "a"), (early, "a")]

    def ordered(order):
        return sorted(entries, key=lambda entry: order(time_mark(*entry)))

    assert ordered(oldest_first) == [(early, "a"), (early, "b"), (late, "a"), (late, "b")]
    assert ordered(newest_first) == [(late, "a"), (late, "b"), (early, "a"), (early, "b")]
