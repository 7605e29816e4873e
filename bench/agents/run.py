"""Measure the adapters beside the packages that exist, print it, and update the page.

Needs DynamoDB Local, which `make npm` installs. `--quick` takes fewer rounds and fewer turns of
chats, and writes nothing.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markdown import Markdown

import leyden
from bench.agents import report
from bench.figures import machine
from bench.measuring import Figures, Say

ROUNDS: Final = 7
FRAMEWORKS: Final = (
    "agent-framework-core",
    "boto3",
    "google-adk",
    "langchain-core",
    "langgraph",
    "langgraph-checkpoint",
    "langgraph-checkpoint-conformance",
    "openai-agents",
    "pydantic-ai-slim",
    "strands-agents",
)


PARTS: Final = ("savers", "chats", "histories", "stores", "storages")


def measure(jar: Path, parts: Sequence[str], quick: bool, say: Say) -> Figures:
    """Measure some parts."""
    # They import the frameworks, and `--draw` does without them.
    from bench.agents import chats, checkpoints, histories, storages, stores
    from bench.agents.contestants import HISTORIES, SAVERS, STORAGES, STORES
    from bench.agents.stage import stage

    rounds = 2 if quick else ROUNDS
    turns = chats.TURNS[:2] if quick else chats.TURNS
    found: Figures = {
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": rounds,
        "machine": machine(),
        "looked_at": [*map(str, turns)],
    }
    measuring = {
        "savers": (checkpoints.measure, SAVERS),
        "chats": (partial(chats.measure, turns=turns), SAVERS),
        "histories": (histories.measure, HISTORIES),
        "stores": (stores.measure, STORES),
        "storages": (storages.measure, STORAGES),
    }
    packages = {*FRAMEWORKS}
    with stage(jar) as here:
        for part, (measured, contestants) in measuring.items():
            packages |= {one.package for one in contestants}
            if part in parts:
                found[part] = measured(here, contestants, rounds, say)
                for one in contestants:
                    found[part][one.name] |= {"title": one.title, "framework": one.framework}
    found["versions"] = {name: version(name) for name in sorted(packages)}
    return found


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", default=report.ROOT / ".cache" / "dynamodb-local", type=Path)
    parser.add_argument(
        "--quick", action="store_true", help="two rounds, short chats; writes nothing"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, help="keep the figures of the others")
    parser.add_argument("--draw", action="store_true", help="only draw and write what is there")
    chosen = parser.parse_args()
    if chosen.draw:
        report.write(report.read())
        return 0
    # What packages say about themselves and about refused writes, which are counted here.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.environ["AGENTSTATE_QUIET"] = "1"
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        found = measure(chosen.jar, chosen.only or PARTS, chosen.quick, console.print)
    except leyden.errors.EngineError as error:
        console.print(f"NOT RUN: it needs DynamoDB Local, and {error.message}")
        return 1
    if chosen.only:
        found = {**report.read(), **found}
    console.print(Markdown(report.page(found)))
    if not chosen.quick:
        report.write(found)
        console.print(f"Written: {report.FIGURES}, {report.DRAWING}, {report.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
