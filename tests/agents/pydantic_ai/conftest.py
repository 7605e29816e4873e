"""Conversation stores on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leyden.agents.pydantic_ai import LeydenConversationStore
from tests.agents.pydantic_ai.support import Awaited


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[..., Any]]:
    """Awaits something on an event loop that lives as long as the module's tests."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def on_engine(
    engine: Any, module_table_name: str, run: Callable[..., Any]
) -> Iterator[LeydenConversationStore]:
    store = LeydenConversationStore(module_table_name, engine=engine)
    store.app.create_table()
    yield store
    run(store.aclose())


@pytest.fixture
def store(on_engine: LeydenConversationStore, run: Callable[..., Any]) -> Awaited:
    """An empty store, whose methods wait."""
    awaited = Awaited(on_engine, run)
    awaited.clear()
    return awaited
