"""What the memory store costs: requests and capacity, by the events of the driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from attrs import define, field

from leyden.events import Event, ResponseReceived
from leyden.store import DynamoDBStore

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
SIZES: Final = {"short": 100, "long": 10_000}

pytestmark = pytest.mark.java


@define
class Cost:
    """What was sent, and what it consumed."""

    apis: Counter[str] = field(factory=Counter)
    consumed: float = 0.0
    read: int = 0

    def hear(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.apis[event.api] += 1
            self.consumed += event.consumed or 0
            self.read += event.scanned_count or 0


@contextmanager
def cost_of(store: DynamoDBStore) -> Iterator[Cost]:
    cost = Cost()
    with store.app.driver.listen(cost.hear):
        yield cost


def message(thread: str, number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"{thread}-{number:05}",
        "thread_id": thread,
        "resource_id": thread.partition("/")[0],
        "role": "user",
        "content": {"format": 2, "parts": [{"type": "text", "text": f"{number:05}" * 60}]},
        "created_at": START + timedelta(seconds=number),
        **changed,
    }


@pytest.fixture(scope="module")
def store(local_store: DynamoDBStore) -> DynamoDBStore:
    """A store with a short and a long thread, and another thread beside each."""
    for thread, size in SIZES.items():
        local_store.memory.save_thread({"id": thread, "resource_id": thread})
        for start in range(0, size, 2500):
            numbers = range(start, min(start + 2500, size))
            local_store.memory.save_messages([message(thread, number) for number in numbers])
        beside = f"{thread}/beside"
        local_store.memory.save_thread({"id": beside, "resource_id": thread})
        local_store.memory.save_messages([message(beside, number) for number in range(20)])
    return local_store


def both(store: DynamoDBStore, read: Any) -> Cost:
    """The cost of reading from a thread, which is the same for the short and the long one."""
    costs = []
    for thread, size in SIZES.items():
        with cost_of(store) as cost:
            read(thread, size)
        costs.append(cost)
    assert costs[0] == costs[1]
    return costs[0]


def test_the_newest_page_costs_the_same_in_a_short_and_in_a_long_thread(
    store: DynamoDBStore,
) -> None:
    def read(thread: str, size: int) -> None:
        page = store.memory.list_messages(
            thread, per_page=10, order_by=("created_at", "desc"), include_total=False
        )
        expected = [f"{thread}-{size - 1 - n:05}" for n in range(10)]
        assert [m.id for m in page.messages] == expected
        assert (page.has_more, page.total) == (True, None)

    cost = both(store, read)
    assert cost.apis == {"Query": 1}
    assert cost.read == 11


def test_a_page_behind_a_cursor_costs_as_much_as_the_first(store: DynamoDBStore) -> None:
    def read(thread: str, size: int) -> None:
        options: Any = {
            "per_page": 10,
            "order_by": ("created_at", "desc"),
            "include_total": False,
        }
        cursor = None
        for _ in range(5):
            page = store.memory.list_messages(thread, cursor=cursor, **options)
            cursor = page.cursor
        assert page.messages[-1].id == f"{thread}-{size - 50:05}"

    cost = both(store, read)
    assert cost.apis == {"Query": 5}
    assert cost.read == 11 + 4 * 12


def test_an_included_message_costs_its_neighbours(store: DynamoDBStore) -> None:
    def read(thread: str, size: int) -> None:
        include = {
            "id": f"{thread}-{size // 2:05}",
            "with_previous_messages": 3,
            "with_next_messages": 3,
        }
        page = store.memory.list_messages(
            thread, per_page=1, include=[include], include_total=False
        )
        assert len(page.messages) == 8

    cost = both(store, read)
    assert cost.apis == {"Query": 3, "BatchGetItem": 1}
    assert cost.read == 2 + 5 + 5


def test_an_included_message_whose_place_is_known_costs_no_look_at_it(store: DynamoDBStore) -> None:
    def read(thread: str, size: int) -> None:
        include = {
            "id": f"{thread}-{size // 2:05}",
            "thread_id": thread,
            "created_at": START + timedelta(seconds=size // 2),
            "with_previous_messages": 3,
            "with_next_messages": 3,
        }
        page = store.memory.list_messages(thread, per_page=1, include=[include])
        assert len(page.messages) == 8

    cost = both(store, read)
    assert cost.apis == {"Query": 3}
    assert cost.read == 2 + 6 + 5


def test_a_page_of_a_resource_costs_the_same_however_long_its_threads_are(
    store: DynamoDBStore,
) -> None:
    def read(thread: str, size: int) -> None:
        page = store.memory.list_messages_by_resource_id(
            thread, per_page=10, order_by=("created_at", "desc"), include_total=False
        )
        assert [m.id for m in page.messages] == [f"{thread}-{size - 1 - n:05}" for n in range(10)]

    cost = both(store, read)
    # The threads, a part of each, and the rest of the one that has the newest.
    assert cost.apis == {"Query": 4}
    assert cost.read == 2 + 7 + 7 + 14


def test_the_total_is_counted_without_sending_messages(store: DynamoDBStore) -> None:
    received: list[ResponseReceived] = []

    def hear(event: Event) -> None:
        if isinstance(event, ResponseReceived):
            received.append(event)

    with store.app.driver.listen(hear):
        page = store.memory.list_messages("long", per_page=10, include_total=True)
    assert page.total == SIZES["long"]
    assert sum(event.scanned_count or 0 for event in received) == SIZES["long"] + 11


def test_writes_of_many_go_in_about_a_25th_of_requests(store: DynamoDBStore) -> None:
    store.memory.save_thread({"id": "busy", "resource_id": "busy"})
    with cost_of(store) as cost:
        store.memory.save_messages([message("busy", number) for number in range(100)])
    assert cost.apis == {"BatchGetItem": 1, "BatchWriteItem": 4, "UpdateItem": 1}
    with cost_of(store) as cost:
        store.memory.update_messages(
            [{"id": f"busy-{n:05}", "content": {"metadata": {"seen": n}}} for n in range(50)]
        )
    assert cost.apis == {"BatchGetItem": 1, "TransactWriteItems": 2, "UpdateItem": 1}
    with cost_of(store) as cost:
        store.memory.delete_messages([f"busy-{n:05}" for n in range(50)])
    assert cost.apis == {"BatchGetItem": 1, "BatchWriteItem": 2, "UpdateItem": 1}
    with cost_of(store) as cost:
        store.memory.update_thread_resource_id("busy", "alice")
    assert cost.apis == {"Query": 1, "TransactWriteItems": 2, "GetItem": 1, "UpdateItem": 1}
    with cost_of(store) as cost:
        store.memory.delete_thread("busy")
    assert cost.apis == {"Query": 2, "BatchGetItem": 1, "BatchWriteItem": 2, "DeleteItem": 1}


def test_one_message_is_saved_in_one_request_and_one_for_its_thread(store: DynamoDBStore) -> None:
    store.memory.save_thread({"id": "quiet", "resource_id": "quiet"})
    with cost_of(store) as cost:
        store.memory.save_messages([message("quiet", 1)])
    assert cost.apis == {"PutItem": 1, "UpdateItem": 1}
    with cost_of(store) as cost:
        store.memory.update_messages([{"id": "quiet-00001", "role": "assistant"}])
    assert cost.apis == {"BatchGetItem": 1, "UpdateItem": 2}
