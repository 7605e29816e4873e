"""Messages that are saved without a time are read in the order in which they were given."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conformance.made import at, by_cursor, by_page, content, ids, message

TURN = ["b3f1", "0a77", "9c20", "Z", "_"]
MILLISECOND = timedelta(milliseconds=1)
_numbers = itertools.count()


def untimed(*names, thread_id="t1"):
    return [message(name, thread_id=thread_id, created_at=None) for name in names]


def listed(store, thread_id="t1", direction="asc"):
    page = store.memory.list_messages(
        thread_id, per_page=None, order_by=("created_at", direction), include_total=False
    )
    return ids(page.messages)


@pytest.mark.parametrize("atomic", [False, True])
def test_one_call_keeps_the_order_in_which_it_was_given(store, clock, atomic):
    saved = store.memory.save_messages(untimed(*TURN), atomic=atomic)
    assert ids(saved) == TURN
    assert [one.created_at for one in saved] == [clock.now + n * MILLISECOND for n in range(5)]
    assert [one.updated_at for one in saved] == [one.created_at for one in saved]
    assert listed(store) == TURN
    assert listed(store, direction="desc") == TURN[::-1]
    assert store.memory.list_messages_by_id(sorted(TURN)) == saved
    for pages in (by_cursor, by_page):
        found = pages(store.memory.list_messages, "messages", thread_id="t1", per_page=2)
        assert [id for page in found for id in page] == TURN


def test_calls_within_one_millisecond_follow_each_other(store):
    for name in TURN:
        store.memory.save_messages(untimed(name))
    assert listed(store) == TURN


def test_a_call_of_more_messages_than_milliseconds_have_passed_is_before_the_next(store, clock):
    many = [f"{n:03}" for n in range(60, 0, -1)]
    store.memory.save_messages(untimed(*many))
    clock.tick(3)
    store.memory.save_messages(untimed("000"))
    clock.tick(1000)
    (late,) = store.memory.save_messages(untimed("00"))
    assert late.created_at == clock.now
    assert listed(store) == [*many, "000", "00"]


def test_a_given_time_stays_and_the_others_keep_out_of_its_way(store, clock):
    first, second, past = clock.now, clock.now + 2 * MILLISECOND, at(5)
    several = untimed("d", "c", "b", "a")
    several[1:1] = [
        message("past", created_at=past),
        message("first", created_at=first),
        message("second", created_at=second),
    ]
    saved = {one.id: one.created_at for one in store.memory.save_messages(several)}
    assert (saved["past"], saved["first"], saved["second"]) == (past, first, second)
    assert listed(store) == ["past", "first", "d", "second", "c", "b", "a"]


def test_an_id_given_twice_is_where_it_was_given_last(store):
    several = untimed("b", "a", "b")
    several[2]["content"] = content("Again")
    saved = store.memory.save_messages(several)
    assert ids(saved) == listed(store) == ["a", "b"]
    assert saved[1].content == content("Again")


def test_changing_moving_and_copying_keep_the_order(store, clock):
    store.memory.save_thread({"id": "t1", "resource_id": "alice"})
    store.memory.save_messages(untimed(*TURN))
    clock.tick(5000)
    store.memory.update_messages(
        [{"id": name, "content": {"metadata": {"seen": True}}} for name in reversed(TURN)]
    )
    assert listed(store) == TURN
    copy = store.memory.clone_thread("t1")
    assert [copy.message_id_map[name] for name in TURN] == listed(store, copy.thread.id)
    store.memory.update_messages([{"id": name, "thread_id": "t2"} for name in sorted(TURN)])
    assert listed(store, "t2") == TURN


def test_a_clock_that_wavers_changes_no_order_and_one_that_is_set_back_is_believed(store, clock):
    store.memory.save_messages(untimed("b"))
    clock.now -= timedelta(seconds=2)
    store.memory.save_messages(untimed("a"))
    assert listed(store) == ["b", "a"]
    clock.now -= timedelta(hours=1)
    (saved,) = store.memory.save_messages(untimed("c"))
    assert saved.created_at == clock.now
    clock.now += timedelta(hours=2)


def test_the_last_time_of_all_is_not_passed(store, clock):
    before = clock.now
    clock.now = datetime.fromisoformat("9999-12-31T23:59:59.999Z")
    saved = store.memory.save_messages(untimed("a", "b"))
    assert {one.created_at for one in saved} == {clock.now}
    clock.now = before


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    calls=st.lists(
        st.lists(st.none() | st.integers(-3, 5), min_size=1, max_size=4), min_size=1, max_size=4
    ),
    pauses=st.lists(st.integers(0, 4), min_size=4, max_size=4),
    data=st.data(),
)
def test_whatever_is_mixed_those_without_a_time_keep_their_order(store, clock, calls, pauses, data):
    thread = f"of {next(_numbers)}"
    names = data.draw(st.permutations(range(sum(map(len, calls)))))
    nameless = iter(names)
    expected = []
    for call, pause in zip(calls, pauses, strict=False):
        clock.tick(pause)
        several = []
        for offset in call:
            name = f"{thread}-{next(nameless):02}"
            time = None if offset is None else clock.now + offset * MILLISECOND
            several.append(message(name, thread_id=thread, created_at=time))
            if time is None:
                expected.append(name)
        store.memory.save_messages(several)
    found = listed(store, thread)
    assert [name for name in found if name in expected] == expected
