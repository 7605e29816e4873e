"""`leyden put`: write items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from leyden import Entity, Service
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.plain import plain_record
from leyden.cli.output.records import print_record
from leyden.cli.output.words import plural
from leyden.cli.progress import waiting
from leyden.cli.transfer.lines import Line, lines_of, record_values
from leyden.cli.values.json_values import read_json
from leyden.cli.values.pairs import read_pairs
from leyden.errors import InputError, LeydenError, ThrottledError


@click.command()
@target_options
@click.argument("entity")
@click.argument("attributes", metavar="[ATTRIBUTE=VALUE...]", nargs=-1)
@click.option("--json-item", metavar="JSON", help="The item as a JSON object.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="JSON lines, a record a line; - is stdin.",
)
@click.option("--create", is_flag=True, help="Refuse to overwrite an item.")
@output_options
def put(
    target: Target,
    entity: str,
    attributes: tuple[str, ...],
    json_item: str | None,
    file: Path | None,
    create: bool,
    output: Output,
) -> None:
    """Write an item, over what is stored under its key, or the items of a file.

    Values take the type of their attribute: digits for numbers, true and false, ISO 8601 text for
    times, base64 for bytes, and JSON for lists, sets, maps, json and any. A file is checked as a
    whole before anything is written, and goes in transactions of at most 100 items, which
    overwrite no other item that only shares a key; with --create, one by one.

    \b
      leyden put schemas/taskapp task project_id=p1 task_id=t1 points=3 'tags=["a", "b"]'
      leyden put schemas/taskapp task --create --json-item '{"project_id": "p1", "task_id": "t2"}'
      leyden put schemas/taskapp task --file tasks.jsonl
    """
    given = [bool(attributes), json_item is not None, file is not None]
    if sum(given) > 1:
        raise click.UsageError("give ATTRIBUTE=VALUE, --json-item or --file, one of them")
    if not any(given):
        raise click.UsageError("there is nothing to write: give ATTRIBUTE=VALUE, or see --help")
    with opened(target) as service:
        found = entity_named(service, entity)
        if file is not None:
            _put_file(service, found, file, create, output)
            return
        if json_item is not None:
            values = _from_json(found, json_item, "--json-item")
        else:
            values = read_pairs(found, attributes, hint="ATTRIBUTE=VALUE")
        record = (found.create(**values) if create else found.put(**values)).go()
        shown = plain_record(found, record)
    if output.is_json:
        print_json(shown, output)
    else:
        print_record(output_console(), shown)


def _from_json(entity: Entity, text: str, place: str) -> dict[str, Any]:
    try:
        return record_values(entity, read_json(text))
    except LeydenError:
        raise
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


def _put_file(service: Service, entity: Entity, file: Path, create: bool, output: Output) -> None:
    name = "standard input" if str(file) == "-" else str(file)
    with click.open_file(str(file), "rb") as stream:
        values = [_of_line(entity, line, name) for line in lines_of(stream) if not line.is_blank]
    with waiting(f"writing {plural(len(values), 'item')}"):
        if create:
            _create_all(entity, values, name)
        elif values:
            _put_all(entity, [one for _, one in values])
    if output.is_json:
        print_json({"table": service.table, "written": len(values)}, output)
    else:
        click.echo(f"wrote {plural(len(values), 'item')} into {service.table}")


def _of_line(entity: Entity, line: Line, name: str) -> tuple[int, dict[str, Any]]:
    """The values of a line, checked as the write will check them."""
    try:
        values = record_values(entity, line.json())
        entity.put(**values).params()
    except LeydenError as error:
        error.message = f"{name}:{line.number}: {error.message}"
        raise
    except ValueError as error:
        raise InputError(f"{name}:{line.number}: {error}") from error
    return line.number, values


def _create_all(entity: Entity, values: list[tuple[int, dict[str, Any]]], name: str) -> None:
    for done, (number, one) in enumerate(values):
        try:
            entity.create(**one).go()
        except LeydenError as error:
            written = f"{plural(done, 'item')} before it written"
            error.message = f"{name}:{number}: {error.message} ({written})"
            raise


def _put_all(entity: Entity, values: list[dict[str, Any]]) -> None:
    # In transactions: a batch by itself would overwrite an item that only shares the key.
    written = entity.put(values).go(guard=True)
    if written.unprocessed:
        raise ThrottledError(
            f"{plural(len(written.unprocessed), 'item')} of {len(values)} not taken up by the "
            "table after all attempts; run it again, which writes all of them once more",
            operation=f"{entity.spec.alias}.put",
        )
