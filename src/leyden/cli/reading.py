"""What `query` and `scan` share: their options, and printing a page."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import click
from attrs import frozen

from leyden import CollectionPage, Entity, Page
from leyden.cli.options import Output, apply
from leyden.cli.output.console import error_console, output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.plain import plain_record
from leyden.cli.output.records import print_records
from leyden.cli.output.words import capacity, plural
from leyden.cli.progress import reading
from leyden.cli.where import read_condition
from leyden.errors import DecodeError, HookError

F = TypeVar("F")


@frozen
class Reading:
    """How much to read, from where, and what of it to keep."""

    where: tuple[str, ...]
    limit: int | None
    count: int | None
    everything: bool
    cursor: str | None
    cursor_from: str | None
    attributes: tuple[str, ...]
    consistent: bool
    unreadable: str | None = None

    def narrowed(self, entity: Entity, operation: Any) -> Any:
        """The operation with the conditions of `--where`."""
        return narrowed(entity, operation, self.where)

    def options(self) -> dict[str, Any]:
        """The options of the operation that were given."""
        options: dict[str, Any] = {
            "limit": self.limit,
            "count": self.count,
            "pages": "all" if self.everything else None,
            "cursor": self.cursor,
            "cursor_from": self.cursor_from,
            "attributes": self.attributes or None,
            "consistent": self.consistent or None,
            "unreadable": self.unreadable,
        }
        return {name: value for name, value in options.items() if value is not None}


def narrowed(entity: Entity, operation: Any, where: tuple[str, ...]) -> Any:
    """The operation with the conditions of `--where`, all of which must hold."""
    if not where:
        return operation
    conditions = [read_condition(entity, text) for text in where]
    return operation.where(functools.reduce(operator.and_, conditions))


unreadable_option: Final = click.option(
    "--unreadable",
    type=click.Choice(("raise", "collect")),
    help="collect: go on past items that cannot be read; they are named at the end, with exit "
    "code 1.",
)


def tell_unreadable(errors: Sequence[DecodeError | HookError]) -> None:
    """Name the items that could not be read on standard error, and end with exit code 1."""
    for error in errors:
        click.echo(f"unreadable [{error.code}] {error}", err=True)
    if errors:
        click.get_current_context().exit(1)


def reading_options(command: F) -> F:
    """Add the options of reading many items; the command gets them as `reading`."""
    inner: Any = command

    @functools.wraps(inner)
    def with_reading(
        *args: Any,
        where: tuple[str, ...],
        limit: int | None,
        count: int | None,
        everything: bool,
        cursor: str | None,
        cursor_from: str | None,
        attributes: tuple[str, ...],
        consistent: bool,
        unreadable: str | None,
        **kwargs: Any,
    ) -> Any:
        if everything and count is not None:
            raise click.UsageError("--all reads everything, so it does not go with --count")
        listed = (name.strip() for some in attributes for name in some.split(","))
        names = tuple(dict.fromkeys(name for name in listed if name))
        if attributes and not names:
            raise click.BadParameter("name at least one attribute", param_hint="--attributes")
        chosen = Reading(
            where, limit, count, everything, cursor, cursor_from, names, consistent, unreadable
        )
        return inner(*args, reading=chosen, **kwargs)

    decorated: F = apply(
        with_reading,
        click.option(
            "--where",
            multiple=True,
            metavar="CONDITION",
            help="Keep what fits, as in 'points > 3 and exists(tags)'; may be repeated.",
        ),
        click.option(
            "--limit", type=click.IntRange(1), help="Read this many items (before --where)."
        ),
        click.option(
            "--count", type=click.IntRange(1), help="Read on until this many items are found."
        ),
        click.option("--all", "everything", is_flag=True, help="Read all pages."),
        click.option("--cursor", metavar="TEXT", help="Go on where another page ended."),
        click.option(
            "--cursor-from",
            type=click.Choice(("leyden", "electrodb")),
            help="Who wrote the cursor; ElectroDB's has no checksum.",
        ),
        click.option(
            "--attributes",
            multiple=True,
            metavar="A,B",
            help="Read these attributes only; may be repeated.",
        ),
        click.option("--consistent", is_flag=True, help="Read what was written just now, too."),
        unreadable_option,
    )
    return decorated


def read_and_print(
    entity: Entity, operation: Any, reading_: Reading, output: Output, **more: Any
) -> None:
    """Run a query or a scan, and print the page that it gives."""
    operation = reading_.narrowed(entity, operation)
    with reading(operation.name):
        page = operation.go(**reading_.options(), **more)
    print_page(entity, page, output)


def print_page(entity: Entity, page: Page, output: Output) -> None:
    """Print the records of a page and where it ends."""
    records = [plain_record(entity, record) for record in page]
    if output.is_json:
        print_json(page_json(page, records), output)
    else:
        print_records(output_console(), records, tuple(entity.spec.attributes))
        print_end(page)
    tell_unreadable(page.unreadable)


def page_json(page: Page | CollectionPage, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A page as JSON has it."""
    return {
        "items": items,
        "cursor": page.cursor,
        "consumed": page.consumed,
        "scanned": page.scanned,
        "requests": page.requests,
    }


def print_end(page: Page | CollectionPage) -> None:
    """Say what a page cost, and how to go on behind it."""
    cost = "" if page.consumed is None else f", {capacity(page.consumed)}"
    notes = error_console()
    notes.print(f"{plural(len(page), 'item')} of {page.scanned} read{cost}", style="dim")
    if page.cursor is not None:
        notes.print(f"there is more: --cursor {page.cursor}", style="yellow")
