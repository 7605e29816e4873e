"""Vectors in the table: what they take, what they refuse, and engines without vector indexes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.errors import (
    IndexIncompleteError,
    InvalidOptionError,
    VectorIndexMismatchError,
    VectorIndexNotFoundError,
    VectorInputError,
    VectorStoreError,
)
from leyden.memory import DynamoDBVectors, LocalVectors, Memory, Vector, VectorStore
from leyden.store import DynamoDBStore, InMemoryStore
from leyden.store.dynamodb.vectors import vector_schemas
from tests.conftest import _new_table_name, _start
from tests.memory.bags import Words

NAME: Final = "memory_messages_4"


def opened(engine: Any, **options: Any) -> DynamoDBStore:
    store = DynamoDBStore(
        table_name=_new_table_name("memory-vectors"),
        endpoint_url=engine.endpoint_url,
        region=engine.region,
        credentials={"access_key_id": "local", "secret_access_key": "local"},
        **options,
    )
    store.app.create_table()
    return store


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with _start("embedded") as running:
        yield running


@pytest.fixture(scope="module")
def vectors(engine: Any) -> Iterator[DynamoDBVectors]:
    with opened(engine) as store:
        made = DynamoDBVectors(store, 4)
        made.create_index(NAME, 4)
        yield made


def vector(message: str, numbers: list[float], owner: str = "alice", **more: Any) -> Vector:
    ids = {"resource_id": owner, "thread_id": "t1", "message_id": message, **more}
    return Vector(f"{message}#0", numbers, ids)


def test_they_are_a_vector_store(vectors: DynamoDBVectors) -> None:
    assert isinstance(vectors, VectorStore)
    at = "2026-03-01T10:00:00.000Z"
    vectors.upsert(
        NAME,
        [
            vector("m1", [1, 0, 0, 0], role="user", created_at=at, content="never kept"),
            vector("m2", [0.6, 0.8, 0, 0], thread_id="t2", role="assistant"),
            vector("m3", [1, 0, 0, 0], "bob"),
        ],
    )
    alice = {"resource_id": "alice"}
    found = vectors.query(NAME, [1, 0, 0, 0], filter=alice)
    assert [(match.id, round(match.score, 3)) for match in found] == [("m1#0", 1.0), ("m2#0", 0.8)]
    assert found[0].metadata == {
        "resource_id": "alice", "thread_id": "t1", "message_id": "m1", "role": "user",
        "created_at": at,
    }  # fmt: skip
    assert (found.requests, found.bytes_searched) == (1, 4 * 4 * 3)

    def ids(**filter: Any) -> list[str]:
        return [match.id for match in vectors.query(NAME, [1, 0, 0, 0], filter=filter)]

    assert ids(resource_id="alice", thread_id="t2") == ["m2#0"]
    assert ids(resource_id="alice", role={"in": ["user"]}) == ["m1#0"]
    assert ids(resource_id="alice", **{"and": [{"resource_id": {"in": ["bob"]}}]}) == []
    assert ids(resource_id="carol") == []
    assert vectors.list() == [NAME]
    described = vectors.describe(NAME)
    assert (described.dimensions, described.metric, described.ready) == (4, "cosine", True)
    vectors.delete(NAME, filter={**alice, "thread_id": "t1", "message_id": {"in": ["m1", "m9"]}})
    assert ids(resource_id="alice") == ["m2#0"]
    vectors.delete(NAME, filter={**alice, "message_id": "m1"})
    vectors.delete(NAME, filter=alice)
    assert ids(resource_id="alice") == []
    assert ids(resource_id="bob") == ["m3#0"]
    vectors.create_index(NAME, 4)


def test_many_are_written_in_batches(vectors: DynamoDBVectors) -> None:
    vectors.upsert(NAME, [vector(f"n{n}", [1, n, 0, 0], "many") for n in range(60)])
    assert len(vectors.query(NAME, [1, 0, 0, 0], top_k=100, filter={"resource_id": "many"})) == 60


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        (None, "need a resource_id in the filter"),
        ({"thread_id": "t1"}, "need a resource_id in the filter"),
        ({"resource_id": "alice", "topic": "x"}, 'not by "topic"'),
        ({"resource_id": "alice", "role": {"in": ["user", "tool"]}}, '"role" with one value'),
        ({"resource_id": "alice", "role": {"not": "x"}}, 'has "not"'),
    ],
)
def test_a_query_is_refused_what_dynamodb_cannot_compare(
    vectors: DynamoDBVectors, filter: Any, told: str
) -> None:
    with pytest.raises(VectorInputError, match=told):
        vectors.query(NAME, [1, 0, 0, 0], filter=filter)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"values": [1, 2, 3]}, "has 3 dimensions"),
        ({"values": [0, 0, 0, 0]}, "only zeros"),
        ({"values": [1, 2, 3, float("nan")]}, "not finite"),
        ({"id": "m1"}, "has an id"),
        ({"id": "other#0"}, "has an id"),
        ({"metadata": {"message_id": "m1", "thread_id": "t1"}}, 'has no "resource_id"'),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(
    vectors: DynamoDBVectors, changed: Any, told: str
) -> None:
    good = vector("m1", [1, 0, 0, 0])
    given = {"id": good.id, "values": good.values, "metadata": good.metadata, **changed}
    with pytest.raises(VectorInputError, match=told) as refused:
        vectors.upsert(NAME, [vector("m0", [1, 0, 0, 0]), Vector(**given)])
    assert len(refused.value.unsaved) == 2


def test_other_indexes_are_not_theirs(vectors: DynamoDBVectors, engine: Any) -> None:
    with pytest.raises(VectorIndexNotFoundError, match='not "memory_messages"'):
        vectors.upsert("memory_messages", [])
    with pytest.raises(VectorIndexMismatchError):
        vectors.create_index(NAME, 5)
    with pytest.raises(VectorIndexMismatchError):
        vectors.create_index(NAME, 4, "euclidean")
    with pytest.raises(VectorIndexNotFoundError):
        vectors.describe("memory_messages")
    with pytest.raises(VectorInputError, match="an id does not say in which partition"):
        vectors.delete(NAME, ids=["m1#0"])
    with pytest.raises(VectorInputError, match="need a resource_id"):
        vectors.delete(NAME, filter={"thread_id": "t1"})
    with opened(engine) as store, pytest.raises(InvalidOptionError, match="4 dimensions"):
        Memory(store, embedder=Words(4), vector=DynamoDBVectors(store, 8))
    with opened(engine) as store, pytest.raises(InvalidOptionError, match="store of that table"):
        Memory(InMemoryStore(), embedder=Words(4), vector=DynamoDBVectors(store, 4))
    nothing: Any = InMemoryStore()
    with pytest.raises(InvalidOptionError, match="need a DynamoDB store"):
        DynamoDBVectors(nothing)
    with opened(engine) as store, pytest.raises(InvalidOptionError, match="not 5000"):
        DynamoDBVectors(store, 5000)


def test_the_first_save_makes_the_index_and_before_nothing_is_found(engine: Any) -> None:
    with opened(engine) as store:
        memory = Memory(store, embedder=Words(16), semantic_recall=True)
        memory.create_thread(thread_id="t1", resource_id="alice")
        assert memory.recall("t1", search="tea").scores == {}
        memory.save_messages([{"id": "m1", "role": "user", "content": "tea"}], thread_id="t1")
        assert list(memory.recall("t1", search="tea").scores) == ["m1"]
        store.init()


def test_vectors_live_as_long_as_their_messages(engine: Any) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with opened(engine, ttl={"message": timedelta(days=3)}, clock=lambda: now) as store:
        memory = Memory(store, embedder=Words(16), semantic_recall=True)
        memory.create_thread(thread_id="t1", resource_id="alice")
        memory.save_messages([{"role": "user", "content": "tea"}], thread_id="t1")
        entity = store.app.beside(vector_schemas(16, "any")).entities.message_vector
        (stored,) = entity.scan.go()
        assert stored.ttl == now + timedelta(days=3)


def test_clearing_the_memory_deletes_vectors_too(engine: Any) -> None:
    with opened(engine) as store:
        memory = Memory(store, embedder=Words(16), semantic_recall=True)
        memory.create_thread(thread_id="t1", resource_id="alice")
        memory.save_messages([{"role": "user", "content": "tea"}], thread_id="t1")
        store.clear("memory")
        entity = store.app.beside(vector_schemas(16, "any")).entities.message_vector
        assert entity.scan.go().items == ()


@pytest.mark.java
def test_an_engine_without_vector_indexes_is_told_of_others() -> None:
    with _start("dynamodb_local") as local, opened(local) as store:
        memory = Memory(store, embedder=Words(16), semantic_recall=True)
        memory.create_thread(thread_id="t1", resource_id="alice")
        with pytest.raises(VectorStoreError, match=r"vector=LocalVectors\(\)"):
            memory.init()
        with pytest.raises(IndexIncompleteError, match=r"vector=LocalVectors\(\)") as saved:
            memory.save_messages([{"id": "m1", "role": "user", "content": "a"}], thread_id="t1")
        assert saved.value.unindexed == ("m1",)
        with pytest.raises(VectorStoreError, match=r"vector=LocalVectors\(\)"):
            memory.recall("t1", search="a")
        here = Memory(store, embedder=Words(16), vector=LocalVectors(), semantic_recall=True)
        here.reindex(thread_id="t1")
        assert list(here.recall("t1", search="a").scores) == ["m1"]
