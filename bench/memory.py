"""The memory store beside @mastra/dynamodb: the same calls, data and engine, in one run.

Prints HTTP requests, consumed capacity, client CPU and wall time, each with the other client's
share. Also prints the cost of the newest 10 messages in threads of different length. Needs Node.js
with the npm packages of tools/node, and DynamoDB Local. Run it from the project's root: `make
bench-memory`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import asdict, define
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from tests.interop.node_process import NodeUnavailableError
from tests.store.interop.client import Cost, MastraClient
from tests.store.interop.words import Call, theirs

import leyden.events
from leyden.engine import dynamodb_local
from leyden.errors import EngineError
from leyden.store import DynamoDBStore

ROOT = Path(__file__).parents[1]
START = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
BODY = "The boiling point of water falls with height, by about one degree every 300 metres. " * 6
ROUNDS = 3
NEWEST = {"per_page": 10, "order_by": ("created_at", "desc")}


@define
class Spent:
    """The cost of a call, as `Cost` counts it, and the number of messages that it returned."""

    requests: int = 0
    capacity: float = 0.0
    cpu: float = 0.0
    wall: float = 0.0
    total: int | None = None


def message(thread: str, number: int) -> dict[str, Any]:
    """Return a message of about 600 bytes."""
    return {
        "id": f"{thread}-{number:06}",
        "thread_id": thread,
        "resource_id": "alice",
        "role": "assistant" if number % 2 else "user",
        "type": "v2",
        "content": {"format": 2, "parts": [{"type": "text", "text": BODY}]},
        "created_at": START + timedelta(seconds=number),
    }


@contextmanager
def counted() -> Iterator[Spent]:
    """Count what this process sends, and measure its time meanwhile."""
    spent = Spent()

    def hear(event: leyden.events.Event) -> None:
        if isinstance(event, leyden.events.RequestSent):
            spent.requests += 1
        elif isinstance(event, leyden.events.ResponseReceived):
            spent.capacity += event.consumed or 0

    with leyden.events.listen(hear):
        cpu, wall = time.process_time(), time.perf_counter()
        yield spent
        spent.cpu = (time.process_time() - cpu) * 1000
        spent.wall = (time.perf_counter() - wall) * 1000


def of_theirs(cost: Cost) -> Spent:
    """Return the other client's cost."""
    return Spent(cost.requests, cost.capacity, cost.cpu, cost.wall)


def median(rounds: list[Spent]) -> Spent:
    """Return the round with the median wall time."""
    return sorted(rounds, key=lambda spent: spent.wall)[len(rounds) // 2]


class Bench:
    """Both clients on one table."""

    def __init__(self, store: DynamoDBStore, client: MastraClient) -> None:
        self.store = store
        self.client = client

    def ours(self, call: Call) -> Spent:
        """Measure a call of Leyden's store."""
        with counted() as spent:
            said = call.on(self.store)
        spent.total = getattr(said, "total", None)
        return spent

    def theirs(self, call: Call) -> Spent:
        """Measure the same call of the other client."""
        domain, method, args = theirs(call)
        called = self.client.call(self.store.table_name, domain, method, args)
        if called.error is not None:
            raise SystemExit(f"the other client failed: {called.error}")
        spent = of_theirs(called.cost)
        if isinstance(called.value, dict):
            spent.total = called.value.get("total")
        return spent

    def fill(self, thread: str, count: int) -> None:
        """Create a thread of `count` messages."""
        memory = self.store.memory
        memory.save_thread({"id": thread, "resource_id": "alice"})
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            memory.save_messages([message(thread, number) for number in numbers])

    def compare(
        self, call: Callable[[str], Call], prepare: Callable[[str], None] | None = None
    ) -> tuple[Spent, Spent]:
        """Measure a call of both clients in turns; `prepare` runs before each, uncounted."""
        found: dict[str, list[Spent]] = {"ours": [], "theirs": []}
        for number in range(ROUNDS):
            for side, speak in (("theirs", self.theirs), ("ours", self.ours)):
                name = f"{side}-{number}"
                if prepare is not None:
                    prepare(name)
                found[side].append(speak(call(name)))
        return median(found["ours"]), median(found["theirs"])


def comparisons(bench: Bench, sizes: tuple[int, ...]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the comparisons: a title, and a function that measures it."""

    def memory(name: str, **arguments: Any) -> Call:
        return Call(f"memory.{name}", arguments)

    for size in sizes:
        yield (
            f"list the newest 10 of {size:,}, with the total",
            lambda size=size: bench.compare(
                lambda _: memory(
                    "list_messages", thread_id=f"long-{size}", **NEWEST, include_total=True
                )
            ),
        )
        yield (
            f"list the newest 10 of {size:,}, ours without the total",
            lambda size=size: bench.compare(
                lambda name: memory(
                    "list_messages",
                    thread_id=f"long-{size}",
                    **NEWEST,
                    **({"include_total": False} if name.startswith("ours") else {}),
                )
            ),
        )

    def begin(name: str) -> None:
        bench.store.memory.save_thread({"id": name, "resource_id": "alice"})

    def messages(name: str, count: int) -> list[dict[str, Any]]:
        return [message(name, number) for number in range(count)]

    yield (
        "save 100 messages",
        lambda: bench.compare(
            lambda name: memory("save_messages", messages=messages(f"save-{name}", 100)),
            lambda name: begin(f"save-{name}"),
        ),
    )
    yield (
        "update 50 messages",
        lambda: bench.compare(
            lambda name: memory(
                "update_messages",
                messages=[
                    {"id": f"edit-{name}-{n:06}", "content": {"metadata": {"seen": True}}}
                    for n in range(50)
                ],
            ),
            lambda name: bench.fill(f"edit-{name}", 50),
        ),
    )
    yield (
        "delete a thread of 1,000 messages",
        lambda: bench.compare(
            lambda name: memory("delete_thread", thread_id=f"gone-{name}"),
            lambda name: bench.fill(f"gone-{name}", 1000),
        ),
    )


def by_length(bench: Bench, lengths: tuple[int, ...], progress: Progress) -> list[dict[str, Any]]:
    """Measure the newest 10 messages here, without the total, in threads of each length."""
    found = []
    for length in lengths:
        task = progress.add_task(f"a thread of {length:,}", total=length)
        thread = f"of-{length}"
        bench.store.memory.save_thread({"id": thread, "resource_id": "alice"})
        for start in range(0, length, 1000):
            numbers = range(start, min(start + 1000, length))
            bench.store.memory.save_messages([message(thread, number) for number in numbers])
            progress.advance(task, len(numbers))
        call = Call("memory.list_messages", {"thread_id": thread, **NEWEST, "include_total": False})
        spent = median([bench.ours(call) for _ in range(ROUNDS)])
        found.append(
            {"messages": length, **asdict(spent, filter=lambda field, _: field.name != "total")}
        )
    return found


def ratio(ours: float, other: float) -> str:
    """Return how many times as much the other client takes, with two digits."""
    if ours == 0:
        return "-"
    times = other / ours
    return f"{times:.2g}" if times < 10 else f"{times:,.0f}"


def show(console: Console, found: dict[str, tuple[Spent, Spent]]) -> None:
    """Print the comparison as a table."""
    table = Table(
        title="ours / @mastra/dynamodb 1.0.0, and how many times as much that takes",
        title_justify="left",
    )
    for column in ("", "requests", "capacity units", "client CPU, ms", "wall, ms"):
        table.add_column(column, justify="left" if not column else "right")
    for title, (ours, other) in found.items():
        cells = []
        for name, digits in (("requests", 0), ("capacity", 1), ("cpu", 1), ("wall", 1)):
            own, peer = getattr(ours, name), getattr(other, name)
            cells.append(f"{own:,.{digits}f} / {peer:,.{digits}f} ({ratio(own, peer)}x)")
        table.add_row(title, *cells)
    console.print(table)
    for title, (ours, other) in found.items():
        if ours.total is not None and ours.total != other.total:
            console.print(f"{title}: it answered wrongly, of {other.total:,} messages in all.")


def show_lengths(console: Console, found: list[dict[str, Any]]) -> None:
    """Print the cost by length as a table."""
    table = Table(title="the newest 10 messages, without the total", title_justify="left")
    for column in ("messages in the thread", "requests", "capacity units", "wall, ms"):
        table.add_column(column, justify="right")
    for row in found:
        table.add_row(
            f"{row['messages']:,}",
            str(row["requests"]),
            f"{row['capacity']:.1f}",
            f"{row['wall']:.1f}",
        )
    console.print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", default=ROOT / ".cache" / "dynamodb-local", type=Path)
    parser.add_argument("--large", action="store_true", help="a thread of 100,000 messages as well")
    parser.add_argument("--json", type=Path, help="write what was found here, too")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        engine = dynamodb_local(jar_folder=options.jar)
    except EngineError as error:
        console.print(f"NOT RUN: it needs DynamoDB Local, and {error.message}")
        return 1
    with engine:
        try:
            client = MastraClient(engine)
        except NodeUnavailableError as error:
            console.print(f"NOT RUN: {error}")
            return 1
        with client, DynamoDBStore(table_name="bench-memory", client=engine) as store:
            store.app.create_table()
            bench = Bench(store, client)
            found, lengths = measured(bench, console, large=options.large)
    show(console, found)
    show_lengths(console, lengths)
    costs = {(row["requests"], row["capacity"]) for row in lengths}
    console.print(
        "The cost is the same in all of them."
        if len(costs) == 1
        else f"The cost is NOT the same in all of them: {sorted(costs)}"
    )
    if options.json:
        rows = [
            {"what": title, "ours": asdict(ours), "theirs": asdict(other)}
            for title, (ours, other) in found.items()
        ]
        report = {"client": "@mastra/dynamodb 1.0.0", "comparison": rows, "newest_10": lengths}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if len(costs) == 1 else 1


def measured(
    bench: Bench, console: Console, *, large: bool
) -> tuple[dict[str, tuple[Spent, Spent]], list[dict[str, Any]]]:
    """Measure everything, with a progress bar."""
    sizes = (1000, 10_000)
    found = {}
    with Progress(console=console, transient=True) as progress:
        filling = progress.add_task("threads to read", total=len(sizes))
        for size in sizes:
            bench.fill(f"long-{size}", size)
            progress.advance(filling)
        warm_up(bench)
        comparing = progress.add_task("comparing", total=None)
        for title, measure in comparisons(bench, sizes):
            progress.update(comparing, description=title)
            found[title] = measure()
        progress.remove_task(comparing)
        lengths = by_length(bench, (100, 10_000, *((100_000,) if large else ())), progress)
    return found, lengths


def warm_up(bench: Bench) -> None:
    """Let both sides load and compile what the calls use, before anything is counted."""
    for side, speak in (("ours", bench.ours), ("theirs", bench.theirs)):
        bench.fill(f"warm-{side}", 60)
        reading = {"thread_id": f"warm-{side}", **NEWEST}
        changes = [{"id": f"warm-{side}-{n:06}", "role": "tool"} for n in range(5)]
        for _ in range(10):
            speak(Call("memory.list_messages", reading))
        speak(Call("memory.save_messages", {"messages": [message(f"warm-{side}", 1)]}))
        speak(Call("memory.update_messages", {"messages": changes}))
        speak(Call("memory.delete_thread", {"thread_id": f"warm-{side}"}))


if __name__ == "__main__":
    sys.exit(main())
