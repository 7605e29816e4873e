"""`leyden demo`: a tour on an engine inside this process."""

from __future__ import annotations

import click
from rich.console import Console

from leyden.cli.options import debug_option


@click.command()
@debug_option
def demo() -> None:
    """Show what Leyden does, on an engine inside this process.

    Nothing leaves the machine. It needs the extra leyden[local].

    \b
      leyden demo
    """
    from leyden.demo import run

    run(Console())
