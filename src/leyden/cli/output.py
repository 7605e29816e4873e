"""What commands print: JSON for programs, aligned text or tables for people, and progress.

Ctrl-C ends a command at once; only while work is under way that has something to say at its end
does it raise KeyboardInterrupt. Python would drop that where it is importing a module.

Answers go to standard output, everything else to standard error. Colours and boxes are for
terminals only, and rich, which draws boxes and spinners, is imported only there.
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
"""Shows how far a transfer is: called with the items so far, and the bytes of the file."""

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
"""What stands in messages of the Python interface, and what it is called here."""

_THERE: Final = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}" for name in _HERE))


SCHEMAS: Final = f"{__name__}.schemas"
"""Where a context has the schemas, and the table, that its command works on: as words for
another command on the same ones."""

_FOLDER: Final = re.compile(r"(`leyden [a-z]+ )FOLDER\b")
"""Where a message has a command on the schemas."""

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
    """`1 item`, `2 items`; `several` where an `s` does not make it: `3 entities`."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def capacity(units: float) -> str:
    """`1 capacity unit`, `2.5 capacity units`."""
    return f"{units:g} capacity unit{'' if units == 1 else 's'}"


def for_the_command_line(message: str, options: Collection[str] = ()) -> str:
    """An error's message with the command line's own options and commands in it.

    `options` are those of the command, such as `--limit`: a message calls them `limit`.
    """

    def called(found: re.Match[str]) -> str:
        option = f"--{(found[1] or found[2]).replace('_', '-')}"
        return option if option in options else found[0]

    here = _THERE.sub(lambda found: _HERE[found[0]], message).replace("`--hooks`", "--hooks")
    return with_schemas(_OPTION.sub(called, here))


def with_schemas(text: str) -> str:
    """A text in whose commands FOLDER is what the running command works on."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or SCHEMAS not in ctx.meta:
        return text
    words = ctx.meta[SCHEMAS]
    return _FOLDER.sub(lambda found: found[1] + words, text)


def print_json(value: Any, output: Output) -> None:
    """Print a plain value, or what `--query` finds in it."""
    if output.query is not None:
        value = output.query.search(without_decimals(value))
    click.echo(json_text(value, indent=2))


def print_record(record: dict[str, Any], output: Output) -> None:
    """Print one plain record: as JSON, or an attribute a line."""
    if output.is_json:
        print_json(record, output)
    else:
        print_table(("attribute", "value"), [(n, cell(v)) for n, v in record.items()])


def print_records(records: Sequence[dict[str, Any]], order: Sequence[str]) -> None:
    """Print plain records as rows: of the names in `order`, a column for each that one has."""
    present = {name for record in records for name in record}
    names = [name for name in order if name in present]
    if names:
        print_table(names, [[cell(r[n]) if n in r else "" for n in names] for r in records])


def cell(value: Any) -> str:
    """A plain value as text in a table: strings as they are, all else as JSON.

    Of a vector, people see the beginning.
    """
    if isinstance(value, Numbers):
        return vector_excerpt(value)
    return value if isinstance(value, str) else json_text(value)


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], console: Console | None = None
) -> None:
    """Print rows under a head: in a box on a terminal, else with two spaces between columns."""
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
    """Rows as lines, with two spaces between their columns."""
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
    """Print each fault as `file:line:column: code: message`; warnings say that they are some."""
    for fault in faults:
        is_error = fault.severity == "error"
        colour = "red" if is_error else "yellow"
        warning = "" if is_error else f"{click.style('warning', fg=colour)}: "
        code = click.style(fault.code, fg=colour)
        place = click.style(str(fault.span), bold=True)
        click.echo(f"{place}: {warning}{code}: {for_the_command_line(fault.message)}", err=err)


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


@contextmanager
def waiting(message: str, *, counting: bool = False) -> Iterator[Callable[[str], object]]:
    """A spinner with a message, on standard error while that is a terminal.

    With `counting`, also the number of items read so far, by anyone in this process. What it
    gives shows another message.
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
    """A bar for `total` bytes, or one that only moves where the end is not known."""
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
    """A bar for items that are read: it is told how many of about how many, and what else to say.

    Where the number of all is not known, None, it only moves.
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
                # A table's own count is hours old.
                task,
                completed=items,
                total=None if total is None else max(items, total),
                said=said,
            )
