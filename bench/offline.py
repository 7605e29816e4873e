"""What needs no server: building requests, loading a schema, and the memory that records take.

Times are processor time, the least of many rounds, since what others do on the machine only ever
adds to it. Memory is that of records alone, read in pages in a process of their own. Run it from
the project's root: `python bench/offline.py`.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import leyden
from leyden.compile import compile_entity

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
ROUNDS, TIMES = 60, 40
RECORDS, PAGE = 100_000, 1_000
TARGET = 30.0
"""Microseconds that the parameters of one operation may take."""


def opened(folder: str) -> leyden.Service:
    """A service of the shipped schemas, which reaches nothing."""
    return leyden.load(
        ROOT / "schemas" / folder,
        table="bench",
        region="us-east-1",
        credentials={"access_key_id": "bench", "secret_access_key": "bench"},
    )


def operations() -> dict[str, Callable[[], Any]]:
    """One operation of each kind, on a small entity and on one with much that is derived."""
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
    """The least processor time of one call, in microseconds; their rounds take turns."""
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
    """Processor time of the first load of the memory's schemas in a process, in milliseconds."""
    script = (
        "import leyden, sys, time; started = time.process_time();"
        "leyden.load(sys.argv[1], table='bench', region='us-east-1');"
        "print((time.process_time() - started) * 1000)"
    )
    command = [sys.executable, "-c", script, str(ROOT / "schemas" / "memory")]
    return min(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(5)
    )


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


def reading(number: int) -> dict[str, Any]:
    """An item of 12 attributes and about 600 bytes; what differs in practice differs."""
    return {
        "station": f"station {number // PAGE}",
        "number": number,
        "kind": "wind" if number % 3 else "rain",
        "value": number / 8 + 0.5,
        "unit": "m/s" if number % 3 else "mm/h",
        "note": f"seen by observer {number % 500}",
        "done": True,
        "tags": {"a", f"tag {number % 7}"},
        "at": NOW.replace(microsecond=number % 1000 * 1000),
        "place": {"lat": 45.5 + number / 1024, "lon": 4.25},
        "source": f"mast {number % 40}",
        "body": f"{number:06}" + "x" * 294,
    }


def pynamodb_model() -> Any:
    """The same items as a model of PynamoDB, written by hand."""
    from pynamodb import attributes as kinds
    from pynamodb.models import Model

    class Place(kinds.MapAttribute[str, Any]):
        lat = kinds.NumberAttribute()
        lon = kinds.NumberAttribute()

    class Reading(Model):
        class Meta:
            table_name = "bench"

        pk = kinds.UnicodeAttribute(hash_key=True)
        sk = kinds.UnicodeAttribute(range_key=True)
        station = kinds.UnicodeAttribute()
        number = kinds.NumberAttribute()
        kind = kinds.UnicodeAttribute()
        value = kinds.NumberAttribute()
        unit = kinds.UnicodeAttribute()
        note = kinds.UnicodeAttribute()
        done = kinds.BooleanAttribute()
        tags = kinds.UnicodeSetAttribute()
        at = kinds.UnicodeAttribute()
        place = Place()
        source = kinds.UnicodeAttribute()
        body = kinds.UnicodeAttribute()

    return Reading


def measure_records(whose: str) -> float:
    """The bytes that a decoded record takes, of many that are read in pages and kept."""
    entity = leyden.load(SCHEMA, table="bench", region="us-east-1").entities.reading
    spec = entity.spec
    rows = compile_entity(spec).rows
    assert rows is not None
    model = pynamodb_model()

    def pages() -> Iterator[bytes]:
        for start in range(0, RECORDS, PAGE):
            items = [entity.put(reading(n)).params()["Item"] for n in range(start, start + PAGE)]
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
    """`measure_records` in a process of its own."""
    command = [sys.executable, __file__, "--records", whose]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
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
