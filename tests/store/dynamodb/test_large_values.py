"""Values beyond an item's limit: what the store does with items that have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.errors import DecodeError
from leyden.operations.companions.overflow.format import is_part
from leyden.store import DynamoDBStore
from leyden.store.dynamodb.writing import merge
from tests.conformance.notes import noise
from tests.store.dynamodb.conftest import Clock, raw_items
from tests.store.dynamodb.test_merging import drive

CREATED: Final = datetime(2026, 3, 1, tzinfo=UTC)
LARGE: Final = noise(900_000, 1)
OTHER: Final = noise(900_000, 2)


@pytest.fixture(scope="module")
def stores(embedded: Any, module_table_name: str) -> Iterator[tuple[DynamoDBStore, DynamoDBStore]]:
    """A store that splits large values, and one that does not, on one table."""
    chunking = DynamoDBStore(table_name=module_table_name, client=embedded, large_values="chunk")
    plain = DynamoDBStore(table_name=module_table_name, client=embedded)
    with chunking, plain:
        chunking.app.create_table()
        yield chunking, plain


@pytest.fixture
def store(stores: tuple[DynamoDBStore, DynamoDBStore]) -> DynamoDBStore:
    for domain in ("memory", "workflows"):
        stores[0].clear(domain)  # type: ignore[arg-type]
    return stores[0]


@pytest.fixture
def plain(stores: tuple[DynamoDBStore, DynamoDBStore]) -> DynamoDBStore:
    return stores[1]


def large_thread(store: DynamoDBStore, value: str = LARGE, **times: Any) -> Any:
    given = {"id": "t1", "resource_id": "alice", "metadata": {"large": value}, **times}
    return store.memory.save_thread(given)


def message(id: str, content: Any) -> dict[str, Any]:
    return {"id": id, "thread_id": "t1", "role": "user", "content": content, "created_at": CREATED}


def parts(store: DynamoDBStore) -> int:
    return sum(map(is_part, raw_items(store.app)))


def test_a_thread_is_saved_over_one_whose_metadata_is_in_parts(store: DynamoDBStore) -> None:
    large_thread(store, created_at=CREATED)
    assert parts(store) == 2
    saved = store.memory.save_thread({"id": "t1", "resource_id": "bob"})
    assert (saved.created_at, saved.resource_id) == (CREATED, "bob")
    assert saved.metadata == {"large": LARGE}
    saved = large_thread(store, "short")
    assert (saved.created_at, saved.metadata) == (CREATED, {"large": "short"})
    assert parts(store) == 0


def test_another_value_in_parts_of_the_same_size_and_time_is_noticed(store: DynamoDBStore) -> None:
    entity, clock = store.entities.thread, Clock()
    large_thread(store, created_at=CREATED, updated_at=CREATED)

    def other(write: int) -> None:
        if write == 0:
            large_thread(store, OTHER, updated_at=CREATED)

    def change(thread: Any) -> Any:
        return {"metadata": {**thread.metadata, "mine": 1}}

    program = merge(entity, {"id": "t1"}, change, now=clock)
    record = drive(store.app, program, other)
    stored = store.memory.get_thread_by_id("t1")
    assert stored is not None
    assert record.metadata == stored.metadata == {"large": OTHER, "mine": 1}
    assert parts(store) == 2


def test_changes_of_large_messages_and_of_others_go_together(store: DynamoDBStore) -> None:
    contents = {"a": "short", "b": LARGE, "c": {"parts": [], "content": OTHER}, "d": []}
    store.memory.save_messages([message(id, content) for id, content in contents.items()])
    changed = store.memory.update_messages(
        [{"id": id, "content": {"metadata": {"is": id}}} for id in contents]
    )
    assert [m.content["metadata"] for m in changed] == [{"is": id} for id in contents]
    found = store.memory.list_messages("t1").messages
    assert [m.content["metadata"] for m in found] == [{"is": id} for id in contents]
    assert found[1].content["content"] == LARGE
    assert found[2].content["content"] == OTHER
    assert parts(store) == 4
    store.memory.delete_thread("t1")
    assert raw_items(store.app) == []


def test_a_run_in_parts_is_changed_and_deleted(store: DynamoDBStore) -> None:
    store.workflows.persist_workflow_snapshot("trip", "r1", {"large": LARGE, "status": "running"})
    context = store.workflows.update_workflow_results("trip", "r1", step_id="s", result=OTHER)
    assert context == {"s": OTHER}
    state = store.workflows.update_workflow_state("trip", "r1", {"status": "done"})
    assert state == store.workflows.load_workflow_snapshot("trip", "r1")
    assert state is not None
    assert (state["large"], state["status"]) == (LARGE, "done")
    store.workflows.delete_workflow_run_by_id("r1", "trip")
    assert raw_items(store.app) == []


def test_a_store_that_does_not_read_parts_says_so_and_loses_nothing(
    store: DynamoDBStore, plain: DynamoDBStore
) -> None:
    large_thread(store)
    store.memory.save_messages([message("a", "short"), message("b", LARGE)])
    store.workflows.persist_workflow_snapshot("trip", "r1", {"large": LARGE})
    before = sorted(raw_items(store.app), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    calls: list[Callable[[], Any]] = [
        lambda: plain.memory.update_thread("t1", metadata={"mine": 1}),
        lambda: plain.memory.list_messages("t1"),
        lambda: plain.memory.list_messages_by_id(["b"]),
        lambda: plain.memory.update_messages([{"id": "b", "content": {"metadata": {"mine": 1}}}]),
        lambda: plain.workflows.load_workflow_snapshot("trip", "r1"),
        lambda: plain.workflows.update_workflow_results("trip", "r1", step_id="s", result=1),
    ]
    for call in calls:
        with pytest.raises(DecodeError):
            call()
    after = sorted(raw_items(store.app), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    assert after == before
    with pytest.raises(DecodeError, match='large_values="chunk"'):
        plain.memory.update_thread("t1", metadata={"mine": 1})


def test_a_time_to_live_is_that_of_the_parts_too(store: DynamoDBStore, embedded: Any) -> None:
    living = DynamoDBStore(
        table_name=store.table_name,
        client=embedded,
        large_values="chunk",
        ttl={"thread": timedelta(days=30)},
    )
    with living:
        large_thread(living)
        times = {item["ttl"]["N"] for item in raw_items(living.app) if is_part(item)}
        (item,) = (item for item in raw_items(living.app) if not is_part(item))
    assert times == {str(int(item["ttl"]["N"]) + 7 * 24 * 3600)}
