"""Measure storages of Strands: what calls cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from attrs import frozen

from bench.agents.contestants import Contestant
from bench.agents.counting import middle
from bench.agents.stage import Stage
from bench.agents.texts import text
from bench.measuring import Figures, Say

ENTRIES: Final = 100
"""How many entries of 1 kB there are to list and to search."""

SMALL, LARGE = 1000, 500_000


@frozen
class Case:
    """A call on a storage with entries; its second argument numbers it."""

    name: str
    times: int
    act: Callable[[Any, int], Awaitable[Any]]


def _data(number: int, size: int = SMALL) -> bytes:
    return text(size, number).encode()


def _there(number: int) -> str:
    return f"notes/{number % ENTRIES:03}"


CASES: Final = (
    Case("new", 20, lambda storage, n: storage.write(f"new/{n}", _data(n))),
    Case("write", 20, lambda storage, n: storage.write(_there(n), _data(-n))),
    Case("read", 20, lambda storage, n: storage.read(_there(n))),
    Case("list", 5, lambda storage, n: storage.list("notes/")),
    Case("search", 2, lambda storage, n: storage.namespace("notes").search("garden")),
    Case("delete", 20, lambda storage, n: storage.delete(f"new/{n}")),
    Case("large", 2, lambda storage, n: storage.write("large", _data(n, LARGE))),
    Case("read_large", 2, lambda storage, n: storage.read("large")),
)


async def calls(here: Stage, storages: dict[str, Any], rounds: int, say: Say) -> Figures:
    """Let all storages make each call in turns; the first round does not count."""
    found: Figures = {name: {"calls": {}} for name in storages}
    for case in CASES:
        say(f"storages of Strands: {case.name}")
        spent: dict[str, list[dict[str, float]]] = {name: [] for name in storages}
        for number in range(rounds + 1):
            for name in [*storages] if number % 2 else [*storages][::-1]:
                with here.meter.counted() as one:
                    for n in range(case.times):
                        await case.act(storages[name], number * case.times + n)
                if number:
                    spent[name].append(one.each(case.times))
        for name, each in spent.items():
            found[name]["calls"][case.name] = middle(each)
    return found


async def _measure(
    here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say
) -> Figures:
    storages = {one.name: one.open(here, here.table()) for one in contestants}
    for storage in storages.values():
        for n in range(ENTRIES):
            await storage.write(_there(n), _data(n))
    found = await calls(here, storages, rounds, say)
    for storage in storages.values():
        await storage.close()
    return found


def measure(here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say) -> Figures:
    """Measure all storages."""
    return asyncio.run(_measure(here, contestants, rounds, say))
