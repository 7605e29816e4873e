"""`leyden import-electrodb`: ElectroDB models into schema files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from attrs import asdict

from leyden.cli.application import debug_option
from leyden.cli.options import output_options
from leyden.cli.output import (
    Output,
    plain_fault,
    plural,
    print_faults,
    print_json,
)
from leyden.errors import InvalidOptionError
from leyden.porting import PortedService, port_service, read_models, write_table_yaml, write_yaml
from leyden.schema import CheckResult, check_service

_STDOUT: Final = "-"
_TABLE_FILE: Final = "table.yaml"
_COLOURS: Final = {"lost": "red", "adapt": "yellow", "hook": "cyan"}


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
    default=_STDOUT,
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
    files = _files(service)
    if place == _STDOUT:
        text = "---\n".join(files.values())
        checked = check_service(text)
        if not output.is_json:
            click.echo(text, nl=False)
    else:
        _write(Path(place), files, force=force)
        checked = check_service(Path(place))
        if not output.is_json:
            for name in files:
                click.echo(Path(place) / name)
    if output.is_json:
        report = {
            "service": service.models[0].entity["service"],
            "table": dict(service.table),
            "entities": [
                {
                    "entity": model.entity["entity"],
                    "alias": model.alias,
                    "file": None if place == _STDOUT else str(Path(place) / name),
                    "schema": dict(model.entity),
                    "hooks": dict(model.hooks),
                    "notes": [asdict(note) for note in model.notes],
                }
                for name, model in zip(files, service.models, strict=False)
            ],
            "faults": [plain_fault(fault) for fault in checked.faults],
        }
        print_json(report, output)
    else:
        _report(service, checked)
    if checked.errors:
        ctx.exit(1)


def _files(service: PortedService) -> dict[str, str]:
    """The text of each file by its name; no two names differ only in case."""
    files: dict[str, str] = {}
    taken = {_TABLE_FILE}
    for model in service.models:
        name, number = f"{model.alias}.yaml", 1
        while name.lower() in taken:
            number += 1
            name = f"{model.alias}_{number}.yaml"
        taken.add(name.lower())
        files[name] = write_yaml(model)
    if service.table:
        files[_TABLE_FILE] = write_table_yaml(service)
    return files


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all files, or none where one exists already."""
    existing = [name for name in files if (folder / name).exists()]
    if existing and not force:
        raise InvalidOptionError(
            f"{folder} already has {', '.join(existing)}; overwrite with --force, or choose "
            "another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidOptionError(f"cannot write to {folder}: {error.strerror}") from error


def _report(service: PortedService, checked: CheckResult) -> None:
    """What you should look at, and what a check says."""
    kinds: Counter[str] = Counter()
    for model in service.models:
        for note in model.notes:
            kinds[note.kind] += 1
            place = click.style(f"{model.alias}: {note.place}", bold=True)
            kind = click.style(note.kind, fg=_COLOURS[note.kind])
            click.echo(f"{place}: {kind}: {note.text}", err=True)
    print_faults(checked.faults, err=True)
    hooks = len(service.hooks)
    parts = [
        plural(len(service.models), "entity", "entities"),
        *([f"{plural(hooks, 'function')} to write in Python"] if hooks else []),
        *([f"{kinds['lost']} not carried over"] if kinds["lost"] else []),
        *([f"{kinds['adapt']} to look at"] if kinds["adapt"] else []),
        *([plural(len(checked.errors), "error")] if checked.errors else []),
    ]
    click.echo(", ".join(parts), err=True)
