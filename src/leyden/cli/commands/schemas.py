"""`leyden check`, `schema` and `patterns`: check schemas, and show their access patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import click

import leyden
from leyden._text import visible
from leyden.cli.application import debug_option
from leyden.cli.folders import TargetCommand
from leyden.cli.hooks import load_hooks
from leyden.cli.options import (
    FOLDER,
    Target,
    hooks_option,
    output_options,
    refuse_together,
    target_options,
)
from leyden.cli.output import (
    Output,
    aligned,
    plain_fault,
    plural,
    print_faults,
    print_json,
)
from leyden.cli.values import json_text
from leyden.errors import SchemaError
from leyden.keys import IndexKeys, entity_keys
from leyden.schema import (
    EntitySpec,
    Fault,
    IndexSpec,
    KeySpec,
    SearchSpec,
    ServiceSpec,
    check_service,
)


class _Checked(NamedTuple):
    folder: Path
    service: ServiceSpec | None
    faults: tuple[Fault, ...]

    def number_of(self, severity: str) -> int:
        return sum(fault.severity == severity for fault in self.faults)

    @property
    def patterns(self) -> list[IndexSpec | SearchSpec]:
        entities = self.service.entities.values() if self.service else ()
        found: list[IndexSpec | SearchSpec] = []
        for entity in entities:
            found += (*entity.indexes.values(), *entity.searches.values())
        return found

    @property
    def indexes(self) -> int:
        return len({pattern.index for pattern in self.patterns} - {None})

    def summary(self) -> str:
        """Summarize the check in one line for people."""
        counted = ((self.number_of(severity), severity) for severity in ("error", "warning"))
        said = ", ".join(plural(count, noun) for count, noun in counted if count) or "no faults"
        if self.service is None:
            return f"{self.folder}: {said}"
        parts = (
            plural(len(self.service.entities), "entity", "entities"),
            plural(len(self.patterns), "access pattern"),
            plural(self.indexes, "index", "indexes"),
        )
        return f"{self.folder}: {said}; {', '.join(parts)}"

    def plain(self) -> dict[str, Any]:
        """Return the whole result as JSON."""
        service = self.service
        return {
            "folder": str(self.folder),
            "service": service.service if service else None,
            "entities": list(service.entities) if service else None,
            "access_patterns": len(self.patterns) if service else None,
            "indexes": self.indexes if service else None,
            "errors": self.number_of("error"),
            "warnings": self.number_of("warning"),
            "faults": [plain_fault(fault) for fault in self.faults],
        }


@click.command(cls=TargetCommand)
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, required=True, type=FOLDER)
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
    """Report every fault with its file, line and column.

    The exit code is 1 if there are errors; with --strict, warnings count as well. The names of
    functions are checked only with --hooks.

    \b
      leyden check schemas/taskapp
      schemas/taskapp/task.yaml:12:5: option.unknown: ...
    """
    functions = load_hooks(hooks, ctx) if hooks else None
    results = []
    for folder in folders:
        checked = leyden.check_schemas(folder, hooks=functions)
        results.append(_Checked(folder, checked.service, checked.faults))
    if output.is_json:
        print_json([result.plain() for result in results], output)
    else:
        for result in results:
            print_faults(result.faults)
            click.echo(result.summary(), err=True)
    failing = ("error", "warning") if strict else ("error",)
    if any(result.number_of(severity) for result in results for severity in failing):
        ctx.exit(1)


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to a file, and say how editors find it.",
)
@output_options
@debug_option
def schema(out: Path | None, output: Output) -> None:
    """Print the JSON Schema of schema files, for editors.

    It covers entities, table.yaml and migration files. With it, an editor completes
    options, explains them, and marks faults while you type: VS Code with the YAML extension,
    IntelliJ, Neovim and others. The first line of a file says where the JSON Schema is. `leyden
    check` finds everything that it finds, and also faults between files.

    \b
      leyden schema --out schemas/leyden.schema.json
      leyden schema --query '"$id"'
    """
    from leyden.schema import json_schema

    document = json_schema()
    if out is None:
        print_json(document, output)
        return
    if output.is_json:
        raise click.UsageError("--out cannot be used with --json or --query")
    try:
        out.write_text(f"{json_text(document, indent=2)}\n", encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(out), error.strerror) from error
    click.echo(f"wrote {out}", err=True)
    click.echo(
        "Begin the files in a folder beside it with this line, so that editors find it:",
        err=True,
    )
    click.echo(f"# yaml-language-server: $schema=../{out.name}", err=True)


@click.command(cls=TargetCommand)
@target_options
@click.option(
    "--html",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Draw the table, with example items, as one HTML page; - is standard output.",
)
@click.option("--mermaid", is_flag=True, help="Draw the same as Mermaid text.")
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Draw the table, with example items, as an SVG for READMEs and slides; - is standard "
    "output.",
)
@click.option("--index", metavar="NAME", help="Let --svg draw this index in place of the table.")
@output_options
def patterns(
    target: Target,
    html: Path | None,
    mermaid: bool,
    svg: Path | None,
    index: str | None,
    output: Output,
) -> None:
    """List or draw every access pattern.

    The list shows the index and the keys of each pattern, the condition of a sparse index, and the
    vector of a search by meaning.

    \b
      leyden patterns schemas/taskapp
      leyden patterns schemas/taskapp --query "[?index=='gsi2'].access_pattern"
      leyden patterns schemas/taskapp --html design.html
      leyden patterns schemas/taskapp --mermaid > design.mmd
      leyden patterns schemas/taskapp --svg assigned.svg --index gsi2
    """
    refuse_together(
        {
            "--html": html is not None,
            "--mermaid": mermaid,
            "--svg": svg is not None,
            "--json (or --query)": output.is_json,
        }
    )
    if index is not None and svg is None:
        raise click.UsageError("--index chooses what --svg draws; use it with --svg FILE")
    # The access patterns do not depend on hooks.
    result = check_service(target.folder)
    if result.service is None:
        raise SchemaError(result.faults)
    if mermaid or html is not None or svg is not None:
        from leyden.chart import chart_html, chart_mermaid, drawing_svg

        hooks = load_hooks(target.hooks, click.get_current_context()) if target.hooks else None
        if svg is not None:
            text = drawing_svg(result.service, index=index, hooks=hooks)
        else:
            text = (chart_mermaid if mermaid else chart_html)(result.service, hooks=hooks)
        _write(text, html or svg)
        return
    rows = []
    for entity in result.service.entities.values():
        rows += [_described(entity, keys) for keys in entity_keys(entity).values()]
        rows += [_described_search(entity, search) for search in entity.searches.values()]
    if output.is_json:
        print_json(rows, output)
    else:
        _print_patterns(rows)


def _write(text: str, file: Path | None) -> None:
    if file is None or str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
    click.echo(f"wrote {file}", err=True)


def _described(entity: EntitySpec, keys: IndexKeys) -> dict[str, Any]:
    index = keys.spec

    def half(key: KeySpec, shape: str | None) -> dict[str, Any]:
        # A multi-attribute index has no field of its own: its attributes are the key.
        return {"field": key.field or None, "composite": list(key.composite), "shape": shape}

    return {
        "entity": entity.alias,
        "access_pattern": index.name,
        "index": index.index,
        "pk": half(index.pk, keys.pk.shape if keys.pk else None),
        "sk": half(index.sk, keys.sk.shape if keys.sk else None) if index.sk else None,
        "collection": list(index.collection),
        "kind": index.type,
        "when": index.when.text if index.when else None,
        "description": index.description,
    }


def _described_search(entity: EntitySpec, search: SearchSpec) -> dict[str, Any]:
    parted = [] if search.partition is None else [search.partition]
    fields = [entity.attributes[name].field for name in parted]
    return {
        "entity": entity.alias,
        "access_pattern": search.name,
        "index": search.index,
        "pk": {"field": fields[0], "composite": parted, "shape": None} if parted else None,
        "sk": None,
        "collection": [],
        "kind": "vector",
        "when": None,
        "description": search.description,
        "vector": {
            "attribute": search.attribute,
            "metric": search.metric,
            "filters": list(search.filters),
        },
    }


def _print_patterns(rows: Sequence[dict[str, Any]]) -> None:
    """Print the access patterns under their entities.

    All about one stands beside its name, a line each: keys are long, and side by side they would
    leave the width of a terminal.
    """
    cells = []
    for row in rows:
        names = (row["access_pattern"], row["index"] or "(table)")
        for text in _about(row):
            cells.append((row["entity"], *names, text))
            names = ("", "")
    lines = iter(aligned([line for _, *line in cells]))
    for number, (entity, of_entity) in enumerate(groupby(cells, itemgetter(0))):
        if number:
            click.echo()
        click.secho(visible(entity), bold=True)
        for _, line in zip(of_entity, lines, strict=False):
            click.echo(f"  {line}")


def _about(row: dict[str, Any]) -> Iterator[str]:
    """The keys of an access pattern, then what else is to be known of it."""
    for half, key in (("partition key", row["pk"]), ("sort key", row["sk"])):
        if key is None:
            continue
        if key["shape"] is None:
            yield f"{half}: {', '.join(f'{{{name}}}' for name in key['composite'])}"
        else:
            yield f"{key['field']} = {key['shape']}"
    if "vector" in row:
        yield f"nearest to {{{row['vector']['attribute']}}}"
    elif row["kind"] != "isolated":
        yield f"type: {row['kind']}"
    if row["collection"]:
        yield f"collection: {', '.join(row['collection'])}"
    if row["when"]:
        yield f"when: {row['when']}"
