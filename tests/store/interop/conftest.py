"""The TypeScript client and our store on the same engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.store.interop.checks", "tests.store.interop.twins")

from tests.store.interop.client import MastraClient  # noqa: E402 (after what changes its import)
from tests.store.interop.twins import Twins  # noqa: E402


@pytest.fixture(scope="module")
def client(engine: Any) -> Iterator[MastraClient]:
    """The client, on the engine."""
    with MastraClient(engine) as running:
        yield running


@pytest.fixture(scope="module")
def module_twins(engine: Any, client: MastraClient, module_table_name: str) -> Iterator[Twins]:
    """Tables for all tests of a module; a test gets them empty as `twins`."""
    twins = Twins(engine, module_table_name, client)
    yield twins
    twins.close()


@pytest.fixture
def twins(module_twins: Twins) -> Twins:
    module_twins.clear()
    return module_twins
