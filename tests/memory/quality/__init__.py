"""How well recall by meaning finds the right message: 200 messages with 40 questions, and more.

`messages.txt` has messages of an agent's users, each with its id; `questions.txt` asks for one of
them each, in other words than it has. `imported.txt` asks for messages of the conversations that
`leyden demo` imports: whose, the ids of those that are right, the question.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

FOLDER: Final = Path(__file__).parent
TOP: Final = 4
"""Among how many messages the right one has to be."""


@frozen
class Question:
    """What is asked, in whose messages, and the ids of the messages that answer it."""

    text: str
    resource: str
    right: frozenset[str]


def messages() -> dict[str, str]:
    """The texts of the 200 messages, by their ids."""
    return dict(line.split("\t") for line in _lines("messages.txt"))


def questions() -> list[Question]:
    """The 40 questions about them; all are one user's."""
    split = (line.split("\t") for line in _lines("questions.txt"))
    return [Question(text, "user", frozenset([id])) for id, text in split]


def imported_questions() -> list[Question]:
    """The questions about the imported conversations."""
    split = (line.split("\t") for line in _lines("imported.txt"))
    return [Question(text, whose, frozenset(ids.split())) for whose, ids, text in split]


def _lines(file: str) -> list[str]:
    return (FOLDER / file).read_text(encoding="utf-8").splitlines()
