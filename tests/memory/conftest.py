"""What a memory stands on: the reference store with exact search, and a table with a vector index.

The table is used by the blocking memory and by the asynchronous one, each call of which is awaited.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

import pytest

from leyden.memory import AsyncMemory, LocalVectors, Memory
from leyden.store import DynamoDBStore, InMemoryStore
from leyden.store.dynamodb.vectors import vector_schemas
from tests.conftest import _new_table_name, _start
from tests.memory.bags import Words
from tests.store.waiting import WaitingStore

DIMENSIONS = 256


class Backend:
    """A store, and the vectors of its messages."""

    def __init__(self, store: Any, engine: Any = None) -> None:
        self.store = store
        self.engine = engine
        self.local = LocalVectors()

    @property
    def domain(self) -> Any:
        """The store's memory, which both kinds of `Memory` stand on."""
        memory = self.store.memory
        return getattr(memory, "_domain", memory)

    def memory(self, **options: Any) -> Any:
        """A memory over the store."""
        if isinstance(self.store, InMemoryStore):
            return Memory(
                self.store, vector=self.local if "embedder" in options else None, **options
            )
        if isinstance(self.store, WaitingStore):
            return Waiting(AsyncMemory(self.store._store, **options), self.store._wait)
        return Memory(self.store, **options)

    def vectors(self) -> set[str]:
        """The ids of all vectors."""
        if self.engine is None:
            found = self.local.query(f"memory_messages_{DIMENSIONS}", [1.0] * DIMENSIONS, top_k=999)
            return {match.id for match in found}
        app = self.engine.app.beside(vector_schemas(DIMENSIONS, "any"))
        found = app.entities.message_vector.scan.go(pages="all")
        return {f"{one.message_id}#{one.chunk}" for one in found}

    def clear(self) -> None:
        """Empty the store."""
        self.store.clear("memory")
        self.local = LocalVectors()


class Waiting:
    """An `AsyncMemory`, of which every call waits for its end."""

    def __init__(self, memory: AsyncMemory, wait: Any) -> None:
        self._memory = memory
        self._wait = wait

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._memory, name)
        if iscoroutinefunction(method):
            return wraps(method)(partial(self._wait, method))
        return method


@pytest.fixture(scope="session", params=["reference", "table", "asynchronous"])
def shared_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each kind in turn; a table is made once, with its index."""
    if request.param == "reference":
        yield Backend(InMemoryStore())
        return
    with _start("embedded") as engine:
        options: Any = {
            "table_name": _new_table_name("memory"),
            "endpoint_url": engine.endpoint_url,
            "region": engine.region,
            "credentials": engine.credentials,
        }
        with DynamoDBStore(**options) as store:
            store.app.create_table()
            Memory(store, embedder=Words(DIMENSIONS)).init()
            if request.param == "table":
                yield Backend(store, store)
                return
            with WaitingStore(**options) as waiting:
                yield Backend(waiting, store)


@pytest.fixture
def backend(shared_backend: Backend) -> Iterator[Backend]:
    """A backend that is empty again after each test."""
    yield shared_backend
    shared_backend.clear()
