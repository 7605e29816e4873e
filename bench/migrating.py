"""How a migration behaves at scale: its memory, its speed, and the processor time for an item.

It fills a table of DynamoDB Local, and migrates it to a new key, once at a given rate and once at
full speed. Then it rolls it back, and writes its figures as JSON::

    python -m bench.migrating --items 100000 --out docs/migration.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import leyden
from leyden.engine import dynamodb_local
from leyden.migration import MigrationProgress

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "migrations.md"
FIGURES: Final = ROOT / "docs" / "migration.json"

OLD: Final[dict[str, Any]] = {
    "entity": "tasks",
    "alias": "task",
    "version": "1",
    "service": "scale",
    "attributes": {
        "project": {"type": "string", "required": True},
        "id": {"type": "string", "required": True},
        "employee": "string",
        "points": "number",
        "note": "string",
    },
    "indexes": {
        "tasks": {
            "pk": {"field": "pk", "composite": ["project"]},
            "sk": {"field": "sk", "composite": ["id"]},
        },
        "by_employee": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["employee"]},
            "sk": {"field": "gsi1sk", "composite": ["id"]},
        },
    },
}
CHANGE: Final = {"attributes": {"assignee": {"from": "employee"}}}


def renamed(version: str) -> dict[str, Any]:
    """Return the schemas with `assignee` instead of `employee`, in place or as a new version."""
    new = deepcopy(OLD)
    new["version"] = version
    attributes = new["attributes"].items()
    new["attributes"] = {("assignee" if n == "employee" else n): one for n, one in attributes}
    new["indexes"]["by_employee"]["pk"]["composite"] = ["assignee"]
    return new


def resident() -> int:
    """Return the memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Measures memory and processor time while a migration runs."""

    def __init__(self) -> None:
        self.memory: list[int] = []
        self.first: list[tuple[float, float]] = []
        """Seconds and capacity units after each round of the first pass."""
        self._cpu = time.process_time()

    def __call__(self, progress: MigrationProgress) -> None:
        """Record how much memory is in use."""
        self.memory.append(resident())
        if progress.turn == 1:
            self.first.append((progress.seconds, progress.consumed))

    def told(self, report: Any, items: int, rate: float | None = None) -> dict[str, Any]:
        """Return the figures of a run over `items` items."""
        # The first rounds fill caches. Memory that grows with the table would grow after them.
        early = self.memory[len(self.memory) // 10]
        # The second pass reads too little to use up a rate.
        (began, before), (ended, after) = self.first[0], self.first[-1]
        used = (after - before) / (ended - began)
        told = {
            "phase": report.phase,
            "moved": report.moved,
            "passes": report.turns,
            "seconds": round(report.seconds, 1),
            "units": round(report.consumed),
            "units_a_second_in_the_first_pass": round(used, 1),
            "cpu_microseconds_an_item": round((time.process_time() - self._cpu) / items * 1e6),
            "memory_growth_megabytes": round((max(self.memory) - early) / 1e6, 1),
        }
        if rate is not None:
            told["rate"] = rate
            told["off_by_percent"] = round((used / rate - 1) * 100, 1)
        return told


def fill(app: leyden.Service, items: int) -> None:
    """Write the items of the old schemas."""
    for start in range(0, items, 1000):
        app.entities.task.put(
            [
                {
                    "project": f"p{n % 997}",
                    "id": f"t{n:07}",
                    "employee": f"e{n % 89}",
                    "points": n % 10,
                    "note": "n" * (n % 300),
                }
                for n in range(start, min(start + 1000, items))
            ]
        ).go(concurrency=4)


def measure(engine: Any, items: int, version: str, rate: float, limited: int) -> dict[str, Any]:
    """Run migrations of one kind: a small one at a rate, a large one at full speed."""
    new = renamed(version)
    found: dict[str, Any] = {"items": items}
    for name, count, pace in (("at_a_rate", limited, rate), ("at_full_speed", items, None)):
        table = f"scale-{version}-{name.replace('_', '-')}"
        old = leyden.load(OLD, table=table, engine=engine)
        old.create_table()
        fill(old, count)
        app = leyden.load(new, table=table, engine=engine)
        migration = {"migration": "scale", "from": OLD, "entities": {"task": CHANGE}}
        watch = Watch()
        report = app.migrate(migration, rate=pace, progress=watch)
        assert report.is_complete
        assert report.moved == count
        found[name] = watch.told(report, count, pace)
        if pace is None:
            watch = Watch()
            found["rollback"] = watch.told(
                app.migrate(migration, rollback=True, progress=watch), count
            )
    return found


_KINDS: Final = {"in_place": "in place", "new_key": "a new key"}
_RUNS: Final = {
    "at_a_rate": "at a rate",
    "at_full_speed": "at full speed",
    "rollback": "rolled back",
}


def rows(found: dict[str, Any]) -> list[str]:
    """Return the figures as the rows of the page's table."""
    said = []
    for kind, title in _KINDS.items():
        for run, how in _RUNS.items():
            one = found[kind][run]
            rate = ""
            if "rate" in one:
                rate = f"{one['rate']:g}, off by {one['off_by_percent']:+g} %"
            said.append(
                f"| {title}, {how} | {one['moved']:,} | {one['seconds']:g} | {one['units']:,} "
                f"| {rate} | {one['cpu_microseconds_an_item']:,} "
                f"| {one['memory_growth_megabytes']:g} |"
            )
    return said


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--limited", type=int, default=4_000, help="items of the run at a rate")
    parser.add_argument("--rate", type=float, default=800.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    folder = os.environ.get("LEYDEN_DYNAMODB_LOCAL") or ROOT / ".cache" / "dynamodb-local"
    with dynamodb_local(jar_folder=Path(folder).resolve()) as engine:
        found = {
            "in_place": measure(engine, given.items, "1", given.rate, given.limited),
            "new_key": measure(engine, given.items, "2", given.rate, given.limited),
        }
    text = json.dumps(found, indent=2)
    sys.stdout.write(f"{text}\n")
    if given.out is not None:
        given.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write("\nThe rows of docs/migrations.md:\n" + "\n".join(rows(found)) + "\n")


if __name__ == "__main__":
    main()
