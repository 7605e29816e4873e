"""Records for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from leyden.cli.output.json_text import json_text
from leyden.cli.output.tables import print_table


def print_record(console: Console, record: dict[str, Any]) -> None:
    """Print one plain record, an attribute a line."""
    print_table(console, ("attribute", "value"), [(n, cell(v)) for n, v in record.items()])


def print_records(
    console: Console, records: Sequence[dict[str, Any]], order: Sequence[str]
) -> None:
    """Print plain records as rows: of the names in `order`, a column for each that one has."""
    present = {name for record in records for name in record}
    names = [name for name in order if name in present]
    if names:
        print_table(
            console,
            names,
            [[cell(r[n]) if n in r else "" for n in names] for r in records],
        )


def cell(value: Any) -> str:
    """A plain value as text in a table: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json_text(value)
