"""Faults of schemas, one a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from leyden.cli.output.wording import for_the_command_line
from leyden.schema.faults import Fault


def print_faults(console: Console, faults: Iterable[Fault]) -> None:
    """Print each fault as `file:line:column: code: message`; warnings say that they are some."""
    for fault in faults:
        is_error = fault.severity == "error"
        colour = "red" if is_error else "yellow"
        console.print(
            Text.assemble(
                (str(fault.span), "bold"),
                ": ",
                *(() if is_error else (("warning", colour), ": ")),
                (fault.code, colour),
                f": {for_the_command_line(fault.message)}",
            )
        )
