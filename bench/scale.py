"""Measure tables of different size, iteration over many records, and several processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median

from bench.engine import Stage
from bench.items import reading, station_of
from bench.measuring import Figures, Say
from bench.workers import another

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PIECE = 5_000


def fill(stage: Stage, start: int, stop: int) -> None:
    """Write the items of these numbers, `PER_STATION` to a partition."""
    entity = stage.app.entities.reading
    for first in range(start, stop, PIECE):
        last = min(first + PIECE, stop)
        items = [reading(n, station_of(n)) for n in range(first, last)]
        entity.put(items).go(concurrency=4)


def sizes(stage: Stage, most: int, rounds: int, say: Say) -> Iterator[Figures]:
    """Measure gets anywhere in tables of growing size, with the engine's own time."""
    filled = 0
    with another("leyden", stage.target) as worker:
        for size in (size for size in SIZES if size <= most):
            say(f"a table of {size:,}")
            started = time.perf_counter()
            fill(stage, filled, size)
            seconds = time.perf_counter() - started
            question = {"numbered": size, "times": 300}
            worker.ask(question)
            engine = stage.cpu()
            answers = [worker.ask(question) for _ in range(rounds)]
            after = stage.cpu()
            yield {
                "items": size,
                "written_a_second": round((size - filled) / seconds),
                "cpu": round(median(answer["cpu"] for answer in answers), 4),
                "wall": round(median(answer["wall"] for answer in answers), 4),
                "engine_cpu": engine_share(engine, after, rounds * question["times"]),
            }
            filled = size


def engine_share(before: float | None, after: float | None, calls: int) -> float | None:
    """Return the engine's processor time for a call, in ms."""
    return None if before is None or after is None else round((after - before) / calls, 4)


def streams(stage: Stage, records: dict[str, int], below: int, say: Say) -> Iterator[Figures]:
    """Measure iteration over `records` in fresh processes, with their memory in MB.

    They iterate over the partitions of the table again and again. In a single partition, DynamoDB
    Local would take longer for a page the more items follow it, and that would dominate the figure.
    """
    for name, count in records.items():
        say(f"iteration over {count:,} records by {name}")
        with another(name, stage.target) as worker:
            engine = stage.cpu()
            found = worker.ask({"stream": count, "below": below})
            spent = engine_share(engine, stage.cpu(), found["records"])
        yield {
            "client": name,
            "records": found["records"],
            "cpu": round(found["cpu"] / found["records"] * 1000, 2),
            "engine_cpu": None if spent is None else round(spent * 1000, 2),
            "a_second": round(found["records"] / found["wall"] * 1000),
            "memory": found["memory"],
        }


def processes(stage: Stage, count: int, rounds: int, say: Say) -> Iterator[Figures]:
    """Measure gets on event loops in one process and in two, with 64 concurrent gets in each."""
    question = {"gets": 64, "count": count}
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        workers = [stack.enter_context(another("leyden", stage.target)) for _ in range(2)]
        for worker in workers:
            worker.ask(question)
        for number in (1, 2):
            say(f"{number} {'processes' if number > 1 else 'process'}")
            rates, shares, cpu = [], [], []
            for _ in range(rounds):
                engine, started = stage.cpu(), time.perf_counter()
                answers = list(threads.map(lambda w: w.ask(question), workers[:number]))
                seconds = time.perf_counter() - started
                rates.append(number * count / seconds)
                cpu.append(median(answer["cpu"] for answer in answers))
                spent = engine_share(engine, stage.cpu(), number * count)
                shares.extend([] if spent is None else [spent])
            yield {
                "processes": number,
                "rate": round(median(rates)),
                "cpu": round(median(cpu), 4),
                "engine_cpu": round(median(shares), 4) if shares else None,
            }
