"""The results of a memory's methods."""

from __future__ import annotations

from collections.abc import Mapping

from leyden._attrs import field, frozen
from leyden.memory.asking import Cost
from leyden.store import Message

__all__ = ["Context", "Recall", "Reindexed"]


@frozen(kw_only=True)
class Recall:
    """The messages that a recall found.

    `messages` has the last messages of the thread and those found by meaning with their neighbors,
    each once, oldest first. `scores` maps the ids of messages found by meaning to their best
    scores, from 0 to 1. `has_more` says whether the thread has older messages than its last ones;
    `cursor` continues with these. `total` counts the thread's messages, and is None unless you
    asked for it. `cost` says what the recall cost.
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

    `messages` are dicts with a `role` (`user` or `assistant`) and the text as `content`, oldest
    first, as the clients of models take them. `recall` has the messages themselves, with scores and
    cost.
    """

    system: str = field(repr=False)
    messages: list[dict[str, str]] = field(repr=False)
    recall: Recall


@frozen(kw_only=True)
class Reindexed:
    """The progress or result of a reindexing: how many threads and messages were read.

    `indexed` counts the messages that have a text and are now in the index, and `deleted` the
    vectors that were deleted because no message needs them.
    """

    threads: int = 0
    messages: int = 0
    indexed: int = 0
    deleted: int = 0
