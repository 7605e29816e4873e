"""A process that is killed anywhere leaves a table in order, and its work can be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.store import DynamoDBStore
from tests.store.stage import KILLED, Stage, stage
from tests.store.whole import check_table

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
