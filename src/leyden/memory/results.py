"""What a memory gives."""

from __future__ import annotations

from collections.abc import Mapping

from leyden._attrs import field, frozen
from leyden.memory.asking import Cost
from leyden.store import Message

__all__ = ["Context", "Recall", "Reindexed"]


@frozen(kw_only=True)
class Recall:
    """What was recalled.

    `messages` are the last ones of the thread and those found by meaning, each with its
    neighbours: every message once, the oldest first. `scores` has the best score of each message
    that was found by meaning, by its id, from 0 to 1. `has_more` says that the thread has older
    messages than its last ones, and `cursor` goes on with these. `total` counts the thread's
    messages, and is None unless it was asked for. `cost` says what all of it took.
    """

    messages: tuple[Message, ...]
    scores: Mapping[str, float]
    has_more: bool
    cursor: str | None
    total: int | None
    cost: Cost


@frozen(kw_only=True)
class Context:
    """What a model needs to know: a system text, which may be empty, and the conversation.

    `messages` are dicts with a `role`, `user` or `assistant`, and the text as `content`, the
    oldest first, which clients of models take as they are. `recall` has the messages themselves,
    with scores and cost.
    """

    system: str = field(repr=False)
    messages: list[dict[str, str]] = field(repr=False)
    recall: Recall


@frozen(kw_only=True)
class Reindexed:
    """How far a reindexing is, or what it did: threads and messages read, vectors deleted.

    `indexed` counts the messages that have a text, and so are in the index now.
    """

    threads: int = 0
    messages: int = 0
    indexed: int = 0
    deleted: int = 0
