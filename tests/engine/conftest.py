"""A client of ministack, the engine that vector indexes are compared with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ministack import Ministack, client_of


@pytest.fixture(scope="session")
def ministack(ministack_engine: Ministack) -> Any:
    """A client of it, which sends even what the service's model rules out."""
    return client_of(ministack_engine.endpoint_url)
