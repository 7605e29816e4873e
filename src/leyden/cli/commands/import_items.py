"""`leyden import`: JSON lines into a table."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click

from leyden import Entity, Service
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.json_text import print_json
from leyden.cli.output.words import plural
from leyden.cli.progress import transferring
from leyden.cli.running import StoppedError
from leyden.cli.transfer.importing import Importer, notes_path
from leyden.cli.transfer.lines import LineReader, RawReader, RecordReader
from leyden.cli.transfer.rejects import Rejects
from leyden.cli.transfer.state import Purpose, StateFile
from leyden.errors import InputError


@click.command("import")
@target_options
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--raw/--records",
    "raw",
    default=True,
    help="What the lines hold: items with typed values (the default), or records.",
)
@click.option("--entity", "name", metavar="NAME", help="Only the items of this entity.")
@click.option("--resume", is_flag=True, help="Go on where an import of this file stopped.")
@click.option("--restart", is_flag=True, help="Begin again an import that was interrupted.")
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
    help="With --records: in transactions, with the guards of keys and of unique values.",
)
@output_options
@click.pass_context
def import_items(
    ctx: click.Context,
    target: Target,
    file: Path,
    raw: bool,
    name: str | None,
    resume: bool,
    restart: bool,
    keep_going: bool,
    rejected: Path | None,
    guard: bool,
    output: Output,
) -> None:
    """Write the lines of a file into a table, over what is stored under their keys.

    The forms are those of `leyden export`, and raw lines also those of DynamoDB's own exports. An
    item of an entity must fit its schema; raw items of no entity are written as they are, and
    counted. The first bad line, or one whose key an earlier line has, ends the import with its
    line number; with --keep-going such lines go to FILE.rejected, and the exit code is 1 at the
    end.

    While it runs, FILE.import-state says how far it is; after an interruption, --resume goes on
    there. At most the 25 lines in hand are written twice, under the same keys: give records keys of
    their own where the schema would generate them.

    An import is for filling a table: it carries no conditions. It overwrites an item that only
    shares a key with one of the file, and records bring no guards of unique values; run `leyden
    adopt` behind it where the schema has `unique`. With --guard, records are written as `leyden put
    --file` writes them: nothing else is overwritten, unique values are kept, and a record that
    carries a version replaces that version only.

    \b
      leyden import schemas/taskapp tasks.jsonl --endpoint-url http://127.0.0.1:8000
      leyden import schemas/taskapp records.jsonl --records --entity task --keep-going
      leyden import schemas/taskapp records.jsonl --records --guard
    """
    from_stdin = str(file) == "-"
    if from_stdin and (resume or restart):
        raise click.UsageError("standard input cannot be gone on with; --resume needs a file")
    if resume and restart:
        raise click.UsageError("--resume goes on and --restart begins again: give one of them")
    if guard and raw:
        raise click.UsageError(
            "--guard goes with --records: raw items are written as they are, guards among them"
        )
    if rejected is not None and not keep_going:
        raise click.UsageError("--rejected says where --keep-going puts bad lines; give both")
    if keep_going and rejected is None:
        if from_stdin:
            raise click.UsageError("--keep-going with standard input needs --rejected FILE")
        rejected = file.with_name(file.name + ".rejected")
    with opened(target) as service:
        entity = entity_named(service, name) if name is not None else None
        notes = None if from_stdin else StateFile(notes_path(file))
        rejects = Rejects(rejected) if rejected is not None else None
        _refuse_leftovers(file, notes, rejects, resume=resume, restart=restart)
        total = None if from_stdin else file.stat().st_size
        with ExitStack() as stack:
            stream: BinaryIO = (
                sys.stdin.buffer if from_stdin else stack.enter_context(file.open("rb"))
            )
            bar = stack.enter_context(transferring(f"importing into {service.table}", total))
            reader: LineReader = (
                RawReader(service, entity) if raw else RecordReader(service, entity)
            )
            importer = Importer(
                service=service,
                reader=reader,
                purpose=_purpose(service, entity, raw),
                name="standard input" if from_stdin else str(file),
                bar=bar,
                tell=lambda line: click.echo(line, err=True),
                rejects=rejects,
                notes=notes,
                guard=guard,
            )
            try:
                importer.run(stream, resume=resume)
            except KeyboardInterrupt:
                raise StoppedError(_hint(importer, from_stdin)) from None
    _report(importer, rejects, output)
    if importer.state.failed:
        ctx.exit(1)


def _purpose(service: Service, entity: Entity | None, raw: bool) -> Purpose:
    form = "raw" if raw else "records"
    return Purpose("import", service.table, service.name, entity.name if entity else None, form)


def _refuse_leftovers(
    file: Path,
    notes: StateFile | None,
    rejects: Rejects | None,
    *,
    resume: bool,
    restart: bool,
) -> None:
    """Raise InputError where beginning at the first line would undo what an earlier run noted."""
    interrupted = notes is not None and notes.exists()
    if restart or (resume and interrupted):
        return
    if resume:
        raise InputError(
            f"no import of {file} was interrupted: there is nothing to go on with; leave out "
            "--resume to import it"
        )
    if interrupted:
        raise InputError(
            f"an import of {file} was interrupted: --resume goes on, --restart begins again"
        )
    if rejects is not None and rejects.path.exists():
        raise InputError(
            f"{rejects.path} holds the rejected lines of an earlier import; move it away, or name "
            "another file with --rejected"
        )


def _hint(importer: Importer, from_stdin: bool) -> str:
    done = f"stopped after {plural(importer.state.lines, 'line')}"
    return done if from_stdin else f"{done}; go on with the same command and --resume"


def _report(importer: Importer, rejects: Rejects | None, output: Output) -> None:
    state = importer.state
    if output.is_json:
        print_json(
            {
                "table": state.purpose.table,
                "lines": state.lines,
                "written": state.written,
                "foreign": state.foreign,
                "skipped": state.skipped,
                "failed": state.failed,
                "rejected": str(rejects.path) if rejects and state.failed else None,
            },
            output,
        )
    parts = [f"wrote {plural(state.written, 'item')} into {state.purpose.table}"]
    if state.foreign:
        parts.append(f"{state.foreign} of them of no entity of {state.purpose.service}")
    parts.append(f"{state.skipped} skipped")
    parts.append(f"{state.failed} failed")
    click.echo(", ".join(parts), err=True)
    if rejects and state.failed:
        click.echo(f"the lines that failed are in {rejects.path}", err=True)
