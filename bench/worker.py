"""One client in a process of its own, which answers JSON lines, as tools/node/bench.mjs does.

The first line is the target. These questions follow:

    {"run": case, "times": n}          -> {"cpu": ms a call, "wall": ms a call}
    {"gets": at once, "count": n}      -> {"cpu": ms a call, "wall": ms a call}
    {"stream": records, "below": n}    -> {"records", "cpu", "wall", "memory": [[records, MB] ...]},
                                          for iterating over the items below a number repeatedly
    {"numbered": below, "times": n}    -> {"cpu", "wall"}, for gets of items with such numbers

If the work fails, the answer is {"error": words}.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.items import station_of
from bench.peers import PEERS, Client, Get, Target

MARKS = 10
STATUS = Path("/proc/self/statm")


@contextmanager
def timed(calls: int) -> Iterator[dict[str, Any]]:
    """Measure the processor and wall time of a call in the block, in milliseconds."""
    found: dict[str, Any] = {}
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    yield found
    found["cpu"] = (time.process_time() - cpu) / calls * 1000
    found["wall"] = (time.perf_counter() - wall) / calls * 1000


def resident() -> float:
    """Return how much memory the process has, in MB."""
    if STATUS.exists():
        return int(STATUS.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def run(work: Callable[[], Any], times: int) -> dict[str, Any]:
    """Call the work repeatedly."""
    with timed(times) as found:
        for _ in range(times):
            work()
    return found


async def take_turns(get: Get, at_once: int, count: int) -> dict[str, Any]:
    """Run gets, `at_once` of them concurrently."""
    turns = iter(range(count))

    async def one_after_another() -> None:
        for _ in turns:
            await get()

    with timed(count) as found:
        await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    return found


def stream(client: Client, records: int, below: int) -> dict[str, Any]:
    """Iterate over all partitions of the large table, and record the memory meanwhile."""
    if client.stream is None:
        raise ValueError("it is not asked to iterate")
    stations = itertools.cycle(sorted({station_of(number) for number in range(below)}))
    memory, step, count = [], max(records // MARKS, 1), 0
    with timed(1) as found:
        while count < records:
            before = count
            for _ in client.stream(next(stations)):
                count += 1
                if count % step == 0:
                    memory.append([count, round(resident(), 1)])
            if count == before:
                raise ValueError("a partition has no items")
    return {**found, "records": count, "memory": memory}


def numbered(client: Client, below: int, times: int) -> dict[str, Any]:
    """Get items anywhere in the table."""
    if client.get_numbered is None:
        raise ValueError("it is not asked for items by their number")
    numbers = random.Random(below).sample(range(below), times)
    with timed(times) as found:
        for number in numbers:
            if client.get_numbered(number) is None:
                raise ValueError(f"item {number} is not there")
    return found


class Answers:
    """Answers questions, and keeps an event loop from one to the next."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.runner = asyncio.Runner()
        self.gets: Any = None
        self.get: Any = None

    def on_a_loop(self, at_once: int, count: int) -> dict[str, Any]:
        """Run gets on the event loop, with a client that is opened once."""
        if self.client.gets is None:
            raise ValueError("it has no asynchronous client")
        if self.gets is None:
            self.gets = self.client.gets()
            self.get = self.runner.run(self.gets.__aenter__())
        return self.runner.run(take_turns(self.get, at_once, count))

    def to(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a question."""
        if "run" in question:
            return run(self.client.work[question["run"]], question["times"])
        if "gets" in question:
            return self.on_a_loop(question["gets"], question["count"])
        if "stream" in question:
            return stream(self.client, question["stream"], question["below"])
        return numbered(self.client, question["numbered"], question["times"])

    def close(self) -> None:
        """Close what is open."""
        if self.gets is not None:
            self.runner.run(self.gets.__aexit__(None, None, None))
        self.runner.close()


def main(name: str) -> None:
    """Answer until the questions end."""
    module = next(peer.module for peer in PEERS if peer.name == name)
    target = Target(**json.loads(sys.stdin.readline()))
    with importlib.import_module(module).opened(target) as client:
        say({"work": list(client.work), "gets": client.gets is not None})
        answers = Answers(client)
        for line in sys.stdin:
            try:
                say(answers.to(json.loads(line)))
            except Exception as error:
                say({"error": f"{type(error).__name__}: {error}"})
        answers.close()


def say(answer: dict[str, Any]) -> None:
    """Write an answer immediately."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
