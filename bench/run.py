"""Measure what Leyden costs beside other clients, print it, and update the pages.

Needs DynamoDB Local, which `make npm` installs. Clients that are not installed are named, with how
to install them. `--quick` takes fewer rounds and a small table, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

import leyden
from bench import report
from bench.cases import ROUNDS
from bench.figures import measure
from bench.scale import SIZES


def options() -> argparse.Namespace:
    """Parse the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", default=report.ROOT / ".cache" / "dynamodb-local", type=Path)
    parser.add_argument("--quick", action="store_true", help="few rounds; writes nothing")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}, unless it is to be quick")
    parser.add_argument(
        "--records", type=int, choices=SIZES, help="the largest table; 100,000 unless it is quick"
    )
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--draw", action="store_true", help="only draw and write what is there")
    return parser.parse_args()


def main() -> int:
    """Measure, print, and write."""
    chosen = options()
    console = Console(width=None if sys.stdout.isatty() else 140)
    if chosen.draw:
        report.write(report.read())
        return 0
    rounds = chosen.rounds or (3 if chosen.quick else ROUNDS)
    records = chosen.records or (1_000 if chosen.quick else 100_000)
    try:
        with console.status("") as status:

            def say(text: str) -> None:
                status.update(text)
                if text.startswith("NOT ") or not console.is_terminal:
                    console.print(text)

            found = measure(chosen.jar, rounds=rounds, records=records, say=say)
    except leyden.errors.EngineError as error:
        console.print(f"NOT RUN: it needs DynamoDB Local, and {error.message}")
        return 1
    console.print(Markdown(report.page(found)))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not chosen.quick:
        report.write(found)
        console.print(f"Written: {report.FIGURES}, {report.DRAWING}, README.md, performance.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
