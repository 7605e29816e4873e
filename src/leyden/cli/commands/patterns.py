"""`leyden patterns`: every access pattern of a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from leyden.chart import chart_html, chart_mermaid
from leyden.cli.loading import load_hooks
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.tables import print_table
from leyden.errors import SchemaError
from leyden.keys import IndexKeys, entity_keys
from leyden.schema import check_service
from leyden.schema.spec import EntitySpec, ServiceSpec

_HEAD = (
    "entity",
    "access pattern",
    "index",
    "partition key",
    "sort key",
    "collection",
    "kind",
    "when",
)


@click.command()
@target_options
@click.option(
    "--html",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Draw the table, with example items, as one HTML page; - for standard output.",
)
@click.option("--mermaid", is_flag=True, help="Draw the same as Mermaid text.")
@output_options
def patterns(target: Target, html: Path | None, mermaid: bool, output: Output) -> None:
    """List every access pattern: its index, its keys, and when an item is in it.

    \b
      leyden patterns schemas/taskapp
      leyden patterns schemas/taskapp --query "[?index=='gsi2'].access_pattern"
      leyden patterns schemas/taskapp --html design.html
      leyden patterns schemas/taskapp --mermaid > design.mmd
    """
    if (html is not None) + mermaid + output.is_json > 1:
        raise click.UsageError("give one of --html, --mermaid and --json (or --query)")
    spec = _read_spec(target)
    if mermaid:
        click.echo(chart_mermaid(spec, hooks=load_hooks(target.hooks)), nl=False)
        return
    if html is not None:
        _write(html, chart_html(spec, hooks=load_hooks(target.hooks)))
        return
    rows = [
        _described(entity, keys)
        for entity in spec.entities.values()
        for keys in entity_keys(entity).values()
    ]
    if output.is_json:
        print_json(rows, output)
        return
    print_table(output_console(), _HEAD, [_cells(row) for row in rows])


def _read_spec(target: Target) -> ServiceSpec:
    """The schema. The functions that it calls have no part in its access patterns."""
    result = check_service(target.folder)
    if result.service is None:
        raise SchemaError(result.faults)
    return result.service


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
    click.echo(f"wrote {file}", err=True)


def _described(entity: EntitySpec, keys: IndexKeys) -> dict[str, Any]:
    index = keys.spec
    return {
        "entity": entity.alias,
        "access_pattern": index.name,
        "index": index.index,
        "pk": _half(index.pk.field, index.pk.composite, keys.pk.shape if keys.pk else None),
        "sk": (
            _half(index.sk.field, index.sk.composite, keys.sk.shape if keys.sk else None)
            if index.sk
            else None
        ),
        "collection": list(index.collection),
        "kind": index.type,
        "when": index.when.text if index.when else None,
    }


def _half(field: str, composite: tuple[str, ...], shape: str | None) -> dict[str, Any]:
    # A multi-attribute index has no field of its own: its attributes are the key.
    return {"field": field or None, "composite": list(composite), "shape": shape}


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["entity"],
        row["access_pattern"],
        row["index"] or "(table)",
        _shown(row["pk"]),
        _shown(row["sk"]) if row["sk"] else "",
        ", ".join(row["collection"]),
        row["kind"],
        row["when"] or "",
    ]


def _shown(half: dict[str, Any]) -> str:
    if half["shape"] is None:
        return ", ".join(f"{{{name}}}" for name in half["composite"])
    return f"{half['field']} = {half['shape']}"
