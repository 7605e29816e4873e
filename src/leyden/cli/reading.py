"""What the commands that read many items share: options, conditions, and pages."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from leyden.cli.folders import TargetCommand
from leyden.cli.options import decorated, unknown
from leyden.cli.output import (
    Output,
    capacity,
    for_the_command_line,
    plural,
    print_json,
    print_records,
    waiting,
)
from leyden.cli.values import plain_record, read_pairs
from leyden.cli.where import read_condition
from leyden.errors import DecodeError, HookError, UnknownAttributeError
from leyden.results import Counted

if TYPE_CHECKING:
    from leyden import CollectionPage, Entity, Page, Service

F = TypeVar("F", bound=Callable[..., Any])

# No attribute can have a name with a space, so this column cannot hide one.
_COLUMN: Final = "of entity"


class Reading(NamedTuple):
    """How much to read, from where, and which items to keep."""

    where: tuple[str, ...]
    limit: int | None
    maximum: int | None
    everything: bool
    cursor: str | None
    cursor_from: str | None
    attributes: tuple[str, ...]
    consistent: bool
    unreadable: str | None
    counts: bool = False

    def options(self) -> dict[str, Any]:
        """Return the options for the operation, without those that are not used."""
        options: dict[str, Any] = {
            "limit": self.limit,
            "count": self.maximum,
            "pages": "all" if self.everything else None,
            "cursor": self.cursor,
            "cursor_from": self.cursor_from,
            "attributes": self.attributes or None,
            "consistent": self.consistent or None,
            "unreadable": self.unreadable,
        }
        return {name: value for name, value in options.items() if value is not None}


def reading_options(command: F) -> F:
    """Add the options for reading many items; the command gets them as `reading`."""
    inner: Any = command

    @functools.wraps(inner)
    def with_reading(**given: Any) -> Any:
        chosen = Reading(**{name: given.pop(name) for name in Reading._fields if name in given})
        if chosen.everything and chosen.maximum is not None:
            raise click.UsageError("--all and --max cannot be used together")
        return inner(reading=chosen, **given)

    made: F = decorated(
        with_reading,
        where_option(
            "Only items that match, as in 'points > 3 and exists(tags)'; may be repeated."
        ),
        click.option(
            "--limit",
            type=click.IntRange(1),
            help="Read at most this many items a page, before --where.",
        ),
        click.option(
            "--max",
            "maximum",
            type=click.IntRange(1),
            help="Keep reading until this many items are found.",
        ),
        click.option("--all", "everything", is_flag=True, help="Read all pages."),
        click.option("--cursor", metavar="TEXT", help="Continue where another page ended."),
        click.option(
            "--cursor-from",
            type=click.Choice(("leyden", "electrodb")),
            help="The library that made the cursor; ElectroDB's cursors have no checksum.",
        ),
        attributes_option,
        consistent_option,
        unreadable_option,
    )
    return made


def where_option(said: str) -> Callable[[F], F]:
    """Return the option `--where`; a command gets its conditions as a tuple of texts."""
    return click.option("--where", multiple=True, metavar="CONDITION", help=said)


class CountingCommand(TargetCommand):
    """A command with the flag `--count`, which once took a number and still explains that."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Raises click's UsageError."""
        for option, value in pairwise([*args, ""]):
            number = value if option == "--count" else option.partition("--count=")[2]
            if number.isdecimal():
                raise click.UsageError(
                    f"--count says how many items there are; to find at most {number} items, use "
                    f"--max {number}",
                    ctx,
                )
        return super().parse_args(ctx, args)


count_option: Final = click.option(
    "--count", "counts", is_flag=True, help="Print how many items there are, over all pages."
)


def _listed(_: click.Context, parameter: click.Parameter, some: tuple[str, ...]) -> Any:
    names = dict.fromkeys(name.strip() for one in some for name in one.split(",") if name.strip())
    if some and not names:
        raise click.BadParameter("name at least one attribute", param_hint="--attributes")
    return tuple(names)


attributes_option: Final = click.option(
    "--attributes",
    multiple=True,
    metavar="A,B",
    callback=_listed,
    help="Read only these attributes; may be repeated.",
)

consistent_option: Final = click.option(
    "--consistent", is_flag=True, help="Use a strongly consistent read."
)

unreadable_option: Final = click.option(
    "--unreadable",
    type=click.Choice(("raise", "collect")),
    help="collect: skip items that cannot be read, list them at the end, and exit with code 1.",
)


def narrowed(operation: Any, where: Sequence[str], *entities: Entity) -> Any:
    """Return the operation with the conditions of `--where`, all of which must hold.

    With several entities, each condition is read for the first one that has its attributes.
    """
    if not where:
        return operation
    conditions = []
    for text in where:
        first: UnknownAttributeError | None = None
        for entity in entities:
            try:
                conditions.append(read_condition(entity, text))
                break
            except UnknownAttributeError as error:
                first = first or error
        else:
            assert first is not None, "there is an entity"
            raise first
    return operation.where(functools.reduce(operator.and_, conditions))


def members_of(service: Service, collection: str) -> list[Entity]:
    """Return the entities of a collection, in the order of the schemas."""
    members = [
        entity
        for entity in service.entities.values()
        if any(collection in index.collection for index in entity.spec.indexes.values())
    ]
    if not members:
        message = f'"{service.name}" has no collection "{collection}"'
        raise unknown(message, collection, service.collections, hint="ENTITY.PATTERN")
    return members


def collection_query(
    service: Service, collection: str, key: Sequence[str], where: Sequence[str]
) -> Any:
    """Return the query of a collection, with `attribute=value` arguments and conditions."""
    members = members_of(service, collection)
    values = read_pairs(members[0], key, hint="KEY=VALUE")
    return narrowed(service.collections[collection](**values), where, *members)


def read_and_print(
    service: Service,
    entity: Entity,
    operation: Any,
    chosen: Reading,
    output: Output,
    **more: Any,
) -> None:
    """Run a query or a scan, and print its page, or the number of items."""
    operation = narrowed(operation, chosen.where, entity)
    if chosen.counts:
        _count_and_print(service, operation, chosen, output, more)
        return
    with waiting(f"reading {entity.spec.alias}", counting=True):
        page: Page = operation.go(**chosen.options(), **more)
    records = [plain_record(entity, record) for record in page]
    _print_page(page, records, records, tuple(entity.spec.attributes), output)


def print_collection(
    service: Service, collection: str, operation: Any, chosen: Reading, output: Output, **more: Any
) -> None:
    """Run the query of a collection, and print each item with its entity, or their number."""
    if chosen.counts:
        _count_and_print(service, operation, chosen, output, more)
        return
    with waiting(f"reading {collection}", counting=True):
        page: CollectionPage = operation.go(**chosen.options(), **more)
    entries = [
        (alias, plain_record(service.entities[alias], record)) for alias, record in page.entries
    ]
    items = [{"entity": alias, "record": record} for alias, record in entries]
    rows = [{_COLUMN: alias, **record} for alias, record in entries]
    order = [n for member in members_of(service, collection) for n in member.spec.attributes]
    _print_page(page, items, rows, (_COLUMN, *dict.fromkeys(order)), output)


def _count_and_print(
    service: Service,
    operation: Any,
    chosen: Reading,
    output: Output,
    more: Mapping[str, Any],
) -> None:
    beside = {**chosen.options(), **{name: value for name, value in more.items() if value}}
    for name in beside.keys() - {"limit", "consistent", "pages", "segments"}:
        shown = {"count": "max"}.get(name, name).replace("_", "-")
        raise click.UsageError(f"--count and --{shown} cannot be used together")
    beside.pop("pages", None)
    with waiting("counting", counting=True):
        counted: Counted = service.driver.run(operation.counting(**beside))
    if output.is_json:
        found = {
            "count": counted.count,
            "consumed": counted.consumed,
            "requests": counted.requests,
        }
        print_json(found, output)
        return
    click.echo(counted.count)
    if counted.consumed is not None:
        click.secho(capacity(counted.consumed), err=True, dim=True)


def _print_page(
    page: Page | CollectionPage,
    items: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    order: tuple[str, ...],
    output: Output,
) -> None:
    if output.is_json:
        print_json(
            {
                "items": items,
                "cursor": page.cursor,
                "consumed": page.consumed,
                "scanned": page.scanned,
                "requests": page.requests,
            },
            output,
        )
    else:
        print_records(rows, order)
        cost = "" if page.consumed is None else f", {capacity(page.consumed)}"
        said = f"{plural(len(page), 'item')} found, {page.scanned} read{cost}"
        click.secho(said, err=True, dim=True)
        if page.cursor is not None:
            more = f"there are more; continue with --cursor {page.cursor}"
            click.secho(more, err=True, fg="yellow")
    tell_unreadable(page.unreadable)


def tell_unreadable(errors: Sequence[DecodeError | HookError]) -> None:
    """List unreadable items on standard error, and exit with code 1 if there are any."""
    for error in errors:
        click.echo(f"unreadable [{error.code}] {for_the_command_line(str(error))}", err=True)
    if errors:
        click.get_current_context().exit(1)
