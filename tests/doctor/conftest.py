"""An engine, and services on fresh tables of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden
from leyden.engine import LocalEngine

Open = Callable[..., leyden.Service]


@pytest.fixture(scope="session")
def embedded() -> Iterator[LocalEngine]:
    with leyden.local() as engine:
        yield engine


@pytest.fixture
def open_service(embedded: LocalEngine) -> Iterator[Open]:
    """Loads a schema onto a table of its own, and makes the table."""
    opened: list[leyden.Service] = []

    def start(source: Any, *, create: bool = True, **options: Any) -> leyden.Service:
        options.setdefault("table", f"doctor-{next(_NUMBERS)}")
        app = leyden.load(source, engine=embedded, **options)
        opened.append(app)
        if create:
            app.create_table()
        return app

    yield start
    for app in opened:
        app.close()


_NUMBERS = itertools.count()
