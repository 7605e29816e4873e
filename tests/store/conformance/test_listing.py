"""Listings of messages: order, pages, cursors, filters and included neighbours."""

from __future__ import annotations

import itertools
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.errors import InvalidCursorError
from leyden.store.order import id_key
from leyden.store.records import DateRange, Include
from tests.store.conformance.made import (
    at,
    by_cursor,
    by_page,
    content,
    ids,
    message,
    pages_by_cursor,
    thread,
)

_numbers = itertools.count()


@pytest.fixture
def nine(store):
    """Messages m0 to m8, three at each of three times."""
    store.memory.save_messages(
        [
            message(
                f"m{i}",
                i // 3,
                resource_id=["alice", "bob", None][i % 3],
                content=content(str(i), metadata={"n": i, "odd": bool(i % 2), "deep": {"x": [i]}}),
            )
            for i in range(9)
        ]
    )
    return store.memory


def listed(memory, **options):
    return ids(memory.list_messages("t1", **options).messages)


def test_messages_are_listed_by_time_and_within_a_millisecond_by_id_in_both_directions(nine):
    assert listed(nine) == [f"m{i}" for i in range(9)]
    backwards = ["m6", "m7", "m8", "m3", "m4", "m5", "m0", "m1", "m2"]
    assert listed(nine, order_by=("created_at", "desc")) == backwards


def test_ids_of_the_same_time_are_in_the_order_of_javascript(store):
    names = ["B", "a10", "a2", "a-1", "a_1", "z", "1", "A1", "b2"]
    store.memory.save_messages([message(name) for name in names])
    expected = ["1", "a_1", "a-1", "A1", "a10", "a2", "B", "b2", "z"]
    assert sorted(names, key=id_key) == expected
    for direction in ("asc", "desc"):
        assert listed(store.memory, order_by=("created_at", direction)) == expected


def test_a_page_says_what_it_is(nine):
    page = nine.list_messages("t1", page=1, per_page=4, include_total=True)
    assert (ids(page.messages), page.total, page.page) == (["m4", "m5", "m6", "m7"], 9, 1)
    assert (page.per_page, page.has_more) == (4, True)
    assert page.cursor is not None
    last = nine.list_messages("t1", page=2, per_page=4)
    assert (ids(last.messages), last.has_more, last.cursor) == (["m8"], False, None)


def test_a_full_last_page_has_no_more(nine):
    page = nine.list_messages("t1", page=2, per_page=3)
    assert (len(page.messages), page.has_more, page.cursor) == (3, False, None)


def test_a_page_behind_the_end_is_empty(nine):
    page = nine.list_messages("t1", page=7, per_page=4, include_total=True)
    assert (page.messages, page.total, page.has_more, page.cursor) == ((), 9, False, None)


def test_a_page_of_no_messages_counts_none(nine):
    for options in ({}, {"metadata": {"odd": True}}, {"date_range": {"start": at(1)}}):
        page = nine.list_messages("t1", per_page=0, include_total=True, **options)
        assert (page.messages, page.total, page.has_more, page.per_page) == ((), 0, False, 0)
        assert page.cursor is None
        assert nine.list_messages("t1", per_page=0, **options).total is None


def test_all_messages_are_given_on_one_page(nine):
    page = nine.list_messages("t1", per_page=None)
    assert (len(page.messages), page.per_page, page.has_more) == (9, None, False)


def test_forty_messages_are_a_page_where_nothing_else_is_said(store):
    store.memory.save_messages([message(f"m{i:02}", i) for i in range(50)])
    page = store.memory.list_messages("t1", include_total=True)
    assert (len(page.messages), page.per_page, page.total, page.has_more) == (40, 40, 50, True)


def test_the_total_is_left_out_where_it_is_not_asked_for(nine):
    page = nine.list_messages("t1", per_page=3)
    assert (page.total, page.has_more, len(page.messages)) == (None, True, 3)


def test_a_thread_without_messages_has_an_empty_page(store):
    page = store.memory.list_messages("nowhere", include_total=True)
    assert (page.messages, page.total, page.has_more, page.cursor) == ((), 0, False, None)


def test_several_threads_are_listed_as_if_they_were_one(store):
    store.memory.save_messages(
        [message(f"m{i:02}", i // 4, thread_id=f"t{i % 3}") for i in range(24)]
    )
    read = store.memory.list_messages
    names = [f"m{i:02}" for i in range(24) if i % 3 != 1]
    assert ids(read(["t0", "t2", "t0"], per_page=None).messages) == names
    assert read(["t0", "t2"], include_total=True).total == 16
    for size in (1, 5, 16):
        cut = [names[i : i + size] for i in range(0, len(names), size)]
        assert by_cursor(read, "messages", thread_id=["t0", "t2"], per_page=size) == cut
        assert by_page(read, "messages", thread_id=["t2", "t0"], per_page=size) == cut
    cursor = read(["t0", "t2"], per_page=3).cursor
    assert ids(read(["t2", "t0"], per_page=2, cursor=cursor).messages) == names[3:5]


def test_threads_whose_ids_differ_by_case_are_kept_apart(store):
    store.memory.save_messages(
        [message(f"m{i:02}", i, thread_id="T1" if i % 2 else "t1") for i in range(20)]
    )
    for thread_id, first in (("t1", 0), ("T1", 1)):
        expected = [f"m{i:02}" for i in range(first, 20, 2)]
        read = store.memory.list_messages
        assert ids(read(thread_id).messages) == expected
        assert read(thread_id, per_page=1, include_total=True).total == 10
        pages = by_cursor(read, "messages", thread_id=thread_id, per_page=3)
        assert pages == [expected[0:3], expected[3:6], expected[6:9], expected[9:]]


def test_messages_are_filtered_by_their_resource(nine):
    assert listed(nine, resource_id="alice") == ["m0", "m3", "m6"]
    assert listed(nine, resource_id="nobody") == []
    page = nine.list_messages("t1", resource_id="bob", per_page=2, include_total=True)
    assert (ids(page.messages), page.total, page.has_more) == (["m1", "m4"], 3, True)
    assert listed(nine, resource_id="bob", per_page=2, cursor=page.cursor) == ["m7"]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("start", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("end", [None, 0, 1, 2, 3])
def test_messages_are_filtered_by_dates(nine, start, end, direction):
    for start_exclusive, end_exclusive in itertools.product((False, True), repeat=2):
        expected = {
            f"m{i}"
            for i in range(9)
            if (start is None or i // 3 > start or (i // 3 == start and not start_exclusive))
            and (end is None or i // 3 < end or (i // 3 == end and not end_exclusive))
        }
        dates = DateRange(
            start=None if start is None else at(start),
            end=None if end is None else at(end),
            start_exclusive=start_exclusive,
            end_exclusive=end_exclusive,
        )
        page = nine.list_messages(
            "t1",
            date_range=dates,
            per_page=None,
            order_by=("created_at", direction),
            include_total=True,
        )
        assert set(ids(page.messages)) == expected
        assert page.total == len(expected)


def test_dates_are_taken_as_a_mapping_and_in_any_time_zone(nine):
    start = at(1).astimezone(timezone(timedelta(hours=9, minutes=30)))
    assert listed(nine, date_range={"start": start, "end": at(1)}) == ["m3", "m4", "m5"]
    late = at(1) + timedelta(microseconds=900)
    assert listed(nine, date_range={"start": late, "end": late}) == ["m3", "m4", "m5"]


def test_messages_are_filtered_by_the_metadata_of_their_content(nine):
    assert listed(nine, metadata={"odd": True}) == ["m1", "m3", "m5", "m7"]
    assert listed(nine, metadata={"odd": True, "n": 3}) == ["m3"]
    assert listed(nine, metadata={"deep": {"x": [4]}}) == ["m4"]
    assert listed(nine, metadata={"odd": 1}) == []
    assert listed(nine, metadata={"missing": None}) == []
    assert listed(nine, metadata={}) == [f"m{i}" for i in range(9)]


def test_filtered_messages_are_paged_without_gaps(nine):
    options = {"thread_id": "t1", "metadata": {"odd": True}, "per_page": 3}
    pages = list(pages_by_cursor(nine.list_messages, include_total=True, **options))
    assert [ids(page.messages) for page in pages] == [["m1", "m3", "m5"], ["m7"]]
    assert [page.total for page in pages] == [4, 4]
    exact = {**options, "per_page": 4}
    assert nine.list_messages(**exact).has_more is False
    assert nine.list_messages(**exact).cursor is None
    assert nine.list_messages(**exact, include_total=True).has_more is False


def test_texts_have_no_metadata(store):
    store.memory.save_messages([{**message("m1"), "content": "text"}, message("m2")])
    assert listed(store.memory, metadata={"a": 1}) == []
    assert listed(store.memory) == ["m1", "m2"]


def test_reading_on_by_cursor_skips_and_repeats_nothing_when_messages_come_and_go(store):
    memory = store.memory
    memory.save_messages([message(f"m{i:02}", i // 3 * 10) for i in range(18)])
    first = memory.list_messages("t1", per_page=4)
    assert ids(first.messages) == ["m00", "m01", "m02", "m03"]
    memory.delete_messages(["m03", "m00", "m05"])
    memory.save_messages([message("early", 0), message("m04b", 10), message("between", 15)])
    second = memory.list_messages("t1", per_page=4, cursor=first.cursor)
    assert ids(second.messages) == ["m04", "m04b", "between", "m06"]
    memory.delete_thread("t1")
    third = memory.list_messages("t1", per_page=4, cursor=second.cursor)
    assert (third.messages, third.has_more, third.cursor) == ((), False, None)


def test_a_page_size_may_change_on_the_way(nine):
    first = nine.list_messages("t1", per_page=2)
    second = nine.list_messages("t1", per_page=5, cursor=first.cursor)
    rest = nine.list_messages("t1", per_page=None, cursor=second.cursor)
    assert ids(second.messages) == ["m2", "m3", "m4", "m5", "m6"]
    assert (ids(rest.messages), rest.cursor) == (["m7", "m8"], None)


def test_a_cursor_is_refused_by_another_listing(nine):
    cursor = nine.list_messages("t1", per_page=2).cursor
    for other in (
        {"thread_id": "t2"},
        {"thread_id": ["t1", "t2"]},
        {"order_by": ("created_at", "desc")},
        {"resource_id": "alice"},
        {"date_range": {"start": at(0)}},
        {"metadata": {"odd": True}},
    ):
        with pytest.raises(InvalidCursorError):
            nine.list_messages(**{"thread_id": "t1", "cursor": cursor, **other})
    with pytest.raises(InvalidCursorError):
        nine.list_threads(cursor=cursor)
    with pytest.raises(InvalidCursorError):
        nine.list_messages_by_resource_id("alice", cursor=cursor)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "W10=", "bnVsbA==", "ÿ", "e30=" * 50])
def test_a_text_that_is_no_cursor_is_refused(nine, cursor):
    with pytest.raises(InvalidCursorError):
        nine.list_messages("t1", cursor=cursor)


def test_a_cursor_that_was_changed_is_refused(nine):
    cursor = nine.list_messages("t1", per_page=2).cursor
    for changed in (cursor[:-4], cursor[4:], cursor + "AAAA", cursor[::-1]):
        with pytest.raises(InvalidCursorError):
            nine.list_messages("t1", cursor=changed)


INCLUDES = [
    ([Include(id="m4")], ["m0", "m4"]),
    ([Include(id="m4", with_previous_messages=1)], ["m0", "m3", "m4"]),
    ([Include(id="m4", with_next_messages=2)], ["m0", "m4", "m5", "m6"]),
    ([{"id": "m4", "with_previous_messages": 2, "with_next_messages": 1}], None),
    ([Include(id="m1", with_previous_messages=9)], ["m0", "m1"]),
    ([Include(id="m8", with_next_messages=9)], ["m0", "m8"]),
    ([Include(id="m0")], ["m0"]),
    ([Include(id="missing", with_next_messages=3)], ["m0"]),
    ([Include(id="m4", thread_id="t1")], ["m0", "m4"]),
    ([Include(id="m4", thread_id="t2", with_next_messages=1)], ["m0", "m4", "m5"]),
    ([Include(id="m5"), Include(id="m3"), Include(id="m5")], ["m0", "m3", "m5"]),
]


@pytest.mark.parametrize(("include", "expected"), INCLUDES)
def test_messages_are_included_with_their_neighbours(nine, include, expected):
    page = nine.list_messages("t1", per_page=1, include=include, include_total=True)
    given = expected or ["m0", "m2", "m3", "m4", "m5"]
    assert ids(page.messages) == given
    assert (page.total, page.has_more) == (9, True)
    left = [f"m{i}" for i in range(9) if f"m{i}" not in given]
    for again in ((), include):
        rest = nine.list_messages("t1", per_page=3, cursor=page.cursor, include=again)
        assert ids(rest.messages) == left[:3], "included messages are given once"


@pytest.mark.parametrize(
    ("include", "more"),
    [
        ([Include(id="m8", with_previous_messages=3)], False),
        ([Include(id="m8", with_previous_messages=9)], False),
        ([Include(id="m8"), Include(id="m5", with_next_messages=1)], True),
        ([Include(id="m8"), Include(id="m5", with_next_messages=2)], False),
        ([Include(id="m0", with_next_messages=3)], True),
    ],
)
@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("metadata", [None, {}])
def test_there_are_no_more_once_page_and_include_are_everything(
    nine, include, more, total, metadata
):
    options = {"per_page": 5, "metadata": metadata, "include_total": total}
    page = nine.list_messages("t1", include=include, **options)
    assert (page.has_more, page.cursor is not None) == (more, more)
    every = [pages_by_cursor(nine.list_messages, thread_id="t1", include=include, **options)]
    names = [name for pages in every for one in pages for name in ids(one.messages)]
    assert sorted(names) == [f"m{i}" for i in range(9)]


def test_what_only_the_filter_lets_through_is_left_to_come(nine):
    # m5 and m7 follow the page, and m7 is given beside it.
    options = {"metadata": {"odd": True}, "per_page": 2}
    for total in (False, True):
        page = nine.list_messages("t1", include=[Include(id="m7")], include_total=total, **options)
        assert (ids(page.messages), page.has_more) == (["m1", "m3", "m7"], True)
        rest = nine.list_messages("t1", cursor=page.cursor, include_total=total, **options)
        assert (ids(rest.messages), rest.has_more, rest.cursor) == (["m5"], False, None)
        assert rest.total == (4 if total else None)


def test_a_cursor_gives_nothing_of_several_threads_again(store):
    memory = store.memory
    for i in range(12):
        memory.save_messages([message(f"m{i:02}", i, thread_id=f"t{i % 2}")])
    include = [{"id": "m07", "with_previous_messages": 1}, {"id": "m02"}, {"id": "m11"}]
    for again in ((), include):
        for direction in ("asc", "desc"):
            options = {"order_by": ("created_at", direction), "per_page": 3}
            page = memory.list_messages(["t0", "t1"], include=include, **options)
            names = ids(page.messages)
            while page.cursor:
                page = memory.list_messages(
                    ["t1", "t0"], include=again, cursor=page.cursor, **options
                )
                names += ids(page.messages)
            assert sorted(names) == [f"m{i:02}" for i in range(12)]


def test_a_message_that_has_moved_is_included_where_it_is_now(store):
    memory = store.memory
    memory.save_messages([message(f"a{i}", i) for i in range(3)])
    memory.save_messages([message(f"b{i}", i, thread_id="t2") for i in range(3)])
    memory.update_messages([{"id": "a1", "thread_id": "t2"}])
    around = {"with_previous_messages": 1, "with_next_messages": 1}
    for stale in ({"thread_id": "t1"}, {"thread_id": "t2"}, {"thread_id": "nowhere"}, {}):
        page = memory.list_messages("t1", per_page=0, include=[{"id": "a1", **around, **stale}])
        assert ids(page.messages) == ["b0", "a1", "b1"] or ids(page.messages) == ["b1", "a1", "b2"]
        assert "a1" in ids(page.messages)


def test_a_message_is_included_the_same_whether_its_place_is_known_or_not(store):
    memory = store.memory
    # Four at each of three times, in two threads, some of another resource.
    memory.save_messages(
        [
            message(
                f"m{i:02}",
                i // 4,
                thread_id="t1" if i % 3 else "t2",
                resource_id="bob" if i % 7 == 6 else "alice",
            )
            for i in range(12)
        ]
    )
    everywhere = [*memory.list_messages("t1").messages, *memory.list_messages("t2").messages]
    assert len(everywhere) == 12
    for before, after in ((1, 0), (0, 1), (3, 2)):
        for one in everywhere:
            around = {"with_previous_messages": before, "with_next_messages": after}
            asked = {"id": one.id, "thread_id": one.thread_id, **around}
            for owner in (None, "alice"):
                plain, placed = (
                    memory.list_messages("t1", per_page=0, resource_id=owner, include=[include])
                    for include in (asked, {**asked, "created_at": one.created_at})
                )
                assert ids(placed.messages) == ids(plain.messages)
                assert one.id in ids(placed.messages) or one.resource_id == "bob"


def test_a_message_whose_place_is_known_wrongly_is_included_where_it_is(nine):
    around = {"with_previous_messages": 1, "with_next_messages": 1}
    for place in (
        {"thread_id": "t1", "created_at": at(500)},
        {"thread_id": "t9", "created_at": at(0)},
        {"created_at": at(0)},
    ):
        assert listed(nine, per_page=0, include=[{"id": "m4", **around, **place}]) == [
            *("m3", "m4", "m5"),
        ]
    missing = {"id": "missing", "thread_id": "t1", "created_at": at(0), **around}
    assert listed(nine, per_page=0, include=[missing]) == []


def test_included_messages_are_in_the_order_of_the_page(nine):
    include = [Include(id="m4", with_previous_messages=1, with_next_messages=2)]
    names = listed(nine, per_page=1, order_by=("created_at", "desc"), include=include)
    assert names == ["m6", "m3", "m4", "m5"]
    assert listed(nine, per_page=0, include=include) == ["m3", "m4", "m5", "m6"]


def test_messages_of_other_threads_are_included(store):
    memory = store.memory
    memory.save_messages([message(f"a{i}", i) for i in range(3)])
    memory.save_messages([message(f"b{i}", i, thread_id="t2") for i in range(5)])
    include = [{"id": "b2", "with_previous_messages": 1, "with_next_messages": 1}]
    page = memory.list_messages("t1", include=include, include_total=True)
    assert ids(page.messages) == ["a0", "a1", "b1", "a2", "b2", "b3"]
    assert page.total == 3
    assert ids(memory.list_messages("nowhere", include=include).messages) == ["b1", "b2", "b3"]


def test_included_messages_are_those_of_the_resource(nine):
    def included(id, **around):
        return listed(nine, per_page=0, resource_id="alice", include=[Include(id=id, **around)])

    assert included("m4") == []
    assert included("m3", with_previous_messages=1, with_next_messages=1) == ["m0", "m3", "m6"]


def test_filters_are_not_for_what_is_included(nine):
    options = {"metadata": {"n": 0}, "date_range": {"end": at(0)}}
    assert listed(nine, **options, include=[Include(id="m8")]) == ["m0", "m8"]


def test_messages_of_a_resource_are_those_in_its_threads(store):
    memory = store.memory
    for id, owner in (("t1", "alice"), ("t2", "alice"), ("t3", "bob")):
        memory.save_thread(thread(id, owner))
    memory.save_messages(
        [
            message(f"m{i:02}", i // 4, thread_id=f"t{1 + i % 3}", resource_id=owner)
            for i, owner in zip(range(24), itertools.cycle(["alice", None, "alice", "carol"]))
        ]
    )
    owners = list(itertools.islice(itertools.cycle(["alice", None, "alice", "carol"]), 24))
    expected = [f"m{i:02}" for i in range(24) if i % 3 != 2 and owners[i] != "carol"]
    read = memory.list_messages_by_resource_id
    page = read("alice", per_page=None, include_total=True)
    assert (ids(page.messages), page.total) == (expected, len(expected))
    for size in (1, 4):
        cut = [expected[i : i + size] for i in range(0, len(expected), size)]
        assert by_cursor(read, "messages", resource_id="alice", per_page=size) == cut
        assert by_page(read, "messages", resource_id="alice", per_page=size) == cut
    newest = ("created_at", "desc")
    late = read("alice", date_range={"start": at(3)}, order_by=newest, include_total=True)
    assert {m.created_at >= at(3) for m in late.messages} == {True}
    assert late.total == sum(1 for name in expected if int(name[1:]) >= 12)
    assert read("nobody").messages == ()


def test_messages_of_a_resource_are_included_with_neighbours(store):
    memory = store.memory
    memory.save_thread(thread("t1", "alice"))
    memory.save_thread(thread("t2", "bob"))
    memory.save_messages([message(f"a{i}", i) for i in range(5)])
    memory.save_messages([message(f"b{i}", i, thread_id="t2") for i in range(5)])
    page = memory.list_messages_by_resource_id(
        "alice",
        per_page=1,
        include=[Include(id="a3", with_next_messages=1), Include(id="b1")],
        include_total=True,
    )
    assert ids(page.messages) == ["a0", "a3", "a4"]
    assert (page.total, page.has_more) == (5, True)


def test_a_thread_of_more_than_a_megabyte_is_whole(store):
    text = "x" * 30_000
    names = [f"m{i:03}" for i in range(120)]
    store.memory.save_messages([message(n, i, text=text) for i, n in enumerate(names)])
    assert ids(store.memory.list_messages("t1", per_page=None).messages) == names
    newest = ("created_at", "desc")
    page = store.memory.list_messages("t1", per_page=5, order_by=newest, include_total=True)
    assert (ids(page.messages), page.total) == (names[:-6:-1], 120)
    filtered = store.memory.list_messages("t1", metadata={"none": 1}, include_total=True)
    assert (filtered.messages, filtered.total) == ((), 0)
    assert ids(store.memory.list_messages("t1", page=11, per_page=10).messages) == names[110:]


names_of_messages = st.text("aAbB01-_. é", min_size=1, max_size=4).filter(str.strip)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    entries=st.dictionaries(
        names_of_messages, st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=9
    ),
    direction=st.sampled_from(["asc", "desc"]),
    several=st.booleans(),
)
def test_pages_together_are_the_whole_also_where_ties_straddle_them(
    store, entries, direction, several
):
    run = next(_numbers)
    entries = {name.lower(): where for name, where in entries.items()}
    stored = {f"{name}x{run}": where for name, where in entries.items()}
    threads = [f"t{run}-0", f"t{run}-1"]
    store.memory.save_messages(
        [message(id, time, thread_id=threads[t]) for id, (time, t) in stored.items()]
    )
    asked = threads if several else threads[0]
    sign = -1 if direction == "desc" else 1
    whole = sorted(
        (id for id, (_, t) in stored.items() if several or t == 0),
        key=lambda id: (sign * stored[id][0], id_key(id)),
    )
    options = {"thread_id": asked, "order_by": ("created_at", direction)}
    read = store.memory.list_messages
    assert ids(read(per_page=None, **options).messages) == whole
    for size in range(1, len(whole) + 2):
        cut = [whole[i : i + size] for i in range(0, len(whole), size)] or [[]]
        assert by_cursor(read, "messages", per_page=size, include_total=True, **options) == cut
        assert by_page(read, "messages", per_page=size, **options) == cut
