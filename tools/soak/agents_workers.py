"""The processes of `agents.py`: each works on the same session or thread until it is killed."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any, Final

from langgraph.checkpoint.base import empty_checkpoint
from tools.soak.agents_ledger import (
    Ledger,
    Step,
    letters_of,
    step_faults,
    texts_of,
    told,
    writes_of,
)

from leyden.agents.langgraph import LeydenSaver
from leyden.agents.openai_agents import LeydenSession
from leyden.errors import LeydenError

NAME: Final = "soak"
"""The session and the thread that all work on."""

LOOKED_AT: Final = 10
"""After so many calls a process reads."""


def reached(table: str, url: str) -> dict[str, Any]:
    """Return how an adapter reaches the engine."""
    keys = {"access_key_id": "local", "secret_access_key": "local"}
    return {
        "table_name": table,
        "endpoint_url": url,
        "region": "us-east-1",
        "credentials": keys,
    }


def session_on(table: str, url: str) -> LeydenSession:
    """Return the session."""
    return LeydenSession(NAME, **reached(table, url))


def saver_on(table: str, url: str) -> LeydenSaver:
    """Return the saver."""
    return LeydenSaver(**reached(table, url))


def at(checkpoint_id: str | None = None) -> Any:
    """Return the configuration of the thread, or of a checkpoint."""
    named = {"thread_id": NAME, "checkpoint_ns": ""}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def step_of(found: Any) -> Step:
    """Return a checkpoint as the checks want it."""
    return Step(
        found.checkpoint["id"], found.checkpoint["channel_values"], found.pending_writes or []
    )


def _failed(ledger: Ledger, kind: str, number: int, error: LeydenError) -> None:
    # An attempt whose answer was lost may have happened.
    unsure = error.unsure or error.happened or error.outcome
    name = type(error).__name__
    ledger.note(kind=kind, n=number, **{"is": "unsure" if unsure else "refused"}, error=name)


def adds(table: str, url: str, worker: int, ledger: Path, seed: int) -> None:
    """Add messages to the session, one to four at a time."""
    asyncio.run(_adds(session_on(table, url), worker, Ledger(ledger), random.Random(seed)))


async def _adds(session: LeydenSession, worker: int, ledger: Ledger, chance: random.Random) -> None:
    number = told(ledger.lines(), "add").next
    last_done: str | None = None
    while True:
        size = chance.randint(1, 4)
        texts = texts_of(worker, number, size)
        ledger.note(kind="add", n=number, **{"is": "begun"}, size=size)
        try:
            await session.add_items([{"role": "user", "content": text} for text in texts])
        except LeydenError as error:
            _failed(ledger, "add", number, error)
        else:
            ledger.note(kind="add", n=number, **{"is": "done"})
            last_done = texts[-1]
        if number % LOOKED_AT == 0 and last_done:
            await _look(session, worker, ledger, last_done)
        number += 1


async def _look(session: LeydenSession, worker: int, ledger: Ledger, last_done: str) -> None:
    try:
        items: list[Any] = await session.get_items(1000)
    except LeydenError:
        return
    texts = [item["content"] for item in items]
    own = [int(text.split("/")[1]) for text in texts if text.startswith(f"{worker}/")]
    if own != sorted(own) or len(texts) != len({*texts}):
        ledger.note(fault=f"{worker} read its messages out of order or twice")
    if last_done not in texts and len(texts) < 1000:
        ledger.note(fault=f"{worker} did not read {last_done}, which it had added")


def pops(table: str, url: str, worker: int, ledger: Path, seed: int) -> None:
    """Pop messages from the session until there is none."""
    del seed
    asyncio.run(_pops(session_on(table, url), Ledger(ledger)))


async def _pops(session: LeydenSession, ledger: Ledger) -> None:
    number = told(ledger.lines(), "pop").next
    while True:
        ledger.note(kind="pop", n=number, **{"is": "begun"})
        try:
            item: Any = await session.pop_item()
        except LeydenError as error:
            _failed(ledger, "pop", number, error)
        else:
            if item is None:
                ledger.note(kind="pop", n=number, **{"is": "refused"})
                return
            ledger.note(kind="pop", n=number, **{"is": "done"}, text=item["content"])
        number += 1


def puts(table: str, url: str, worker: int, ledger: Path, seed: int) -> None:
    """Put checkpoints into the thread, each on the one before, and their writes."""
    book = Ledger(ledger)
    saver, chance = saver_on(table, url), random.Random(seed)
    before = told(book.lines(), "put")
    number = before.next
    parent = _resumed(saver, worker, book, before.done)
    while True:
        checkpoint = empty_checkpoint()
        values = {"by": worker, "n": number, "letters": letters_of(worker, number)}
        checkpoint["channel_values"] = values
        checkpoint["channel_versions"] = dict.fromkeys(values, checkpoint["id"])
        book.note(kind="put", n=number, **{"is": "begun"}, id=checkpoint["id"])
        try:
            config = saver.put(at(parent), checkpoint, {"source": "loop", "step": number}, {})
        except LeydenError as error:
            _failed(book, "put", number, error)
        else:
            book.note(kind="put", n=number, **{"is": "done"}, id=checkpoint["id"])
            parent = checkpoint["id"]
            _write(saver, worker, book, number, config)
        if chance.randrange(LOOKED_AT) == 0:
            _read_newest(saver, book)
        number += 1


def _write(saver: LeydenSaver, worker: int, book: Ledger, number: int, config: Any) -> None:
    book.note(kind="write", n=number, **{"is": "begun"})
    try:
        saver.put_writes(config, writes_of(worker, number), f"task-{worker}")
    except LeydenError as error:
        _failed(book, "write", number, error)
    else:
        book.note(kind="write", n=number, **{"is": "done"})


def _resumed(saver: LeydenSaver, worker: int, book: Ledger, done: Any) -> str | None:
    """Return the checkpoint to go on from, which must be as it was put."""
    if not done:
        return None
    number = max(done)
    try:
        found = saver.get_tuple(at(done[number]["id"]))
    except LeydenError:
        return str(done[number]["id"])
    if found is None:
        book.note(fault=f"checkpoint {worker}/{number} is not there after a kill")
    else:
        for fault in step_faults(step_of(found), worker, number):
            book.note(fault=f"after a kill: {fault}")
    return str(done[number]["id"])


def _read_newest(saver: LeydenSaver, book: Ledger) -> None:
    try:
        found = saver.get_tuple(at())
    except LeydenError:
        return
    if found is None:
        book.note(fault="the thread has no checkpoint")
        return
    step = step_of(found)
    for fault in step_faults(step, step.values["by"], step.values["n"]):
        book.note(fault=f"the newest: {fault}")
