"""A bank behind a proxy on each engine, and time that passes at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.conftest import _new_table_name
from tests.faults.bank import Bank, Clock, open_bank


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Talk to the embedded engine, which is slow, over one transport only."""
    kept, left_out = [], []
    for item in items:
        ours = "faults" in item.path.parts
        given = getattr(getattr(item, "callspec", None), "params", {}) if ours else {}
        over = {given.get(name, "lean") for name in ("one_bank", "one_shop", "one_store")}
        repeats = given.get("engine") == "embedded" and over != {"lean"}
        (left_out if repeats else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


TRANSPORTS: Final = ("lean", "pynamodb", "async", "client")


@pytest.fixture(scope="session", params=TRANSPORTS)
def one_bank(engine: Any, request: pytest.FixtureRequest) -> Iterator[Bank]:
    with open_bank(engine, _new_table_name(f"faults-{request.param}"), request.param) as bank:
        yield bank


@pytest.fixture
def bank(one_bank: Bank) -> Bank:
    """An empty bank whose proxy has nothing to do yet."""
    one_bank.renew()
    return one_bank


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name, raising=False)
    found = Clock()
    found.install(monkeypatch)
    return found
