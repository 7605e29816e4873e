"""Giving a thread to another resource, while others change it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import leyden
from leyden.errors import NotFoundError
from leyden.program import Request
from tests.store.dynamodb.conftest import Clock, Requests
from tests.store.dynamodb.test_memory import Memory, message

Change = Callable[[leyden.Service], object]


@pytest.fixture
def memory(app: leyden.Service, clock: Clock) -> Memory:
    """A memory with a thread of two messages."""
    memory = Memory(app, clock)
    memory.save_thread({"id": "t1", "resource_id": "alice", "metadata": {"a": 1}})
    memory.save_messages([message(1), message(2)])
    return memory


def before_the_thread_is_written(memory: Memory, change: Change) -> None:
    """Make a change after the messages and before the thread."""
    made: list[object] = []

    def look(request: Request) -> None:
        if request.api == "UpdateItem" and not made:
            made.append(change(memory.app))

    memory.failing = look


def test_the_thread_is_read_once(memory: Memory) -> None:
    with Requests(memory.app) as sent:
        assert memory.update_thread_resource_id("t1", "bob").resource_id == "bob"
    assert sent.apis == ["GetItem", "Query", "TransactWriteItems", "UpdateItem"]


@pytest.mark.parametrize("milliseconds", [0, 5])
def test_what_others_change_in_the_thread_meanwhile_is_kept(
    memory: Memory, clock: Clock, milliseconds: int
) -> None:
    def change(app: leyden.Service) -> None:
        now = clock.advance(milliseconds=milliseconds)
        patch = app.entities.thread.patch(id="t1")
        patch.set(title="Theirs", resource_id="carol", updated_at=now).go()

    before_the_thread_is_written(memory, change)
    given = memory.update_thread_resource_id("t1", "bob")
    assert (given.title, given.resource_id, given.metadata) == ("Theirs", "bob", {"a": 1})
    assert memory.get_thread_by_id("t1") == given


def test_a_thread_that_is_deleted_meanwhile_is_not_made_again(memory: Memory) -> None:
    before_the_thread_is_written(memory, lambda app: app.entities.thread.delete(id="t1").go())
    with pytest.raises(NotFoundError):
        memory.update_thread_resource_id("t1", "bob")
    assert memory.get_thread_by_id("t1") is None


def test_a_thread_whose_time_is_written_in_another_way_is_given_away(memory: Memory) -> None:
    item = memory.app.entities.thread.get(id="t1").go(data="raw")
    item["updatedAt"] = {"S": item["updatedAt"]["S"].replace("Z", "+00:00")}
    memory.app.driver.send(Request("PutItem", {"TableName": memory.app.table, "Item": item}))
    assert memory.update_thread_resource_id("t1", "bob").resource_id == "bob"
    assert memory.get_thread_by_id("t1").resource_id == "bob"
