"""Resources keep working memory and metadata."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leyden.errors import KeyCollisionError
from leyden.store.records import Resource
from tests.store.conformance.made import at


def test_a_saved_resource_is_read_back(store, clock):
    given = Resource(
        id="alice", working_memory="# Alice\n- likes tea", metadata={"a": 1}, created_at=at(0)
    )
    saved = store.memory.save_resource(given)
    assert saved.updated_at == clock.now
    assert saved == store.memory.get_resource_by_id("alice")
    assert (saved.working_memory, saved.metadata) == (given.working_memory, {"a": 1})
    assert saved.created_at == at(0)


def test_a_missing_resource_is_none(store):
    assert store.memory.get_resource_by_id("nobody") is None


def test_a_second_save_keeps_the_time_of_creation_and_what_is_not_given(store, clock):
    first = store.memory.save_resource({"id": "alice", "working_memory": "x", "metadata": {"a": 1}})
    later = clock.tick()
    second = store.memory.save_resource({"id": "alice", "metadata": {"b": 2}})
    assert (second.created_at, second.updated_at) == (first.created_at, later)
    assert (second.working_memory, second.metadata) == ("x", {"b": 2})
    assert store.memory.get_resource_by_id("alice") == second


def test_an_update_makes_a_missing_resource(store, clock):
    made = store.memory.update_resource("alice", working_memory="# Alice")
    assert (made.id, made.working_memory, made.metadata) == ("alice", "# Alice", {})
    assert made.created_at == clock.now
    assert store.memory.get_resource_by_id("alice") == made


def test_an_update_merges_metadata_and_leaves_what_is_omitted(store, clock):
    store.memory.save_resource({"id": "alice", "working_memory": "x", "metadata": {"a": 1}})
    clock.tick()
    changed = store.memory.update_resource("alice", metadata={"b": {"c": 2}})
    assert (changed.working_memory, changed.metadata) == ("x", {"a": 1, "b": {"c": 2}})
    changed = store.memory.update_resource("alice", working_memory="y")
    assert (changed.working_memory, changed.metadata) == ("y", {"a": 1, "b": {"c": 2}})
    assert store.memory.get_resource_by_id("alice") == changed


@pytest.mark.parametrize("memory", ["", '{"a": 1}', "[1]", "null", "é😀\n"])
def test_working_memory_is_a_text_whatever_it_looks_like(store, memory):
    store.memory.save_resource({"id": "alice", "working_memory": "before"})
    assert store.memory.update_resource("alice", working_memory=memory).working_memory == memory
    assert store.memory.get_resource_by_id("alice").working_memory == memory


def test_ids_that_differ_by_case_only_do_not_overwrite_each_other(store):
    saved = store.memory.save_resource({"id": "Alice", "working_memory": "x"})
    with pytest.raises(KeyCollisionError):
        store.memory.save_resource({"id": "alice"})
    with pytest.raises(KeyCollisionError):
        store.memory.update_resource("alice", working_memory="y")
    assert store.memory.get_resource_by_id("alice") is None
    assert store.memory.get_resource_by_id("Alice") == saved


def test_concurrent_updates_lose_nothing_not_even_of_a_new_resource(store):
    def update(worker: int) -> None:
        for i in range(4):
            store.memory.update_resource("alice", metadata={f"{worker}-{i}": i})

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(update, range(5)))
    expected = {f"{worker}-{i}": i for worker in range(5) for i in range(4)}
    assert store.memory.get_resource_by_id("alice").metadata == expected
