"""Recall by meaning finds the right message as often as `@mastra/memory` does."""

from __future__ import annotations

import pytest

from leyden.memory.embedders import offline_embedder
from tests.memory.quality import imported_questions, messages, questions
from tests.memory.quality.measure import Figure, measured

LEAST = {"200 messages": 32, "31 items of a TypeScript client, with 17 messages": 8}
"""How many questions found the right message when this was written."""


def test_each_question_asks_for_a_message_that_is_there() -> None:
    texts, asked = messages(), questions()
    assert (len(texts), len(asked)) == (200, 40)
    assert len({question.text for question in asked}) == 40
    assert all(question.right <= texts.keys() for question in asked)
    assert all(question.right for question in imported_questions())


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return measured(offline_embedder())


@pytest.mark.node
def test_the_right_message_is_found_as_often_as_by_the_package(figures: list[Figure]) -> None:
    for figure in figures:
        print(figure)  # noqa: T201 (shown where it fails)
        assert figure.right(figure.ours) >= figure.right(figure.theirs)
        assert figure.right(figure.ours) >= LEAST[figure.about]


@pytest.mark.node
def test_both_find_the_same_messages(figures: list[Figure]) -> None:
    own, _ = figures
    assert own.ours == own.theirs
