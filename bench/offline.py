"""Measure what needs no server: building requests, loading a schema, and the memory of records.

Times are processor time, the minimum of many rounds, since other programs on the machine can only
add to it. Memory is that of records alone, read in pages in a process of their own. Run it from the
project's root: `python -m bench.offline`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import leyden
from bench.cold import MODULE, write_module
from bench.items import SCHEMA, reading
from bench.peers.pynamo import model_of
from leyden.mapping import compile_entity

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
ROUNDS, TIMES, IMPORTS = 60, 40, 7
RECORDS, PAGE = 100_000, 1_000
TARGET = 30.0
"""How many microseconds the parameters of one operation may take."""


def opened(folder: str) -> leyden.Service:
    """Return a service of the shipped schemas, which sends nothing."""
    return leyden.load(
        ROOT / "schemas" / folder,
        table="bench",
        region="us-east-1",
        credentials={"access_key_id": "bench", "secret_access_key": "bench"},
    )


def operations() -> dict[str, Callable[[], Any]]:
    """Return one operation of each kind, on a small entity and on one with many derived values."""
    task = opened("taskapp").entities.task
    memory = opened("memory").entities
    thread, message = memory.thread, memory.message
    key = {"project_id": "p1", "task_id": "t1"}
    new_task = {**key, "employee_id": "e1", "title": "Fix the pump"}
    new_thread = {
        "id": "t1",
        "resource_id": "alice",
        "title": "Pumps",
        "metadata": {"a": 1, "b": [1, 2]},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return {
        "task.get": lambda: task.get(**key).params(),
        "task.put": lambda: task.put(**new_task).params(),
        "task.create": lambda: task.create(**new_task).params(),
        "task.upsert": lambda: task.upsert(**new_task).params(),
        "task.update": lambda: task.update(**key).set(title="Mend it").params(),
        "task.delete": lambda: task.delete(**key).params(),
        "task.query": lambda: task.query.assigned(employee_id="e1").params(),
        "task.scan": lambda: task.scan.params(),
        "thread.get": lambda: thread.get(id="t1").params(),
        "thread.put": lambda: thread.put(**new_thread).params(),
        "thread.upsert": lambda: thread.upsert(**new_thread).params(),
        "thread.patch": lambda: thread.patch(id="t1").set(title="Oil", updated_at=NOW).params(),
        "thread.delete": lambda: thread.delete(id="t1").params(),
        "message.query": lambda: (
            message.query.by_thread(thread_id="t1").gt(created_at=NOW).params(limit=10)
        ),
    }


def least(work: dict[str, Callable[[], Any]], rounds: int, times: int) -> dict[str, float]:
    """Return the minimum processor time of a call, in microseconds; the rounds take turns."""
    for call in work.values():
        call()
    gc.collect()
    gc.freeze()
    found = dict.fromkeys(work, float("inf"))
    for _ in range(rounds):
        for name, call in work.items():
            started = time.process_time_ns()
            for _ in range(times):
                call()
            spent = (time.process_time_ns() - started) / times / 1000
            found[name] = min(found[name], spent)
    gc.unfreeze()
    return found


def first_load() -> float:
    """Return the processor time of a process's first load of the memory's schemas, in ms."""
    script = (
        "import sys, time; from leyden import load; started = time.process_time();"
        "load(sys.argv[1], table='bench', region='us-east-1');"
        "print((time.process_time() - started) * 1000)"
    )
    return min(float(printed) for printed in each_time(script, 5, ROOT / "schemas" / "memory"))


def first_compiled_load() -> float:
    """Return the same time for a module with the compiled schemas, including its import."""
    script = (
        f"import sys, time; from leyden import load; sys.path.insert(0, sys.argv[1]);"
        f"started = time.process_time(); import {MODULE};"
        f"{MODULE}.load(table='bench', region='us-east-1');"
        "print((time.process_time() - started) * 1000)"
    )
    with tempfile.TemporaryDirectory() as folder:
        write_module(Path(folder))
        return min(float(printed) for printed in each_time(script, 5, Path(folder)))


def each_time(script: str, times: int, *arguments: Path) -> list[str]:
    """Return what a script prints in fresh processes, after one that compiles its imports."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with tempfile.TemporaryDirectory() as compiled:
        outside = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env = {**outside, "PYTHONPYCACHEPREFIX": compiled}
        done = [
            subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
            for _ in range(times + 1)
        ]
    return done[1:]


def import_time() -> tuple[float, float]:
    """Return the processor time of importing botocore's client, and of Leyden after it, in ms."""
    script = (
        "import time; started = time.process_time()\n"
        "import botocore.session, botocore.client, botocore.httpsession\n"
        "between = time.process_time()\nfrom leyden import load\n"
        "print((between - started) * 1000, (time.process_time() - between) * 1000)"
    )
    found = [tuple(map(float, printed.split())) for printed in each_time(script, IMPORTS)]
    return statistics.median(b for b, _ in found), statistics.median(own for _, own in found)


def measure_records(whose: str) -> float:
    """Return the bytes that a decoded record takes, of many that are read in pages and kept."""
    entity = leyden.load(SCHEMA, table="bench", region="us-east-1").entities.reading
    spec = entity.spec
    rows = compile_entity(spec).rows
    assert rows is not None
    model = model_of("bench")

    def pages() -> Iterator[bytes]:
        for start in range(0, RECORDS, PAGE):
            items = [
                entity.put(reading(n, f"station {start}")).params()["Item"]
                for n in range(start, start + PAGE)
            ]
            answer = {"Items": items, "Count": PAGE, "ScannedCount": PAGE}
            yield json.dumps(answer).encode()

    def read(page: bytes) -> list[Any]:
        if whose == "leyden":
            return rows.read(page, spec.entity, spec.version, {})["Items"]
        return [model.from_raw_data(item) for item in json.loads(page)["Items"]]

    answers = list(pages())
    read(answers[0])
    gc.collect()
    tracemalloc.start()
    kept = [record for page in answers for record in read(page)]
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / len(kept)


def record_size(whose: str) -> float:
    """Run `measure_records` in a process of its own."""
    command = [sys.executable, "-m", "bench.offline", "--records", whose]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--records", choices=("leyden", "pynamodb"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.records:
        sys.stdout.write(f"{measure_records(chosen.records)}\n")
        return
    figures = {
        "parameters, microseconds": least(operations(), ROUNDS, TIMES),
        "loading the memory schemas, milliseconds": {
            "first": first_load(),
            "first, compiled": first_compiled_load(),
            "again": least({"load": lambda: opened("memory")}, 9, 1)["load"] / 1000,
        },
        "a record, bytes": {whose: record_size(whose) for whose in ("leyden", "pynamodb")},
    }
    if chosen.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    console = Console()
    for title, found in figures.items():
        table = Table("what", "figure", title=title)
        for name, figure in found.items():
            late = title.startswith("parameters") and figure > TARGET
            table.add_row(name, f"{'[red]' if late else ''}{figure:.1f}")
        console.print(table)
    sizes = figures["a record, bytes"]
    console.print(f"a record takes {sizes['leyden'] / sizes['pynamodb']:.2f} of PynamoDB's")


if __name__ == "__main__":
    main()
