"""Measure everything in one run, and return it as plain JSON."""

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
"""How many items PynamoDB iterates over; Leyden iterates over ten times as many."""


def machine() -> Figures:
    """Describe the machine."""
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
    """Return the versions of the clients and of their runtimes."""
    found = {**crew.versions, "python": platform.python_version(), "botocore": version("botocore")}
    node = shutil.which("node")
    if node is not None:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        found["node"] = done.stdout.strip().removeprefix("v")
    return found


def before_a_server() -> Figures:
    """Measure what needs no engine (offline.py), in ms; `record` is a share of PynamoDB's."""
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
    """Measure what needs the engine."""
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
    """Measure all figures. Raises EngineError if DynamoDB Local is missing."""
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
    # Use a fresh engine, because it gets slower with use.
    with stage(jar, "bench-large") as here:
        few = max(rounds // 2, 1)
        found["table_sizes"] = list(scale.sizes(here, records, few, say))
        some = min(records, ITERATED)
        lengths = {"leyden": 10 * some, "pynamodb": some}
        found["iteration"] = list(scale.streams(here, lengths, some, say))
    return found
