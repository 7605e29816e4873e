"""A bank behind a proxy on each engine, and time that passes at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.bank import Bank, Clock, open_bank


@pytest.fixture(scope="session")
def one_bank(engine: Any) -> Iterator[Bank]:
    with open_bank(engine, f"faults-{os.getpid()}") as bank:
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
