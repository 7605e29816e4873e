"""What is under way, on standard error, while that is a terminal; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    FileSizeColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from leyden import events
from leyden.cli.output.console import error_console


class Bar(Protocol):
    """Shows how far a transfer is."""

    def show(self, *, items: int, done: int) -> None:
        """`items` so far, and `done` bytes of the file."""


@contextmanager
def waiting(message: str) -> Iterator[None]:
    """A spinner with a message."""
    console = error_console()
    if not console.is_terminal:
        yield
        return
    with console.status(message):
        yield


@contextmanager
def reading(message: str) -> Iterator[None]:
    """A spinner with the number of items read so far, by anyone in this process."""
    console = error_console()
    if not console.is_terminal:
        yield
        return
    read = 0
    with console.status(message) as status:

        def count(event: events.Event) -> None:
            nonlocal read
            if isinstance(event, events.ResponseReceived) and event.scanned_count:
                read += event.scanned_count
                status.update(f"{message}: {read:,} items read")

        with events.listen(count):
            yield


@contextmanager
def transferring(message: str, total: int | None = None) -> Iterator[Bar]:
    """A bar for `total` bytes, or one that only moves where the end is not known."""
    console = error_console()
    if not console.is_terminal:
        yield _NoBar()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *((BarColumn(), TaskProgressColumn()) if total else ()),
        FileSizeColumn(),
        TextColumn("{task.fields[items]:,} items"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(message, total=total, items=0)
        yield _RichBar(progress, task)


class _NoBar:
    def show(self, *, items: int, done: int) -> None:
        pass


class _RichBar:
    def __init__(self, progress: Progress, task: object) -> None:
        self._progress = progress
        self._task = task

    def show(self, *, items: int, done: int) -> None:
        self._progress.update(self._task, completed=done, items=items)  # type: ignore[arg-type]
