"""Kills between any two requests, throttling, and answers that are lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
)

from leyden.agents.pydantic_ai import LeydenConversationStore
from leyden.errors import AwsError
from tests.agents.chaos import each_death
from tests.agents.pydantic_ai.support import Awaited, new, said, texts
from tests.conftest import SharedEngine
from tests.faults.bank import Clock
from tests.faults.proxy import Forward, Reset, fault_proxy, throttled
from tests.store.whole import raw_items

pytestmark = [pytest.mark.java, pytest.mark.once]

MANY = 60
"""More entries than fit one transaction."""


@pytest.fixture(scope="module")
def engine() -> SharedEngine:
    """DynamoDB Local alone: the embedded engine takes much longer for so many calls."""
    return SharedEngine()


def whole(store: Awaited) -> dict[str, list[str] | None]:
    """All conversations and what they say, which must be readable."""
    return {
        one.conversation_id: texts(store.load(one.conversation_id))
        for one in store.list_conversations()
    }


def erased(store: Awaited, *ids: str) -> None:
    """Delete conversations: nothing may be left of them, whatever was interrupted before."""
    for id in ids:
        store.delete(id)
    assert raw_items(store.app) == []


@pytest.mark.parametrize("count", [1, MANY])
def test_a_save_that_was_killed_has_saved_all_or_nothing(store: Awaited, count: int) -> None:
    first = [f"a{n}" for n in range(count)]
    then = [f"b{n}" for n in range(count)]
    kills = 0

    def act() -> None:
        store.save(new("c1", *first))

    for died in each_death(store.store._backend, store.clear, act):
        kills += died
        assert whole(store) in ({}, {"c1": first})
        if store.load("c1") is None:
            act()
        assert whole(store) == {"c1": first}
        erased(store, "c1")

    def go_on() -> None:
        conversation = store.load("c1")
        if texts(conversation) != first + then:
            conversation.messages += said(*then)
            store.save(conversation)

    for died in each_death(store.store._backend, lambda: (store.clear(), act()), go_on):
        kills += died
        assert whole(store) in ({"c1": first}, {"c1": first + then})
        go_on()
        assert whole(store) == {"c1": first + then}
        erased(store, "c1")
    assert kills >= 8


@pytest.mark.parametrize("is_new", [True, False])
def test_what_a_killed_save_has_left_is_not_seen_and_its_ids_can_be_saved(
    store: Awaited, is_new: bool
) -> None:
    entries: list[ConversationEntry] = []
    expected: list[str | None] = []

    def begin() -> None:
        store.clear()
        parent, revision = None, None
        if not is_new:
            (first,) = store.save(new("c1", "a"))
            parent, revision = first.id, store.read_record("c1").revision
        message = said("b")[0]
        entries[:] = [
            ConversationEntry(id="e1", parent_id=parent, message=message),
            ConversationEntry(id="e2", parent_id="e1", message=message),
        ]
        expected[:] = [revision]

    def write() -> None:
        record = ConversationRecord(conversation_id="c1", head_id="e2", revision="r2")
        store.write_record(record, new_entries=entries, expected_revision=expected[0])

    left = 0
    for died in each_death(store.store._backend, begin, write):
        if died:
            left += store.counts()["entry"] > len(whole(store).get("c1") or ())
            assert "b" not in (texts(store.load("c1")) or ())
            for call in (store.read_entry, store.read_history):
                for id in ("e1", "e2"):
                    with pytest.raises(LookupError):
                        call(id)
            write()
        assert store.read_history("e2")[-2:] == entries
        assert [store.read_entry(one.id) for one in entries] == entries
        erased(store, "c1")
    assert left > 1


def test_a_fork_and_a_branch_that_were_killed_are_there_or_not(store: Awaited) -> None:
    def begin() -> None:
        store.clear()
        store.save(new("c1", "a", "b", "c"))

    def fork() -> None:
        store.fork("c1", at=2, new_conversation_id="c2")

    for _ in each_death(store.store._backend, begin, fork):
        found = whole(store)
        assert found.pop("c1") == ["a", "b", "c"]
        assert found in ({}, {"c2": ["a", "b"]})
        erased(store, "c1", "c2")

    def branch() -> None:
        revision = store.read_record("c1").revision
        store.branch("c1", at=1, expected_revision=revision)

    for died in each_death(store.store._backend, begin, branch):
        assert whole(store) in ({"c1": ["a", "b", "c"]}, {"c1": ["a"]})
        assert died or whole(store) == {"c1": ["a"]}
        erased(store, "c1")


@pytest.mark.parametrize("count", [3, MANY])
def test_a_deletion_that_was_killed_left_all_or_nothing_and_the_next_one_erases(
    store: Awaited, count: int
) -> None:
    said_first = [f"a{n}" for n in range(count)]

    def begin() -> None:
        store.clear()
        store.save(new("c1", *said_first), scope="alice")
        fork = store.fork("c1", at=2, new_conversation_id="c2")
        fork.messages += said("own")
        store.save(fork)

    kept = [*said_first[:2], "own"]
    for _ in each_death(store.store._backend, begin, lambda: store.delete("c1")):
        assert whole(store) in ({"c1": said_first, "c2": kept}, {"c2": kept})
        store.delete("c1", scope="bob")
        store.delete("c1", scope="alice")
        assert whole(store) == {"c2": kept}
        counts = store.counts()
        assert (counts["entry"], counts["conversation"]) == (3, 1)
        assert store.places() == store.entries()
        erased(store, "c2")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that passes at once, and more attempts than the faults last."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
    clock = Clock()
    clock.install(monkeypatch)
    return clock


def insist(call: Callable[[], Any]) -> Any:
    """Call again until no retry of a request was in vain; who is told of a conflict had saved."""
    while True:
        try:
            return call()
        except AwsError:
            continue
        except ConversationConflict:
            return None


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_saved_twice_where_answers_are(
    engine: Any, table_name: str, run: Callable[..., Any], clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)
    lost = (throttled(), Reset(forward=True), Reset(forward=False))
    with fault_proxy(engine.endpoint_url, remembers_tokens=True) as proxy:
        credentials = {
            "access_key_id": engine.credentials.access_key_id,
            "secret_access_key": engine.credentials.secret_access_key,
        }
        store = Awaited(
            LeydenConversationStore(
                table_name,
                endpoint_url=proxy.url,
                region=engine.region,
                credentials=credentials,
            ),
            run,
        )
        store.app.create_table()
        proxy.play(
            *(chance.choice(lost) if chance.random() < 0.2 else Forward() for _ in range(2000))
        )

        def go_on(expected: list[str], words: list[str]) -> None:
            conversation = store.load("c1")
            if texts(conversation) == expected:
                conversation.messages += said(*words)
                store.save(conversation)

        expected: list[str] = []
        insist(lambda: store.save(new("c1")))
        for n in range(25):
            words = [f"{n}-{m}" for m in range(MANY if n == 12 else chance.randint(1, 3))]

            insist(partial(go_on, expected, words))
            expected = [*expected, *words]
            assert texts(insist(lambda: store.load("c1"))) == expected
        insist(lambda: store.fork("c1", at=7, new_conversation_id="c2"))
        insist(lambda: store.delete("c1"))
        assert insist(lambda: whole(store)) == {"c2": expected[:7]}
        insist(lambda: erased(store, "c2"))
        assert proxy.faults_left > 0
        store.aclose()
