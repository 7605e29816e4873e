"""Pages of what the store lists.

`total` counts all that match, and is None where it was not asked for. `per_page` is None where
all were asked for. `cursor` goes on behind the page's last entry, None at the end: reading on by
cursor costs a page, whereas `page=` reads over all pages before.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from leyden.store.records import Eval, Message, Score, Thread, Trace, WorkflowRun


@frozen(kw_only=True)
class ThreadPage:
    """A page of threads."""

    threads: tuple[Thread, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class MessagePage:
    """A page of messages, in order, with those that `include` added."""

    messages: tuple[Message, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class WorkflowRunPage:
    """A page of workflow runs."""

    runs: tuple[WorkflowRun, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class ScorePage:
    """A page of scores, the newest first."""

    scores: tuple[Score, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class TracePage:
    """A page of spans, the newest first."""

    traces: tuple[Trace, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class EvalPage:
    """A page of evaluations, the newest first."""

    evals: tuple[Eval, ...]
    total: int | None
    page: int
    per_page: int | None
    has_more: bool
    cursor: str | None = None


@frozen(kw_only=True)
class CopiedThread:
    """A copy of a thread, and which of its messages is a copy of which (source id to copy id)."""

    thread: Thread
    message_id_map: Mapping[str, str]


@frozen(kw_only=True)
class ClonedThread:
    """A copy of a thread with the copies of its messages."""

    thread: Thread
    cloned_messages: tuple[Message, ...]
    message_id_map: Mapping[str, str]
