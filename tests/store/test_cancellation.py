"""A call that is timed out at any moment leaves the table in order, and can be made again."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.events import Event
from leyden.store import AsyncDynamoDBStore, DynamoDBStore
from tests.drivers.test_async import pool_of
from tests.store.whole import check_table

pytestmark = pytest.mark.java

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
TIMES: Final = 8
"""How often each call is broken off."""


def message(number: int, thread: str) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "thread_id": thread,
        "resource_id": "alice",
        "role": "user",
        "content": {"format": 2, "parts": [{"type": "text", "text": f"hi {number}"}]},
        "created_at": START + timedelta(seconds=number),
    }


def ids_of(store: DynamoDBStore, thread: str) -> set[str]:
    page = store.memory.list_messages(thread, per_page=None, include_total=True)
    assert page.total == len(page.messages)
    return {message.id for message in page.messages}


def names(first: int, end: int) -> set[str]:
    return {f"m{number}" for number in range(first, end)}


def add_metadata(memory: Any) -> Any:
    changes = [{"id": f"m{n}", "content": {"metadata": {"seen": n}}} for n in range(30)]
    return memory.update_messages(changes)


def move(memory: Any) -> Any:
    return memory.update_messages([{"id": f"m{n}", "thread_id": "t2"} for n in range(30)])


def has_metadata(store: DynamoDBStore) -> bool:
    found = store.memory.list_messages("t1", per_page=None, include_total=True).messages
    return [one.content.get("metadata") for one in found] == [{"seen": n} for n in range(30)]


def is_of_bob(store: DynamoDBStore) -> bool:
    thread = store.memory.get_thread_by_id("t1")
    found = store.memory.list_messages("t1", per_page=None, include_total=True).messages
    return thread is not None and {thread.resource_id, *(m.resource_id for m in found)} == {"bob"}


CALLS: Final[dict[str, tuple[Callable[[Any], Awaitable[Any]], Callable[[DynamoDBStore], bool]]]] = {
    "save_messages": (
        lambda memory: memory.save_messages([message(n, "t1") for n in range(90)]),
        lambda store: ids_of(store, "t1") == names(0, 90),
    ),
    "save_messages, all or none": (
        lambda memory: memory.save_messages([message(n, "t1") for n in range(60)], atomic=True),
        lambda store: ids_of(store, "t1") == names(0, 60),
    ),
    "update_messages": (add_metadata, has_metadata),
    "update_messages to another thread": (
        move,
        lambda store: (ids_of(store, "t1"), ids_of(store, "t2")) == (set(), names(0, 30)),
    ),
    "delete_messages": (
        lambda memory: memory.delete_messages([f"m{n}" for n in range(30)]),
        lambda store: ids_of(store, "t1") == set(),
    ),
    "delete_thread": (
        lambda memory: memory.delete_thread("t1"),
        lambda store: check_table(store.app)["thread"].keys() == {"t2"},
    ),
    "update_thread_resource_id": (
        lambda memory: memory.update_thread_resource_id("t1", "bob"),
        is_of_bob,
    ),
    "update_thread": (
        lambda memory: memory.update_thread("t1", metadata={"a": 1}),
        lambda store: getattr(store.memory.get_thread_by_id("t1"), "metadata", None) == {"a": 1},
    ),
}


def prepare(store: DynamoDBStore) -> None:
    """Two threads, of which the first has 30 messages."""
    store.clear("memory")
    for id in ("t1", "t2"):
        store.memory.save_thread({"id": id, "resource_id": "alice", "created_at": START})
    store.memory.save_messages([message(n, "t1") for n in range(30)])


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_timed_out_is_made_good_by_another(
    local_store: DynamoDBStore, dynamodb_local: Any, name: str
) -> None:
    call, is_done = CALLS[name]
    delays = random.Random(name)

    async def events_of(store: AsyncDynamoDBStore) -> int:
        heard: list[Event] = []
        with store.app.driver.listen(heard.append):
            await call(store.memory)
        return len(heard)

    async def break_off(store: AsyncDynamoDBStore, at: int, delay: float) -> bool:
        """Whether the call was broken off, some time after so many events."""
        loop = asyncio.get_running_loop()
        count = itertools.count()
        try:
            async with asyncio.timeout(None) as limit:

                def listen(event: Event) -> None:
                    if next(count) == at:
                        limit.reschedule(loop.time() + delay)

                with store.app.driver.listen(listen):
                    await call(store.memory)
        except TimeoutError:
            return True
        return False

    async def main() -> None:
        async with AsyncDynamoDBStore(
            table_name=local_store.table_name, client=dynamodb_local
        ) as store:
            prepare(local_store)
            last = await events_of(store) - 1
            broken_off = 0
            for number in range(TIMES):
                prepare(local_store)
                # In turn while a request is under way for sure, and whenever it happens to be.
                delay = delays.uniform(0, 0.004) if number % 2 else 0.0
                broken_off += await break_off(store, last * number // TIMES, delay)
                pool = pool_of(store.app.driver)
                assert len(pool._all) == pool.idle
                assert not any(lane.permits.locked() for lane in pool._lanes.values())
                assert asyncio.all_tasks() == {asyncio.current_task()}
                check_table(local_store.app)
                await call(store.memory)
                assert is_done(local_store)
            assert broken_off >= TIMES // 2

    asyncio.run(main())
