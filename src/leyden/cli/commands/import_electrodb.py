"""`leyden import-electrodb`: convert ElectroDB models into schema files."""

from __future__ import annotations

from pathlib import Path

import click

from leyden.cli.application import debug_option
from leyden.cli.options import output_options
from leyden.cli.output import Output
from leyden.cli.porting import STDOUT, show_port
from leyden.porting import port_service, read_models


@click.command("import-electrodb")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--export",
    "exports",
    metavar="NAME",
    multiple=True,
    help="Only this model, by its export, alias or entity name; may be repeated.",
)
@click.option(
    "--to",
    "place",
    metavar="FOLDER|-",
    default=STDOUT,
    help="Where to write, one file for each entity; default: -, standard output.",
)
@click.option("--snake-case", is_flag=True, help="Give names Python's style; items stay the same.")
@click.option("--table", metavar="NAME", help="The table's name, for table.yaml.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@output_options
@debug_option
@click.pass_context
def import_electrodb(
    ctx: click.Context,
    file: Path,
    exports: tuple[str, ...],
    place: str,
    snake_case: bool,
    table: str | None,
    force: bool,
    output: Output,
) -> None:
    """Convert ElectroDB models into schema files.

    The command reports what it could not convert. FILE is a JSON file with models, or a JavaScript
    module, which Node.js then runs: it may export models, entities, services, or objects of these.
    What the command cannot convert stands in the files as a comment at its place; callbacks get a
    name under which you pass a function.

    \b
      leyden import-electrodb models.mjs --to schemas/taskapp --snake-case
      leyden import-electrodb models.json --export task
    """
    service = port_service(read_models(file).choose(exports), snake_case=snake_case, table=table)
    show_port(ctx, service, place, force=force, output=output)
