"""Measure what keeps conversations: sessions and message histories of several frameworks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from bench.agents.contestants import Contestant, History, Open
from bench.agents.counting import middle, share
from bench.agents.stage import Stage
from bench.agents.texts import failure, text
from bench.measuring import Figures, Say

LENGTHS: Final = (10, 100, 1000)
"""At which messages of a conversation the cost of one more is looked at."""

AT_ONCE: Final = 20
SMALL, TURN, LARGE = 100, 2000, 500_000
"""The letters of the messages: of those that are counted, of a long chat's, and of a large one."""

LONG: Final = 300


async def filled(history: History, start: int, end: int) -> None:
    """Add messages, ten at a time."""
    for number in range(start, end, 10):
        await history.add([text(SMALL, n) for n in range(number, min(number + 10, end))])


async def costs(here: Stage, opened: dict[str, Open], rounds: int) -> Figures:
    """Count adds to a conversation at some lengths, and reading its newest ten, in turns."""
    found: Figures = {name: {"add": {}} for name in opened}
    histories = {name: there("long") for name, there in opened.items()}
    there = 1
    for length in LENGTHS:
        for history in histories.values():
            await filled(history, there, length)
        there = length + rounds + 1
        adding: dict[str, list[dict[str, float]]] = {name: [] for name in opened}
        for number in range(rounds + 1):
            for name in [*opened] if number % 2 else [*opened][::-1]:
                with here.meter.counted() as spent:
                    await histories[name].add([text(SMALL, length + number)])
                if number:
                    adding[name].append(spent.each(1))
        own = adding[next(iter(opened))]
        for name, each in adding.items():
            found[name]["add"][str(length)] = middle(each) | {"ratio": share(own, each)}
    reading: dict[str, list[dict[str, float]]] = {name: [] for name in opened}
    for number in range(rounds + 1):
        for name in [*opened] if number % 2 else [*opened][::-1]:
            with here.meter.counted() as spent:
                newest = await histories[name].read(10)
            assert newest == [text(SMALL, there - 10 + n) for n in range(10)]
            if number:
                reading[name].append(spent.each(1))
    own = reading[next(iter(opened))]
    for name, each in reading.items():
        found[name]["newest_10"] = middle(each) | {"ratio": share(own, each)}
    return found


async def together(opened: Open, rounds: int) -> list[int]:
    """Add messages at once, again and again; return how many of each round are there."""
    kept = []
    for number in range(rounds):
        texts = [f"{number}/{n}" for n in range(AT_ONCE)]
        await asyncio.gather(
            *(opened(f"together-{number}").add([text]) for text in texts), return_exceptions=True
        )
        found = await opened(f"together-{number}").read()
        kept.append(len(set(found) & set(texts)))
    return kept


async def pops(opened: Open, rounds: int) -> list[int] | None:
    """Pop as many as there are at once; return how many different ones came. None: it cannot."""
    different = []
    for number in range(rounds):
        history = opened(f"pops-{number}")
        if not hasattr(history, "pop"):
            return None
        await history.add([f"{number}/{n}" for n in range(AT_ONCE)])
        one_each = (opened(f"pops-{number}").pop() for _ in range(AT_ONCE))
        got = await asyncio.gather(*one_each, return_exceptions=True)
        different.append(len({one for one in got if isinstance(one, str)}))
    return different


async def large(history: History) -> Figures:
    """Add a message of 500 kB and read it."""
    value = text(LARGE)
    try:
        await history.add([value])
        return {"kept": await history.read() == [value], "failure": None}
    except Exception as error:
        return {"kept": False, "failure": failure(error)}


async def long(history: History) -> Figures:
    """Add messages of 2 kB until one fails."""
    for number in range(1, LONG + 1):
        try:
            await history.add([text(TURN, number)])
        except Exception as error:
            return {"fails_at": number, "failure": failure(error)}
    return {"fails_at": None, "failure": None}


async def _measure(
    here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say
) -> Figures:
    found: Figures = {}
    frameworks = dict.fromkeys(one.framework for one in contestants)
    for framework in frameworks:
        say(f"conversations of {framework}")
        async with AsyncExitStack() as stack:
            opened = {
                one.name: await stack.enter_async_context(one.open(here, here.table()))
                for one in contestants
                if one.framework == framework
            }
            found |= await costs(here, opened, rounds)
            for name, there in opened.items():
                say(f"{name}: what holds")
                found[name] |= {
                    "together": await together(there, rounds),
                    "pops": await pops(there, rounds),
                    "large": await large(there("large")),
                    "long": await long(there("turns")),
                }
    return found


def measure(here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say) -> Figures:
    """Measure all that keep conversations."""
    return asyncio.run(_measure(here, contestants, rounds, say))
