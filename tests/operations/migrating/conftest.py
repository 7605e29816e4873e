"""Services on the embedded engine, for writes while items move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden


@pytest.fixture(scope="session")
def local_engine() -> Iterator[Any]:
    """The embedded engine."""
    with leyden.local() as engine:
        yield engine


@pytest.fixture
def open_service(
    local_engine: Any, new_table_name: Callable[[], str]
) -> Iterator[Callable[..., leyden.Service]]:
    """Loads a schema onto a table of the engine, and makes the table."""
    opened: list[leyden.Service] = []

    def start(source: Any, *, create: bool = True, **options: Any) -> leyden.Service:
        options.setdefault("table", new_table_name())
        app = leyden.load(source, engine=local_engine, **options)
        opened.append(app)
        if create:
            app.create_table()
        return app

    yield start
    for app in opened:
        app.close()
