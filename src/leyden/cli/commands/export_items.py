"""`leyden export`: a whole table as JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from leyden import Entity
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.json_text import print_json
from leyden.cli.output.words import capacity, plural
from leyden.cli.progress import transferring
from leyden.cli.reading import tell_unreadable, unreadable_option
from leyden.cli.running import StoppedError
from leyden.cli.transfer.exporting import Exporter, Plan


@click.command("export")
@target_options
@click.option(
    "--to",
    "to",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where to write; - is standard output.",
)
@click.option("--entity", "name", metavar="NAME", help="Only the items of this entity.")
@click.option(
    "--raw/--records",
    "raw",
    default=True,
    help="Items as they are stored, with typed values (the default), or records.",
)
@click.option("--resume", is_flag=True, help="Go on where an export to this file stopped.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--page-size", type=click.IntRange(1), help="Items a page; default: 1 MB of them.")
@click.option("--consistent", is_flag=True, help="Read what was written just now, too.")
@unreadable_option
@output_options
def export_items(
    target: Target,
    to: Path,
    name: str | None,
    raw: bool,
    resume: bool,
    overwrite: bool,
    page_size: int | None,
    consistent: bool,
    unreadable: str | None,
    output: Output,
) -> None:
    """Write a table to a file, one JSON document a line, by scanning it once.

    Raw lines lose nothing: items of other services are in them as well, and are counted. Records
    are what the schemas know: without hidden attributes and strangers' items, which are counted.
    A scan is no snapshot: what is written meanwhile may be in it or not.

    While it runs, FILE.state says how far it is; after an interruption, --resume goes on there.

    \b
      leyden export schemas/taskapp --to tasks.jsonl
      leyden export schemas/taskapp --to - --entity task --records | head
    """
    to_stdout = str(to) == "-"
    if to_stdout and (resume or overwrite):
        raise click.UsageError("--resume and --overwrite need a file, not standard output")
    if resume and overwrite:
        raise click.UsageError("--resume goes on and --overwrite begins again: give one of them")
    if to_stdout and output.is_json:
        raise click.UsageError("the summary of --json and the items cannot both be printed")
    with opened(target) as service:
        entity = entity_named(service, name) if name is not None else None
        collects = unreadable == "collect"
        plan = Plan(service, entity, not raw, page_size, consistent, collects)
        with transferring(f"exporting {service.table}") as bar:
            exporter = Exporter(plan, bar)
            try:
                if to_stdout:
                    exporter.to_stream(sys.stdout.buffer)
                else:
                    exporter.to_file(to, resume=resume, overwrite=overwrite)
            except KeyboardInterrupt:
                raise StoppedError(_hint(exporter, to_stdout)) from None
        hidden = [] if raw else _hidden([entity] if entity else list(service.entities.values()))
    _report(exporter, to, hidden, output)
    tell_unreadable(exporter.cost.unreadable)


def _hint(exporter: Exporter, to_stdout: bool) -> str:
    done = f"stopped after {plural(exporter.state.items, 'item')}"
    if to_stdout:
        return done
    return f"{done}; go on with the same command and --resume"


def _hidden(entities: list[Entity]) -> list[str]:
    return [
        f"{entity.spec.alias}.{name}"
        for entity in entities
        for name, attribute in entity.spec.attributes.items()
        if attribute.hidden
    ]


def _report(exporter: Exporter, to: Path, hidden: list[str], output: Output) -> None:
    state, cost = exporter.state, exporter.cost
    if output.is_json:
        print_json(
            {
                "table": state.purpose.table,
                "file": str(to),
                "form": state.purpose.form,
                "entity": state.purpose.entity,
                "items": state.items,
                "foreign": state.foreign,
                "skipped": state.skipped,
                "bytes": state.size,
                "requests": cost.requests,
                "consumed": cost.consumed,
            },
            output,
        )
    parts = [f"exported {plural(state.items, 'item')} of {state.purpose.table}"]
    if state.foreign:
        parts.append(f"{state.foreign} of them of no entity of {state.purpose.service}")
    if state.skipped:
        parts.append(f"{plural(state.skipped, 'other')} left out")
    parts.append(plural(cost.requests, "request"))
    if cost.consumed is not None:
        parts.append(capacity(cost.consumed))
    click.echo(", ".join(parts), err=True)
    if hidden and state.items:
        click.echo(f"not in it, because hidden: {', '.join(hidden)} (--raw has them)", err=True)
    if cost.reshaped:
        click.echo(
            f"{plural(cost.reshaped, 'record')} of this run hold sets or bytes in attributes that "
            "take any type; as JSON they are lists and text (--raw keeps them)",
            err=True,
        )
