"""Savers on the embedded engine, and on DynamoDB Local where capacity or transactions matter."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.agents.langgraph import LeydenSaver
from leyden.engine import dynamodb_local
from leyden.events import ResponseReceived, listen

ROOT = Path(__file__).parents[3]
_number = count()


@pytest.fixture(scope="session")
def embedded() -> Iterator[Any]:
    with leyden.local() as engine:
        yield engine


@pytest.fixture(scope="session")
def real() -> Iterator[Any]:
    """DynamoDB Local, which counts capacity and keeps transactions apart as DynamoDB does."""
    folder = Path(os.environ.get("LEYDEN_DYNAMODB_LOCAL") or ROOT / ".cache" / "dynamodb-local")
    if not (folder / "DynamoDBLocal.jar").is_file():
        pytest.skip("DynamoDB Local is not there")
    with dynamodb_local(folder) as engine:
        yield engine


@pytest.fixture
def saver(embedded: Any) -> Iterator[LeydenSaver]:
    with new_saver(embedded) as saver:
        yield saver


def new_saver(engine: Any, table: str | None = None, **options: Any) -> LeydenSaver:
    """A saver on a table of its own, or on that of another one."""
    saver = LeydenSaver(table or f"saver-{next(_number)}", engine=engine, **options)
    if table is None:
        saver.app.create_table()
    return saver


class Sent(list[ResponseReceived]):
    """The requests that were answered."""

    @property
    def apis(self) -> Counter[str]:
        return Counter(one.api for one in self)

    @property
    def write_units(self) -> float:
        return sum(one.consumed or 0 for one in self if "Write" in one.api or "Put" in one.api)


@contextmanager
def sent() -> Iterator[Sent]:
    """What is sent meanwhile."""
    found = Sent()
    with listen(lambda event: found.append(event) if isinstance(event, ResponseReceived) else None):
        yield found
