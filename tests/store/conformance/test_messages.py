"""Messages are saved, read by id, changed, moved and deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leyden.errors import KeyCollisionError
from leyden.store.records import Message
from tests.store.conformance.made import at, content, ids, message, thread


def read(store, id):
    found = store.memory.list_messages_by_id([id])
    return found[0] if found else None


def test_a_saved_message_is_read_back_as_it_was_given(store, clock):
    given = Message(
        id="m1",
        thread_id="t1",
        role="assistant",
        content=content("Hi", content="Hi", metadata={"a": 1}),
        resource_id="alice",
        created_at=at(5),
    )
    (saved,) = store.memory.save_messages([given])
    assert saved.updated_at == clock.now
    assert saved == read(store, "m1")
    assert (saved.content, saved.created_at, saved.type) == (given.content, at(5), "v2")
    assert store.memory.list_messages("t1").messages == (saved,)


def test_messages_of_the_earlier_format_keep_their_text_and_tool_fields(store):
    given = {
        "id": "m1",
        "thread_id": "t1",
        "role": "tool",
        "type": "tool-result",
        "content": "It is 93 °C.",
        "tool_call_ids": ["c1", "c2"],
        "tool_call_args": [{"q": "water"}, {}],
        "tool_names": ["lookup", "lookup"],
    }
    (saved,) = store.memory.save_messages([given])
    assert {name: getattr(saved, name) for name in given} == given
    assert read(store, "m1") == saved
    assert store.memory.list_messages("t1").messages == (saved,)


@pytest.mark.parametrize(
    ("stored", "reads_as"),
    [
        ("", ""),
        ("plain", "plain"),
        ("42", "42"),
        ("null", "null"),
        ("true", "true"),
        ('"quoted"', '"quoted"'),
        ("{not json", "{not json"),
        ("[1, 2", "[1, 2"),
        ("[NaN]", "[NaN]"),
        (' {"a": 1}', ' {"a": 1}'),
        ('{"a": 1}', {"a": 1}),
        ('[{"type": "text", "text": "x"}]', [{"type": "text", "text": "x"}]),
        ([{"type": "text", "text": "é"}], [{"type": "text", "text": "é"}]),
        ({}, {}),
        ([], []),
    ],
)
def test_content_that_is_the_text_of_an_object_or_a_list_reads_as_such(store, stored, reads_as):
    (saved,) = store.memory.save_messages([{**message("m1"), "content": stored, "type": "text"}])
    assert read(store, "m1").content == reads_as
    assert saved.content == reads_as


def test_saving_nothing_does_nothing(store):
    assert store.memory.save_messages([]) == []


def test_many_messages_are_saved_at_once(store):
    names = [f"m{i:03}" for i in range(130)]
    assert ids(store.memory.save_messages([message(n, i) for i, n in enumerate(names)])) == names
    page = store.memory.list_messages("t1", per_page=None, include_total=True)
    assert ids(page.messages) == names
    assert page.total == 130


def test_a_message_that_is_saved_again_is_replaced(store, clock):
    first = {**message("m1", 1, text="One"), "tool_names": ["x"], "resource_id": "alice"}
    store.memory.save_messages([first])
    clock.tick()
    (saved,) = store.memory.save_messages([message("m1", 2, text="Two")])
    assert (saved.tool_names, saved.resource_id, saved.created_at) == (None, None, at(2))
    assert read(store, "m1") == saved
    assert store.memory.list_messages("t1").messages == (saved,)


def test_an_id_given_twice_is_saved_as_the_last_of_them(store):
    several = [message("m1", 1, text="One"), message("m2", 2), message("m1", 3, text="Three")]
    saved = store.memory.save_messages(several)
    assert sorted(ids(saved)) == ["m1", "m2"]
    assert read(store, "m1").content == content("Three")
    assert ids(store.memory.list_messages("t1").messages) == ["m2", "m1"]


def test_saving_again_in_another_thread_moves_a_message(store, clock):
    before = [store.memory.save_thread(thread(id)) for id in ("t1", "t2")]
    store.memory.save_messages([message("m1", 1), message("m2", 2)])
    later = clock.tick(7)
    store.memory.save_messages([message("m1", 1, thread_id="t2")])
    assert ids(store.memory.list_messages("t1").messages) == ["m2"]
    assert ids(store.memory.list_messages("t2").messages) == ["m1"]
    for one in before:
        assert store.memory.get_thread_by_id(one.id).updated_at == later


def test_saving_touches_the_threads_and_makes_none(store, clock):
    for id in ("t1", "t2", "t3"):
        store.memory.save_thread(thread(id, metadata={"kept": id}))
    begun = clock.now
    later = clock.tick(3)
    store.memory.save_messages([message("m1", thread_id="t1"), message("m2", thread_id="t2")])
    store.memory.save_messages([message("m3", thread_id="no-such-thread")])
    times = [store.memory.get_thread_by_id(id).updated_at for id in ("t1", "t2", "t3")]
    assert times == [later, later, begun]
    assert store.memory.get_thread_by_id("t1").metadata == {"kept": "t1"}
    assert store.memory.get_thread_by_id("no-such-thread") is None
    assert store.memory.list_threads(include_total=True).total == 3


@pytest.mark.parametrize("extra", [[], ["m2", "m3"]])
def test_ids_that_differ_by_case_only_do_not_overwrite_each_other(store, extra):
    (saved,) = store.memory.save_messages([message("Message-1")])
    with pytest.raises(KeyCollisionError):
        store.memory.save_messages([message(id, 9) for id in ("message-1", *extra)])
    assert read(store, "Message-1") == saved
    assert read(store, "message-1") is None
    assert ids(store.memory.list_messages("t1").messages) == ["Message-1"]


def test_ids_that_differ_by_case_only_are_refused_in_one_call(store):
    with pytest.raises(KeyCollisionError):
        store.memory.save_messages([message("a"), message("b"), message("A")])
    assert store.memory.list_messages("t1", include_total=True).total == 0


def test_messages_are_read_by_id_each_once_and_in_order(store):
    store.memory.save_messages(
        [message("late", 9), message("b", 5, thread_id="t2"), message("a", 5), message("early", 1)]
    )
    found = store.memory.list_messages_by_id(["late", "missing", "b", "a", "early", "late", "LATE"])
    assert ids(found) == ["early", "a", "b", "late"]
    assert store.memory.list_messages_by_id([]) == []


def test_more_than_a_batch_of_messages_is_read_by_id(store):
    names = [f"m{i:03}" for i in range(230)]
    store.memory.save_messages([message(name, i) for i, name in enumerate(names)])
    assert ids(store.memory.list_messages_by_id(names[::-1])) == names


def test_an_update_merges_metadata_and_replaces_parts_and_content(store, clock):
    original = content("One", content="One", metadata={"a": 1, "b": {"c": 2}})
    store.memory.save_messages([{**message("m1", 1, resource_id="alice"), "content": original}])
    clock.tick()
    (changed,) = store.memory.update_messages(
        [
            {
                "id": "m1",
                "content": {
                    "metadata": {"b": 3, "d": None},
                    "content": "Two",
                    "parts": [{"type": "text", "text": "Two"}],
                },
            }
        ]
    )
    assert changed.content == content("Two", content="Two", metadata={"a": 1, "b": 3, "d": None})
    assert (changed.role, changed.resource_id, changed.created_at) == ("user", "alice", at(1))
    assert changed.updated_at > at(1)
    assert read(store, "m1") == changed


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"metadata": {"a": 2}}, content("Hello", metadata={"a": 2})),
        ({"content": "x"}, content("Hello", content="x")),
        ({"parts": []}, {"format": 2, "parts": []}),
        ({"metadata": None, "parts": None}, content("Hello")),
        ({"reasoning": "because"}, content("Hello", reasoning="because")),
        ("a text", "a text"),
        ({}, content("Hello")),
    ],
)
def test_what_an_update_omits_of_the_content_stays(store, change, expected):
    store.memory.save_messages([message("m1")])
    store.memory.update_messages([{"id": "m1", "content": change}])
    assert read(store, "m1").content == expected


def test_metadata_of_a_text_is_kept_beside_the_text(store):
    store.memory.save_messages([{**message("m1"), "content": "Hi"}])
    store.memory.update_messages([{"id": "m1", "content": {"metadata": {"a": 1}}}])
    assert read(store, "m1").content == {"content": "Hi", "metadata": {"a": 1}}


def test_an_update_changes_other_fields(store):
    store.memory.save_messages([message("m1"), message("m2")])
    changed = store.memory.update_messages(
        [
            {"id": "m2", "role": "system", "type": "text"},
            {"id": "missing", "role": "x"},
            {"id": "m1", "resource_id": "bob", "tool_names": ["t"], "role": None},
        ]
    )
    assert sorted(ids(changed)) == ["m1", "m2"]
    one, two = read(store, "m1"), read(store, "m2")
    assert (one.resource_id, one.tool_names, one.role) == ("bob", ["t"], "user")
    assert (two.role, two.type) == ("system", "text")
    assert {one.id: one for one in changed} == {"m1": one, "m2": two}


def test_changes_of_one_message_in_one_call_are_all_made(store):
    store.memory.save_messages([message("m1")])
    store.memory.update_messages(
        [
            {"id": "m1", "content": {"metadata": {"a": 1}}},
            {"id": "m1", "content": {"metadata": {"b": 2}}, "role": "system"},
        ]
    )
    changed = read(store, "m1")
    assert (changed.content["metadata"], changed.role) == ({"a": 1, "b": 2}, "system")


def test_changes_of_one_message_in_one_call_are_one_change(store, clock):
    store.memory.save_messages([message("m1")])
    later = clock.tick()
    changed = store.memory.update_messages([{"id": "m1", "role": "a"}, {"id": "m1", "role": "b"}])
    assert [(one.role, one.updated_at) for one in changed] == [("b", later)]


def test_a_message_that_is_moved_on_in_one_call_was_never_in_the_thread_between(store, clock):
    for id in ("t1", "t2", "t3"):
        store.memory.save_thread(thread(id))
    store.memory.save_messages([message("m1")])
    later = clock.tick()
    store.memory.update_messages([{"id": "m1", "thread_id": id} for id in ("t2", "t3")])
    touched = [store.memory.get_thread_by_id(id).updated_at == later for id in ("t1", "t2", "t3")]
    assert touched == [True, False, True]


def test_updating_nothing_or_what_is_missing_does_nothing(store, clock):
    before = store.memory.save_thread(thread())
    clock.tick()
    assert store.memory.update_messages([]) == []
    assert store.memory.update_messages([{"id": "missing", "thread_id": "t1"}]) == []
    assert read(store, "missing") is None
    assert store.memory.get_thread_by_id("t1") == before


def test_an_update_moves_a_message_and_touches_both_threads(store, clock):
    for id in ("t1", "t2", "t3"):
        store.memory.save_thread(thread(id))
    store.memory.save_messages([message("m1", 1), message("m2", 2)])
    later = clock.tick(4)
    (moved,) = store.memory.update_messages([{"id": "m1", "thread_id": "t2"}])
    assert (moved.thread_id, moved.created_at) == ("t2", at(1))
    assert ids(store.memory.list_messages("t1").messages) == ["m2"]
    assert store.memory.list_messages("t2").messages == (moved,)
    times = {id: store.memory.get_thread_by_id(id).updated_at for id in ("t1", "t2", "t3")}
    assert times["t1"] == times["t2"] == later
    assert times["t3"] < later


def test_an_update_of_fifty_messages_changes_all(store):
    names = [f"m{i:02}" for i in range(50)]
    store.memory.save_messages([message(name, i) for i, name in enumerate(names)])
    store.memory.update_messages(
        [{"id": name, "content": {"metadata": {"seen": name}}} for name in names]
    )
    messages = store.memory.list_messages("t1", per_page=None).messages
    assert [one.content["metadata"]["seen"] for one in messages] == names


def test_an_update_by_an_id_in_another_case_is_of_a_missing_message(store):
    (saved,) = store.memory.save_messages([message("Message-1")])
    assert store.memory.update_messages([{"id": "message-1", "role": "system"}]) == []
    assert read(store, "Message-1") == saved


def test_concurrent_updates_of_one_message_lose_nothing(store):
    store.memory.save_messages([message("m1")])

    def update(worker):
        for i in range(4):
            store.memory.update_messages(
                [{"id": "m1", "content": {"metadata": {f"{worker}-{i}": i}}}]
            )

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(update, range(5)))
    expected = {f"{worker}-{i}": i for worker in range(5) for i in range(4)}
    assert read(store, "m1").content["metadata"] == expected


def test_deleted_messages_are_gone_and_their_threads_touched(store, clock):
    store.memory.save_thread(thread("t1"))
    store.memory.save_thread(thread("t2"))
    store.memory.save_messages([message(f"m{i:02}", i) for i in range(40)])
    later = clock.tick(2)
    store.memory.delete_messages([f"m{i:02}" for i in range(1, 40)] + ["missing", "m05"])
    assert ids(store.memory.list_messages("t1").messages) == ["m00"]
    assert store.memory.get_thread_by_id("t1").updated_at == later
    assert store.memory.get_thread_by_id("t2").updated_at < later


def test_deleting_nothing_or_what_is_missing_does_nothing(store, clock):
    before = store.memory.save_thread(thread())
    (saved,) = store.memory.save_messages([message("M1")])
    clock.tick()
    touched = store.memory.get_thread_by_id("t1")
    store.memory.delete_messages([])
    store.memory.delete_messages(["missing", "m1"])
    assert read(store, "M1") == saved
    assert store.memory.get_thread_by_id("t1") == touched
    assert touched.created_at == before.created_at
