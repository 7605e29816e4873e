"""The TypeScript client and our store on the same engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.store.interop.checks", "tests.store.interop.twins")

# After what changes the import of the modules that compare:
from leyden.store import DynamoDBStore  # noqa: E402
from tests.conftest import ENGINES, _start  # noqa: E402
from tests.store.interop.client import MastraClient  # noqa: E402
from tests.store.interop.twins import Backend, Twins  # noqa: E402
from tests.store.waiting import WaitingStore  # noqa: E402


@pytest.fixture(
    scope="session",
    params=[*ENGINES, pytest.param("asynchronous", id="asynchronous", marks=pytest.mark.java)],
)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The blocking store on each engine in turn, then the asynchronous one on DynamoDB Local."""
    if request.param in ("dynamodb_local", "asynchronous"):
        running = request.getfixturevalue("dynamodb_local")
        kind = DynamoDBStore if request.param == "dynamodb_local" else WaitingStore
        yield Backend(running, kind)
        return
    running = _start(request.param)
    try:
        yield Backend(running, DynamoDBStore)
    finally:
        running.close()


@pytest.fixture(scope="session")
def client(backend: Backend) -> Iterator[MastraClient]:
    """The client, on the engine."""
    with MastraClient(backend.engine) as running:
        yield running


@pytest.fixture(scope="module")
def module_twins(backend: Backend, client: MastraClient, module_table_name: str) -> Iterator[Twins]:
    """Tables for all tests of a module; a test gets them empty as `twins`."""
    twins = Twins(backend, module_table_name, client)
    yield twins
    twins.close()


@pytest.fixture
def twins(module_twins: Twins) -> Twins:
    module_twins.clear()
    return module_twins
