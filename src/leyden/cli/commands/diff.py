"""`leyden diff`: what a change of schemas does to stored items and to running code."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leyden._shell import word
from leyden.cli.application import debug_option
from leyden.cli.folders import configured_folder
from leyden.cli.options import output_options
from leyden.cli.output import Output, plural, print_json

if TYPE_CHECKING:
    from leyden.diff import Change, Diff, Draft, Side, Verdict

_COLOURS: Final = {"safe": "green", "index": "cyan", "backfill": "yellow"}


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="[NEW]", required=False)
@click.option("--check", "judge", is_flag=True, help="Exit with 1 where a change is not safe.")
@click.option(
    "--allow",
    metavar="CLASS",
    multiple=True,
    help="With --check: a class of changes that passes; may be repeated.",
)
@click.option(
    "--write",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draft the migration file, with a copy of the old schemas beside it.",
)
@click.option("--force", is_flag=True, help="With --write: overwrite files that exist.")
@output_options
@debug_option
@click.pass_context
def diff(
    ctx: click.Context,
    old: str,
    new: str | None,
    judge: bool,
    allow: tuple[str, ...],
    file: Path | None,
    force: bool,
    output: Output,
) -> None:
    """Say what a change of schemas does to items and code.

    OLD and NEW are folders, single files, or revisions of git: `main:schemas/taskapp`, or only
    `main` for the place of NEW in that revision. NEW may be left out where schemas are configured.
    Each change is safe, needs a backfill, breaks readers or writers, orphans data, needs an index,
    or may let items collide; below stand the steps that get you there without downtime.

    With --check, the exit code is 1 unless every change is safe, or a migration file names this
    pair of schemas. It may be in `migrations/` in the folder NEW, or in any folder above, up to the
    top of the project. The exit code is 1 as well where such a file has questions under `decide`
    that are still open.

    \b
      leyden diff main schemas/taskapp
      leyden diff origin/main schemas/taskapp --check
      leyden diff main schemas/taskapp --write migrations/assignee.yaml
      leyden diff schemas/before schemas/after --query "changes[?!safe].subject"
    """
    from leyden.diff import check_diff, compare, draft_migration, read_side

    if allow and not judge:
        raise click.UsageError("--allow needs --check")
    where = Path(configured_folder(ctx)) if new is None else Path(new)
    after = read_side(where if new is None else new)
    before = read_side(old, after.folder)
    if judge and after.folder is None:
        raise click.UsageError(
            "--check needs NEW as a folder, beside which it looks for migration files"
        )
    found = compare(before.service, after.service)
    verdict = check_diff(found, after.folder, allow) if judge and after.folder else None
    if file is not None:
        draft = draft_migration(found, before, file.stem)
        write_draft(file, draft, after.json_schema, force=force)
    if output.is_json:
        print_json(plain_diff(found, before, after, verdict), output)
    else:
        show_diff(found, before, after, file or (None if verdict is None else verdict.file))
        if verdict is not None and verdict.file is not None:
            click.echo(f"the migration {verdict.file} is for this change", err=True)
        for reason in () if verdict is None else verdict.reasons:
            click.secho(reason, fg="red", err=True)
    if verdict is not None and not verdict.passes:
        ctx.exit(1)


def plain_diff(
    found: Diff, before: Side, after: Side, verdict: Verdict | None
) -> dict[str, object]:
    """Return a diff as JSON, with readable places, and the verdict if there is one."""
    judged: dict[str, object] = {}
    if verdict is not None:
        judged = {
            "passes": verdict.passes,
            "migration": None if verdict.file is None else str(verdict.file),
            "reasons": [*verdict.reasons],
        }
    return {
        "old": before.label,
        "new": after.label,
        **found.plain(),
        "changes": [
            {**change.plain(), "file": _side(change, before, after).place(change.span.file)}
            for change in found.changes
        ],
        **judged,
    }


def _side(change: Change, before: Side, after: Side) -> Side:
    return before if change.is_old else after


def show_diff(found: Diff, before: Side, after: Side, file: Path | None) -> None:
    """Print every change and the steps to deploy them; `file` is their migration, or None."""
    if not before.service.entities:
        click.secho(f"note: there are no schemas at {before.label}", err=True, dim=True)
    for change in found.changes:
        place = str(change.span).replace(
            change.span.file, _side(change, before, after).place(change.span.file), 1
        )
        kinds = ", ".join(
            click.style(kind, fg=_COLOURS.get(kind, "red")) for kind in change.classes
        )
        click.echo(f"{place}: {change.code}: {click.style(change.subject, bold=True)}: {kinds}")
        click.echo(
            textwrap.indent(textwrap.fill(change.message, 92, break_on_hyphens=False), "    ")
        )
    if not found.is_safe:
        click.echo("\nIn this order:")
        for number, step in enumerate(found.steps, 1):
            click.echo(
                textwrap.fill(
                    step.text,
                    92,
                    initial_indent=f"{number:3}. ",
                    subsequent_indent="     ",
                    break_on_hyphens=False,
                )
            )
            if step.command is not None:
                names = {"NEW": after.label, "FILE": str(file or "FILE")}
                words = (word(names.get(one, one)) for one in step.command.split())
                click.echo(f"       {' '.join(words)}")
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    total = plural(len(found.changes), "change")
    click.echo(f"{total}: {counts}" if counts else "no changes", err=True)


def write_draft(file: Path, draft: Draft, json_schema: str | None, *, force: bool) -> None:
    """Write a draft and the old schemas beside it; write nothing if a file exists."""
    if file.suffix not in (".yaml", ".yml"):
        raise click.UsageError(f"a migration file ends in .yaml: {file}.yaml")
    folder = file.parent / draft.folder
    texts = draft.files(file, json_schema)
    # Files of an earlier draft in the folder would count as old schemas, too.
    left = [
        one
        for one in (folder.iterdir() if folder.is_dir() else ())
        if one.suffix in (".yaml", ".yml") and one not in texts
    ]
    there = [str(one) for one in (*texts, *left) if one.exists()]
    if there and not force:
        raise click.UsageError(f"{there[0]} exists already; overwrite with --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in left:
            one.unlink()
        for one, text in texts.items():
            one.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
    click.echo(f"wrote {file} and {folder}/", err=True)
    if draft.asks:
        click.echo(f"answer what {file} asks under `decide`, and delete it there", err=True)
