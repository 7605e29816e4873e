"""Services on fresh tables of each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden

Open = Callable[..., leyden.Service]


@pytest.fixture
def open_service(engine: Any, new_table_name: Callable[[], str]) -> Iterator[Open]:
    """Loads a schema onto a new table of the engine, and makes the table."""
    opened: list[leyden.Service] = []

    def start(source: Any, *, create: bool = True, **options: Any) -> leyden.Service:
        options.setdefault("table", new_table_name())
        app = leyden.load(
            source,
            endpoint_url=engine.endpoint_url,
            region=engine.region,
            credentials=engine.credentials,
            **options,
        )
        opened.append(app)
        if create:
            app.create_table()
        return app

    yield start
    for app in opened:
        app.close()
