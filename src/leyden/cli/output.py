"""What commands print: JSON for programs, aligned text or tables for people, and progress.

Ctrl-C normally ends a command at once. It raises KeyboardInterrupt only during work that reports
something at its end, because Python would swallow that exception during an import.

Answers go to standard output, everything else to standard error. Colors and boxes are for terminals
only. rich, which draws boxes and spinners, is only imported there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import click

from leyden._text import visible
from leyden.cli.values import Numbers, json_text
from leyden.types import vector_excerpt, without_decimals
from leyden_command import interruptible

if TYPE_CHECKING:
    from rich.console import Console

    from leyden.schema import Fault

Bar: TypeAlias = Callable[[int, int], object]
"""Shows the progress of a transfer. It is called with the number of items and bytes so far."""

_HERE: Final = {
    "pass credentials=, set": "set",
    "app.create_table()": "`leyden table FOLDER --create`",
    "app.add_indexes()": "`leyden table FOLDER --add-indexes`",
    "app.add_vector_indexes()": "`leyden table FOLDER --add-indexes`",
    "endpoint_url=": "--endpoint-url",
    "endpoint_url is": "--endpoint-url is",
    'cursor_from="electrodb"': "--cursor-from electrodb",
    "region=": "--region",
    "profile=": "--profile",
    "table=": "--table",
    "hooks=": "--hooks",
    "guard=True": "--guard",
    "params=": "--option params=JSON",
    ".put() replaces it, .patch() changes it, .upsert() writes it either way": (
        "`leyden put` replaces it, `leyden update` changes it"
    ),
    ".create() makes it, .upsert() writes it either way": (
        "Check the key, or make the item with --upsert"
    ),
    " (None there: the item has none)": ", or with --absent where the item has none",
    ".where(), or use .match()": "--where",
    ".set()": "--set",
    ".composite()": "--composite",
    ".where()": "--where",
    ".put()": "`leyden put`",
    **{f".{step}()": f"--{step}" for step in ("add", "subtract", "append", "delete", "remove")},
    **{f".{way}()": f"--{way}" for way in ("begins", "gt", "gte", "lt", "lte", "between")},
    ".if_not_exists()": "--if-not-exists",
}
"""What messages of the Python API mention, and what it is called on the command line."""

_THERE: Final = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}" for name in _HERE))


SCHEMAS: Final = f"{__name__}.schemas"
"""The context's key for the schemas and table of its command, as arguments for another one."""

_FOLDER: Final = re.compile(r"(`leyden [a-z]+ )FOLDER\b")
"""Finds the commands on schemas in a message."""

_OPTION: Final = re.compile(r'`(\w+)(?:=True)?`|the option "(\w+)"')
"""How messages name an option of an operation."""


class Output(NamedTuple):
    """How to print: for people, or as JSON; `query` is applied to the JSON."""

    json: bool = False
    query: Any = None

    @property
    def is_json(self) -> bool:
        """Whether a program reads the output. `--query` implies it."""
        return self.json or self.query is not None


def _terminal(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def plural(count: int, noun: str, several: str | None = None) -> str:
    """Return `1 item` or `2 items`; `several` is the plural if it needs more than an `s`."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def capacity(units: float) -> str:
    """Return `1 capacity unit` or `2.5 capacity units`."""
    return f"{units:g} capacity unit{'' if units == 1 else 's'}"


def for_the_command_line(message: str, options: Collection[str] = ()) -> str:
    """Return an error's message with the names of the command line's options and commands.

    `options` are the command's own, such as `--limit`, which messages call `limit`.
    """

    def called(found: re.Match[str]) -> str:
        option = f"--{(found[1] or found[2]).replace('_', '-')}"
        return option if option in options else found[0]

    here = _THERE.sub(lambda found: _HERE[found[0]], message).replace("`--hooks`", "--hooks")
    return with_schemas(_OPTION.sub(called, here))


def with_schemas(text: str) -> str:
    """Replace FOLDER in the commands of a text by the schemas of the running command."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or SCHEMAS not in ctx.meta:
        return text
    words = ctx.meta[SCHEMAS]
    return _FOLDER.sub(lambda found: found[1] + words, text)


def print_json(value: Any, output: Output) -> None:
    """Print a plain value, or the part of it that `--query` finds."""
    if output.query is not None:
        value = output.query.search(without_decimals(value))
    click.echo(json_text(value, indent=2))


def print_record(record: dict[str, Any], output: Output) -> None:
    """Print one plain record: as JSON, or with one attribute a line."""
    if output.is_json:
        print_json(record, output)
    else:
        print_table(("attribute", "value"), [(n, cell(v)) for n, v in record.items()])


def print_records(records: Sequence[dict[str, Any]], order: Sequence[str]) -> None:
    """Print plain records as rows, with a column for each name in `order` that any record has."""
    present = {name for record in records for name in record}
    names = [name for name in order if name in present]
    if names:
        print_table(names, [[cell(r[n]) if n in r else "" for n in names] for r in records])


def cell(value: Any) -> str:
    """Return a plain value as text for a table: strings unchanged, everything else as JSON.

    For a vector, return its beginning.
    """
    if isinstance(value, Numbers):
        return vector_excerpt(value)
    return value if isinstance(value, str) else json_text(value)


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], console: Console | None = None
) -> None:
    """Print rows with a heading: in a box on a terminal, otherwise in aligned columns."""
    if console is None and not sys.stdout.isatty():
        for line in aligned([head, *rows]):
            click.echo(line)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in head:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(text)) for text in row))
    (console or _terminal()).print(table)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    from rich.cells import cell_len

    # Control characters could break the columns or the terminal.
    shown = [[visible(text) for text in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    lines = []
    for row in shown:
        padded = (t + " " * (w - cell_len(t)) for t, w in zip(row, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return lines


def print_faults(faults: Iterable[Fault], *, err: bool = False) -> None:
    """Print each fault as `file:line:column: code: message`, with a mark for warnings."""
    for fault in faults:
        is_error = fault.severity == "error"
        colour = "red" if is_error else "yellow"
        warning = "" if is_error else f"{click.style('warning', fg=colour)}: "
        code = click.style(fault.code, fg=colour)
        place = click.style(str(fault.span), bold=True)
        click.echo(f"{place}: {warning}{code}: {for_the_command_line(fault.message)}", err=err)


def plain_fault(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON."""
    return {
        "file": fault.span.file,
        "line": fault.span.line,
        "column": fault.span.column,
        "severity": fault.severity,
        "code": fault.code,
        "message": fault.message,
    }


@contextmanager
def waiting(message: str, *, counting: bool = False) -> Iterator[Callable[[str], object]]:
    """Show a spinner with a message on standard error, if that is a terminal.

    With `counting`, it also shows the number of items that this process has read since. The result
    is a function that changes the message.
    """
    with ExitStack() as stack:
        tell: Callable[[str], object] = len
        if sys.stderr.isatty():
            status = stack.enter_context(_terminal(stderr=True).status(message))
            tell = status.update
            if counting:
                from leyden import events

                read = 0

                def count(event: events.Event) -> None:
                    nonlocal read
                    if isinstance(event, events.ResponseReceived) and event.scanned_count:
                        read += event.scanned_count
                        status.update(f"{message}: {read:,} items read")

                stack.enter_context(events.listen(count))
        stack.enter_context(interruptible())
        yield tell


@contextmanager
def transferring(message: str, total: int | None = None) -> Iterator[Bar]:
    """Show a bar for `total` bytes; if that is None, one that only moves."""
    if not sys.stderr.isatty():
        with interruptible():
            yield lambda items, done: None
        return
    from rich import progress

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        *((progress.BarColumn(), progress.TaskProgressColumn()) if total else ()),
        progress.FileSizeColumn(),
        progress.TextColumn("{task.fields[items]:,} items"),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=_terminal(stderr=True), transient=True) as shown:
        task = shown.add_task(message, total=total, items=0)
        with interruptible():
            yield lambda items, done: shown.update(task, completed=done, items=items)


@contextmanager
def reading(message: str) -> Iterator[Callable[[int, int | None, str], object]]:
    """Show a bar for items that are read.

    The result is a function that takes the items so far, the expected number, and further text. If
    the expected number is None, the bar only moves.
    """
    if not sys.stderr.isatty():
        with interruptible():
            yield lambda items, total, said: None
        return
    from rich import progress

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.completed:,.0f} items{task.fields[said]}"),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=_terminal(stderr=True), transient=True) as shown:
        task = shown.add_task(message, total=None, said="")
        with interruptible():
            yield lambda items, total, said: shown.update(
                # DynamoDB's count of a table's items can be hours old.
                task,
                completed=items,
                total=None if total is None else max(items, total),
                said=said,
            )
