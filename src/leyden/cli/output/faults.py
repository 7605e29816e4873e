"""Faults of schemas, one a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from leyden.schema.faults import Fault


def print_faults(console: Console, faults: Iterable[Fault]) -> None:
    """Print each fault as `file:line:column: code: message`; errors red, warnings yellow."""
    for fault in faults:
        colour = "red" if fault.severity == "error" else "yellow"
        console.print(
            Text.assemble(
                (str(fault.span), "bold"),
                ": ",
                (fault.code, colour),
                f": {fault.message}",
            )
        )
