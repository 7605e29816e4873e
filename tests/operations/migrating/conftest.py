"""Services on the embedded engine, for writes while items move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden
from tests.conftest import opened_services


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
    with opened_services(local_engine, new_table_name) as start:
        yield start
