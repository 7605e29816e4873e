"""Tables for people: boxes on a terminal, aligned columns elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a head. Off a terminal: two spaces between columns, a line a row."""
    shown = [[_one_line(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        for line in aligned([list(head), *shown]):
            console.print(line)
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in head:
        table.add_column(title, overflow="fold")
    for row in shown:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table, soft_wrap=False)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with their columns below each other."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _one_line(cell: str) -> str:
    """A cell without control characters, which could break the table or the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cell)
