"""Values at the edges are kept as they are."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conformance.made import content, ids, message, thread

TEXTS = [
    "",
    " ",
    "null",
    "{}",
    '{"a": 1}',
    "[1, 2]",
    "é",
    "e\u0301",
    "😀👩‍👩‍👧‍👦",
    "\u0000\u001f\u2028",
    "日本語",
    "\U0010ffff",
    'quote " and \\ and \n',
    "x" * 5_000,
]
IDS = [
    "a b",
    "é",
    "ÉÉ",
    "日本",
    "😀",
    "a/b?c=d&e",
    "#",
    "a_b-c.d:e",
    "x" * 500,
    "null",
    "{}",
    "0",
    "'\"",
]
TIMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(99, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_kept_wherever_they_are(store, text):
    metadata = {text: text, "list": [text, {text: [text]}]}
    store.memory.save_thread(thread(title=text, metadata=metadata))
    read = store.memory.get_thread_by_id("t1")
    assert (read.title, read.metadata) == (text or "Thread t1", metadata)
    parts = content(text, content=text, metadata=metadata)
    store.memory.save_messages([{**message("m1"), "content": parts, "tool_call_args": metadata}])
    (one,) = store.memory.list_messages("t1", metadata={text: text}).messages
    assert (one.content, one.tool_call_args) == (parts, metadata)
    store.workflows.persist_workflow_snapshot("w", "r", metadata)
    assert store.workflows.load_workflow_snapshot("w", "r") == metadata


@pytest.mark.parametrize("id", IDS)
def test_ids_of_any_characters_are_found_again(store, id):
    store.memory.save_thread(thread(id, id))
    store.memory.save_messages([message(id, thread_id=id, resource_id=id), message("m1")])
    assert ids(store.memory.list_threads(resource_id=id).threads) == [id]
    assert ids(store.memory.list_messages(id, resource_id=id).messages) == [id]
    assert ids(store.memory.list_messages_by_id([id])) == [id]
    assert ids(store.memory.list_messages_by_resource_id(id).messages) == [id]
    store.memory.update_messages([{"id": id, "role": "system"}])
    assert store.memory.list_messages_by_id([id])[0].role == "system"
    store.memory.delete_thread(id)
    assert store.memory.list_messages_by_id([id, "m1"])[0].id == "m1"


def test_times_at_the_edges_are_kept_and_in_order(store):
    store.memory.save_messages([message(f"m{i}", created_at=time) for i, time in enumerate(TIMES)])
    read = store.memory.list_messages("t1").messages
    assert [one.created_at for one in read] == TIMES
    assert ids(read) == [f"m{i}" for i in range(len(TIMES))]
    page = store.memory.list_messages("t1", per_page=1, order_by=("created_at", "desc"))
    seen = list(ids(page.messages))
    while page.cursor:
        page = store.memory.list_messages(
            "t1", per_page=1, order_by=("created_at", "desc"), cursor=page.cursor
        )
        seen += ids(page.messages)
    assert seen == [f"m{i}" for i in reversed(range(len(TIMES)))]
    for time in TIMES:
        (one,) = store.memory.list_messages("t1", date_range={"start": time, "end": time}).messages
        assert one.created_at == time
        after = {"start": time, "start_exclusive": True}
        assert store.memory.list_messages("t1", date_range=after, include_total=True).total == sum(
            other > time for other in TIMES
        )


@pytest.mark.parametrize("time", TIMES)
def test_threads_of_any_time_are_kept_and_changed(store, time):
    store.memory.save_thread(thread(created_at=time, updated_at=time))
    read = store.memory.get_thread_by_id("t1")
    assert (read.created_at, read.updated_at) == (time, time)
    changed = store.memory.update_thread("t1", metadata={"a": 1})
    assert changed.created_at == time
    assert changed.updated_at >= time


def test_times_are_cut_to_milliseconds(store):
    exact = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)
    cut = exact.replace(microsecond=678_000)
    saved = store.memory.save_thread(thread(created_at=exact, updated_at=exact))
    assert (saved.created_at, saved.updated_at) == (cut, cut)
    (one,) = store.memory.save_messages([message("m1", created_at=exact)])
    assert one.created_at == cut
    assert store.memory.list_messages("t1").messages == (one,)


def test_metadata_is_deep(store):
    deep: object = "bottom"
    for i in range(60):
        deep = {"level": i, "in": [deep]}
    store.memory.save_thread(thread(metadata={"deep": deep}))
    assert store.memory.get_thread_by_id("t1").metadata == {"deep": deep}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-(2.0**53), 2.0**53)
    | st.sampled_from([1e21, -1e300, 5e-324])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
json_objects = st.dictionaries(st.text(max_size=6), json_values, max_size=4)
_runs = itertools.count()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=json_objects, more=json_objects, parts=st.lists(json_objects, max_size=3))
def test_any_json_is_kept_and_merged(store, metadata, more, parts):
    id = f"x{next(_runs)}"
    store.memory.save_thread(thread(id, metadata=metadata))
    assert store.memory.get_thread_by_id(id).metadata == metadata
    assert store.memory.update_thread(id, metadata=more).metadata == {**metadata, **more}
    assert store.memory.get_thread_by_id(id).metadata == {**metadata, **more}
    body = {"format": 2, "parts": parts, "metadata": metadata}
    store.memory.save_messages([{**message(id, thread_id=id), "content": body}])
    store.memory.update_messages([{"id": id, "content": {"metadata": more}}])
    (one,) = store.memory.list_messages(id, metadata=more).messages
    assert one.content == {**body, "metadata": {**metadata, **more}}
