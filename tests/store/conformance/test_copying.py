"""Copies of threads are whole, new, and leave the source as it is."""

from __future__ import annotations

import pytest

from leyden.errors import InputError, NotFoundError
from tests.store.conformance.made import at, content, ids, message, thread


@pytest.fixture
def memory(store):
    store.memory.save_thread(
        thread(title="Original", metadata={"lang": "en"}, created_at=at(0), updated_at=at(1))
    )
    store.memory.save_messages(
        [
            {
                **message(f"m{i}", i // 2, text=str(i)),
                "resource_id": "alice" if i % 2 else None,
                "tool_names": [str(i)],
                "role": "assistant",
            }
            for i in range(8)
        ]
    )
    return store.memory


def texts(messages):
    return [one.content["parts"][0]["text"] for one in messages]


def test_a_clone_has_all_messages_in_the_order_of_the_source(memory, clock):
    source = memory.list_messages("t1").messages
    before = memory.get_thread_by_id("t1")
    later = clock.tick()
    clone = memory.clone_thread("t1", new_thread_id="t2")
    assert (clone.thread.id, clone.thread.resource_id) == ("t2", "alice")
    assert clone.thread.title == "Clone of Original"
    assert clone.thread.created_at == later
    assert memory.get_thread_by_id("t2") == clone.thread
    assert memory.list_messages("t2").messages == clone.cloned_messages
    assert texts(clone.cloned_messages) == [str(i) for i in range(8)]
    for one, copy in zip(source, clone.cloned_messages, strict=True):
        assert clone.message_id_map[one.id] == copy.id != one.id
        assert (copy.thread_id, copy.role, copy.type) == ("t2", one.role, one.type)
        assert (copy.content, copy.created_at) == (one.content, one.created_at)
        assert (copy.resource_id, copy.tool_names) == (one.resource_id, one.tool_names)
    assert memory.list_messages("t1").messages == source
    assert memory.get_thread_by_id("t1") == before


def test_a_copy_says_of_what_it_is_a_copy(memory, clock):
    copied = memory.copy_thread("t1", metadata={"mine": [1], "clone": "mine"})
    assert copied.thread.metadata == {
        "mine": [1],
        "clone": {
            "sourceThreadId": "t1",
            "clonedAt": clock.now.isoformat(timespec="milliseconds")[:-6] + "Z",
            "lastMessageId": "m7",
        },
    }
    assert copied.thread.id != "t1"
    assert set(copied.message_id_map) == {f"m{i}" for i in range(8)}
    assert ids(memory.list_messages(copied.thread.id).messages) == [
        copied.message_id_map[f"m{i}"] for i in range(8)
    ]


def test_a_copy_of_a_thread_without_messages_has_none(store):
    store.memory.save_thread(thread("empty"))
    clone = store.memory.clone_thread("empty")
    assert (clone.cloned_messages, clone.message_id_map) == ((), {})
    assert "lastMessageId" not in clone.thread.metadata["clone"]


def test_a_copy_may_have_a_title_and_belong_to_another_resource(memory):
    clone = memory.clone_thread("t1", resource_id="bob", title="Mine")
    assert (clone.thread.resource_id, clone.thread.title) == ("bob", "Mine")
    assert {one.resource_id for one in clone.cloned_messages} == {"bob"}
    assert ids(memory.list_threads(resource_id="bob").threads) == [clone.thread.id]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"message_limit": 3}, "567"),
        ({"message_limit": 99}, "01234567"),
        ({"message_limit": 0}, ""),
        ({"start_date": at(1)}, "234567"),
        ({"end_date": at(1)}, "0123"),
        ({"start_date": at(1), "end_date": at(2)}, "2345"),
        ({"start_date": at(1), "end_date": at(2), "message_limit": 1}, "5"),
        ({"start_date": at(3), "end_date": at(1)}, ""),
        ({"message_ids": ["m5", "m0", "missing", "m5"]}, "05"),
        ({"message_ids": ["m5", "m0", "m7"], "message_limit": 2}, "57"),
        ({"message_ids": ["m5", "m0"], "end_date": at(1)}, "0"),
    ],
)
def test_a_copy_takes_the_newest_of_what_the_filters_let_through(memory, options, expected):
    clone = memory.clone_thread("t1", **options)
    assert texts(clone.cloned_messages) == list(expected)
    assert set(clone.message_id_map) == {f"m{i}" for i in expected}
    assert texts(memory.list_messages(clone.thread.id).messages) == list(expected)


def test_messages_of_other_threads_are_not_copied_by_their_ids(memory):
    memory.save_messages([message("other", thread_id="t9")])
    assert memory.copy_thread("t1", message_ids=["other", "m1"]).message_id_map.keys() == {"m1"}


def test_copying_a_missing_thread_says_so(memory):
    for method in (memory.copy_thread, memory.clone_thread):
        with pytest.raises(NotFoundError) as caught:
            method("nowhere", new_thread_id="t2")
        assert caught.value.operation == f"store.memory.{method.__name__}"
    assert memory.get_thread_by_id("t2") is None


def test_a_copy_is_not_written_over_a_thread(memory):
    memory.save_thread(thread("t2", title="Here already"))
    for method in (memory.copy_thread, memory.clone_thread):
        with pytest.raises(InputError):
            method("t1", new_thread_id="t2")
    assert memory.get_thread_by_id("t2").title == "Here already"
    assert memory.list_messages("t2", include_total=True).total == 0


def test_a_change_of_a_copy_is_none_of_the_source(memory):
    clone = memory.clone_thread("t1", new_thread_id="t2")
    memory.update_messages(
        [{"id": clone.message_id_map["m0"], "content": content("new"), "role": "user"}]
    )
    assert memory.list_messages_by_id(["m0"])[0].role == "assistant"
    memory.delete_thread("t2")
    assert memory.list_messages("t1", include_total=True).total == 8


def test_a_long_thread_is_copied_whole(store):
    store.memory.save_thread(thread())
    store.memory.save_messages([message(f"m{i:03}", i // 5, text=str(i)) for i in range(160)])
    clone = store.memory.clone_thread("t1")
    assert texts(clone.cloned_messages) == [str(i) for i in range(160)]
    assert store.memory.list_messages(clone.thread.id, per_page=1, include_total=True).total == 160
