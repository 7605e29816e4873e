"""`leyden import-electrodb`: ElectroDB models into schema files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from attrs import frozen

from leyden.cli.options import Output, debug_option, output_options
from leyden.cli.output.console import error_console, output_console
from leyden.cli.output.faults import plain_fault, print_faults
from leyden.cli.output.json_text import print_json
from leyden.cli.output.words import plural
from leyden.errors import InvalidOptionError
from leyden.porting import (
    Note,
    PortedService,
    port_service,
    read_models,
    write_table_yaml,
    write_yaml,
)
from leyden.schema import CheckResult, check_service

_STDOUT: Final = "-"
_TABLE_FILE: Final = "table.yaml"
_COLOURS: Final = {"lost": "red", "adapt": "yellow", "hook": "cyan"}


@frozen
class _Import:
    """What was made of a file. `files` are texts by their names."""

    service: PortedService
    files: Mapping[str, str]
    checked: CheckResult


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
    help="Where to write, one file an entity; default: - , standard output.",
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
    """Turn ElectroDB models into schema files, and say what they could not take over.

    FILE is a JSON file with models, or a JavaScript module, which Node.js then runs: it may export
    models, entities, services, or objects of these. What could not be taken over stands in the
    files as a comment at its place; callbacks get a name under which to hand in a function.

    \b
      leyden import-electrodb models.mjs --to schemas/taskapp --snake-case
      leyden import-electrodb models.json --export task
    """
    found = read_models(file).choose(exports)
    service = port_service(found, snake_case=snake_case, table=table)
    files = _files(service)
    if place == _STDOUT:
        text = "---\n".join(files.values())
        imported = _Import(service, files, check_service(text))
        if not output.is_json:
            click.echo(text, nl=False)
    else:
        folder = Path(place)
        _write(folder, files, force=force)
        imported = _Import(service, files, check_service(folder))
    if output.is_json:
        print_json(_plain(imported, place), output)
    else:
        _report(imported, place)
    if imported.checked.errors:
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
            f"{folder} has {', '.join(existing)} already; overwrite with --force, or choose "
            "another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidOptionError(f"{folder} cannot be written: {error.strerror}") from error


def _report(imported: _Import, place: str) -> None:
    """What was written, what is to be looked at, and what a check says."""
    console = error_console()
    if place != _STDOUT:
        for name in imported.files:
            output_console().print(str(Path(place) / name))
    for model in imported.service.models:
        for note in model.notes:
            console.print(f"{model.alias}: {note.place}", style="bold", end="")
            console.print(": ", end="")
            console.print(note.kind, style=_COLOURS[note.kind], end="")
            console.print(f": {note.text}")
    print_faults(console, imported.checked.faults)
    console.print(_summary(imported))


def _summary(imported: _Import) -> str:
    models = imported.service.models
    notes = [note for model in models for note in model.notes]
    parts = [plural(len(models), "entity", "entities")]
    hooks = len(imported.service.hooks)
    if hooks:
        parts.append(f"{plural(hooks, 'function')} to write in Python")
    parts += _counted(notes, "lost", "not carried over")
    parts += _counted(notes, "adapt", "to look at")
    if imported.checked.errors:
        parts.append(plural(len(imported.checked.errors), "error"))
    return ", ".join(parts)


def _counted(notes: list[Note], kind: str, words: str) -> list[str]:
    count = sum(note.kind == kind for note in notes)
    return [f"{count} {words}"] if count else []


def _plain(imported: _Import, place: str) -> dict[str, Any]:
    service = imported.service
    models = dict(zip(imported.files, service.models, strict=False))
    return {
        "service": service.models[0].entity["service"],
        "table": dict(service.table),
        "entities": [
            {
                "entity": model.entity["entity"],
                "alias": model.alias,
                "file": None if place == _STDOUT else str(Path(place) / name),
                "schema": dict(model.entity),
                "hooks": dict(model.hooks),
                "notes": [
                    {
                        "place": note.place,
                        "path": list(note.path),
                        "kind": note.kind,
                        "what": note.what,
                        "todo": note.todo,
                        "source": note.source,
                    }
                    for note in model.notes
                ],
            }
            for name, model in models.items()
        ],
        "faults": [plain_fault(fault) for fault in imported.checked.faults],
    }
