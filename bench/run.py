"""How much client CPU Leyden takes, beside other clients of DynamoDB, on one table in one run.

Prints medians of processor time and their ratios, and gets a second on an event loop. The engine's
own work is left out of the former and, as the same for all, in the latter. Clients that are not
installed are named. Uses DynamoDB Local where it is installed, else the embedded engine, whose
server shares this process and so its processor time: then only what happens without a server is
measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from peers import ASYNCHRONOUS, BLOCKING, Target, versions
from rich.console import Console
from rich.table import Table

import leyden
from leyden.engine import DynamoDBLocal, dynamodb_local

SCHEMA = """
entity: readings
alias: reading
version: "1"
service: bench
attributes:
  station: {type: string, required: true}
  number: {type: integer, required: true, min: 0, padding: {length: 6, char: "0"}}
  kind: {type: [wind, rain]}
  value: number
  unit: string
  note: string
  done: boolean
  tags: {type: set, items: string}
  at: timestamp
  place: {type: map, properties: {lat: number, lon: number}}
  source: string
  body: string
indexes:
  readings:
    pk: {field: pk, composite: [station]}
    sk: {field: sk, composite: [number]}
"""
ROUNDS = 7
ROOT = Path(__file__).parents[1]


def reading(number: int) -> dict[str, Any]:
    """An item of 12 attributes and about 600 bytes."""
    return {
        "station": "s",
        "number": number,
        "kind": "wind",
        "value": 12.5,
        "unit": "m/s",
        "note": "from the north",
        "done": True,
        "tags": ["a", "b"],
        "at": "2026-02-03T09:15:00Z",
        "place": {"lat": 45.5, "lon": 4.25},
        "source": "mast",
        "body": "x" * 300,
    }


def cpu(work: Callable[[], Any], times: int) -> float:
    """Processor time of one call in milliseconds: the median over rounds."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1000)
    return statistics.median(rounds)


def without_a_server(task: leyden.Entity) -> dict[str, float]:
    """Building requests and decoding items."""
    item = task.put(**reading(1)).params()["Item"]
    model = task.model
    return {
        "build a get": cpu(lambda: task.get(station="s", number=1).params(), 500),
        "build a query": cpu(lambda: task.query.readings(station="s").gt(number=5).params(), 500),
        "build a put": cpu(lambda: task.put(**reading(1)).params(), 500),
        "build an update": cpu(
            lambda: task.patch(station="s", number=1).set(note="x").params(), 500
        ),
        "decode an item": cpu(lambda: task.parse(item), 500),
        "decode an item, PynamoDB": cpu(lambda: model.from_raw_data(item), 100),
    }


def side_by_side(work: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """Processor time of one call by each, in milliseconds; their rounds take turns."""
    rounds: dict[str, list[float]] = {name: [] for name in work}
    for call in work.values():
        call()
    for _ in range(ROUNDS):
        for name, call in work.items():
            started = time.process_time()
            for _ in range(times):
                call()
            rounds[name].append((time.process_time() - started) / times * 1000)
    return {name: statistics.median(found) for name, found in rounds.items()}


TIMES = {
    "get one item": 60,
    "put one item": 60,
    "query 1,000 items": 3,
    "write a batch of 25": 10,
}


def own_work(task: leyden.Entity) -> dict[str, Callable[[], Any]]:
    """The work by Leyden; what it reads comes as records."""
    return {
        "get one item": lambda: task.get(station="s", number=1).go(),
        "put one item": lambda: task.put(**reading(1)).go(),
        "query 1,000 items": lambda: task.query.readings(station="s").go(),
        "write a batch of 25": lambda: task.put([reading(n) for n in range(25)]).go(),
    }


def target_of(app: leyden.Service, engine: DynamoDBLocal) -> Target:
    """What the others are to do."""
    task = app.entities.reading
    return Target(
        engine,
        task.model,
        task.get(station="s", number=1).params(),
        task.put(**reading(1)).params(),
        task.query.readings(station="s").params(),
        task.put([reading(n) for n in range(25)]).params()[0],
    )


def with_a_server(
    app: leyden.Service, target: Target, console: Console
) -> dict[str, dict[str, float]]:
    """The same work by all who are there: names of work, names of clients, milliseconds."""
    workers = {"leyden": own_work(app.entities.reading)}
    found = versions()
    for name, prepare in BLOCKING.items():
        if found[name] is None:
            console.print(f"NOT RUN: {name}, which is not installed")
            continue
        try:
            workers[name] = prepare(target)
        except Exception as error:
            console.print(f"NOT RUN: {name}, because {type(error).__name__}: {error}")
    return {
        what: side_by_side({n: work[what] for n, work in workers.items() if what in work}, times)
        for what, times in TIMES.items()
    }


async def throughput(one: Callable[[], Awaitable[Any]], at_once: int, count: int) -> float:
    """Calls a second with so many at a time: the best of three rounds."""
    best = 0.0
    for _ in range(3):
        turns = iter(range(count))

        async def take_turns(turns: Iterator[int] = turns) -> None:
            for _ in turns:
                await one()

        started = time.perf_counter()
        await asyncio.gather(*(take_turns() for _ in range(at_once)))
        best = max(best, count / (time.perf_counter() - started))
    return best


async def on_a_loop(
    engine: DynamoDBLocal, target: Target, console: Console
) -> dict[int, dict[str, float]]:
    """Gets a second by concurrency, by Leyden and the others."""
    found = versions()
    rates: dict[int, dict[str, float]] = {}
    async with (
        AsyncExitStack() as stack,
        await leyden.load_async(SCHEMA, table="bench", engine=engine) as app,
    ):
        task = app.entities.reading
        gets: dict[str, Callable[[], Awaitable[Any]]] = {
            "leyden": lambda: task.get(station="s", number=1).go()
        }
        for name, opened in ASYNCHRONOUS.items():
            if found[name] is None:
                console.print(f"NOT RUN: {name}, which is not installed")
                continue
            gets[name] = await stack.enter_async_context(opened(target))
        for one in gets.values():
            await throughput(one, 16, 200)
        for at_once in (1, 16, 64, 256):
            count = 300 if at_once == 1 else 1500
            rates[at_once] = {
                name: await throughput(one, at_once, count) for name, one in gets.items()
            }
    return rates


def import_time() -> tuple[float, float]:
    """Processor time of importing botocore's client, and of Leyden behind it, in milliseconds."""
    code = (
        "import time; a = time.process_time()\n"
        "import botocore.session, botocore.client, botocore.httpsession\n"
        "b = time.process_time()\nimport leyden\n"
        "print((b - a) * 1000, (time.process_time() - b) * 1000)"
    )
    both = []
    for _ in range(ROUNDS):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        both.append(tuple(map(float, done.stdout.split())))
    return statistics.median(b for b, _ in both), statistics.median(own for _, own in both)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", default=ROOT / ".cache" / "dynamodb-local", type=Path)
    folder = parser.parse_args().jar
    console = Console()
    bare = leyden.load(SCHEMA, table="bench", region="us-east-1")
    table = Table("without a server", "client CPU, microseconds")
    for name, milliseconds in without_a_server(bare.entities.reading).items():
        table.add_row(name, f"{milliseconds * 1000:.1f}")
    console.print(table)
    try:
        engine = dynamodb_local(jar_folder=folder)
    except leyden.errors.EngineError as error:
        console.print(f"NOT RUN: the comparison on a server, because {error.message}")
        return
    with engine:
        app = leyden.load(SCHEMA, table="bench", engine=engine)
        app.create_table()
        app.entities.reading.put([reading(n) for n in range(1000)]).go(concurrency=4)
        target = target_of(app, engine)
        work = with_a_server(app, target, console)
        rates = asyncio.run(on_a_loop(engine, target, console))
    names = list(next(iter(work.values())))
    table = Table(
        "client CPU, ms", *names, *(f"/{peer}" for peer in names[1:]), title="on DynamoDB Local"
    )
    for what, found in work.items():
        shown = [f"{found[n]:.3f}" if n in found else "-" for n in names]
        ratios = [f"{found['leyden'] / found[n]:.2f}" if n in found else "-" for n in names[1:]]
        table.add_row(what, *shown, *ratios)
    console.print(table)
    table = Table("gets a second, asyncio", *next(iter(rates.values())), title="at a time")
    for at_once, by_name in rates.items():
        table.add_row(str(at_once), *(f"{rate:,.0f}" for rate in by_name.values()))
    console.print(table)
    botocore_time, own_time = import_time()
    console.print(f"import: botocore {botocore_time:.0f} ms, leyden behind it {own_time:.0f} ms")
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors; "
        + ", ".join(f"{name} {found or 'absent'}" for name, found in versions().items())
    )


if __name__ == "__main__":
    main()
