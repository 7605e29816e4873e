"""Threads are saved, read, changed, listed and deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leyden.errors import InvalidCursorError, KeyCollisionError, NotFoundError
from leyden.store.records import Thread
from tests.store.conformance.made import at, by_cursor, by_page, ids, message, thread


def test_a_saved_thread_is_read_back_as_it_was_given(store, clock):
    given = Thread(
        id="t1",
        resource_id="alice",
        title="Boiling points",
        metadata={"lang": "en", "nested": {"deep": [1, 2.5, None, {"x": True}]}},
        created_at=at(0),
        updated_at=at(1),
    )
    assert store.memory.save_thread(given) == given
    assert store.memory.get_thread_by_id("t1") == given


def test_the_times_of_a_thread_are_now_where_they_are_not_given(store, clock):
    saved = store.memory.save_thread(thread())
    assert saved.created_at == saved.updated_at == clock.now
    assert store.memory.get_thread_by_id("t1") == saved


@pytest.mark.parametrize("title", [None, ""])
def test_an_empty_title_is_made_up_from_the_id(store, title):
    assert store.memory.save_thread(thread(title=title)).title == "Thread t1"
    assert store.memory.get_thread_by_id("t1").title == "Thread t1"


def test_a_second_save_keeps_the_time_of_creation_and_what_is_not_given(store, clock):
    first = store.memory.save_thread(thread(title="One", metadata={"a": 1}))
    later = clock.tick(5)
    second = store.memory.save_thread(thread(title="Two", resource_id="bob", created_at=at(7)))
    assert (second.created_at, second.updated_at) == (first.created_at, later)
    assert (second.title, second.resource_id, second.metadata) == ("Two", "bob", {"a": 1})
    assert store.memory.get_thread_by_id("t1") == second
    assert ids(store.memory.list_threads(resource_id="bob").threads) == ["t1"]
    assert ids(store.memory.list_threads(resource_id="alice").threads) == []


def test_a_second_save_replaces_metadata_as_a_whole(store):
    store.memory.save_thread(thread(metadata={"a": 1, "b": 2}))
    assert store.memory.save_thread(thread(metadata={"b": 3})).metadata == {"b": 3}
    assert store.memory.get_thread_by_id("t1").metadata == {"b": 3}


def test_metadata_may_be_empty_or_absent(store):
    store.memory.save_thread(thread("empty", metadata={}))
    store.memory.save_thread(thread("absent"))
    assert store.memory.get_thread_by_id("empty").metadata == {}
    assert store.memory.get_thread_by_id("absent").metadata is None


def test_a_missing_thread_is_none(store):
    assert store.memory.get_thread_by_id("nowhere") is None


def test_a_thread_of_another_resource_is_none(store):
    saved = store.memory.save_thread(thread())
    assert store.memory.get_thread_by_id("t1", resource_id="alice") == saved
    assert store.memory.get_thread_by_id("t1", resource_id="bob") is None
    assert store.memory.get_thread_by_id("t1", resource_id="ALICE") is None


def test_ids_that_differ_by_case_only_do_not_overwrite_each_other(store):
    saved = store.memory.save_thread(thread("Thread-A"))
    with pytest.raises(KeyCollisionError):
        store.memory.save_thread(thread("thread-a"))
    assert store.memory.get_thread_by_id("thread-a") is None
    assert store.memory.get_thread_by_id("Thread-A") == saved
    with pytest.raises(NotFoundError):
        store.memory.update_thread("thread-a", title="New")
    store.memory.delete_thread("thread-a")
    assert store.memory.get_thread_by_id("Thread-A") == saved


def test_an_update_changes_the_title_and_merges_metadata(store, clock):
    store.memory.save_thread(thread(title="One", metadata={"a": 1, "b": {"c": 2}}))
    later = clock.tick()
    changed = store.memory.update_thread("t1", title="Two", metadata={"b": 3, "d": None})
    assert changed.title == "Two"
    assert changed.metadata == {"a": 1, "b": 3, "d": None}
    assert changed.updated_at == later
    assert store.memory.get_thread_by_id("t1") == changed


def test_a_thread_may_be_archived(store, clock):
    (saved,) = [store.memory.save_thread(thread(archived_at=at(7)))]
    assert saved.archived_at == at(7)
    assert store.memory.save_thread(thread(title="New")).archived_at == at(7)
    changed = store.memory.update_thread("t1", metadata={"a": 1})
    assert changed.archived_at == at(7)
    assert store.memory.update_thread_resource_id("t1", "bob").archived_at == at(7)
    assert store.memory.list_threads().threads[0].archived_at == at(7)
    assert store.memory.copy_thread("t1").thread.archived_at is None
    assert store.memory.save_thread(thread("t2")).archived_at is None


def test_what_an_update_omits_stays(store, clock):
    saved = store.memory.save_thread(thread(title="One", metadata={"a": 1}))
    clock.tick()
    assert store.memory.update_thread("t1", metadata={"b": 2}).title == "One"
    assert store.memory.update_thread("t1", title="Two").metadata == {"a": 1, "b": 2}
    assert store.memory.update_thread("t1", title="").title == "Two"
    read = store.memory.get_thread_by_id("t1")
    assert (read.title, read.metadata) == ("Two", {"a": 1, "b": 2})
    assert read.created_at == saved.created_at
    assert read.resource_id == saved.resource_id


def test_every_update_sets_a_later_time_even_within_a_millisecond(store):
    times = [store.memory.save_thread(thread()).updated_at]
    times += [store.memory.update_thread("t1", metadata={str(i): i}).updated_at for i in range(5)]
    assert times == sorted(set(times))


def test_updating_a_missing_thread_says_so_and_makes_none(store):
    with pytest.raises(NotFoundError) as caught:
        store.memory.update_thread("nowhere", title="x")
    assert (caught.value.kind, caught.value.id) == ("thread", "nowhere")
    assert caught.value.operation == "store.memory.update_thread"
    assert store.memory.get_thread_by_id("nowhere") is None


def test_concurrent_updates_of_metadata_lose_nothing(store):
    store.memory.save_thread(thread(metadata={"begin": 0}))

    def update(worker: int) -> None:
        for i in range(5):
            store.memory.update_thread("t1", metadata={f"{worker}-{i}": i})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(update, range(6)))
    expected = {"begin": 0} | {f"{worker}-{i}": i for worker in range(6) for i in range(5)}
    assert store.memory.get_thread_by_id("t1").metadata == expected


def test_deleting_a_thread_deletes_its_messages_and_no_others(store):
    store.memory.save_thread(thread("t1"))
    store.memory.save_thread(thread("t2"))
    store.memory.save_messages([message(f"m{i}", i) for i in range(60)])
    store.memory.save_messages([message("other", 1, thread_id="t2")])
    store.memory.save_messages([message("cased", 1, thread_id="T1")])
    store.memory.delete_thread("t1")
    assert store.memory.get_thread_by_id("t1") is None
    assert store.memory.list_messages("t1", include_total=True).total == 0
    assert store.memory.list_messages_by_id([f"m{i}" for i in range(60)]) == []
    assert ids(store.memory.list_messages("t2").messages) == ["other"]
    assert ids(store.memory.list_messages("T1").messages) == ["cased"]
    store.memory.delete_thread("t1")


def test_deleting_a_thread_deletes_messages_that_have_no_thread_item(store):
    store.memory.save_messages([message("m1")])
    store.memory.delete_thread("t1")
    assert store.memory.list_messages_by_id(["m1"]) == []


def test_a_thread_of_a_thousand_messages_is_deleted_whole(store):
    store.memory.save_thread(thread())
    names = [f"m{i:04}" for i in range(1000)]
    store.memory.save_messages([message(name, i // 3) for i, name in enumerate(names)])
    assert store.memory.list_messages("t1", per_page=1, include_total=True).total == 1000
    store.memory.delete_thread("t1")
    assert store.memory.list_messages("t1", per_page=None).messages == ()
    assert store.memory.list_messages_by_id(names) == []


@pytest.fixture
def twelve(store):
    """Threads of two resources, some with the same times."""
    for i in range(12):
        owner = "alice" if i % 3 else "bob"
        meta = {"even": i % 2 == 0, "n": i, "tag": ["x", i % 2]}
        store.memory.save_thread(
            thread(
                f"t{i:02}", owner, metadata=meta, created_at=at(i // 4), updated_at=at(100 - i // 4)
            )
        )
    return store.memory


def test_threads_are_listed_the_newest_first_and_by_id_within_a_millisecond(twelve):
    page = twelve.list_threads(include_total=True)
    assert ids(page.threads) == [
        *("t08", "t09", "t10", "t11"),
        *("t04", "t05", "t06", "t07"),
        *("t00", "t01", "t02", "t03"),
    ]
    assert (page.total, page.page, page.per_page, page.has_more) == (12, 0, 100, False)
    assert page.cursor is None


@pytest.mark.parametrize("resource_id", [None, "alice"])
@pytest.mark.parametrize("field", ["created_at", "updated_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_of_threads_are_the_whole_in_any_order(twelve, resource_id, field, direction):
    options = {"resource_id": resource_id, "order_by": (field, direction)}
    whole = twelve.list_threads(per_page=None, include_total=True, **options)
    names = ids(whole.threads)
    assert len(names) == whole.total == (12 if resource_id is None else 8)
    times = [getattr(one, field) for one in whole.threads]
    assert times == sorted(times, reverse=direction == "desc")
    for size in (1, 3, 5, 12):
        cut = [names[i : i + size] for i in range(0, len(names), size)]
        assert by_cursor(twelve.list_threads, "threads", per_page=size, **options) == cut
        assert by_page(twelve.list_threads, "threads", per_page=size, **options) == cut


def test_threads_are_found_by_metadata(twelve):
    def found(**metadata):
        return ids(twelve.list_threads(metadata=metadata, order_by=("created_at", "asc")).threads)

    assert found(even=True) == ["t00", "t02", "t04", "t06", "t08", "t10"]
    assert found(even=True, n=4) == ["t04"]
    assert found(even=1) == []
    assert found(n=4.0) == ["t04"]
    assert found(tag=["x", 1], n=5) == ["t05"]
    assert found(missing=None) == []


def test_filtered_threads_are_paged_without_gaps(twelve):
    options = {"resource_id": "alice", "metadata": {"even": True}, "per_page": 2}
    pages = by_cursor(twelve.list_threads, "threads", **options)
    assert pages == [["t08", "t10"], ["t04", "t02"]]
    page = twelve.list_threads(**options, include_total=True)
    assert (page.total, page.has_more) == (4, True)
    assert twelve.list_threads(**options).total is None


def test_a_page_of_no_threads_counts_none(twelve):
    for options in ({}, {"resource_id": "alice"}, {"metadata": {"even": True}}):
        page = twelve.list_threads(per_page=0, include_total=True, **options)
        assert (page.threads, page.total, page.has_more, page.cursor) == ((), 0, False, None)
        assert twelve.list_threads(per_page=0, **options).total is None


def test_a_page_behind_the_end_is_empty(twelve):
    page = twelve.list_threads(page=9, per_page=5, include_total=True)
    assert (page.threads, page.total, page.has_more, page.cursor) == ((), 12, False, None)


def test_a_cursor_survives_the_deletion_of_its_thread(twelve):
    first = twelve.list_threads(per_page=3, resource_id="alice")
    twelve.delete_thread(first.threads[-1].id)
    rest = twelve.list_threads(per_page=None, resource_id="alice", cursor=first.cursor)
    assert ids(rest.threads) == ["t04", "t05", "t07", "t01", "t02"]


def test_a_cursor_is_refused_by_another_listing(twelve):
    cursor = twelve.list_threads(per_page=2).cursor
    assert cursor
    for other in (
        {"resource_id": "alice"},
        {"order_by": ("created_at", "asc")},
        {"order_by": ("updated_at", "desc")},
        {"metadata": {"even": True}},
    ):
        with pytest.raises(InvalidCursorError):
            twelve.list_threads(cursor=cursor, **other)
    with pytest.raises(InvalidCursorError):
        twelve.list_messages("t01", cursor=cursor)
    assert twelve.list_threads(per_page=5, cursor=cursor).threads


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "W10=", "bnVsbA==", "ÿ", "e30=" * 50])
def test_a_text_that_is_no_cursor_is_refused(twelve, cursor):
    with pytest.raises(InvalidCursorError):
        twelve.list_threads(cursor=cursor)


def test_threads_of_resources_that_differ_by_case_are_kept_apart(store):
    store.memory.save_thread(thread("t1", "Alice", created_at=at(1)))
    store.memory.save_thread(thread("t2", "alice", created_at=at(2)))
    store.memory.save_thread(thread("t3", "Alice", created_at=at(3)))
    page = store.memory.list_threads(resource_id="Alice", per_page=1, include_total=True)
    assert (ids(page.threads), page.total, page.has_more) == (["t3"], 2, True)
    rest = store.memory.list_threads(resource_id="Alice", cursor=page.cursor)
    assert (ids(rest.threads), rest.has_more) == (["t1"], False)


def test_a_thread_is_given_to_another_resource_with_its_messages(store, clock):
    store.memory.save_thread(thread(created_at=at(0)))
    store.memory.save_messages(
        [message("m1", 1, resource_id="alice"), message("m2", 2), message("m3", 3)]
    )
    store.memory.save_messages([message("other", 1, thread_id="t2", resource_id="alice")])
    later = clock.tick(10)
    moved = store.memory.update_thread_resource_id("t1", "bob")
    assert (moved.resource_id, moved.created_at, moved.updated_at) == ("bob", at(0), later)
    assert store.memory.get_thread_by_id("t1") == moved
    messages = store.memory.list_messages("t1").messages
    assert [(m.id, m.resource_id) for m in messages] == [
        ("m1", "bob"),
        ("m2", "bob"),
        ("m3", "bob"),
    ]
    assert store.memory.list_messages_by_id(["other"])[0].resource_id == "alice"
    assert ids(store.memory.list_messages_by_resource_id("bob").messages) == ["m1", "m2", "m3"]
    assert store.memory.update_thread_resource_id("t1", "bob").resource_id == "bob"


def test_giving_away_a_missing_thread_says_so(store):
    with pytest.raises(NotFoundError):
        store.memory.update_thread_resource_id("nowhere", "bob")
