"""What the conformance tests put into stores, and how they read all of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = START
        self.reset()

    def reset(self) -> None:
        """Go on to the next day: a store gives no time again that it gave before."""
        self.now += timedelta(days=1)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, milliseconds: int = 1) -> datetime:
        """Move on, and say the time."""
        self.now += timedelta(milliseconds=milliseconds)
        return self.now


def at(milliseconds: int) -> datetime:
    """A time, so long after the start."""
    return START + timedelta(milliseconds=milliseconds)


def content(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """The content of a message with one part."""
    return {"format": 2, "parts": [{"type": "text", "text": text}], **more}


def message(
    id: str, time: int = 0, *, thread_id: str = "t1", text: str = "Hello", **more: Any
) -> dict[str, Any]:
    """The fields of a message."""
    return {
        "id": id,
        "thread_id": thread_id,
        "role": "user",
        "content": content(text),
        "created_at": at(time),
        **more,
    }


def thread(id: str = "t1", resource_id: str = "alice", **more: Any) -> dict[str, Any]:
    """The fields of a thread."""
    return {"id": id, "resource_id": resource_id, **more}


def score(**more: Any) -> dict[str, Any]:
    """The fields of a score."""
    return {
        "scorer_id": "relevance",
        "run_id": "run-1",
        "entity_id": "agent-1",
        "entity_type": "AGENT",
        "source": "LIVE",
        "score": 0.75,
        "scorer": {"id": "relevance", "name": "Relevance"},
        "entity": {"id": "agent-1"},
        "input": [{"role": "user", "content": "?"}],
        "output": {"text": "!"},
        **more,
    }


def trace(id: str, **more: Any) -> dict[str, Any]:
    """The fields of a span."""
    return {
        "id": id,
        "trace_id": "trace-1",
        "name": "agent.generate",
        "scope": "default",
        "kind": 1,
        "start_time": 1_760_000_000_000,
        "end_time": 1_760_000_000_500,
        **more,
    }


def evaluation(run_id: str, **more: Any) -> dict[str, Any]:
    """The fields of an evaluation."""
    return {
        "run_id": run_id,
        "global_run_id": "global-1",
        "agent_name": "agent-1",
        "metric_name": "relevance",
        "instructions": "Be kind.",
        "input": "What?",
        "output": "That.",
        "result": {"score": 1},
        **more,
    }


def ids(entries: Any) -> list[str]:
    """The ids of records, in order."""
    return [entry.id for entry in entries]


def by_cursor(read: Callable[..., Any], name: str, **options: Any) -> list[list[str]]:
    """The ids of every page of a listing, read on by cursor."""
    return [ids(getattr(page, name)) for page in pages_by_cursor(read, **options)]


def pages_by_cursor(read: Callable[..., Any], **options: Any) -> Iterator[Any]:
    """Every page of a listing, read on by cursor."""
    cursor = None
    while True:
        page = read(cursor=cursor, **options)
        yield page
        assert page.has_more == (page.cursor is not None)
        cursor = page.cursor
        if cursor is None:
            return


def by_page(read: Callable[..., Any], name: str, **options: Any) -> list[list[str]]:
    """The ids of every page of a listing, read by number."""
    pages: list[list[str]] = []
    while True:
        page = read(page=len(pages), **options)
        assert page.page == len(pages)
        pages.append(ids(getattr(page, name)))
        if not page.has_more:
            return pages
