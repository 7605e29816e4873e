"""Whatever is done with conversations, the store answers as Pydantic AI's own one in memory."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationConflict, InMemoryConversationStore
from pydantic_ai.exceptions import UserError
from pydantic_ai.usage import RunUsage

from tests.agents.pydantic_ai.support import Awaited, said, texts

pytestmark = pytest.mark.once

IDS = st.sampled_from(["c1", "c2", "a#b_c", ""])
SCOPES = st.sampled_from([None, None, "alice", "bob", ""])
WORDS = st.lists(st.text(max_size=3), max_size=3)
PLACES = st.integers(0, 5)
LIMITS = st.none() | st.integers(0, 4)


class Both(RuleBasedStateMachine):
    """The same calls on both stores. Entries have other ids in each, so places stand for them."""

    leyden: ClassVar[Awaited]

    def __init__(self) -> None:
        super().__init__()
        self.leyden.clear()
        self.stores = [Awaited(InMemoryConversationStore(), self.leyden._run), self.leyden]
        self.held: dict[str, list[Conversation]] = {}
        """What was loaded of a conversation earlier, from each store."""
        self.count = 0

    def both(self, call: Any) -> list[Any]:
        """Make a call on each store, with its number; what it gives, which is None if refused."""
        given, outcomes = [], []
        for n, store in enumerate(self.stores):
            try:
                given.append(call(store, n))
                outcomes.append(None)
            except (UserError, LookupError) as error:
                given.append(None)
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]
        return given

    def messages(self, words: list[str]) -> Any:
        self.count += 1
        return said(*(f"{self.count}-{word}" for word in words))

    @rule(id=IDS, words=WORDS, scope=SCOPES)
    def save_new(self, id: str, words: list[str], scope: str | None) -> None:
        messages = self.messages(words)
        usage = RunUsage(requests=self.count, input_tokens=7, details={"x": 1})
        made = [
            Conversation(conversation_id=id, messages=list(messages), usage=usage) for _ in range(2)
        ]
        self.both(lambda store, n: store.save(made[n], scope=scope))

    @rule(id=IDS, limit=LIMITS, words=WORDS, hold=st.booleans())
    def go_on(self, id: str, limit: int | None, words: list[str], hold: bool) -> None:
        messages = self.messages(words)
        loaded = self.both(lambda store, n: store.load(id, limit=limit))
        assert texts(loaded[0]) == texts(loaded[1])
        if loaded[0] is None:
            return
        if hold:
            self.held[id] = self.both(lambda store, n: store.load(id, limit=limit))
        for one in loaded:
            one.messages.extend(messages)
        counts = self.both(lambda store, n: len(store.save(loaded[n])))
        assert counts[0] == counts[1]

    @rule(id=IDS, words=WORDS, scope=SCOPES)
    def save_what_was_held(self, id: str, words: list[str], scope: str | None) -> None:
        """Another writer was perhaps faster."""
        messages = self.messages(words)
        if id in self.held:
            for one in self.held[id]:
                one.messages.extend(messages)
            self.both(lambda store, n: store.save(self.held[id][n], scope=scope) and None)

    @rule(id=IDS, at=PLACES, words=WORDS)
    def rewrite(self, id: str, at: int, words: list[str]) -> None:
        messages = self.messages(words)
        loaded = self.both(lambda store, n: store.load(id))
        if loaded[0] is not None:
            for one in loaded:
                one.messages[at:] = messages
            self.both(lambda store, n: len(store.save(loaded[n])))

    def entry(self, store: Awaited, id: str, branch: int, at: int) -> str:
        """The id of an entry of the history, or of a branch that it has left."""
        record = store.read_record(id)
        if record is None:
            return "none"
        tips = [record.head_id, *record.branches]
        entries = store.read_history(tips[branch % len(tips)])
        return entries[at % len(entries)].id if entries else "none"

    @rule(id=IDS, at=PLACES, stale=st.booleans())
    def branch_at(self, id: str, at: int, stale: bool) -> None:
        loaded = self.both(lambda store, n: store.load(id))
        revisions = [None if one is None or stale else one.revision for one in loaded]
        made = self.both(lambda store, n: store.branch(id, at=at, expected_revision=revisions[n]))
        assert texts(made[0]) == texts(made[1])

    @rule(id=IDS, branch=PLACES, at=PLACES)
    def branch_from(self, id: str, branch: int, at: int) -> None:
        loaded = self.both(lambda store, n: store.load(id))
        revisions = [None if one is None else one.revision for one in loaded]

        def call(store: Awaited, n: int) -> Any:
            entry = self.entry(store, id, branch, at)
            return store.branch(id, from_entry=entry, expected_revision=revisions[n])

        made = self.both(call)
        assert texts(made[0]) == texts(made[1])

    @rule(id=IDS, to=IDS, at=LIMITS, scope=SCOPES, source=SCOPES)
    def fork(self, id: str, to: str, at: int | None, scope: str | None, source: str | None) -> None:
        made = self.both(
            lambda store, n: store.fork(
                id, at=at, new_conversation_id=to, scope=scope, source_scope=source
            )
        )
        assert texts(made[0]) == texts(made[1])

    @rule(id=IDS, to=IDS, branch=PLACES, at=PLACES)
    def fork_from(self, id: str, to: str, branch: int, at: int) -> None:
        made = self.both(
            lambda store, n: store.fork(
                id, from_entry=self.entry(store, id, branch, at), new_conversation_id=to
            )
        )
        assert texts(made[0]) == texts(made[1])

    @rule(id=IDS, scope=SCOPES)
    def delete(self, id: str, scope: str | None) -> None:
        self.both(lambda store, n: store.delete(id, scope=scope))

    @rule(id=IDS, writers=st.integers(2, 4), words=WORDS)
    def race(self, id: str, writers: int, words: list[str]) -> None:
        """Several writers save what they have loaded at the same time: one of them does."""
        loaded = [self.both(lambda store, n: store.load(id)) for _ in range(writers)]
        if loaded[0][0] is None:
            return
        messages = [self.messages(words) for _ in range(writers)]
        for pair, added in zip(loaded, messages, strict=True):
            for one in pair:
                one.messages.extend(added)

        async def at_once() -> list[Any]:
            saving = [self.leyden.store.save(pair[1]) for pair in loaded]
            return await asyncio.gather(*saving, return_exceptions=True)

        outcomes = self.leyden._run(at_once())
        won = [n for n, one in enumerate(outcomes) if not isinstance(one, Exception)]
        assert len(won) == 1
        assert all(
            isinstance(one, ConversationConflict) for n, one in enumerate(outcomes) if n not in won
        )
        self.stores[0].save(loaded[won[0]][0])

    @rule(scope=SCOPES, limit=LIMITS)
    def list_them(self, scope: str | None, limit: int | None) -> None:
        listed = self.both(lambda store, n: store.list_conversations(scope=scope, limit=limit))
        ids = [[one.conversation_id for one in records] for records in listed]
        assert ids[0] == ids[1]

    @invariant()
    def records_and_histories_are_the_same(self) -> None:
        assert self.seen(self.stores[0]) == self.seen(self.stores[1])

    @invariant()
    def nothing_is_left_behind(self) -> None:
        memory = self.stores[0].store
        counts = self.leyden.counts()
        entries = len(memory._entries)
        assert counts["entry"] == entries
        assert self.leyden.places() == self.leyden.entries()
        records = len(memory._records)
        assert counts["conversation"] == records
        assert counts["member"] <= records
        assert counts["family"] <= records
        assert counts.keys() <= {"conversation", "entry", "family", "member", "place"}

    def seen(self, store: Awaited) -> Any:
        """All records with their histories, without what differs from store to store."""
        seen = {}
        for record in store.list_conversations():
            lines = [
                [entry.message for entry in store.read_history(tip)]
                for tip in (record.head_id, record.forked_at, *record.branches)
            ]
            seen[record.conversation_id] = (
                lines,
                *(record.usage, record.scope, record.forked_from, record.deferred_tool_requests),
            )
        return seen


@pytest.fixture
def machine(store: Awaited) -> type[Both]:
    Both.leyden = store
    return Both


def test_the_store_does_what_the_one_in_memory_does(machine: type[Both]) -> None:
    at_hand = settings.get_current_profile_name()
    examples = {"quick": 5, "ci": 20}.get(at_hand, 10)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=20, deadline=None),
    )
