"""An engine, and services on fresh tables of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.conftest import opened_services

Open = Callable[..., leyden.Service]


@pytest.fixture(scope="session")
def embedded() -> Iterator[LocalEngine]:
    with leyden.local() as engine:
        yield engine


@pytest.fixture
def open_service(embedded: LocalEngine) -> Iterator[Open]:
    """Loads a schema onto a table of its own, and makes the table."""
    with opened_services(embedded, lambda: f"doctor-{next(_NUMBERS)}") as start:
        yield start


_NUMBERS = itertools.count()
