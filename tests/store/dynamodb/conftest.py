"""The entities of the memory store on a table of an engine in this process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import leyden
from leyden.events import Event, ResponseReceived
from leyden.program import Request
from leyden.shipped import schemas_folder


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


class Requests:
    """What a service sends: `with Requests(app) as sent`."""

    def __init__(self, app: leyden.Service) -> None:
        self._listening = app.driver.listen(self._hear)
        self.apis: list[str] = []
        self.consumed = 0.0

    def _hear(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.apis.append(event.api)
            self.consumed += event.consumed or 0

    def __enter__(self) -> Requests:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def embedded() -> Iterator[Any]:
    with leyden.local() as engine:
        yield engine


@pytest.fixture(scope="module")
def shared_app(embedded: Any, module_table_name: str) -> Iterator[leyden.Service]:
    """The shipped entities on a table that the tests of a module share."""
    with leyden.load(schemas_folder("memory"), table=module_table_name, engine=embedded) as service:
        service.create_table()
        yield service


@pytest.fixture
def app(shared_app: leyden.Service) -> leyden.Service:
    """The shipped entities on an empty table."""
    for item in raw_items(shared_app):
        key = {"pk": item["pk"], "sk": item["sk"]}
        shared_app.driver.send(Request("DeleteItem", {"TableName": shared_app.table, "Key": key}))
    return shared_app


def raw_items(app: leyden.Service) -> list[dict[str, Any]]:
    """All items of the table as they are stored."""
    items: list[dict[str, Any]] = []
    params: dict[str, Any] = {"TableName": app.table, "ConsistentRead": True}
    while True:
        answer = app.driver.send(Request("Scan", params))
        items += answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return items
        params["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
