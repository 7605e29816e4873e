"""A process that is killed anywhere leaves a table in order, and its work can be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.store import DynamoDBStore
from tests.conformance.notes import noise
from tests.store.stage import KILLED, Stage, stage
from tests.store.whole import check_table, raw_items

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
NEW: Final = 70
KEPT: Final = 30

pytestmark = pytest.mark.java


@pytest.fixture(scope="module")
def forking(dynamodb_local: Any, local_store: DynamoDBStore) -> Iterator[Stage]:
    with stage(dynamodb_local, local_store.table_name) as running:
        yield running


@pytest.fixture
def store(local_store: DynamoDBStore) -> DynamoDBStore:
    local_store.clear("memory")
    return local_store


def message(number: int, text: str, thread: str = "t1") -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "thread_id": thread,
        "resource_id": "alice",
        "role": "user",
        "content": {"format": 2, "parts": [{"type": "text", "text": text}]},
        "created_at": (START + timedelta(seconds=number)).isoformat(),
    }


def prepare(store: DynamoDBStore) -> None:
    """Two threads; the first has messages that the calls are about, the second does not."""
    for id in ("t1", "t2"):
        store.memory.save_thread({"id": id, "resource_id": "alice", "created_at": START})
    store.memory.save_messages([message(number, "old") for number in range(KEPT)])
    store.memory.save_messages([message(number, "kept", "t2") for number in range(200, 205)])


def killed_everywhere(
    forking: Stage, call: dict[str, Any], prepare: Callable[[], None], check: Callable[[], None]
) -> int:
    """Make the call, killed at every place; gives at how many it was."""
    kills = 0
    for event in ("send", "hear"):
        for number in range(1000):
            prepare()
            (code,) = forking.run([{**call, event: number}])
            assert code in (KILLED, 0)
            check()
            if code == 0:
                break
            kills += 1
    return kills


def changed_at(store: DynamoDBStore) -> datetime:
    thread = store.memory.get_thread_by_id("t1")
    assert thread is not None
    assert thread.updated_at is not None
    return thread.updated_at


def texts(store: DynamoDBStore, thread: str) -> list[str]:
    messages = store.memory.list_messages(thread, per_page=None).messages
    return [message.content["parts"][0]["text"] for message in messages]


def test_a_save_that_was_killed_left_whole_messages_and_is_made_good_by_another(
    store: DynamoDBStore, forking: Stage
) -> None:
    messages = [message(number, "new") for number in range(NEW)]

    def check() -> None:
        found = check_table(store.app)
        assert found["thread"].keys() == {"t1", "t2"}
        assert {f"m{n}" for n in range(KEPT)} <= found["message"].keys()
        assert set(texts(store, "t1")) <= {"old", "new"}
        before = changed_at(store)
        store.memory.save_messages(messages)
        check_table(store.app)
        assert texts(store, "t1") == ["new"] * NEW
        assert texts(store, "t2") == ["kept"] * 5
        assert changed_at(store) > before

    def begin() -> None:
        store.memory.delete_thread("t1")
        prepare(store)

    call = {"name": "save_messages", "arguments": {"messages": messages}}
    # Ids are read in one request, the messages go in three, and the thread in another one.
    assert killed_everywhere(forking, call, begin, check) >= 2 * 5


def test_a_deletion_that_was_killed_left_the_thread_until_its_messages_were_gone(
    store: DynamoDBStore, forking: Stage
) -> None:
    def begin() -> None:
        prepare(store)
        store.memory.save_messages([message(number, "new") for number in range(NEW)])

    def check() -> None:
        found = check_table(store.app)
        left = [m for m in found["message"].values() if m["threadId"]["S"] == "t1"]
        assert len(found["message"]) == len(left) + 5
        store.memory.delete_thread("t1")
        found = check_table(store.app)
        assert found["thread"].keys() == {"t2"}
        assert found["message"].keys() == {f"m{n}" for n in range(200, 205)}
        assert texts(store, "t2") == ["kept"] * 5

    call = {"name": "delete_thread", "arguments": {"thread_id": "t1"}}
    # A query, three batches, the query for what came late, and the thread.
    assert killed_everywhere(forking, call, begin, check) >= 2 * 6


@pytest.fixture
def chunking(dynamodb_local: Any, store: DynamoDBStore) -> Iterator[DynamoDBStore]:
    with DynamoDBStore(
        table_name=store.table_name,
        client=dynamodb_local,
        large_values="chunk",
    ) as opened:
        yield opened


@pytest.mark.parametrize("name", ["save_messages", "add_to_message"])
def test_a_large_write_that_was_killed_left_the_old_value_or_the_new_and_no_part_of_either(
    chunking: DynamoDBStore, forking: Stage, name: str
) -> None:
    old = {**message(1, ""), "content": {"parts": [], "content": noise(900_000, 1)}}
    new = {**old, "content": {**old["content"], "metadata": {"text": noise(500_000, 2)}}}
    arguments: dict[str, Any] = {"messages": [new, message(2, "small")]}
    if name == "add_to_message":
        arguments = {"id": "m1", "text": new["content"]["metadata"]["text"]}
    call = {"name": name, "arguments": arguments, "large_values": "chunk"}

    def begin() -> None:
        chunking.memory.save_messages([old])

    def check() -> None:
        (found,) = chunking.memory.list_messages_by_id(["m1"])
        assert found.content in (old["content"], new["content"])
        swept = chunking.entities.message.sweep_overflow()
        assert (swept.checked, swept.deleted) == (3 if "metadata" in found.content else 2, 0)

    assert killed_everywhere(forking, call, begin, check) >= 2 * 3
    chunking.memory.delete_thread("t1")
    assert raw_items(chunking.app) == []
