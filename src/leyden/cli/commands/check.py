"""`leyden check`: what is wrong with schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from attrs import frozen

from leyden.cli.loading import Hooks, load_hooks
from leyden.cli.options import FOLDER, Output, debug_option, hooks_option, output_options
from leyden.cli.output.console import error_console, output_console
from leyden.cli.output.faults import plain_fault, print_faults
from leyden.cli.output.json_text import print_json
from leyden.cli.output.words import plural
from leyden.compile.table import table_definition
from leyden.errors import SchemaError
from leyden.schema import check_service
from leyden.schema.faults import Fault
from leyden.schema.spec import ServiceSpec
from leyden.service.enforcing import refuse_unenforced


@frozen
class _Checked:
    folder: Path
    service: ServiceSpec | None
    faults: tuple[Fault, ...]

    def count(self, severity: str) -> int:
        return sum(fault.severity == severity for fault in self.faults)


@click.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=FOLDER)
@click.option("--strict", is_flag=True, help="Let warnings fail as well.")
@output_options
@hooks_option
@debug_option
@click.pass_context
def check(
    ctx: click.Context,
    folders: tuple[Path, ...],
    strict: bool,
    hooks: str | None,
    output: Output,
) -> None:
    """Say what is wrong with schemas: every fault, with its file, line and column.

    The exit code is 1 where there are errors; with --strict, where there are warnings too.
    Without --hooks, the names of functions are not checked.

    \b
      leyden check schemas/taskapp
      schemas/taskapp/task.yaml:12:5: option.unknown: ...
    """
    functions = load_hooks(hooks)
    results = [_check(folder, functions) for folder in folders]
    if output.is_json:
        print_json([_plain(result) for result in results], output)
    else:
        for result in results:
            print_faults(output_console(), result.faults)
            error_console().print(_summary(result))
    failing = ("error", "warning") if strict else ("error",)
    if any(result.count(severity) for result in results for severity in failing):
        ctx.exit(1)


def _check(folder: Path, hooks: Hooks | None) -> _Checked:
    checked = check_service(folder, hooks=hooks)
    faults = checked.faults
    if checked.service is not None:
        # What only shows when all entities are put on one table.
        try:
            refuse_unenforced(checked.service)
            table_definition(checked.service)
        except SchemaError as error:
            faults += tuple(fault for fault in error.faults if fault not in faults)
    return _Checked(folder, checked.service, faults)


def _summary(result: _Checked) -> str:
    errors, warnings = result.count("error"), result.count("warning")
    counted = ((errors, "error"), (warnings, "warning"))
    said = ", ".join(plural(count, noun) for count, noun in counted if count) or "no faults"
    if result.service is None:
        return f"{result.folder}: {said}"
    parts = (
        plural(len(result.service.entities), "entity", "entities"),
        plural(_patterns(result.service), "access pattern"),
        plural(_indexes(result.service), "index", "indexes"),
    )
    return f"{result.folder}: {said}; {', '.join(parts)}"


def _patterns(service: ServiceSpec) -> int:
    return sum(len(entity.indexes) for entity in service.entities.values())


def _indexes(service: ServiceSpec) -> int:
    patterns = (i for entity in service.entities.values() for i in entity.indexes.values())
    return len({pattern.index for pattern in patterns if pattern.index is not None})


def _plain(result: _Checked) -> dict[str, Any]:
    service = result.service
    return {
        "folder": str(result.folder),
        "service": service.service if service else None,
        "entities": list(service.entities) if service else None,
        "access_patterns": _patterns(service) if service else None,
        "indexes": _indexes(service) if service else None,
        "errors": result.count("error"),
        "warnings": result.count("warning"),
        "faults": [plain_fault(fault) for fault in result.faults],
    }
