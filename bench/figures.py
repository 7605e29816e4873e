"""Everything in one run, as one object of plain JSON."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench import cold, offline, scale
from bench.cases import CASES, ROUNDS
from bench.engine import Stage, stage
from bench.measuring import Figures, Say, concurrencies, work
from bench.workers import Crew, started

ITERATED: Final = 100_000
"""So many items are gone over: by PynamoDB once, by Leyden ten times."""


def machine() -> Figures:
    """What it runs on."""
    cpu = Path("/proc/cpuinfo")
    model = platform.processor() or platform.machine()
    for line in cpu.read_text().splitlines() if cpu.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(load[0], 1) if load else None,
    }


def versions(crew: Crew) -> dict[str, str]:
    """What was measured, and on what."""
    found = {**crew.versions, "python": platform.python_version(), "botocore": version("botocore")}
    node = shutil.which("node")
    if node is not None:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        found["node"] = done.stdout.strip().removeprefix("v")
    return found


def before_a_server() -> Figures:
    """What needs no engine; see offline.py. Times in ms, `record` a share of PynamoDB's."""
    parameters = offline.least(offline.operations(), offline.ROUNDS, offline.TIMES)
    records = {whose: offline.record_size(whose) for whose in ("leyden", "pynamodb")}
    botocore, own = offline.import_time()
    return {
        "parameters": {name: round(found / 1000, 4) for name, found in parameters.items()},
        "dearest": round(max(parameters.values()) / 1000, 4),
        "load": round(offline.first_load(), 1),
        "load_compiled": round(offline.first_compiled_load(), 1),
        "import": round(own, 1),
        "import_botocore": round(botocore, 1),
        "record_bytes": {name: round(found) for name, found in records.items()},
        "record": round(records["leyden"] / records["pynamodb"], 3),
    }


def on_engine(here: Stage, crew: Crew, *, rounds: int, say: Say) -> Figures:
    """What is measured with the engine."""
    done = []
    for case in CASES:
        say(case.title)
        done.append(work(crew, case, rounds, say))
    gets = 400 if rounds < ROUNDS else 1200
    small = max(rounds // 2, 1)
    return {
        "work": done,
        "concurrency": concurrencies(crew, gets, max(rounds - 2, 1), say),
        "processes": list(scale.processes(here, 3 * gets, small, say)),
    }


def measure(jar: Path, *, rounds: int, records: int, say: Say) -> Figures:
    """All figures. Raises EngineError where DynamoDB Local is not there."""
    say("what needs no server")
    found: Figures = {
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": rounds,
        "machine": machine(),
        "offline": before_a_server(),
    }
    say("fresh processes up to their first answer")
    found["cold"] = cold.measure(rounds, say)
    say("DynamoDB Local starts")
    with stage(jar) as here, started(here.target) as crew:
        found |= {"versions": versions(crew), "absent": crew.absent}
        for name, why in crew.absent.items():
            say(f"NOT RUN: {name}: {why}")
        found |= on_engine(here, crew, rounds=rounds, say=say)
    # A fresh engine: it grows slower with what it has been through.
    with stage(jar, "bench-large") as here:
        few = max(rounds // 2, 1)
        found["table_sizes"] = list(scale.sizes(here, records, few, say))
        some = min(records, ITERATED)
        lengths = {"leyden": 10 * some, "pynamodb": some}
        found["iteration"] = list(scale.streams(here, lengths, some, say))
    return found
