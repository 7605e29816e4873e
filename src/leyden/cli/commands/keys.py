"""`leyden keys`: which keys an item gets, and whose item has these keys."""

from __future__ import annotations

from typing import Any, TextIO

import click

from leyden import Entity, Service
from leyden.cli.keys_report import Row, rows_of_attributes, rows_of_item
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import json_text, print_json
from leyden.cli.output.records import cell
from leyden.cli.output.tables import print_table
from leyden.cli.transfer.raw_items import item_from_json
from leyden.cli.values.json_values import read_json
from leyden.cli.values.pairs import read_pairs
from leyden.errors import DecodeError, InputError

_HEAD = ("access pattern", "index", "key field", "key", "composed of", "reads back as", "note")


@click.command()
@target_options
@click.argument("entity", required=False)
@click.argument("attributes", metavar="[ATTRIBUTE=VALUE...]", nargs=-1)
@click.option("--item", type=click.File(encoding="utf-8"), help="A raw item as JSON; - is stdin.")
@output_options
def keys(
    target: Target,
    entity: str | None,
    attributes: tuple[str, ...],
    item: TextIO | None,
    output: Output,
) -> None:
    """Show the keys that attributes make in each access pattern, and why.

    Where attributes are missing for a key, they are named.

    Every key is read back, so that one that folds or joins values shows. With --item, a raw item
    (`{"pk": {"S": "..."}, ...}`, as streams, exports and the AWS tools have it) says whose it is,
    and whether its keys are those that its attributes make.

    \b
      leyden keys schemas/taskapp task project_id=p1 task_id=T1
      aws dynamodb get-item ... --query Item | leyden keys schemas/taskapp --item -
    """
    if item is None and entity is None:
        raise click.UsageError("give an ENTITY and its attributes, or --item FILE")
    if item is not None and attributes:
        raise click.UsageError("--item brings its own attributes; leave out ATTRIBUTE=VALUE")
    with opened(target, needs_table=False) as service:
        if item is not None:
            found, rows = _of_item(service, item, entity)
        else:
            found = entity_named(service, entity or "")
            rows = rows_of_attributes(found, read_pairs(found, attributes, hint="ATTRIBUTE=VALUE"))
    _print(found, rows, output)


def _of_item(service: Service, file: TextIO, wanted: str | None) -> tuple[Entity, list[Row]]:
    try:
        item = item_from_json(read_json(file.read()))
    except ValueError as error:
        raise InputError(f"{file.name}: {error}") from error
    found = service.entity_of(item)
    if wanted is not None and entity_named(service, wanted).name != found.name:
        raise DecodeError(f'the item is one of "{found.name}", not of "{wanted}"')
    return found, rows_of_item(found, item)


def _print(entity: Entity, rows: list[Row], output: Output) -> None:
    if output.is_json:
        print_json(
            {
                "entity": entity.spec.alias,
                "name": entity.name,
                "version": entity.spec.version,
                "keys": [row.plain() for row in rows],
            },
            output,
        )
        return
    click.echo(f"{entity.spec.alias}: {entity.name}, version {entity.spec.version}")
    print_table(output_console(), _HEAD, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    return [
        row.access_pattern,
        row.index or "(table)",
        row.field or "",
        "" if row.key is None else cell(row.key),
        row.shape,
        _pairs(row.reads_back) if row.reads_back is not None else "",
        row.note,
    ]


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={value if isinstance(value, str) else json_text(value)}"
        for name, value in values.items()
    )
