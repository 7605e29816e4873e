"""An agent that needs no model: it says back what it hears, and remembers what it is told to."""

from __future__ import annotations

from dataclasses import dataclass

_REMEMBER = "remember "
_RECALL = "what do you remember"


@dataclass(frozen=True)
class Answer:
    """What the agent says, piece by piece; `remember` is the new working memory, if it changed."""

    pieces: list[str]
    remember: str | None = None


def answer(text: str, remembered: str | None) -> Answer:
    """The agent's answer to a text, given what it remembers of the guest."""
    said = text.strip()
    if said.lower().startswith(_REMEMBER):
        fact = said[len(_REMEMBER) :].strip()
        known = f"{remembered}\n- {fact}" if remembered else f"- {fact}"
        return Answer(words("I will remember that."), known)
    if said.lower().startswith(_RECALL):
        return Answer(words(remembered or "Nothing yet. Tell me to remember something."))
    return Answer(words(f"You said: {said}"))


def words(text: str) -> list[str]:
    """The text in pieces of a word each, as a model would stream it."""
    pieces = text.split(" ")
    return [*(f"{piece} " for piece in pieces[:-1]), pieces[-1]]


def title_for(text: str) -> str:
    """A thread's title, from its first message."""
    first = text.strip().splitlines()[0] if text.strip() else "New chat"
    return first if len(first) <= 40 else f"{first[:39].rstrip()}…"
