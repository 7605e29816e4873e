"""What the conversation store promises beside what Pydantic AI's own one does."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
)
from pydantic_ai.messages import ModelRequest, ToolCallPart, UserPromptPart
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import DeferredToolRequests
from pydantic_ai.usage import RunUsage

from leyden.agents.pydantic_ai import LeydenConversationStore
from leyden.agents.pydantic_ai.forms import bucket_of
from leyden.errors import InputError, InvalidOptionError, TableNotFoundError
from tests.agents.pydantic_ai.support import Awaited, new, said, sent, texts
from tests.store.whole import raw_items

ODD = ["", "#", "a#b", "a", "A", "$pydantic_ai#id_x", "ünï ☃", "x" * 900, "\x00", "entry_id"]


def test_any_text_is_an_id_and_a_scope_and_none_is_anothers(store: Awaited) -> None:
    for n, id in enumerate(ODD):
        store.save(new(id, f"of {n}"), scope=ODD[-n])
    for n, id in enumerate(ODD):
        assert texts(store.load(id)) == [f"of {n}"]
        assert [one.conversation_id for one in store.list_conversations(scope=ODD[-n])] == [id]
    for id in ODD[::2]:
        store.delete(id)
    assert {one.conversation_id for one in store.list_conversations()} == {*ODD[1::2]}
    assert [texts(store.load(id)) for id in ODD[1::2]] == [
        [f"of {n}"] for n in range(1, len(ODD), 2)
    ]


def test_all_that_a_record_carries_comes_back(store: Awaited) -> None:
    requests = DeferredToolRequests(
        calls=[ToolCallPart("weigh", {"of": 1.5, "to": None}, tool_call_id="t1")],
        metadata={"t1": {"why": ["asked", 3]}},
    )
    usage = RunUsage(requests=3, tool_calls=1, input_tokens=10**12, details={"reasoning": 4})
    record = ConversationRecord(
        conversation_id="c1",
        head_id=None,
        usage=usage,
        deferred_tool_requests=requests,
        scope="alice",
        forked_from="c0",
        forked_at="gone",
        revision="r1",
        updated_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )
    store.write_record(record, expected_revision=None)
    assert store.read_record("c1") == record
    assert store.list_conversations(scope="alice") == [record]
    later = record.updated_at.astimezone().replace(microsecond=678902)
    changed = ConversationRecord(
        conversation_id="c1", head_id=None, revision="r2", updated_at=later
    )
    store.write_record(changed, expected_revision="r1")
    assert store.read_record("c1") == changed
    assert store.list_conversations(scope="alice") == []


def test_messages_of_any_size_and_kind_come_back_and_are_erased_whole(store: Awaited) -> None:
    noise = random.Random(1).randbytes(900_000)
    paper = BinaryContent(data=noise, media_type="application/pdf")
    messages = [
        ModelRequest(parts=[UserPromptPart(content=["look", paper])]),
        *said("what a paper", "x" * 500_000, "\x00 ☃ \U0001f600"),
    ]
    store.save(Conversation(conversation_id="c1", messages=messages))
    store.fork("c1", at=1, new_conversation_id="c2")
    assert store.load("c1").messages == messages
    assert store.load("c2").messages == messages[:1]
    store.delete("c1")
    assert store.load("c2").messages == messages[:1]
    store.delete("c2")
    assert raw_items(store.app) == []


@pytest.mark.parametrize("count", [1, 8, 9, 120])
def test_a_save_writes_each_entry_once_and_the_record_last(store: Awaited, count: int) -> None:
    conversation = new("c1", *(f"m{n}" for n in range(count)))
    store.save(conversation)
    conversation.messages += said(*(f"n{n}" for n in range(count)))
    before = store.places()
    with sent() as apis:
        entries = store.save(conversation)
    assert "TransactWriteItems" not in apis
    assert apis[-1] == "PutItem"
    places = len(store.places() - before)
    if count <= 8:
        assert apis.count("PutItem") == count + places + 1
        assert len(apis) == 2 + len({bucket_of(one.id) for one in entries}) + count + places + 1
    else:
        assert apis.count("BatchWriteItem") >= -(-count // 25)
    with sent() as apis:
        assert len(store.load("c1").messages) == 2 * count
    assert apis == ["GetItem", "Query"]
    assert store.read_entry(entries[0].id) == entries[0]
    store.delete("c1")
    assert raw_items(store.app) == []


def test_a_conflict_leaves_no_entry_behind(store: Awaited) -> None:
    store.save(new("c1", "first"))
    for count in (3, 120):
        with pytest.raises(ConversationConflict):
            store.save(new("c1", *map(str, range(count))))
        first, second = store.load("c1"), store.load("c1")
        first.messages += said("a")
        second.messages += said(*map(str, range(count)))
        store.save(first)
        before = raw_items(store.app)
        with pytest.raises(ConversationConflict):
            store.save(second)
        assert raw_items(store.app) == before


def test_a_window_of_a_long_history_reads_little(store: Awaited) -> None:
    store.save(new("c1", *("x" * 5_000 for _ in range(40))))
    for n in range(6):
        fork = store.fork("c1", at=38, new_conversation_id=f"f{n}")
        fork.messages += said("y", "z")
        store.save(fork)
    with sent() as apis:
        assert texts(store.load("c1", limit=2)) == ["x" * 5_000] * 2
    assert apis.count("Query") <= 3
    assert texts(store.load("f3", limit=3)) == ["x" * 5_000, "y", "z"]
    assert len(store.load("f3").messages) == 40


def test_a_listing_reads_as_far_as_the_limit_goes(store: Awaited) -> None:
    for n in range(30):
        store.save(new(f"c{n}"), scope="alice" if n % 2 else None)
    with sent() as apis:
        listed = store.list_conversations(scope="alice", limit=3)
    assert apis == ["Query"]
    assert [one.conversation_id for one in listed] == ["c29", "c27", "c25"]
    listed = store.list_conversations(limit=5)
    assert [one.conversation_id for one in listed] == ["c29", "c28", "c27", "c26", "c25"]
    assert len(store.list_conversations()) == 30


def test_what_is_not_stored_is_told_apart(store: Awaited) -> None:
    assert store.read_record("c1") is None
    assert store.load("c1") is None
    for call in (store.read_entry, store.read_history):
        with pytest.raises(LookupError):
            call("e1")
    assert store.read_history(None) == store.read_history("e1", limit=0) == []
    with pytest.raises(ConversationConflict):
        store.delete_record("c1", expected_revision="r1")
    dangling = ConversationRecord(conversation_id="c1", head_id="e1")
    with pytest.raises(ConversationConflict):
        store.write_record(dangling, expected_revision=None)
    assert not store.counts()
    store.delete("c1")


def test_entries_may_branch_in_one_write_but_not_into_another_conversation(store: Awaited) -> None:
    trunk, left, right = (
        ConversationEntry(id=id, parent_id=parent, message=said(id)[0])
        for id, parent in (("t", None), ("l", "t"), ("r", "t"))
    )
    record = ConversationRecord(conversation_id="c1", head_id="l", branches=["r"])
    store.write_record(record, new_entries=[trunk, left, right], expected_revision=None)
    assert store.read_history("l") == [trunk, left]
    assert store.read_history("r") == [trunk, right]
    assert store.read_entry("r") == right
    store.save(new("c2", "other"))
    other = store.read_record("c2")
    other.head_id = "l"
    with pytest.raises(InputError, match="not forked from"):
        store.write_record(other, expected_revision=other.revision)


def test_any_text_is_the_id_of_an_entry(store: Awaited) -> None:
    ids = [*ODD, "1.2.x", "x" * 2000, "019ad1f0-0000-7000-8000-000000000001"]
    parents = [None, *ids]
    entries = [
        ConversationEntry(id=id, parent_id=parent, message=said(id)[0])
        for id, parent in zip(ids, parents, strict=False)
    ]
    id = "c" * 1900
    record = ConversationRecord(conversation_id=id, head_id=ids[-1])
    store.write_record(record, new_entries=entries, expected_revision=None)
    assert store.read_history(ids[-1]) == entries
    assert [store.read_entry(one) for one in ids] == entries
    assert len(store.fork(id, at=3, new_conversation_id=id[1:]).messages) == 3
    for one in (id, id[1:]):
        store.delete(one)
    assert raw_items(store.app) == []


def test_an_id_is_of_one_entry_in_all_conversations_and_scopes(store: Awaited) -> None:
    entry = ConversationEntry(id="e1", parent_id=None, message=said("of alice")[0])
    record = ConversationRecord(conversation_id="c1", head_id="e1", scope="alice", revision="r1")
    store.write_record(record, new_entries=[entry], expected_revision=None)
    before = raw_items(store.app)
    other = ConversationEntry(id="e1", parent_id=None, message=said("of bob")[0])
    for id, expected in (("c2", None), ("c1", "r1")):
        taken = ConversationRecord(conversation_id=id, head_id="e1", scope="bob", revision="r2")
        with pytest.raises(InputError, match="stored already"):
            store.write_record(taken, new_entries=[other], expected_revision=expected)
    assert raw_items(store.app) == before
    record.revision = "r2"
    store.write_record(record, new_entries=[entry], expected_revision="r1")
    assert store.counts()["entry"] == 1
    assert store.read_entry("e1") == entry


@pytest.mark.parametrize("back_to", ["e1", None])
def test_what_a_record_no_longer_points_at_is_there_until_a_deletion(
    store: Awaited, back_to: str | None
) -> None:
    first, second = (
        ConversationEntry(id=id, parent_id=parent, message=said(id)[0])
        for id, parent in (("e1", None), ("e2", "e1"))
    )
    record = ConversationRecord(conversation_id="c1", head_id="e2", revision="r1")
    store.write_record(record, new_entries=[first, second], expected_revision=None)
    record = ConversationRecord(conversation_id="c1", head_id=back_to, revision="r2")
    store.write_record(record, expected_revision="r1")
    for _ in range(2):
        conversation = store.load("c1")
        conversation.messages += said("other")
        store.save(conversation)
        assert [store.read_entry(one.id) for one in (first, second)] == [first, second]
        assert store.read_history("e2") == [first, second]
    store.fork("c1", new_conversation_id="c2")
    store.delete("c1")
    with pytest.raises(LookupError):
        store.read_entry("e2")
    if back_to is not None:
        assert store.read_entry("e1") == first
    kept = [] if back_to is None else ["e1"]
    assert texts(store.load("c2")) == [*kept, "other", "other"]
    store.delete("c2")
    assert raw_items(store.app) == []


def test_an_agent_goes_on_in_the_conversation_that_was_stored(
    store: Awaited, run: Callable[..., Any]
) -> None:
    agent = Agent(TestModel(custom_output_text="indeed"))
    first = run(agent.run("hello", conversation=new("c1")))
    store.save(first, scope="alice")
    second = run(agent.run("and on", conversation=store.load("c1", scope="alice")))
    entries = store.save(second)
    assert [store.read_entry(one.id) for one in entries] == entries
    assert texts(store.load("c1")) == ["hello", "indeed", "and on", "indeed"]
    assert store.load("c1").usage.requests == 2
    assert store.load("c1", scope="bob") is None


class Time:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


ENTITIES = ("conversation", "entry", "place", "member")
"""The entities whose items must live as long as what they belong to."""


def expiries(store: Awaited, at: datetime) -> dict[str, list[float]]:
    """When the items of each entity expire, in days from a time on."""
    return {
        name: sorted((one.expires_at - at) / timedelta(days=1) for one in found)
        for name in ENTITIES
        if (found := [*store.app.entities[name].scan.iter(consistent=True)])
    }


def test_a_conversation_lives_as_long_as_its_last_save_says_with_all_its_messages(
    engine: Any, table_name: str, run: Callable[..., Any]
) -> None:
    time = Time()
    options: dict[str, Any] = {"engine": engine, "clock": time}
    store = Awaited(LeydenConversationStore(table_name, ttl=timedelta(days=30), **options), run)
    store.app.create_table()
    store.save(new("c1", "a", "b"))
    assert {name: set(days) for name, days in expiries(store, time.now).items()} == {
        "conversation": {30}, "entry": {60}, "place": {60},
    }  # fmt: skip
    for _ in range(8):
        time.now += timedelta(days=20)
        conversation = store.load("c1")
        conversation.messages += said("more")
        store.save(conversation)
        found = expiries(store, time.now)
        assert found.pop("conversation") == [30]
        assert all(min(days) >= 30 for days in found.values())
    with sent() as apis:
        conversation.messages += said("at once")
        store.save(conversation)
    assert "UpdateItem" not in apis, "entries are prolonged once in a while"
    time.now += timedelta(days=25)
    store.fork("c1", at=1, new_conversation_id="c2")
    assert max(expiries(store, time.now)["entry"]) == 60
    forever = Awaited(LeydenConversationStore(table_name, **options), run)
    for id in ("c1", "c2"):
        forever.save(forever.load(id))
    for name in ENTITIES:
        assert [one.expires_at for one in store.app.entities[name].scan.iter()] == [
            None for _ in store.app.entities[name].scan.iter()
        ]
    store.aclose()
    forever.aclose()


@pytest.mark.parametrize("days", [None, 365])
@pytest.mark.parametrize("forks_first", [True, False])
def test_a_fork_that_expires_sooner_leaves_its_source_as_it_was(
    engine: Any, table_name: str, run: Callable[..., Any], days: int | None, forks_first: bool
) -> None:
    time = Time()
    options: dict[str, Any] = {"engine": engine, "clock": time}
    ttl = None if days is None else timedelta(days=days)
    long = Awaited(LeydenConversationStore(table_name, ttl=ttl, **options), run)
    long.app.create_table()
    long.save(new("c1", "a", "b"))
    before = [one.expires_at for one in long.app.entities.entry.scan.iter()]
    short = Awaited(LeydenConversationStore(table_name, ttl=timedelta(days=1), **options), run)
    (long if forks_first else short).fork("c1", at=2, new_conversation_id="c2")
    fork = short.load("c2")
    fork.messages += said("more")
    short.save(fork)
    after = [one.expires_at for one in long.app.entities.entry.scan.iter()]
    assert len(after) > len(before)
    assert all(after.count(one) >= before.count(one) for one in before)
    long.aclose()
    short.aclose()


def test_a_store_checks_its_options_and_its_table(
    engine: Any, table_name: str, run: Callable[..., Any]
) -> None:
    with pytest.raises(InvalidOptionError):
        LeydenConversationStore("agents", engine=engine, ttl=3)  # type: ignore[arg-type]

    async def use() -> None:
        async with LeydenConversationStore(table_name, engine=engine) as store:
            assert repr(store) == f"<LeydenConversationStore on table {table_name}>"
            with pytest.raises(TableNotFoundError, match="schemas/agents/pydantic_ai"):
                await store.setup()
            store.app.create_table()
            await store.setup()

    run(use())


def test_without_the_framework_the_import_names_the_extra() -> None:
    program = (
        "import sys\n"
        "sys.modules['pydantic_ai'] = None\n"
        "try:\n    import leyden.agents.pydantic_ai\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 'pip install "leyden[pydantic-ai]"' in done.stdout
