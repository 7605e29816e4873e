"""An agent that needs no model: it answers from what was recalled, and notes what it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_REMEMBER = "remember "

_ALIKE = 0.56
"""The score from which a recalled message is about what was asked, by the offline embedder."""


@dataclass(frozen=True)
class Answer:
    """What the agent says, piece by piece; `remember` is a fact for the working memory."""

    pieces: list[str]
    remember: str | None = None


def answer(text: str, recalled: Sequence[tuple[str, float]]) -> Answer:
    """The agent's answer to a text, given what was recalled: texts and scores, the best first."""
    said = text.strip()
    if said.lower().startswith(_REMEMBER):
        return Answer(words("I will remember that."), said[len(_REMEMBER) :].strip())
    alike = [recalled_text for recalled_text, score in recalled if score >= _ALIKE]
    if alike:
        return Answer(words(f"That reminds me of this: “{alike[0]}”"))
    return Answer(words(f"You said: {said}"))


def words(text: str) -> list[str]:
    """The text in pieces of a word each, as a model would stream it."""
    pieces = text.split(" ")
    return [*(f"{piece} " for piece in pieces[:-1]), pieces[-1]]


def title_for(text: str) -> str:
    """A thread's title, from its first message."""
    first = text.strip().splitlines()[0] if text.strip() else "New chat"
    return first if len(first) <= 40 else f"{first[:39].rstrip()}…"
