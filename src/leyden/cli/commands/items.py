"""`leyden get`, `create`, `put`, `query` and `scan`: items of one entity or of a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leyden.cli.chains import (
    pattern_named,
    pattern_query,
    range_options,
    ranged,
    ranged_collection,
)
from leyden.cli.folders import COLLECTIONS, TargetCommand
from leyden.cli.options import (
    Target,
    decorated,
    entity_named,
    output_options,
    refuse_together,
    target_options,
)
from leyden.cli.output import Output, plural, print_json, print_record, waiting
from leyden.cli.reading import (
    CountingCommand,
    Reading,
    consistent_option,
    count_option,
    print_collection,
    read_and_print,
    reading_options,
)
from leyden.cli.transfer.lines import lines_of, record_values
from leyden.cli.values import plain_record, read_json, read_pairs
from leyden.errors import InputError, LeydenError, ThrottledError

if TYPE_CHECKING:
    from leyden import Entity, Service

F = TypeVar("F")


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.argument("key", metavar="KEY=VALUE...", nargs=-1)
@consistent_option
@output_options
@click.pass_context
def get(
    ctx: click.Context,
    target: Target,
    entity: str,
    key: tuple[str, ...],
    consistent: bool,
    output: Output,
) -> None:
    """Print the item with a key. The exit code is 1 if there is none.

    \b
      leyden get schemas/taskapp task project_id=p1 task_id=t1
      leyden get schemas/taskapp task project_id=p1 task_id=t1 --query status
    """
    with target.opened() as service:
        found = entity_named(service, entity)
        values = read_pairs(found, key, hint="KEY=VALUE")
        record = found.get(**values).go(consistent=consistent or None)
        if record is not None:
            print_record(plain_record(found, record), output)
    if record is None:
        if output.is_json:
            print_json(None, output)
        click.echo(f"there is no {found.spec.alias} with this key", err=True)
        ctx.exit(1)


def item_options(command: F) -> F:
    """Add the ways to pass one item or many: `attributes`, `json_item` and `file`."""
    made: F = decorated(
        command,
        click.argument("attributes", metavar="[ATTRIBUTE=VALUE...]", nargs=-1),
        click.option("--json-item", metavar="JSON", help="The item as a JSON object."),
        click.option(
            "--file",
            "file",
            type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
            help="JSON lines, a record a line; - is stdin.",
        ),
    )
    return made


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@item_options
@output_options
def create(target: Target, entity: str, output: Output, **given: Any) -> None:
    """Write a new item, or the new items of a file.

    It never overwrites: if an item with the same key exists, nothing changes and the exit code is
    1. Write values as for `leyden put`. From a file, it writes one item at a time.

    \b
      leyden create schemas/taskapp task project_id=p1 task_id=t1 title='Paint the door'
      leyden create schemas/taskapp task --json-item '{"project_id": "p1", "task_id": "t2"}'
      leyden create schemas/taskapp task --file tasks.jsonl
    """
    _write(target, entity, output, create=True, **given)


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@item_options
@click.option(
    "--create", is_flag=True, help="Refuse to overwrite an item, as `leyden create` does."
)
@output_options
def put(target: Target, entity: str, create: bool, output: Output, **given: Any) -> None:
    """Write an item, or the items of a file.

    It replaces a stored item with the same key; `leyden create` refuses to, and `leyden update`
    changes a part. Values take the type of their attribute: digits for numbers, true and false,
    ISO 8601 text for times, base64 for bytes, and JSON for lists, sets, maps, json and any. The
    command checks a whole file before it writes anything. It writes in transactions of at most 100
    items, which never overwrite an item that only shares a key.

    \b
      leyden put schemas/taskapp task project_id=p1 task_id=t1 points=3 'tags=["a", "b"]'
      leyden put schemas/taskapp task --json-item '{"project_id": "p1", "task_id": "t2"}'
      leyden put schemas/taskapp task --file tasks.jsonl
    """
    _write(target, entity, output, create=create, **given)


def _write(
    target: Target,
    entity: str,
    output: Output,
    *,
    attributes: tuple[str, ...],
    json_item: str | None,
    file: Path | None,
    create: bool,
) -> None:
    """Write the item or items, which come from one of three sources."""
    given = {
        "ATTRIBUTE=VALUE": bool(attributes),
        "--json-item": json_item is not None,
        "--file": file is not None,
    }
    refuse_together(given)
    if not any(given.values()):
        raise click.UsageError("there is nothing to write: give ATTRIBUTE=VALUE, or see --help")
    with target.opened() as service:
        found = entity_named(service, entity)
        if file is not None:
            _put_file(service, found, file, create, output)
            return
        if json_item is None:
            values = read_pairs(found, attributes, hint="ATTRIBUTE=VALUE")
        else:
            try:
                values = record_values(found, read_json(json_item))
            except LeydenError:
                raise
            except ValueError as error:
                raise InputError(f"--json-item: {error}") from error
        record = (found.create(**values) if create else found.put(**values)).go()
        shown = plain_record(found, record)
    print_record(shown, output)


def _put_file(service: Service, entity: Entity, file: Path, create: bool, output: Output) -> None:
    name = "standard input" if str(file) == "-" else str(file)
    values: list[tuple[int, dict[str, Any]]] = []
    with click.open_file(str(file), "rb") as stream:
        for line in lines_of(stream):
            if line.is_blank:
                continue
            try:
                one = record_values(entity, line.json())
                # Check each item as the write will, before anything is written.
                entity.put(**one).params()
            except LeydenError as error:
                error.message = f"{name}:{line.number}: {error.message}"
                raise
            except ValueError as error:
                raise InputError(f"{name}:{line.number}: {error}") from error
            values.append((line.number, one))
    with waiting(f"writing {plural(len(values), 'item')}"):
        for done, (number, one) in enumerate(values if create else ()):
            try:
                entity.create(**one).go()
            except LeydenError as error:
                written = f"written before it: {plural(done, 'item')}"
                error.message = f"{name}:{number}: {error.message} ({written})"
                raise
        if values and not create:
            # Transactions also check keys: a plain batch would overwrite an item that only shares
            # one.
            written = entity.put([one for _, one in values]).go(guard=True)
            if written.unprocessed:
                raise ThrottledError(
                    "the writes were throttled; retries are used up, and "
                    f"{len(written.unprocessed)} of {plural(len(values), 'item')} are not "
                    "written: run the command again to write all of them",
                    operation=f"{entity.spec.alias}.put",
                )
    if output.is_json:
        print_json({"table": service.table, "written": len(values)}, output)
    else:
        click.echo(f"wrote {plural(len(values), 'item')} into {service.table}")


@click.command(cls=CountingCommand)
@target_options
@click.argument("pattern", metavar="ENTITY.PATTERN")
@click.argument("key", metavar="KEY=VALUE...", nargs=-1)
@range_options
@click.option("--order", type=click.Choice(("asc", "desc")), help="The order of sort keys.")
@click.option("--hydrate", is_flag=True, help="Read the whole items behind an index.")
@count_option
@reading_options
@output_options
def query(
    target: Target,
    pattern: str,
    key: tuple[str, ...],
    ranges: dict[str, tuple[str, ...]],
    order: str | None,
    hydrate: bool,
    reading: Reading,
    output: Output,
) -> None:
    """Print items by an access pattern.

    Items come in the order of their sort keys. KEY=VALUE are the attributes of the partition key,
    and as many of the sort key's as you know. The command reads one page, of at most 1 MB, unless
    you pass --max or --all; if there are more items, it prints the cursor of the next page.
    collections.NAME reads a collection. --count prints a number instead of items.

    \b
      leyden query schemas/taskapp task.assigned employee_id=e1 --begins project_id=p --order desc
      leyden query schemas/taskapp task.project project_id=p1 --between task_id=a..f
      leyden query schemas/taskapp collections.overview project_id=p1
      leyden query schemas/taskapp task.project project_id=p1 --where 'points > 3' --all --json
      leyden query schemas/taskapp task.project project_id=p1 --count

    \b
    --where takes comparisons (= != < <= > >=, between A and B, in (A, B)), exists(a), missing(a),
    contains(a, value), begins(a, text) and size(a) > 3, with and, or, not and parentheses.
    """
    more = {"order": order, "hydrate": hydrate or None}
    with target.opened() as service:
        alias, name = pattern_named(service, pattern)
        if alias == COLLECTIONS and alias not in service.entities:
            operation = ranged_collection(service, name, key, reading.where, ranges)
            print_collection(service, name, operation, reading, output, **more)
            return
        entity = entity_named(service, alias)
        operation = ranged(entity, pattern_query(entity, name, key), ranges)
        read_and_print(service, entity, operation, reading, output, **more)


@click.command(cls=CountingCommand)
@target_options
@click.argument("entity")
@click.option("--index", metavar="PATTERN", help="Read the index of this access pattern instead.")
@click.option(
    "--segments",
    type=click.IntRange(1),
    help="Read the whole table in this many parts at the same time.",
)
@click.option("--hydrate", is_flag=True, help="With --index: read the whole items behind it.")
@count_option
@reading_options
@output_options
def scan(
    target: Target,
    entity: str,
    index: str | None,
    segments: int | None,
    hydrate: bool,
    reading: Reading,
    output: Output,
) -> None:
    """Print items by reading the whole table.

    You pay for everything that is read, whatever is found. The command reads one page, of at most 1
    MB, unless you pass --max or --all. For --where see `leyden query --help`. To copy a whole
    table use `leyden export`.

    \b
      leyden scan schemas/taskapp task --max 10
      leyden scan schemas/taskapp task --count --where 'status = open'
      leyden scan schemas/taskapp task --all --where 'status = open' --json
      leyden scan schemas/taskapp task --segments 4
      leyden scan schemas/taskapp task --index assigned --all
    """
    if segments is not None and (reading.everything or reading.maximum or reading.cursor):
        raise click.UsageError(
            "--segments reads the whole table; it cannot be used with --all, --max or --cursor"
        )
    alias, dot, name = entity.partition(".")
    if dot:
        instead = f"{alias} --index {name}"
        if alias == COLLECTIONS:
            instead = "ENTITY; `leyden query` reads a collection"
        raise click.UsageError(f'a scan takes an entity, not "{entity}": leyden scan {instead}')
    with target.opened() as service:
        found = entity_named(service, entity)
        operation = found.scan if index is None else found.scan.index(index)
        more = {"segments": segments, "hydrate": hydrate or None}
        read_and_print(service, found, operation, reading, output, **more)
