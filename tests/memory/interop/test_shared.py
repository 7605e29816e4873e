"""What the Memory of TypeScript keeps, in DynamoDB and in a vector store, as it is read here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.memory import LocalVectors
from leyden.memory.text import chunks_of, embedded_text, index_name, vector_metadata
from leyden.store import DynamoDBStore
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.shared import SharedVectors
from tests.memory.words import Words, counts_of

pytestmark = pytest.mark.node

DIMENSIONS: Final = 64
NOW: Final = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
TAGGED: Final = "I am Ada <working_memory># Ada</working_memory>\n"
TEXTS: Final = (
    "we stayed in kyoto, beside a moss garden",
    TAGGED,
    " \n",
    "\ufeffwhite\u3000space \u0085 here",
    "😀" * 9000,
    "long " * 4000,
)


@pytest.fixture(scope="module")
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


def message(id: str, text: str, minute: int = 0, thread: str = "t1") -> dict[str, Any]:
    return {
        "id": id,
        "threadId": thread,
        "resourceId": "alice",
        "role": "user",
        "type": "v2",
        "createdAt": NOW + timedelta(minutes=minute),
        "content": {"format": 2, "parts": [{"type": "text", "text": text}]},
    }


def kept(vectors: LocalVectors) -> list[dict[str, Any]]:
    """The metadata of all vectors, in an order of its own."""
    names = vectors.list()
    assert names in ([], [index_name(DIMENSIONS)])
    found = [
        match.metadata
        for name in names
        for match in vectors.query(name, counts_of("a", DIMENSIONS), top_k=100)
    ]
    return sorted(map(dict, found), key=repr)


def test_the_vectors_of_messages_are_those_that_are_made_here(
    client: MemoryClient,
    engine: Any,
    store: DynamoDBStore,
    vectors: LocalVectors,
    shared: SharedVectors,
) -> None:
    options = {"semanticRecall": True}
    where = {"engine": engine, "table": store.app.table, "vectors": shared.address}
    client.open("m", options=options, dimensions=DIMENSIONS, **where)
    metadata = {"topic": "travel", "role": "none"}
    thread = {"threadId": "t1", "resourceId": "alice", "metadata": metadata}
    client.call("m", "createThread", thread, now=NOW)
    saved = [message(f"m{n}", text, n) for n, text in enumerate(TEXTS)]
    client.call("m", "saveMessages", {"messages": saved}, now=NOW)
    read = store.memory.list_messages("t1", per_page=None).messages
    assert [each.id for each in read] == [each["id"] for each in saved]
    expected = [
        vector_metadata(each, text, metadata)
        for each in read
        if (text := embedded_text(each))
        for _ in chunks_of(text)
    ]
    assert kept(vectors) == sorted(expected, key=repr)
    # Each text is nearest to its own vector: both sides make the same ones.
    for each in read:
        text = embedded_text(each)
        if text:
            near = Words(DIMENSIONS).embed(chunks_of(text)[:1])[0]
            match = vectors.query(index_name(DIMENSIONS), near, top_k=1)[0]
            assert match.score == pytest.approx(1)
    client.call("m", "deleteMessages", ["m0", "m1"], now=NOW)
    assert {each["message_id"] for each in kept(vectors)} == {"m3", "m4", "m5"}
    client.call("m", "deleteThread", "t1", now=NOW)
    assert kept(vectors) == []
    assert store.memory.list_messages("t1").messages == ()
