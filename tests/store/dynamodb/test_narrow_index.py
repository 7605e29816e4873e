"""A table whose index holds keys only: nothing is taken for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leyden.errors import LeydenError, TableMismatchError
from leyden.program import Request
from leyden.store import DynamoDBStore

KEY = {"HASH": "pk", "RANGE": "sk"}
INDEX = {"HASH": "gsi1pk", "RANGE": "gsi1sk"}


def schema(fields: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for kind, name in fields.items()]


@pytest.fixture(scope="module")
def store(embedded: Any, module_table_name: str) -> Iterator[DynamoDBStore]:
    with DynamoDBStore(table_name=module_table_name, client=embedded) as opened:
        create = {
            "TableName": module_table_name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": schema(KEY),
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"}
                for name in (*KEY.values(), *INDEX.values())
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "gsi1",
                    "KeySchema": schema(INDEX),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        }
        opened.app.driver.send(Request("CreateTable", create))
        opened.memory.save_thread({"id": "t1", "resource_id": "alice"})
        opened.memory.save_messages(
            [{"id": "m1", "thread_id": "t1", "role": "user", "content": "hi"}]
        )
        yield opened


@pytest.mark.parametrize(
    "read",
    [
        lambda memory: memory.list_messages("t1", include_total=False),
        lambda memory: memory.list_messages(
            "none", include=[{"id": "m1", "with_next_messages": 1}]
        ),
        lambda memory: memory.list_threads(resource_id="alice", include_total=False),
        lambda memory: memory.list_threads(resource_id="alice", order_by=("updated_at", "asc")),
        lambda memory: memory.clone_thread("t1"),
    ],
)
def test_listing_by_it_says_what_is_wrong(store: DynamoDBStore, read: Callable[[Any], Any]) -> None:
    with pytest.raises(TableMismatchError, match='index "gsi1" does not hold whole items'):
        read(store.memory)


def test_deleting_by_it_deletes_nothing(store: DynamoDBStore) -> None:
    with pytest.raises(LeydenError):
        store.memory.delete_thread("t1")
    assert store.memory.get_thread_by_id("t1") is not None
    assert [message.id for message in store.memory.list_messages_by_id(["m1"])] == ["m1"]


def test_init_says_what_is_wrong(store: DynamoDBStore) -> None:
    with pytest.raises(TableMismatchError, match="projects KEYS_ONLY"):
        store.init()
