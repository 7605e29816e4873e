"""Callers that take turns request by request: no history has a gap, and all can be erased."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_ai.conversation_store import ConversationConflict
from pydantic_ai.exceptions import UserError

import leyden
from leyden.agents.pydantic_ai import LeydenConversationStore
from leyden.errors import ConnectionFailedError
from leyden.program import Program
from tests.agents.pydantic_ai.support import Awaited, new, said, texts
from tests.agents.weaving import Slow, Weaving, stepwise
from tests.store.whole import raw_items

pytestmark = pytest.mark.once

IDS = ("c1", "c2", "c3")
SIZES = (1, 2, 55)
"""How many messages a save has: the last ones do not fit one transaction."""


class Calls:
    """Calls of a store as programs of all their steps."""

    def __init__(self, store: LeydenConversationStore) -> None:
        self._store = store

    def begin(self, name: str, given: Any) -> Program[Any]:
        """A program of a call, which gives the error if it was refused, or in doubt."""
        try:
            return (yield from getattr(self, f"_{name}")(*given).__await__())
        except (ConversationConflict, UserError, ConnectionFailedError) as error:
            return error

    async def _save(self, id: str, count: int, at: int) -> None:
        await self._store.save(new(id, *map(str, range(count))))

    async def _go_on(self, id: str, count: int, at: int) -> None:
        conversation = await self._store.load(id)
        if conversation is not None:
            conversation.messages += said(*map(str, range(count)))
            await self._store.save(conversation)

    async def _fork(self, id: str, count: int, at: int) -> None:
        to = random.Random(count + at).choice([one for one in IDS if one != id])
        await self._store.fork(id, at=at, new_conversation_id=to)

    async def _branch(self, id: str, count: int, at: int) -> None:
        conversation = await self._store.load(id)
        if conversation is not None:
            await self._store.branch(id, at=at, expected_revision=conversation.revision)

    async def _delete(self, id: str, count: int, at: int) -> None:
        await self._store.delete(id)


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """The embedded engine, since nothing happens at the same time here."""
    with leyden.local() as running:
        yield running


NAMES = ("save", "go_on", "go_on", "fork", "fork", "branch", "delete", "delete")


@pytest.mark.parametrize("part", range(2))
def test_no_history_has_a_gap_and_nothing_is_left(
    store: Awaited, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    for seed in range(part * 25, part * 25 + 25):
        chance = random.Random(seed)
        scripts = [
            [
                (
                    chance.choice(NAMES),
                    (chance.choice(IDS), chance.choice(SIZES), chance.randint(0, 2)),
                )
                for _ in range(6)
            ]
            for _ in range(3)
        ]
        with monkeypatch.context() as patch:
            patch.setattr(store.store._backend, "arun", stepwise)
            weaving = Weaving(
                store.app.driver.send,
                Calls(store.store).begin,
                chance,
                losing=0.05,
                dying=0.003,
            )
            weaving.run(scripts)
        for record in store.list_conversations():
            for tip in (record.head_id, *record.branches):
                store.read_history(tip)
        for id in IDS:
            store.delete(id)
        assert raw_items(store.app) == [], seed


@pytest.mark.parametrize("requests", range(1, 6))
def test_of_two_first_saves_at_once_one_is_saved(
    store: Awaited, monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store.store._backend, "arun", stepwise)
        calls = Calls(store.store)
        one, other = (
            Slow(store.app.driver.send, calls.begin("save", ("c1", count, 0))) for count in (1, 2)
        )
        one.go(requests)
        assert other.end() is None
        ended = one.end() if not one.ended else one.result
        assert isinstance(ended, ConversationConflict)
    assert texts(store.load("c1")) == ["0", "1"]
    assert store.counts()["entry"] == 2
    store.delete("c1")
    assert raw_items(store.app) == []


def test_a_save_whose_answer_is_lost_is_not_undone_when_another_went_on_from_it(
    store: Awaited, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(new("c1", "a"))
    before = store.read_record("c1").revision
    with monkeypatch.context() as patch:
        patch.setattr(store.store._backend, "arun", stepwise)
        calls = Calls(store.store)
        slow = Slow(store.app.driver.send, calls.begin("go_on", ("c1", 1, 0)))
        slow.go(6)
        slow.lose()
        other = Slow(store.app.driver.send, calls.begin("go_on", ("c1", 2, 0)))
        assert other.end() is None
        assert slow.end() is None
    assert store.read_record("c1").revision != before
    assert texts(store.load("c1")) == ["a", "0", "0", "1"]
    store.delete("c1")
    assert raw_items(store.app) == []
