"""Stores for tests, and a clock to set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from attrs import define

from leyden.agents.langgraph import LeydenStore

_number = count()

WORDS = ("tea", "river", "bread", "night")


@define
class Clock:
    """A clock that stands still until it is moved; no engine deletes what expires by it."""

    now: datetime = datetime(2090, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


def new_store(engine: Any, table: str | None = None, **options: Any) -> LeydenStore:
    """A store on a table of its own, or on that of another one."""
    store = LeydenStore(table or f"store-{next(_number)}", engine=engine, **options)
    if table is None:
        store.app.create_table()
    return store


def embed(texts: Sequence[str]) -> list[list[float]]:
    """How often texts have each of a few words; a text without any has no direction."""
    return [[float(text.count(word)) for word in WORDS] for text in texts]


async def aembed(texts: Sequence[str]) -> list[list[float]]:
    return embed(texts)


def index(**more: Any) -> Any:
    return {"dims": len(WORDS), "embed": embed, "fields": ["text"], **more}


def places(found: Sequence[Any]) -> list[tuple[tuple[str, ...], str]]:
    return [(one.namespace, one.key) for one in found]
