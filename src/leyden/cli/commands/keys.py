"""`leyden keys`: which keys an item gets, and which entity a raw item belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import click
from attrs import asdict, evolve, frozen

from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, entity_named, output_options, target_options
from leyden.cli.output import Output, cell, print_json, print_table
from leyden.cli.transfer.lines import item_from_json
from leyden.cli.values import read_json, read_pairs
from leyden.errors import DecodeError, InputError, LeydenError
from leyden.types import json_ready

if TYPE_CHECKING:
    from leyden import Entity, Service
    from leyden.keys import IndexKeys, KeyForm, KeyValue

_HEAD = ("access pattern", "index", "key field", "key", "composed of", "reads back as", "note")


@frozen
class Row:
    """One key field of one access pattern.

    `key` is None if it cannot be built; `missing` and `note` say why. `shape` shows how the key is
    built, `reads_back` the values that can be read from it.
    """

    access_pattern: str
    index: str | None
    field: str | None
    key: Any
    shape: str
    missing: tuple[str, ...] = ()
    reads_back: dict[str, Any] | None = None
    note: str = ""


@click.command(cls=TargetCommand)
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
    """Show the keys that an item gets in each access pattern.

    ATTRIBUTE=VALUE are the item's attributes. If a key needs others, the note names them.

    The command reads every key back, so you see where a key folds case or joins values. With
    --item, it takes a raw item (`{"pk": {"S": "..."}, ...}`, as streams, exports and the AWS tools
    have it), tells which entity the item belongs to, and compares its keys with those that its
    attributes make.

    \b
      leyden keys schemas/taskapp task project_id=p1 task_id=T1
      aws dynamodb get-item ... --query Item | leyden keys schemas/taskapp --item -
    """
    if item is None and entity is None:
        raise click.UsageError("give an ENTITY and its attributes, or --item FILE")
    if item is not None and attributes:
        raise click.UsageError("--item cannot be used with ATTRIBUTE=VALUE")
    with target.opened(needs_table=False) as service:
        if item is not None:
            found, rows = _of_item(service, item, entity)
        else:
            found = entity_named(service, entity or "")
            given = read_pairs(found, attributes, hint="ATTRIBUTE=VALUE")
            values = found.mapping.with_derived(found.mapping.accept(given))
            rows = [row for row, _ in _made(found, values)]
    if output.is_json:
        report = {
            "entity": found.spec.alias,
            "name": found.name,
            "version": found.spec.version,
            "keys": [{**asdict(row), "missing": list(row.missing)} for row in rows],
        }
        print_json(report, output)
        return
    click.echo(f"{found.spec.alias}: {found.name}, version {found.spec.version}")
    cells = [
        (
            row.access_pattern,
            row.index or "(table)",
            row.field or "",
            "" if row.key is None else cell(row.key),
            row.shape,
            ", ".join(f"{name}={cell(value)}" for name, value in (row.reads_back or {}).items()),
            row.note,
        )
        for row in rows
    ]
    print_table(_HEAD, cells)


def _of_item(service: Service, file: TextIO, wanted: str | None) -> tuple[Entity, list[Row]]:
    """Return the keys of a raw item, each compared with the key that its attributes make."""
    try:
        item = item_from_json(read_json(file.read()))
    except ValueError as error:
        raise InputError(f"{file.name}: {error}") from error
    found = service.entity_of(item)
    if wanted is not None and entity_named(service, wanted).name != found.name:
        raise DecodeError(f'the item belongs to "{found.name}", not to "{wanted}"')
    decoded = found.mapping.decode_values(item)
    values = {name: value for name, value in decoded.items() if value is not None}
    stored = found.conversions.item_to_keys(item)
    rows = []
    for row, form in _made(found, values):
        made, key = row, None if form is None else stored.get(form.field)
        if form is not None and key is not None:
            row = _read(made, form, key, values)
            if made.key is None:
                row = evolve(row, note=f"stored, although its attributes make none: {made.note}")
            elif made.key != json_ready(key):
                row = evolve(row, note="stored, although its attributes make a different one")
        elif made.key is not None:
            note = "missing from the item, although its attributes make one"
            row = evolve(made, key=None, reads_back=None, note=note)
        rows.append(row)
    return found, rows


def _made(entity: Entity, values: Mapping[str, Any]) -> Iterator[tuple[Row, KeyForm | None]]:
    """Yield the keys that these attributes make, in every access pattern."""
    for keys_ in entity.mapping.keys.values():
        spec = keys_.spec
        if not keys_.forms:
            # A multi-attribute index has no key fields.
            missing = tuple(name for name in spec.composites if values.get(name) is None)
            shape = ", ".join(f"{{{name}}}" for name in spec.composites)
            row = Row(spec.name, spec.index, None, None, shape, missing)
            note = f"needs {', '.join(missing)}" if missing else "the attributes are the key"
            yield evolve(row, note=note), None
            continue
        left_out = _left_out(entity, keys_, values)
        for form in keys_.forms:
            missing = form.missing(values)
            row = Row(spec.name, spec.index, form.field, None, form.shape, missing)
            if missing or left_out:
                row = evolve(row, note=f"needs {', '.join(missing)}" if missing else left_out)
            else:
                try:
                    row = _read(row, form, entity.mapping.build_key(form, values), values)
                except LeydenError as error:
                    row = evolve(row, note=error.message)
            yield row, form


def _left_out(entity: Entity, keys_: IndexKeys, values: Mapping[str, Any]) -> str:
    """Say why a sparse index leaves out an item with these values; return "" if it does not."""
    when = keys_.spec.when
    if when is None:
        return ""
    condition = entity.mapping.condition(keys_.spec.name)
    unknown = sorted((condition.roots or frozenset()) - values.keys())
    try:
        if condition.holds(values):
            return ""
    except LeydenError as error:
        return error.message
    needs = f" (missing: {', '.join(unknown)})" if unknown else ""
    return f"not in this index: {when.text} does not hold{needs}"


def _read(row: Row, form: KeyForm, key: KeyValue, values: Mapping[str, Any]) -> Row:
    """Return the row with its key, after reading the key back."""
    row = evolve(row, key=json_ready(key), missing=(), reads_back=None)
    try:
        parsed = form.parse(key)
    except ValueError as error:
        return evolve(row, note=str(error))
    differing = [name for name, value in parsed.items() if values.get(name, value) != value]
    note = ""
    if differing:
        note = f"{', '.join(differing)} cannot be read back as given: the key folds or joins values"
    return evolve(row, reads_back={name: json_ready(v) for name, v in parsed.items()}, note=note)
