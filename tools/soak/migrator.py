"""The process that is killed: it migrates the table of the soak, as `leyden migrate` does.

It prints a line when it has begun, and its report as JSON at the end.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import leyden

HERE = Path(__file__).parent / "schemas"


def main(url: str, direction: str, rate: str, lease: str, table: str) -> None:
    """Migrate `forward` or `back`."""
    told: list[object] = []

    def begun(progress: object) -> None:
        if not told:
            sys.stdout.write("begun\n")
            sys.stdout.flush()
        told.append(progress)

    with leyden.load(HERE / "new", table=table, endpoint_url=url) as app:
        report = app.migrate(
            HERE / "move.yaml",
            rollback=direction == "back",
            rate=float(rate) if rate else None,
            lease=float(lease),
            progress=begun,
        )
    counts = report.counts
    said = {
        "phase": report.phase,
        "moved": counts.moved,
        "failed": counts.failed,
        "conflicts": counts.conflicts,
        "failures": [f"{one.alias} {one.code} {one.reason}" for one in report.failures],
        "peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seconds": report.seconds,
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
