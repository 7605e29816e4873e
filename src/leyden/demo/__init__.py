"""`leyden demo`: the whole library at work, on an engine inside this process.

It needs the extras `cli` and `local`, and `embedder` for its last chapter. It uses no network but
127.0.0.1, leaves nothing behind, and takes seconds.
"""

from __future__ import annotations

import shutil
import sys
from io import TextIOWrapper
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from leyden import local, schemas_folder
from leyden.cli.application import debug_option
from leyden.demo.chapters import memory, taskapp
from leyden.demo.recalling import recalling
from leyden.demo.stage import Stage
from leyden_command import interruptible

__all__ = ["demo", "main", "run"]


@click.command()
@debug_option
def demo() -> None:
    """Show what Leyden does, on an engine inside this process.

    Nothing leaves the machine. It needs the extra leyden[local].

    \b
      leyden demo
    """
    main()


def run(console: Console) -> None:
    """Run the demo on `console`. Raises EngineError if moto is not installed."""
    if isinstance(console.file, TextIOWrapper):
        # If the output cannot write a character, a question mark is better than a traceback.
        console.file.reconfigure(errors="replace")
    stage = Stage(console)
    try:
        with local() as engine, interruptible():
            console.print(Text(f"DynamoDB inside this process: {engine.endpoint_url}"))
            stage.say(
                """Each step shows its code, what `.explain()` says about it, and the request that
                `.params()` returns, in boto3's form. The demo runs exactly this code."""
            )
            memory(stage, engine)
            taskapp(stage, engine)
            recalling(stage, engine)
        _sum_up(stage)
    finally:
        stage.close()


def main() -> None:
    """Run the demo on standard output."""
    run(Console())


def _sum_up(stage: Stage) -> None:
    stage.chapter("What it cost", "Counted by a listener of `leyden.events`:")
    stage.costs()
    stage.say(
        """The engine inside this process usually reports one unit for each request. DynamoDB counts
        by the size of what is read and written."""
    )
    stage.chapter("What next?", "Try these commands; `--help` shows their options:")
    program = _shown(Path(sys.executable).with_name("leyden"))
    if shutil.which("leyden"):
        program = "leyden"
    folder = _shown(schemas_folder("taskapp"))
    for command, shows in (
        (f"check {folder}", "every fault of schema files, with file, line and column"),
        (f"patterns {folder}", "all access patterns, with their indexes and keys"),
        (f"keys {folder} task project_id=p1 task_id=T1", "the keys that attributes make"),
        (
            f"explain {folder} task query.assigned employee_id=e1",
            "which index serves a query, and what it reads",
        ),
        (f"table {folder} --format cloudformation", "the table, to create it"),
    ):
        stage.console.print()
        stage.console.print(Text(f"  # {shows}", style="dim"))
        stage.console.print(Text(f"  {program} {command}"), soft_wrap=True)
    stage.say("docs/tour.md is a tour of five minutes, docs/reference has every option.")


def _shown(path: Path) -> str:
    """Return the path as you would type it here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
