"""Services on fresh tables of each engine, over each transport.

What an operation sends is the same over all of them. So the embedded engine, which is slow, is
talked to over one, and so are the modules on work of many requests: `EVERY_TRANSPORT` are those
that run over all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import leyden
from tests.bridge import BridgedDriver
from tests.conftest import opened_services

Open = Callable[..., leyden.Service]
EVERY_TRANSPORT: Final = frozenset(
    {
        "test_collections",
        "test_declared",
        "test_indexes",
        "test_items",
        "test_pages",
        "test_searches",
        "test_together",
        "test_vector_attributes",
        "test_vector_requests",
        "test_written_back",
    }
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the combinations that would only repeat others."""
    kept, left_out = [], []
    for item in items:
        ours = "conformance" in item.path.parts
        given = getattr(getattr(item, "callspec", None), "params", {}) if ours else {}
        module = item.nodeid.partition("::")[0].rpartition("/")[2].removesuffix(".py")
        engine = given.get("engine", given.get("vector_engine"))
        repeats = engine == "embedded" or module not in EVERY_TRANSPORT
        is_other = given.get("transport", "lean") != "lean"
        # What is sent is the same, wherever the schemas are from.
        compiled = given.get("schemas") == "compiled" and (is_other or engine != "embedded")
        if compiled or (is_other and repeats):
            left_out.append(item)
        else:
            kept.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="module", autouse=True, params=["lean", "pynamodb", "async"])
def transport(request: pytest.FixtureRequest) -> Iterator[str]:
    """How the services that `leyden.load` opens send; `async` through the asynchronous driver."""
    with pytest.MonkeyPatch.context() as patch:
        loading: Any = leyden.load
        defaults: Any = loading.__wrapped__.__kwdefaults__
        if request.param == "async":
            patch.setattr("leyden.service.loading.SyncDriver", BridgedDriver)
        else:
            patch.setitem(defaults, "transport", request.param)
        yield request.param


@pytest.fixture
def open_service(engine: Any, new_table_name: Callable[[], str]) -> Iterator[Open]:
    """Loads a schema onto a new table of the engine, and makes the table."""
    with opened_services(engine, new_table_name) as start:
        yield start
