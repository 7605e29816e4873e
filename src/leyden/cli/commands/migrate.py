"""`leyden migrate`: move a table's items into the form of changed schemas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leyden._text import visible
from leyden.cli.application import FAILED, StoppedError
from leyden.cli.commands.changes import can_ask
from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, output_options, refuse_together, target_options
from leyden.cli.output import Output, capacity, plural, print_json, print_table, reading
from leyden.cli.values import json_text
from leyden.program import Item

if TYPE_CHECKING:
    from leyden import MigrationPlan, MigrationProgress, MigrationReport

_PLANNED: Final = ("entity", "new key", "in place", "nothing to do", "cannot be moved")
_FAILED: Final = ("entity", "item", "why it cannot be moved")
_VERBS: Final = {"forward": "move", "back": "move back", "commit": "settle for good"}
_AFTER: Final = {
    "verified": "all items are in the new form; run --commit once you need no rollback any more",
    "rolled_back": "all items are in the old form",
    "committed": "committed: this can no longer be rolled back",
    "unsettled": (
        "each pass found items in the old form again: code of the old schemas is still writing "
        "them. Deploy the code that is loaded with migrating_from, and run this again"
    ),
    "rolling_back": (
        "each pass found items in the new form again: code of the new schemas is still writing "
        "them. Deploy the code of the old schemas, and run this again"
    ),
    "committing": "some items could not be committed; fix those that are listed, and run it again",
}
_OWN: Final = 1
"""How many items of its own a migration keeps in the table."""
_STRANGE: Final = (
    "no item of the table belongs to the migration's entities, in the old form or the new one: "
    "check that it is the right table, and that `from` names the schemas that wrote its items"
)
_LONGEST: Final = 60
_MINUTE: Final = 60


@click.command("migrate", cls=TargetCommand)
@target_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Begin at once, without a plan and a question.")
@click.option("--rollback", is_flag=True, help="Move the items back, with their latest values.")
@click.option("--commit", is_flag=True, help="Remove what a rollback needs; the last step.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    metavar="UNITS",
    help="Use at most so many capacity units a second; default: as many as the table has.",
)
@click.option(
    "--segments",
    type=click.IntRange(1, 64),
    default=4,
    help="How many parts of the table to read at a time; default: 4.",
)
@output_options
@click.pass_context
def migrate(
    ctx: click.Context,
    target: Target,
    file: Path,
    dry_run: bool,
    yes: bool,
    rollback: bool,
    commit: bool,
    rate: float | None,
    segments: int,
    output: Output,
) -> None:
    """Move the items of a table into the form of changed schemas.

    FILE says what changes; `leyden diff OLD NEW --write FILE` drafts it. The command reads the
    table, shows a plan, and asks. Then it moves each item by a write of its own, and reads the
    table again until no item is left. You can run it beside writers. If it is interrupted, run it
    again: it goes on where it was.

    Items that cannot be moved are listed with their keys and the reasons, and stay as they are; the
    exit code is 1 then. Until --commit, --rollback takes everything back.

    \b
      leyden migrate schemas/taskapp migrations/assignee.yaml --dry-run
      leyden migrate schemas/taskapp migrations/assignee.yaml --rate 200
      leyden migrate schemas/taskapp migrations/assignee.yaml --yes
      leyden migrate schemas/taskapp migrations/assignee.yaml --rollback
      leyden migrate schemas/taskapp migrations/assignee.yaml --commit
    """
    refuse_together({"--rollback": rollback, "--commit": commit})
    refuse_together({"--dry-run": dry_run, "--yes": yes})
    asks = not (dry_run or yes) and can_ask() and not output.is_json
    if not (dry_run or yes or rollback or commit or asks):
        raise click.UsageError(
            "there is no terminal to ask on: add --yes to migrate, or --dry-run to see the plan"
        )
    options: dict[str, Any] = {
        "rollback": rollback,
        "commit": commit,
        "rate": rate,
        "segments": segments,
    }
    with target.opened() as service:
        try:
            expected = None
            if dry_run or asks:
                with reading(f"planning the migration of {service.table}") as bar:
                    tell = _teller(bar, None)
                    plan = service.migrate(file, dry_run=True, progress=tell, **options)
                if output.is_json:
                    print_json(_plain_plan(plan), output)
                else:
                    _show_plan(plan)
                if dry_run:
                    ctx.exit(FAILED if plan.failed else 0)
                if not click.confirm(_question(plan), err=True):
                    click.echo("nothing was changed", err=True)
                    ctx.exit(FAILED)
                expected = plan.scanned
            with reading(f"migrating {service.table}") as bar:
                report = service.migrate(file, progress=_teller(bar, expected), **options)
        except KeyboardInterrupt:
            raise StoppedError("stopped; run the command again to go on") from None
    if output.is_json:
        print_json(_plain_report(report), output)
    else:
        _show_failures(report.failures, report.counts.failed)
    _summarise(report)
    if not report.is_complete:
        ctx.exit(FAILED)


def _teller(
    bar: Callable[[int, int | None, str], object], expected: int | None
) -> Callable[[MigrationProgress], None]:
    """Return a callback that shows progress on a bar of about `expected` items a pass."""

    def tell(progress: MigrationProgress) -> None:
        counts = progress.counts
        said = f", {counts.moved:,} moved, pass {progress.turn}"
        if counts.failed:
            said += f", {counts.failed:,} cannot be moved"
        if progress.throttles:
            said += f", throttled {plural(progress.throttles, 'time')}"
        if progress.waiting:
            said = ", waiting until the lease of an earlier run is over"
        bar(counts.scanned, expected, said)

    return tell


def _question(plan: MigrationPlan) -> str:
    question = f"{_VERBS[plan.direction].capitalize()} {plural(plan.writes, 'item')}?"
    if plan.direction == "commit":
        question = f"{question[:-1]}, with no way back?"
    return question


def _show_plan(plan: MigrationPlan) -> None:
    click.echo(
        f"{plan.name}: {_VERBS[plan.direction]} {plural(plan.writes, 'item')} of the table "
        f"{plan.table}, which has {plan.scanned:,}"
    )
    if plan.phase is not None:
        click.echo(f"it has already begun: {plan.phase.replace('_', ' ')}")
    rows = [
        [one.alias, *(f"{n:,}" for n in (one.moves, one.changes, one.done, one.failed))]
        for one in plan.entities
    ]
    print_table(_PLANNED, rows)
    is_found = any(one.moves or one.changes or one.done or one.failed for one in plan.entities)
    if plan.scanned > _OWN and not is_found:
        click.echo(_STRANGE)
    units = plan.read_units + plan.write_units
    took = "" if plan.seconds is None else f"; at {plan.rate:g} a second, {_span(plan.seconds)}"
    click.echo(
        f"about {units:,.0f} capacity units, {plan.read_units:,.0f} of them to read and "
        f"{plan.write_units:,.0f} to write{took}"
    )
    for sample in plan.samples:
        click.echo(
            f"{sample.alias} {visible(_key(sample.key)) if sample.key else '(key not shown)'}"
        )
        for change in sample.changes:
            became = "changes (values not shown: hidden, encrypted, or of no attribute)"
            if not change.masked:
                became = f"{_shown(change.before)} -> {_shown(change.after)}"
            click.echo(f"    {visible(f'{change.field}: {became}')}")
        if sample.keeps:
            click.echo(f"    keeps {plural(sample.keeps, 'old field')} for a rollback")
        if sample.companions:
            click.echo(f"    writes {plural(sample.companions, 'other item')} with it")
    _show_failures(plan.failures, plan.failed)


def _show_failures(failures: Any, count: int) -> None:
    if failures:
        print_table(_FAILED, [[one.alias, _key(one.key), one.reason] for one in failures])
    if count > len(failures):
        click.echo(f"and {plural(count - len(failures), 'more item')}")


def _summarise(report: MigrationReport) -> None:
    parts = [
        f"moved {plural(report.moved, 'item')}",
        plural(report.turns, "pass", "passes"),
        capacity(round(report.consumed, 1)),
        _span(report.seconds),
    ]
    if report.counts.failed:
        parts.append(f"left {plural(report.counts.failed, 'item')} that cannot be moved")
    if report.throttles:
        parts.append(f"throttled {plural(report.throttles, 'time')}")
    click.echo(", ".join(parts), err=True)
    counts = report.counts
    is_found = report.moved or counts.done or counts.failed or counts.conflicts
    if counts.scanned > _OWN and not is_found:
        click.echo(_STRANGE, err=True)
    elif report.is_complete or not counts.failed:
        click.echo(_after(report), err=True)


def _after(report: MigrationReport) -> str:
    """Say what a run has achieved, and what to do next."""
    if report.copied_to is None:
        return _AFTER[report.phase]
    if report.phase == "verified":
        return (
            f"all items are in the table {report.copied_to}. What was deleted here after it was "
            "copied is still there: a copy does not follow deletions"
        )
    return (
        f"each pass found items that differ in the table {report.copied_to}: code is still "
        "writing to this table. Stop it, and run this again"
    )


def _plain_plan(plan: MigrationPlan) -> dict[str, Any]:
    return {
        "migration": plan.name,
        "table": plan.table,
        "direction": plan.direction,
        "phase": plan.phase,
        "scanned": plan.scanned,
        "writes": plan.writes,
        "entities": [
            {
                "entity": one.alias,
                "moves": one.moves,
                "changes": one.changes,
                "done": one.done,
                "failed": one.failed,
            }
            for one in plan.entities
        ],
        "read_units": plan.read_units,
        "write_units": plan.write_units,
        "rate": plan.rate,
        "seconds": plan.seconds,
        "samples": [
            {
                "entity": one.alias,
                "key": one.key,
                "changes": [
                    {
                        "field": change.field,
                        "before": change.before,
                        "after": change.after,
                        "masked": change.masked,
                    }
                    for change in one.changes
                ],
                "keeps": one.keeps,
                "companions": one.companions,
            }
            for one in plan.samples
        ],
        "failures": _plain_failures(plan.failures),
        "consumed": plan.consumed,
    }


def _plain_report(report: MigrationReport) -> dict[str, Any]:
    return {
        "migration": report.name,
        "table": report.table,
        "phase": report.phase,
        "complete": report.is_complete,
        "passes": report.turns,
        "scanned": report.counts.scanned,
        "moved": report.moved,
        "failed": report.counts.failed,
        "failures": _plain_failures(report.failures),
        "consumed": report.consumed,
        "seconds": round(report.seconds, 3),
        "throttles": report.throttles,
        "copied_to": report.copied_to,
    }


def _plain_failures(failures: Any) -> list[dict[str, Any]]:
    return [
        {"entity": one.alias, "key": one.key, "code": one.code, "reason": one.reason}
        for one in failures
    ]


def _key(key: Item) -> str:
    return " ".join(str(next(iter(value.values()))) for value in key.values())


def _shown(value: Any) -> str:
    """Return a stored value for people, cut if it is long."""
    if value is None:
        return "(none)"
    ((kind, content),) = value.items()
    if kind in ("B", "BS"):
        return "(bytes)"
    text = content if kind == "N" else json_text(content)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _span(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
