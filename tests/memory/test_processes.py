"""Processes that update working memory at once, and processes that are killed at their work."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.memory.indexing import keys_of
from leyden.memory.text import chunks_of, embedded_text
from leyden.store import DynamoDBStore
from leyden.store.dynamodb.vectors import vector_schemas
from tests.conftest import _new_table_name, _start
from tests.memory.bags import Words
from tests.memory.stage import memory_over
from tests.store.stage import KILLED, Stage, stage

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
WORDS: Final = ("tea", "rain", "train", "temple", "ramen", "ferry", "maple", "snow")


def opened(engine: Any) -> DynamoDBStore:
    return DynamoDBStore(
        table_name=_new_table_name("memory-processes"),
        endpoint_url=engine.endpoint_url,
        region=engine.region,
        credentials={"access_key_id": "local", "secret_access_key": "local"},
    )


@pytest.mark.java
@pytest.mark.parametrize("scope", ["resource", "thread"])
@pytest.mark.parametrize("call", ["note", "append"])
def test_eight_processes_lose_nothing_of_working_memory(call: str, scope: str) -> None:
    with _start("dynamodb_local") as engine, opened(engine) as store:
        store.app.create_table()
        store.memory.save_thread({"id": "t1", "resource_id": "alice", "metadata": {"a": 1}})
        with stage(engine, store.table_name, "tests.memory.stage") as running:
            calls = [
                {"name": call, "arguments": {"child": child, "times": 6, "scope": scope}}
                for child in range(8)
            ]
            assert running.run(calls) == [0] * 8
        thread = store.memory.get_thread_by_id("t1")
        resource = store.memory.get_resource_by_id("alice")
        assert thread is not None
        assert thread.metadata is not None
        assert thread.metadata["a"] == 1
        if scope == "thread":
            assert resource is None
            text: Any = thread.metadata["workingMemory"]
        else:
            assert resource is not None
            text = resource.working_memory
        known = set(json.loads(text)) if call == "note" else set(text.split())
        assert known == {f"{child}-{number}" for child in range(8) for number in range(6)}


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    """A store on a table with a vector index, and a process to kill."""
    with _start("embedded") as engine, opened(engine) as made:
        made.app.create_table()
        memory_over(made).init()
        with stage(engine, made.table_name, "tests.memory.stage") as running:
            yield made, running


def message(number: int, thread: str = "t1", word: str | None = None) -> dict[str, Any]:
    text = f"{word or WORDS[number % len(WORDS)]} {number}"
    return {
        "id": f"{thread}-m{number}",
        "thread_id": thread,
        "resource_id": "alice",
        "role": "user",
        "content": {"format": 2, "parts": [{"type": "text", "text": text}]},
        "created_at": (START + timedelta(seconds=number)).isoformat(),
    }


def vectors_in(store: DynamoDBStore) -> dict[tuple[str, str, str, int], array[float]]:
    """All vectors, as they are stored, by resource, thread, message and chunk."""
    entity = store.app.beside(vector_schemas(16, "any")).entities.message_vector
    found = entity.scan.go(
        pages="all", attributes=("resource_id", "thread_id", "message_id", "chunk", "vector")
    )
    return {
        (one.resource_id, one.thread_id, one.message_id, one.chunk): array("f", one.vector)
        for one in found
    }


def check_vectors(store: DynamoDBStore) -> dict[str, str]:
    """There is a vector of each chunk of each message, and no other; gives the texts by id."""
    owners = {one.id: one.resource_id for one in store.memory.list_threads(per_page=None).threads}
    wanted: dict[tuple[str, str, str, int], array[float]] = {}
    texts = {}
    for thread, owner in owners.items():
        for one in store.memory.list_messages(thread, per_page=None).messages:
            texts[one.id] = embedded_text(one) or ""
            made = Words(16).embed(chunks_of(texts[one.id]))
            for key, vector in zip(keys_of(one), made, strict=True):
                wanted[(owner, *key)] = array("f", vector)
    assert vectors_in(store) == wanted
    return texts


def prepare(store: DynamoDBStore) -> None:
    """Two threads, with the vectors of their messages."""
    store.clear("memory")
    for id, owner in (("t1", "alice"), ("t2", "alice"), ("t3", "bob")):
        store.memory.save_thread({"id": id, "resource_id": owner})
    memory = memory_over(store)
    memory.save_messages([message(number) for number in range(4)])
    memory.save_messages([message(number, "t2") for number in range(2)])


NEW: Final = [message(number, word="new") for number in range(2, 8)]
CHANGED: Final = [
    {"id": "t1-m0", "content": {"content": "changed"}},
    {"id": "t1-m1", "thread_id": "t3", "resource_id": "bob"},
    {"id": "t1-m2", "content": {"parts": [], "content": ""}},
]


@pytest.mark.parametrize(
    ("name", "arguments", "least"),
    [
        ("save", {"messages": NEW}, 6),
        ("update", {"changes": CHANGED}, 8),
        ("delete", {"ids": ["t1-m0", "t1-m1"]}, 4),
        ("delete_thread", {"thread_id": "t1"}, 5),
        ("move", {"thread_id": "t1", "resource_id": "bob"}, 5),
        ("reindex", {"resource_id": "alice"}, 4),
    ],
)
def test_a_process_that_was_killed_lost_no_message_and_reindexing_mends_the_rest(
    store: tuple[DynamoDBStore, Stage], name: str, arguments: dict[str, Any], least: int
) -> None:
    table, running = store
    memory = memory_over(table)
    for number in range(100):
        prepare(table)
        # In front of a request is behind the answer to the one before.
        (code,) = running.run([{"name": name, "arguments": arguments, "send": number}])
        assert code in (KILLED, 0)
        if code == KILLED:
            for owner in ("alice", "bob"):
                memory.reindex(resource_id=owner)
            texts = check_vectors(table)
            assert texts["t2-m0"] == "tea 0"
            if name in ("save", "update", "move", "reindex"):
                assert {f"t1-m{n}" for n in range(4)} <= texts.keys()
            # It can be done again as well, and everything is as it should be then.
            (code,) = running.run([{"name": name, "arguments": arguments}])
            assert code == 0
            check_vectors(table)
            continue
        check_vectors(table)
        assert number >= least
        return
    raise AssertionError("it sent more than a hundred requests")
