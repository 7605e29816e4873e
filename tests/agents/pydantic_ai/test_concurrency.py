"""Many writers of one conversation, forks beside deletions, and an event loop that goes on."""

from __future__ import annotations

import asyncio
import gc
import random
import string
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_ai.conversation_store import ConversationConflict
from pydantic_ai.exceptions import UserError

from leyden.agents.pydantic_ai import LeydenConversationStore
from tests.agents.engines import Stalls
from tests.agents.pydantic_ai.support import Awaited, consumed, new, said, texts
from tests.agents.pydantic_ai.writers import write
from tests.conftest import SharedEngine
from tests.interop.node_process import ROOT
from tests.store.whole import raw_items

pytestmark = [pytest.mark.java, pytest.mark.once]

WRITERS, EACH = 8, 4


@pytest.fixture(scope="module")
def engine() -> SharedEngine:
    """DynamoDB Local alone: the embedded engine takes one request after the other."""
    return SharedEngine()


def in_order(found: list[str] | None) -> None:
    """All messages of all writers are there, each writer's in their order."""
    assert found is not None
    assert sorted(found) == sorted(f"{w}-{n}" for w in range(WRITERS) for n in range(EACH))
    for writer in range(WRITERS):
        assert [one for one in found if one.startswith(f"{writer}-")] == [
            f"{writer}-{n}" for n in range(EACH)
        ]


def test_eight_tasks_add_to_one_conversation(store: Awaited, run: Callable[..., Any]) -> None:
    store.save(new("c1"))

    async def all_of_them() -> None:
        await asyncio.gather(*(write(store.store, n, EACH) for n in range(WRITERS)))

    run(all_of_them())
    in_order(texts(store.load("c1")))
    assert store.counts()["entry"] == WRITERS * EACH


def test_eight_processes_add_to_one_conversation(store: Awaited, engine: Any) -> None:
    store.save(new("c1"))
    where = (engine.endpoint_url, engine.region, store.app.table)
    command = [sys.executable, "-m", "tests.agents.pydantic_ai.writers", *where]
    done = subprocess.run(
        [*command, str(WRITERS), str(EACH)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    in_order(texts(store.load("c1")))
    assert store.counts()["entry"] == WRITERS * EACH


@pytest.mark.parametrize(("scope", "most"), [(None, 7), ("alice", 9)])
def test_a_turn_takes_few_write_units_however_long_the_history(
    store: Awaited, scope: str | None, most: int
) -> None:
    """Two for the messages, one for their place, and the record with its indexes."""
    for n in range(12):
        with consumed() as units:
            conversation = store.load("c1") or new("c1")
            conversation.messages += said(f"question {n}", f"answer {n}")
            store.save(conversation, scope=scope)
        # The ids of two messages may be of two milliseconds, with a place for each.
        assert sum(units) <= most


@pytest.mark.parametrize("count", [3, 60])
def test_forks_beside_deletions_keep_what_they_share(
    store: Awaited, run: Callable[..., Any], count: int
) -> None:
    """Nobody finds a history with a gap, and nothing is left when all are deleted."""
    plain: LeydenConversationStore = store.store
    ids = [f"c{n}" for n in range(3)]

    async def live(seed: int) -> None:
        chance = random.Random(seed)
        for n in range(12):
            id, other = chance.sample(ids, 2)
            try:
                match chance.choice(["save", "fork", "fork", "delete", "go on", "branch"]):
                    case "save":
                        await plain.save(new(id, *(f"{seed}-{n}-{m}" for m in range(count))))
                    case "fork":
                        await plain.fork(id, at=chance.randint(0, 3), new_conversation_id=other)
                    case "delete":
                        await plain.delete(id)
                    case "branch":
                        record = await plain.read_record(id)
                        revision = record.revision if record else None
                        await plain.branch(id, at=1, expected_revision=revision)
                    case _:
                        conversation = await plain.load(id)
                        if conversation is not None:
                            conversation.messages += said(*map(str, range(count)))
                            await plain.save(conversation)
            except (ConversationConflict, UserError):
                continue

    async def all_of_them() -> None:
        await asyncio.gather(*(live(seed) for seed in range(6)))

    run(all_of_them())
    for id in ids:
        record = store.read_record(id)
        if record is not None:
            for tip in (record.head_id, *record.branches):
                store.read_history(tip)
    for id in ids:
        store.delete(id)
    assert raw_items(store.app) == []


def test_three_megabytes_do_not_hold_up_the_event_loop(
    store: Awaited, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(3000)]
    large = " ".join(chance.choices(words, k=430_000))
    compressing: list[tuple[int, threading.Thread]] = []
    compress = zlib.compress

    def noted(data: Any, *given: Any) -> bytes:
        compressing.append((len(data), threading.current_thread()))
        return compress(data, *given)

    monkeypatch.setattr(zlib, "compress", noted)
    longest: list[float] = []

    async def measured(call: Callable[[], Any]) -> None:
        # By the time that this thread has worked: others may take the processor from it.
        async with Stalls(time.thread_time) as stalls:
            await call()
        longest.append(stalls.longest)

    best: dict[str, float] = {}
    gc.collect()
    gc.freeze()  # what is in memory of the framework takes long to look through
    try:
        for n in range(3):
            id = f"c{n}"
            for name, call in (
                ("save", lambda: store.store.save(new(id, large))),  # noqa: B023
                ("load", lambda: store.store.load(id)),  # noqa: B023
                ("delete", lambda: store.store.delete(id)),  # noqa: B023
            ):
                run(measured(call))
                best[name] = min(best.get(name, 1.0), longest[-1])
    finally:
        gc.unfreeze()
    assert max(size for size, _ in compressing) > 3_000_000
    assert threading.main_thread() not in {by for size, by in compressing if size > 100_000}
    assert all(seconds < 0.05 for seconds in best.values()), best
