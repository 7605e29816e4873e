"""Stores of each kind: the reference, and the one on DynamoDB on each engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from attrs import frozen

from leyden.store import DynamoDBStore, InMemoryStore
from tests.conftest import ENGINES, _new_table_name, _start
from tests.store.conformance.made import Clock
from tests.store.waiting import WaitingStore

STORES = [
    pytest.param("reference", id="reference"),
    *ENGINES,
    pytest.param("asynchronous", id="asynchronous", marks=pytest.mark.java),
]


@frozen
class Backend:
    """Where the stores of a run are, and whether they are the asynchronous ones."""

    endpoint_url: str | None
    region: str | None
    credentials: Any
    asynchronous: bool


@pytest.fixture(scope="session", params=STORES)
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each engine in turn, and first None for the reference."""
    if request.param == "reference":
        yield None
        return
    asynchronous = request.param == "asynchronous"
    running = _start("dynamodb_local" if asynchronous else request.param)
    try:
        yield Backend(running.endpoint_url, running.region, running.credentials, asynchronous)
    finally:
        running.close()


@pytest.fixture(scope="session")
def open_store(backend: Backend | None) -> Iterator[Callable[..., Any]]:
    """Makes an empty store."""
    opened: list[Any] = []

    def start(**options: Any) -> Any:
        if backend is None:
            store: Any = InMemoryStore(**options)
        else:
            kind: Any = WaitingStore if backend.asynchronous else DynamoDBStore
            store = kind(
                name="store",
                table_name=_new_table_name("store-conformance"),
                region=backend.region,
                endpoint_url=backend.endpoint_url,
                credentials=backend.credentials,
                **options,
            )
            (store if backend.asynchronous else store.app).create_table()
        opened.append(store)
        return store

    yield start
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def shared_store(open_store: Callable[..., Any]) -> tuple[Any, Clock]:
    """The store of all tests on a backend: to make one takes longer than most tests."""
    clock = Clock()
    return open_store(clock=clock), clock


@pytest.fixture(scope="session")
def empty_table(backend: Any) -> Callable[[str], None]:
    """Deletes all items of a table, without any part of what is tested."""
    keys = {}
    if backend.credentials is not None:
        keys["aws_access_key_id"] = backend.credentials.access_key_id
        keys["aws_secret_access_key"] = backend.credentials.secret_access_key
    client = botocore.session.get_session().create_client(
        "dynamodb", region_name=backend.region, endpoint_url=backend.endpoint_url, **keys
    )

    def empty(table: str) -> None:
        scan = client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk, sk")
        items = (item for page in scan for item in page["Items"])
        while batch := list(itertools.islice(items, 25)):
            requests = [{"DeleteRequest": {"Key": key}} for key in batch]
            while requests:
                answer = client.batch_write_item(RequestItems={table: requests})
                requests = answer["UnprocessedItems"].get(table, [])

    return empty


@pytest.fixture
def clock(shared_store: tuple[Any, Clock]) -> Clock:
    """The time of the store, which stands still until `clock.tick()`."""
    _, clock = shared_store
    clock.reset()
    return clock


@pytest.fixture
def store(request: pytest.FixtureRequest, shared_store: tuple[Any, Clock], clock: Clock) -> Any:
    """A store that is empty again after each test."""
    store, _ = shared_store
    if isinstance(store, InMemoryStore):
        yield store
        for domain in ("memory", "workflows", "scores", "traces", "evals"):
            store.clear(domain)
    else:
        empty = request.getfixturevalue("empty_table")
        yield store
        empty(store.table_name)
