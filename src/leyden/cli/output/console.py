"""Where to print. Colours and boxes are for terminals only; `NO_COLOR` is respected."""

from __future__ import annotations

import sys

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the application how to end; rich would end with 1 by itself."""
        raise BrokenPipeError


def output_console() -> Console:
    """Standard output; text is printed as it is, without markup and without wrapping."""
    return _console(stderr=False)


def error_console() -> Console:
    """Standard error."""
    return _console(stderr=True)


def to_stderr(line: str) -> None:
    """One line on standard error, in a quiet colour."""
    error_console().print(line, style="dim")


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(
        file=stream, stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True
    )
