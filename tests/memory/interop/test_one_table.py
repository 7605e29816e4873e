"""TypeScript and our Memory on one table, which has the vectors as well: no other store at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from leyden.engine import local
from leyden.memory import Memory
from leyden.store import DynamoDBStore
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.sides import DIMENSIONS, START, theirs
from tests.memory.words import Words

pytestmark = pytest.mark.node

TALK: Final = (
    "the hotel in kyoto had a moss garden",
    "which temple was it",
    "my sister keeps two cats",
    "the train to osaka leaves at nine",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """The embedded engine, which has vector indexes as DynamoDB has."""
    with local() as running:
        yield running


@pytest.fixture
def memory(store: DynamoDBStore) -> Memory:
    made = Memory(
        store,
        embedder=Words(DIMENSIONS),
        last_messages=False,
        semantic_recall=True,
        working_memory=True,
    )
    made.init()
    return made


@pytest.fixture
def there(client: MemoryClient, engine: Any, store: DynamoDBStore) -> str:
    """The name of a memory in TypeScript on the table, which knows nothing of vectors."""
    name = store.app.table
    options = {"semanticRecall": False, "workingMemory": {"enabled": True, "scope": "resource"}}
    client.open(name, options=options, dimensions=DIMENSIONS, engine=engine, table=name)
    return name


def found(memory: Memory, search: str) -> list[str]:
    recall = memory.recall("t1", resource_id="alice", search=search)
    return [message.id for message in recall.messages if message.id in recall.scores]


def test_what_typescript_wrote_is_found_after_reindexing(
    client: MemoryClient, there: str, memory: Memory
) -> None:
    for day, (thread, resource) in enumerate((("t1", "alice"), ("t2", "alice"), ("t3", "bob"))):
        client.call(there, "createThread", {"threadId": thread, "resourceId": resource})
        said = [(f"{thread}-{n}", text) for n, text in enumerate(TALK)]
        client.call(there, "saveMessages", {"messages": theirs(thread, resource, said, 1440 * day)})
    assert found(memory, "moss garden") == []
    done = memory.reindex(resource_id="alice")
    assert (done.threads, done.messages, done.indexed) == (2, 8, 8)
    assert found(memory, "the hotel in kyoto had a moss garden")[:2] == ["t1-0", "t2-0"]
    assert all(not id.startswith("t3") for id in found(memory, "cats"))
    # What TypeScript deletes leads to nothing, and the next reindexing forgets it.
    client.call(there, "deleteThread", "t2")
    assert all(id.startswith("t1") for id in found(memory, "moss garden"))
    assert memory.reindex(resource_id="alice").deleted == 4


def test_typescript_reads_what_was_written_here_and_sees_no_vectors(
    client: MemoryClient, there: str, memory: Memory
) -> None:
    memory.create_thread(thread_id="t1", resource_id="alice", title="Travel", metadata={"a": 1})
    saved = memory.save_messages(
        [
            {"id": f"m{n}", "role": "user", "created_at": START, "content": text}
            for n, text in enumerate(TALK)
        ],
        thread_id="t1",
    )
    memory.update_working_memory("# Ada", resource_id="alice")
    whole = {"threadId": "t1", "resourceId": "alice", "perPage": False}
    read = client.call(there, "recall", whole)
    assert read["total"] == len(TALK)
    assert {one["id"]: one["content"] for one in read["messages"]} == {
        one.id: one.content for one in saved
    }
    listed = client.call(there, "listThreads", {"filter": {"resourceId": "alice"}})["threads"]
    assert [(one["id"], one["title"], one["metadata"]) for one in listed] == [
        ("t1", "Travel", {"a": 1})
    ]
    assert client.call(there, "getWorkingMemory", {"resourceId": "alice"}) == "# Ada"
    client.call(there, "deleteMessages", ["m0", "m1"])
    assert sorted(found(memory, "kyoto temple cats osaka")) == ["m2", "m3"]
    client.call(there, "updateWorkingMemory", {"resourceId": "alice", "workingMemory": "# Bo"})
    assert memory.get_working_memory(resource_id="alice") == "# Bo"
