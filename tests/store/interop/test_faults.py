"""Where our store and the TypeScript client differ, and why: nothing else does.

Each difference is shown, so that one that a newer client has no more is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from attrs import frozen

from leyden.errors import DecodeError, ItemTooLargeError
from leyden.store.order import id_key
from tests.store.interop import values
from tests.store.interop.test_every_method import message
from tests.store.interop.twins import OURS, SHARED, THEIRS, Refused, Twins
from tests.store.interop.words import Call

pytestmark = pytest.mark.node

Check = Callable[[Any], Any]


@frozen
class Difference:
    """A call that is answered differently, after calls that the client makes on both tables."""

    name: str
    reason: str
    before: tuple[Call, ...]
    call: Call
    by_them: Check
    by_us: Check


def memory(name: str, **arguments: Any) -> Call:
    return Call(f"memory.{name}", arguments)


def save(*messages: dict[str, Any]) -> Call:
    return memory("save_messages", messages=list(messages))


def ids_of(page: Any) -> list[str]:
    return [entry["id"] for entry in page["messages"]]


def thread(id: str = "t", **fields: Any) -> Call:
    return memory("save_thread", thread={"id": id, "resource_id": "alice", **fields})


def untimed(id: str) -> dict[str, Any]:
    return {**message(id, "t", 0), "created_at": None}


LIST: Final = memory("list_messages", thread_id="t")
PLAIN: Final = message("m1", "t", 1, type="text", content="plain text")
SYSTEM: Final = message("m1", "t", 1, role="system")
LARGE: Final = {"format": 2, "parts": [], "content": "x" * 350_000}
RUN: Final = {"workflow_name": "w", "run_id": "r"}
SCORE: Final = {
    "scorer_id": "s",
    "run_id": "r",
    "entity_id": "e",
    "source": "LIVE",
    "score": 1,
    "scorer": {"id": "s"},
    "entity": {"id": "e"},
    "input": "in",
    "output": "out",
}

DIFFERENCES: Final = (
    Difference(
        "messages of plain text",
        "listMessages leaves out messages whose content is a text, and counts none of them",
        (thread(), save(message("m0", "t", 0), PLAIN)),
        LIST,
        lambda page: (ids_of(page), page["total"]) == (["m0"], 1),
        lambda page: (ids_of(page), page["total"]) == (["m0", "m1"], 2),
    ),
    Difference(
        "messages of the role system",
        "the client's MessageList drops them, though the total counts them",
        (thread(), save(message("m0", "t", 0), SYSTEM)),
        LIST,
        lambda page: (ids_of(page), page["total"]) == (["m0"], 2),
        lambda page: (ids_of(page), page["total"]) == (["m0", "m1"], 2),
    ),
    Difference(
        "lists of parts",
        "the client's MessageList makes them messages of the present format, without their type",
        (thread(), save(message("m0", "t", 0, type="text", content=[{"type": "x", "a": 1}]))),
        LIST,
        lambda page: "type" not in page["messages"][0],
        lambda page: page["messages"][0]["content"] == [{"type": "x", "a": 1}],
    ),
    Difference(
        "several threads",
        "listMessages looks for a thread whose id is all of the ids, and finds none",
        (thread(), thread("u"), save(message("m0", "t", 0)), save(message("n0", "u", 1))),
        memory("list_messages", thread_id=["t", "u"]),
        lambda page: ids_of(page) == [],
        lambda page: ids_of(page) == ["m0", "n0"],
    ),
    Difference(
        "more than one page of DynamoDB",
        "listMessages reads one page of at most 1 MB",
        (thread(), *(save(message(f"m{n}", "t", n, content=LARGE)) for n in range(4))),
        memory("list_messages", thread_id="t", per_page=1),
        lambda page: page["total"] < 4,
        lambda page: page["total"] == 4,
    ),
    Difference(
        "pages of no messages",
        "listMessages counts the thread, and says that there are more, with perPage 0",
        (thread(), save(message("m0", "t", 0), message("m1", "t", 1))),
        memory("list_messages", thread_id="t", per_page=0, include=[{"id": "m1"}]),
        lambda page: ids_of(page) == ["m1"],
        lambda page: ids_of(page) == ["m1"],
    ),
    Difference(
        "ids that differ in case only",
        "keys are in small letters, and the client writes over what has the same key",
        (thread(), save(message("m0", "t", 0))),
        save(message("M0", "t", 1)),
        lambda messages: messages[0]["id"] == "M0",
        lambda said: isinstance(said, Refused) and "KeyCollisionError" in said.words,
    ),
    Difference(
        "the time of a thread's creation",
        "saveThread writes it again, since it is part of an index key",
        (thread(created_at=values.START - timedelta(days=1)),),
        thread(created_at=values.START),
        lambda saved: saved["created_at"] == values.START,
        lambda saved: saved["created_at"] == values.START - timedelta(days=1),
    ),
    Difference(
        "whose thread it is",
        "getThreadById takes no notice of resourceId",
        (thread(),),
        memory("get_thread_by_id", thread_id="t", resource_id="Bob"),
        lambda found: found["resource_id"] == "alice",
        lambda found: found is None,
    ),
    Difference(
        "a thread that is not there",
        "saveMessages sets updatedAt of a missing thread, and so makes an item that is none",
        (save(message("m0", "missing", 0)),),
        memory("get_thread_by_id", thread_id="missing"),
        lambda found: set(found) <= {"id", "updated_at"},
        lambda found: found is None,
    ),
    Difference(
        "all threads, where one is such an item",
        "listThreads fails on it",
        (thread(), save(message("m0", "missing", 0))),
        memory("list_threads"),
        lambda said: isinstance(said, Refused),
        lambda page: [entry["id"] for entry in page["threads"]] == ["t"],
    ),
    Difference(
        "metadata of messages of plain text",
        "updateMessages spreads a text's characters over an object",
        (thread(), save(PLAIN)),
        memory("update_messages", messages=[{"id": "m1", "content": {"metadata": {"a": 1}}}]),
        lambda messages: messages[0]["content"].get("0") == "p",
        lambda said: isinstance(said, Refused) or "0" not in said[0]["content"],
    ),
    Difference(
        "threads with metadata that is no plain value",
        "listThreads compares by identity, which objects and lists never have",
        (thread(metadata={"tags": ["a"]}),),
        memory("list_threads", metadata={"tags": ["a"]}),
        lambda page: page["total"] == 0,
        lambda page: page["total"] == 1,
    ),
    Difference(
        "the status that is expected",
        "updateWorkflowState takes no notice of it",
        (
            Call(
                "workflows.persist_workflow_snapshot",
                {**RUN, "snapshot": {"status": "running", "context": {}}},
            ),
        ),
        Call(
            "workflows.update_workflow_state",
            {**RUN, "opts": {"status": "success"}, "expected_status": "suspended"},
        ),
        lambda state: state["status"] == "success",
        lambda state: state is None,
    ),
    Difference(
        "a score's id",
        "saveScore takes no notice of it",
        (),
        Call("scores.save_score", {"score": {**SCORE, "id": "mine"}}),
        lambda saved: saved["id"] != "mine",
        lambda saved: saved["id"] == "mine",
    ),
    Difference(
        "what a step extracted",
        "saveScore hands it on as an object where its entity takes a text, and so refuses it",
        (),
        Call("scores.save_score", {"score": {**SCORE, "extract_step_result": {"a": 1}}}),
        lambda said: isinstance(said, Refused),
        lambda saved: saved["extract_step_result"] == {"a": 1},
    ),
)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_only_this_differs(twins: Twins, difference: Difference) -> None:
    for number, call in enumerate(difference.before):
        for on in (OURS, THEIRS):
            twins.they(call, on, now=values.START + timedelta(seconds=number))
    now = values.START + timedelta(minutes=1)
    by_them = twins.they(difference.call, now=now)
    assert difference.by_them(by_them), by_them
    by_us = twins.we(difference.call, now=now)
    assert difference.by_us(by_us), by_us


def test_messages_of_plain_text_outlive_a_thread_that_is_deleted_there(twins: Twins) -> None:
    # deleteThread deletes what listMessages lists.
    for on, delete in ((THEIRS, twins.they), (OURS, twins.we)):
        twins.they(thread(), on)
        twins.they(save(message("m0", "t", 0), PLAIN), on)
        delete(memory("delete_thread", thread_id="t"))
    assert [item["id"]["S"] for item in twins.tables[THEIRS].items()] == ["m1"]
    assert twins.tables[OURS].items() == []


def test_a_missing_thread_is_not_made_here(twins: Twins) -> None:
    twins.we(save(message("m0", "missing", 0)))
    (item,) = twins.tables[OURS].items()
    assert item["entity"] == {"S": "message"}


def test_messages_of_one_call_without_times_are_in_order_if_we_save_them(twins: Twins) -> None:
    given_order = ["c", "a", "b", "0", "Z"]
    # saveMessages gives them one time, at which they are in the order of their ids.
    for on in (THEIRS, SHARED):
        twins.we(thread(), on)
    twins.they(save(*(untimed(id) for id in given_order)), now=values.START)
    assert ids_of(twins.they(LIST)) == sorted(given_order, key=id_key)
    twins.we(save(*(untimed(id) for id in given_order)), SHARED)
    assert ids_of(twins.they(LIST, SHARED)) == given_order
    pages = [memory("list_messages", thread_id="t", per_page=2, page=n) for n in range(3)]
    assert [id for page in pages for id in ids_of(twins.they(page, SHARED))] == given_order


def test_only_the_first_messages_thread_is_touched_there(twins: Twins) -> None:
    later = values.START + timedelta(hours=1)
    for on in (OURS, THEIRS):
        for id in ("t", "u"):
            twins.they(thread(id), on, now=values.START)
    saving = save(message("m0", "t", 0), message("n0", "u", 1))
    twins.they(saving, now=later)
    twins.we(saving, now=later)
    touched = {}
    for on in (OURS, THEIRS):
        threads = twins.stores[on].memory.list_threads().threads
        touched[on] = {thread.id for thread in threads if thread.updated_at == later}
    assert touched == {OURS: {"t", "u"}, THEIRS: {"t"}}


def test_whole_numbers_beyond_javascripts_keep_their_digits_until_it_writes(twins: Twins) -> None:
    large = 2**53 + 1
    twins.we(thread(metadata={"large": large, "other": 1}))
    reading = memory("get_thread_by_id", thread_id="t")
    assert twins.we(reading)["metadata"]["large"] == large
    assert twins.they(reading, OURS)["metadata"]["large"] == 2**53
    twins.they(memory("update_thread", id="t", metadata={"other": 2}), OURS)
    assert twins.we(reading)["metadata"] == {"large": 2**53, "other": 2}


def test_names_like_whole_numbers_stand_first_there(twins: Twins) -> None:
    for speak in (twins.we, twins.they):
        speak(thread(metadata={"b": 1, "0": 2}), now=values.START)
    texts = {
        on: next(item["metadata"]["S"] for item in twins.tables[on].items())
        for on in (OURS, THEIRS)
    }
    assert texts == {OURS: '{"b":1,"0":2}', THEIRS: '{"0":2,"b":1}'}
    reading = memory("get_thread_by_id", thread_id="t")
    assert twins.we(reading, THEIRS) == twins.we(reading) == twins.they(reading, OURS)


def test_updated_at_never_goes_back_here(twins: Twins) -> None:
    future = values.START + timedelta(days=1)
    for on in (OURS, THEIRS):
        twins.they(thread(updated_at=future), on, now=values.START)
    changing = memory("update_thread", id="t", title="New")
    assert twins.they(changing, now=values.START)["updated_at"] == values.START
    later = future + timedelta(milliseconds=1)
    assert twins.we(changing, now=values.START)["updated_at"] == later


def test_a_thread_of_the_last_millisecond_can_still_be_changed(twins: Twins) -> None:
    last = values.START.replace(year=9999, month=12, day=31, hour=23, minute=59, second=59)
    last = last.replace(microsecond=999_000)
    twins.they(thread(updated_at=last), OURS, now=values.START)
    changed = twins.we(memory("update_thread", id="t", title="New"), now=values.START)
    assert changed["title"] == "New"


def test_a_year_that_python_does_not_have_is_said_to_be_unreadable(twins: Twins) -> None:
    twins.they(thread(), OURS)
    table = twins.tables[OURS]
    (item,) = table.items()
    table.put({**item, "createdAt": {"S": "+010000-01-01T00:00:00.000Z"}})
    with pytest.raises(DecodeError, match="createdAt"):
        twins.stores[OURS].memory.get_thread_by_id("t")


def test_a_snapshot_that_is_too_large_is_refused_with_its_size(twins: Twins) -> None:
    snapshot = {"status": "running", "context": {}, "value": "x" * 420_000}
    persisting = Call("workflows.persist_workflow_snapshot", {**RUN, "snapshot": snapshot})
    assert isinstance(twins.they(persisting), Refused)
    with pytest.raises(ItemTooLargeError, match="420"):
        persisting.on(twins.stores[OURS])
