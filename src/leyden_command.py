"""The `leyden` command, which Ctrl-C can interrupt before `leyden` itself has been imported.

Importing any module of a package runs the package's `__init__`, which imports a lot and takes a
while. Ctrl-C in that time would end in a traceback, so this module stands beside the package.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["INTERRUPTED", "interruptible", "main", "stop_at_once"]

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    stop_at_once()
    from leyden.cli import main as run

    run()


def stop_at_once() -> None:
    """Make Ctrl-C end the process with one line and the exit code 130 from now on.

    A handler that other code has set stays, and a signal that is ignored stays ignored.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _stop)
            # Python restores the default handler shortly before it exits. A late Ctrl-C would then
            # turn a command that has finished into one that was killed. `atexit` runs in reverse
            # order, so this is registered first to run last.
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        # Only the main thread may set signal handlers.
        return


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in this block, for work that cleans up or reports."""
    ours = signal.getsignal(signal.SIGINT) is _stop
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    # Run nothing else: half-imported modules could print errors of their own.
    os.write(2, b"\nstopped\n")
    os._exit(INTERRUPTED)
