"""Faults of schemas: one a line for people, and as JSON has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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


def plain_fault(fault: Fault) -> dict[str, Any]:
    """A fault as JSON has it."""
    return {
        "file": fault.span.file,
        "line": fault.span.line,
        "column": fault.span.column,
        "severity": fault.severity,
        "code": fault.code,
        "message": fault.message,
    }
