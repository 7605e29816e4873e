"""Both memories over one table and one vector store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leyden.memory import LocalVectors
from leyden.store import DynamoDBStore
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.shared import SharedVectors
from tests.memory.interop.sides import Ours, Theirs


@pytest.fixture(scope="session")
def client() -> Iterator[MemoryClient]:
    with MemoryClient() as running:
        yield running


@pytest.fixture
def vectors() -> LocalVectors:
    return LocalVectors()


@pytest.fixture
def shared(vectors: LocalVectors) -> Iterator[SharedVectors]:
    serving = SharedVectors(vectors)
    yield serving
    serving.close()


@pytest.fixture
def store(engine: Any, table_name: str) -> Iterator[DynamoDBStore]:
    with DynamoDBStore(table_name=table_name, client=engine) as opened:
        opened.app.create_table()
        yield opened


@pytest.fixture
def sides(
    client: MemoryClient,
    engine: Any,
    store: DynamoDBStore,
    vectors: LocalVectors,
    shared: SharedVectors,
) -> Callable[[str], tuple[Ours, Theirs]]:
    """Makes ours and theirs, with working memory of a scope."""

    def make(scope: str = "resource") -> tuple[Ours, Theirs]:
        ours = Ours(store, vectors, scope)
        return ours, Theirs(client, engine, store.app.table, shared, scope)

    return make
