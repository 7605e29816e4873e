"""`leyden export` and `leyden import`: copy whole tables to and from JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from leyden.cli.application import StoppedError
from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, entity_named, output_options, target_options
from leyden.cli.output import Output, capacity, plural, print_json, transferring
from leyden.cli.reading import consistent_option, tell_unreadable, unreadable_option
from leyden.cli.transfer.exporting import Exporter, Plan
from leyden.cli.transfer.forms import (
    RAW,
    RECORDS,
    entity_of_records,
    form_of,
    lines_in,
    unpacked,
)
from leyden.cli.transfer.importing import Importer
from leyden.cli.transfer.lines import Line, LineReader, RawReader, RecordReader
from leyden.cli.transfer.state import Purpose, Rejects, StateFile
from leyden.errors import InputError

if TYPE_CHECKING:
    from leyden import Entity, Service

_CONTINUE: Final = "repeat the command with --resume to continue"

_entity_option: Final = click.option(
    "--entity", "name", metavar="NAME", help="Only the items of this entity."
)


@click.command("export", cls=TargetCommand)
@target_options
@click.option(
    "--to",
    "to",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where to write; - is standard output.",
)
@_entity_option
@click.option(
    "--raw/--records",
    "raw",
    default=True,
    help="Items as they are stored, with typed values (the default), or records.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted export to this file.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option(
    "--page-size", type=click.IntRange(1), help="Items per page; default: as many as fit in 1 MB."
)
@consistent_option
@unreadable_option
@output_options
def export_items(
    target: Target,
    to: Path | None,
    name: str | None,
    raw: bool,
    resume: bool,
    overwrite: bool,
    page_size: int | None,
    consistent: bool,
    unreadable: str | None,
    output: Output,
) -> None:
    """Write a table to a file of JSON lines.

    The command scans the table once. Raw lines lose nothing: guards of unique values and parts of
    large ones go with their items, and items of other services are among them, which the summary
    counts. Records have what the schemas know: no hidden attributes, and no items of other
    services. A scan is not a snapshot: it may or may not see writes made meanwhile.

    While it runs, FILE.state says how far it is; after an interruption, --resume continues there.

    \b
      leyden export schemas/taskapp --to tasks.jsonl
      leyden export schemas/taskapp --to - --entity task --records | head
    """
    if to is None:
        raise click.UsageError("where to? pass --to FILE, or --to - for standard output")
    to_stdout = str(to) == "-"
    if to_stdout and (resume or overwrite):
        option = "--resume" if resume else "--overwrite"
        raise click.UsageError(f"{option} needs a file, not standard output")
    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite cannot be used together")
    if to_stdout and output.is_json:
        raise click.UsageError("--json needs --to FILE: with --to -, standard output has the items")
    with target.opened() as service:
        entity = entity_named(service, name) if name is not None else None
        plan = Plan(service, entity, not raw, page_size, consistent, unreadable == "collect")
        with transferring(f"exporting {service.table}") as bar:
            exporter = Exporter(plan, bar)
            try:
                if to_stdout:
                    exporter.to_stream(sys.stdout.buffer)
                else:
                    exporter.to_file(to, resume=resume, overwrite=overwrite)
            except KeyboardInterrupt:
                done = f"stopped after {plural(exporter.state.items, 'item')}"
                raise StoppedError(done if to_stdout else f"{done}; {_CONTINUE}") from None
        hidden = [
            f"{one.spec.alias}.{attribute}"
            for one in ([] if raw else [entity] if entity else service.entities.values())
            for attribute, spec in one.spec.attributes.items()
            if spec.hidden
        ]
    _report_export(exporter, to, hidden, output)
    tell_unreadable(exporter.cost.unreadable)


def _report_export(exporter: Exporter, to: Path, hidden: list[str], output: Output) -> None:
    state, cost = exporter.state, exporter.cost
    if output.is_json:
        report = {
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
        }
        print_json(report, output)
    parts = [f"exported {plural(state.items, 'item')} of {state.purpose.table}"]
    if state.foreign:
        parts.append(f"{state.foreign} belong to no entity of {state.purpose.service}")
    if state.skipped:
        parts.append(f"skipped {plural(state.skipped, 'other')}")
    parts.append(plural(cost.requests, "request"))
    if cost.consumed is not None:
        parts.append(capacity(cost.consumed))
    click.echo(", ".join(parts), err=True)
    if hidden and state.items:
        click.echo(f"hidden attributes left out: {', '.join(hidden)} (--raw has them)", err=True)
    if cost.reshaped:
        click.echo(
            "records with sets or bytes in attributes of any type, which became lists and text in "
            f"JSON: {cost.reshaped} (--raw keeps them)",
            err=True,
        )


@click.command("import", cls=TargetCommand)
@target_options
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--raw/--records",
    "raw",
    default=None,
    help="What the lines hold: items with typed values, or records; default: as they look.",
)
@click.option(
    "--entity",
    "name",
    metavar="NAME",
    help="The entity of records that do not name one; of others, only the items of this entity.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted import of this file.")
@click.option("--restart", is_flag=True, help="Start an interrupted import over.")
@click.option("--keep-going", is_flag=True, help="Put bad lines aside instead of stopping there.")
@click.option(
    "--rejected",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where bad lines go with --keep-going; default: FILE.rejected.",
)
@click.option(
    "--guard",
    is_flag=True,
    help="Of records: in transactions, with the guards of keys and of unique values.",
)
@output_options
@click.pass_context
def import_items(
    ctx: click.Context,
    target: Target,
    file: Path,
    raw: bool | None,
    name: str | None,
    resume: bool,
    restart: bool,
    keep_going: bool,
    rejected: Path | None,
    guard: bool,
    output: Output,
) -> None:
    """Write a file of JSON lines into a table.

    It replaces stored items with the same keys. The command tells by the first line what the file
    holds: items with typed values, as `leyden export`, `aws dynamodb scan` and exports to S3 have
    them (compressed or not), or records, with their entity's name or with --entity. An item of an
    entity must fit its schema; raw items of no entity are written as they are, and counted. The
    first bad line, or one whose key an earlier line has, ends the import with its line number; with
    --keep-going such lines go to FILE.rejected, and the exit code is 1 at the end.

    While it runs, FILE.import-state says how far it is; after an interruption, --resume continues
    there. It may write the last 25 lines twice, under the same keys: give records keys of their own
    if the schema would generate them.

    An import is for filling a table, so it checks no conditions. It overwrites an item that only
    shares a key with one of the file, and writes only those guards of unique values that the file
    has, as one of raw lines does: after records, run `leyden adopt` if the schema has `unique`.
    With --guard, it writes records as `leyden put --file` does: it overwrites nothing else, keeps
    unique values, and a record that carries a version replaces only that version.

    \b
      leyden import schemas/taskapp tasks.jsonl --endpoint-url http://127.0.0.1:8000
      leyden import schemas/taskapp records.jsonl --entity task --keep-going
      leyden import schemas/taskapp records.jsonl --guard
    """
    if guard and raw:
        raise click.UsageError("--guard needs records: raw items are written as they are")
    if resume and restart:
        raise click.UsageError("--resume and --restart cannot be used together")
    if rejected is not None and not keep_going:
        raise click.UsageError("--rejected needs --keep-going")
    notes, rejects = _beside(file, rejected, resume, restart, keep_going)
    from_stdin = notes is None
    with target.opened() as service, ExitStack() as stack:
        entity = entity_named(service, name) if name is not None else None
        _refuse_leftovers(file, notes, rejects, resume=resume, restart=restart)
        stream: BinaryIO = sys.stdin.buffer if from_stdin else stack.enter_context(file.open("rb"))
        total = None if from_stdin else file.stat().st_size
        title = "standard input" if from_stdin else str(file)
        lines, reader, form = _read_as(stream, title, service, entity, raw, guard)
        importer = Importer(
            service=service,
            reader=reader,
            purpose=Purpose(
                "import",
                service.table,
                service.name,
                entity.name if entity else None,
                form,
            ),
            name=title,
            bar=stack.enter_context(transferring(f"importing into {service.table}", total)),
            tell=lambda line: click.echo(line, err=True),
            rejects=rejects,
            notes=notes,
            guard=guard,
        )
        try:
            importer.run(lines, resume=resume)
        except KeyboardInterrupt:
            done = f"stopped after {plural(importer.state.lines, 'line')}"
            goes_on = notes is not None and notes.exists()
            raise StoppedError(f"{done}; {_CONTINUE}" if goes_on else done) from None
    _report_import(importer, rejects, output)
    if importer.state.failed:
        ctx.exit(1)


def _read_as(
    stream: BinaryIO,
    title: str,
    service: Service,
    entity: Entity | None,
    raw: bool | None,
    guard: bool,
) -> tuple[Iterator[Line], LineReader, str]:
    """Return the lines of a file, their reader, and their form."""
    first: Line | None = None
    try:
        lines = lines_in(unpacked(stream) if stream.seekable() else stream)
        before: list[Line] = []
        for line in lines:
            before.append(line)
            if not line.is_blank:
                first = line
                break
        form = RECORDS if raw is False else RAW
        if raw is None and first is not None:
            form = form_of(first, service)
        if form == RECORDS and entity is None and first is not None:
            entity = entity_of_records(first, service)
    except InputError as error:
        place = "" if first is None else first.place
        error.message = f"{title}{place}: {error.message}"
        raise
    if guard and form == RAW:
        raise InputError(
            f"{title} holds items with typed values, which are written as they are; --guard is for "
            "records"
        )
    reader: LineReader = (RawReader if form == RAW else RecordReader)(service, entity)
    return chain(before, lines), reader, form


def _beside(
    file: Path, rejected: Path | None, resume: bool, restart: bool, keep_going: bool
) -> tuple[StateFile | None, Rejects | None]:
    """Return the progress file and the file for bad lines.

    Both are beside the data file, so standard input has no progress file.
    """
    if str(file) == "-":
        if resume or restart:
            option = "--resume" if resume else "--restart"
            raise click.UsageError(f"{option} needs a file, not standard input")
        if keep_going and rejected is None:
            raise click.UsageError("--keep-going with standard input needs --rejected FILE")
        return None, Rejects(rejected) if rejected is not None else None
    notes = StateFile(file.with_name(file.name + ".import-state"))
    bad = rejected or file.with_name(file.name + ".rejected")
    return notes, Rejects(bad) if keep_going else None


def _refuse_leftovers(
    file: Path, notes: StateFile | None, rejects: Rejects | None, *, resume: bool, restart: bool
) -> None:
    """Raise InputError if starting at the first line would undo what an earlier run has saved."""
    interrupted = notes.interrupted() if notes is not None and not restart else None
    if restart or (resume and interrupted):
        return
    if resume:
        raise InputError(
            f"no import of {file} was interrupted, so --resume has nothing to continue; leave it "
            "out to import the file"
        )
    if interrupted:
        raise InputError(
            f"an import of {file} {interrupted}; --resume continues it, --restart starts over"
        )
    if rejects is not None and rejects.path.exists():
        raise InputError(
            f"{rejects.path} holds the rejected lines of an earlier import; move it away, or name "
            "another file with --rejected"
        )


def _report_import(importer: Importer, rejects: Rejects | None, output: Output) -> None:
    state = importer.state
    rejected = rejects.path if rejects and state.failed else None
    if output.is_json:
        report = {
            "table": state.purpose.table,
            "lines": state.lines,
            "written": state.written,
            "foreign": state.foreign,
            "skipped": state.skipped,
            "failed": state.failed,
            "rejected": str(rejected) if rejected else None,
        }
        print_json(report, output)
    parts = [f"wrote {plural(state.written, 'item')} into {state.purpose.table}"]
    if state.foreign:
        parts.append(f"{state.foreign} belong to no entity of {state.purpose.service}")
    parts += [f"{state.skipped} skipped", f"{state.failed} failed"]
    click.echo(", ".join(parts), err=True)
    if rejected:
        click.echo(f"the lines that failed are in {rejected}", err=True)
