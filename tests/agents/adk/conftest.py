"""Session services on both engines, and ADK's own in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.adk.sessions.in_memory_session_service import InMemorySessionService

from leyden.agents.adk import LeydenSessionService
from tests.agents.engines import table_on
from tests.conftest import _new_table_name


@pytest.fixture(scope="session")
def embedded() -> Iterator[dict[str, Any]]:
    with table_on("embedded") as options:
        yield options


@pytest.fixture(scope="session")
def local() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        yield options


def opened(options: dict[str, Any], **more: Any) -> LeydenSessionService:
    """A service on a table of its own."""
    service = LeydenSessionService(**{**options, "table_name": _new_table_name("adk"), **more})
    service.app.create_table()
    return service


@pytest.fixture(params=["embedded", pytest.param("local", marks=pytest.mark.java)])
def service(request: pytest.FixtureRequest) -> LeydenSessionService:
    return opened(request.getfixturevalue(request.param))


@pytest.fixture(params=["memory", "embedded", pytest.param("local", marks=pytest.mark.java)])
def any_service(request: pytest.FixtureRequest) -> Any:
    """What holds for ours has to hold for ADK's as well."""
    if request.param == "memory":
        return InMemorySessionService()
    return opened(request.getfixturevalue(request.param))
