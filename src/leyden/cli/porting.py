"""What the commands that port schemas share: they write files, and report what needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from attrs import asdict

from leyden.cli.output import Output, plain_fault, plural, print_faults, print_json
from leyden.errors import InvalidOptionError
from leyden.porting import PortedService, write_table_yaml, write_yaml
from leyden.schema import CheckResult, check_service

STDOUT: Final = "-"
_TABLE_FILE: Final = "table.yaml"
_COLOURS: Final = {"lost": "red", "adapt": "yellow", "hook": "cyan"}


def show_port(
    ctx: click.Context, service: PortedService, place: str, *, force: bool, output: Output
) -> None:
    """Write ported schemas to a folder or print them, and report what needs attention.

    The exit code is 1 if the schemas have errors.
    """
    files = files_of(service)
    if place == STDOUT:
        text = "---\n".join(files.values())
        checked = check_service(text)
        if not output.is_json:
            click.echo(text, nl=False)
    else:
        write_files(Path(place), files, force=force)
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
                    "file": None if place == STDOUT else str(Path(place) / name),
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
        report_port(service, checked)
    if checked.errors:
        ctx.exit(1)


def files_of(service: PortedService) -> dict[str, str]:
    """Return the text of each file by name. No two names differ only in case."""
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


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all files, or none if one of them exists and `force` is False."""
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


def report_port(service: PortedService, checked: CheckResult) -> None:
    """Report what needs attention, and the result of a check."""
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
