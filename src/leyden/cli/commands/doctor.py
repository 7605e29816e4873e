"""`leyden doctor`: compare a live table and its items with the schemas, and say what to fix."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click
from attrs import evolve

from leyden._shell import word
from leyden._text import visible
from leyden.cli.application import FAILED, StoppedError
from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, output_options, refuse_together, target_options
from leyden.cli.output import (
    Output,
    capacity,
    for_the_command_line,
    plural,
    print_json,
    print_table,
    reading,
    with_schemas,
)

if TYPE_CHECKING:
    from leyden.doctor import Finding, Progress, Report

_SAVED_EVERY: Final = 2.0
"""Seconds between two writes of the progress file."""

_COLOURS: Final = {"fault": "red", "warning": "yellow", "note": "blue"}

_PARTITIONS: Final = 3
"""How many partitions to print for the table and for each index."""


@click.command(cls=TargetCommand)
@target_options
@click.option("--full", is_flag=True, help="Read all items; default: a sample.")
@click.option("--sample", type=click.IntRange(1), help="How many items to read; default: 1,000.")
@click.option(
    "--segments",
    type=click.IntRange(1, 1000),
    help="How many parts of the table to read at a time.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    metavar="UNITS",
    help="Use at most so many capacity units a second.",
)
@click.option("--strict", is_flag=True, help="Count items that belong to no entity as faults.")
@click.option(
    "--resume",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the progress in FILE; if FILE exists, continue there.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with charts.",
)
@click.option(
    "--list",
    "listing",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every finding with the key of its item to FILE, a line of JSON each.",
)
@click.option(
    "--vectors",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="With schemas/memory: also the index of messages by meaning, for N dimensions.",
)
@click.option(
    "--migrating-from",
    metavar="FILE",
    type=click.Path(exists=True, path_type=Path),
    help="The file of a migration in progress: accept items in the old form.",
)
@output_options
@click.pass_context
def doctor(
    ctx: click.Context,
    target: Target,
    full: bool,
    sample: int | None,
    segments: int | None,
    rate: float | None,
    strict: bool,
    resume: Path | None,
    html: Path | None,
    listing: Path | None,
    vectors: int | None,
    migrating_from: Path | None,
    output: Output,
) -> None:
    """Compare a live table and its items with the schemas.

    It changes nothing. It compares keys, indexes, projections, time to live and what else
    table.yaml declares. It reads a sample of the items, or all with --full, and checks which entity
    each belongs to, whether it decodes, its keys and indexes, the guards of unique values and the
    parts of large ones. If the credentials do not allow a check, it reports that and goes on.

    \b
      leyden doctor schemas/taskapp
      leyden doctor schemas/taskapp --full --rate 50 --resume checkup.state
      leyden doctor schemas/taskapp --full --html checkup.html

    The exit code is 1 if there is a fault; warnings and notes leave it at 0.
    """
    refuse_together({"--full": full, "--sample": sample is not None})
    if html is not None and not html.absolute().parent.is_dir():
        # Fail now rather than after the whole check-up.
        raise click.FileError(str(html), "its folder does not exist")
    with target.opened(migrating_from=migrating_from) as service, ExitStack() as stack:
        if vectors is not None:
            from leyden.memory import with_vectors

            service = service.beside(with_vectors(service.spec, vectors))
        notes = _Notes(resume)
        if listing is not None:
            notes.listing = stack.enter_context(_opened_list(listing, notes))
        tell = stack.enter_context(reading(f"looking at {service.table}"))

        def watch(step: Progress) -> None:
            found = f", {plural(step.findings, 'finding')}" if step.findings else ""
            tell(step.items, step.expected, found)
            notes.watch(step)

        try:
            report = service.doctor(
                full=full,
                sample=sample or 1000,
                segments=segments,
                rate=rate,
                strict=strict,
                resume=notes.text,
                progress=watch,
                found=None if listing is None else notes.add,
            )
        except KeyboardInterrupt:
            goes_on = "; repeat the command to continue where it was" if notes.text else ""
            raise StoppedError(f"stopped{goes_on}") from None
    report = evolve(
        report,
        findings=tuple(
            evolve(one, message=with_schemas(one.message), remedy=with_schemas(one.remedy))
            for one in report.findings
        ),
    )
    if html is not None:
        _write(html, report.to_html())
    if resume is not None:
        # Remove the progress only after the results of so much reading are safely written.
        resume.unlink(missing_ok=True)
    if output.is_json:
        print_json(report.to_dict(), output)
    else:
        _print(report)
    counts = [
        plural(sum(one.severity == severity for one in report.findings), severity)
        for severity in _COLOURS
    ]
    click.echo(
        f"read {plural(report.read.items, 'item')}{'' if report.complete else ' (a sample)'}, "
        f"{capacity(report.consumed)}: {', '.join(counts)}",
        err=True,
    )
    if not report.is_healthy:
        ctx.exit(FAILED)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from error


class _Notes:
    """The progress file of a check-up, and `text`, its state; None if there is none yet.

    After the state comes the length of the findings list at that time. Findings behind it will be
    found again.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.text: str | None = None
        self.listed = 0
        self.listing: BinaryIO | None = None
        self._saved = time.monotonic()
        if path is not None and path.exists():
            noted = path.read_text(encoding="utf-8", errors="replace")
            self.text, _, listed = noted.partition("\n")
            self.listed = int(listed) if listed.isdecimal() else 0

    def add(self, finding: Finding) -> None:
        """Write a finding to the list."""
        from leyden.doctor import plain_finding

        assert self.listing is not None
        line = json.dumps(plain_finding(finding), ensure_ascii=False)
        self.listing.write(f"{line}\n".encode())

    def watch(self, step: Progress) -> None:
        """Save the progress every few seconds."""
        if self.path is not None and time.monotonic() - self._saved >= _SAVED_EVERY:
            if self.listing is not None:
                self.listing.flush()
                self.listed = self.listing.tell()
            # Replace the file, so that a reader finds either the old text or the new one.
            fresh = self.path.with_name(self.path.name + ".new")
            self.text = step.state()
            fresh.write_text(f"{self.text}\n{self.listed}", encoding="utf-8")
            fresh.replace(self.path)
            self._saved = time.monotonic()


@contextmanager
def _opened_list(path: Path, notes: _Notes) -> Iterator[BinaryIO]:
    """Open the list of findings, cut to its length at the point where the check-up continues."""
    goes_on = notes.text is not None and path.exists()
    try:
        file = path.open("r+b" if goes_on else "wb")
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from error
    with file:
        if goes_on:
            file.truncate(notes.listed)
            file.seek(0, os.SEEK_END)
        yield file


def _print(report: Report) -> None:
    """Print the findings and the measures for people."""
    from leyden.doctor import key_text, plain_key, size_text

    for one in report.findings:
        severity = click.style(one.severity, fg=_COLOURS[one.severity], bold=True)
        subject = f"{one.subject}: " if one.subject else ""
        count = f" ({plural(one.count, 'item')})" if one.keys else ""
        message = visible(for_the_command_line(one.message))
        click.echo(f"{severity} [{one.code}] {subject}{message}{count}")
        for key in one.keys[:1]:
            click.echo(f"  KEY: {word(key_text(plain_key(key)))}")
        click.echo(f"  to fix it: {one.remedy}")
    if not report.findings:
        click.echo("no findings: the table and the items that were read fit the schemas")
    click.echo()
    rows = [
        [name, f"{tally.items:,}", size_text(tally.bytes), size_text(tally.largest)]
        for name, tally in report.entities.items()
    ]
    print_table(("items of", "items", "size", "largest"), rows)
    if report.indexes:
        click.echo()
        rows = [
            [
                index.name,
                f"{index.entries.items:,}",
                size_text(index.stored),
                f"{index.unit_share:.2f}",
            ]
            for index in report.indexes
        ]
        print_table(("index", "entries", "stored", "write units a write"), rows)
    places = [("", report.by_items), *((index.name, index.by_items) for index in report.indexes)]
    rows = [
        [
            place or "the table",
            partition.key,
            f"{'at least ' if partition.spare else ''}{partition.items:,}",
            size_text(partition.bytes),
        ]
        for place, partitions in places
        for partition in partitions[:_PARTITIONS]
    ]
    if rows:
        click.echo()
        title = "largest partitions of" if report.complete else "largest in the sample of"
        print_table((title, "partition key", "items", "size"), rows)
