"""The `leyden` command, which can be interrupted before `leyden` itself has been imported.

To import anything of a package is to import all that its `__init__` imports, which takes a while;
Ctrl-C in that time would end in a traceback. So this module stands beside the package.
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
    """From now on, let Ctrl-C end the process with one line and the exit code 130.

    A handler that something else has set stays, and so does a signal that is ignored.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _stop)
            # Python gives the signal back to the system before its own end, where a late Ctrl-C
            # would turn a command that is done into one that was killed. Registered first, this
            # is called last.
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        # Signals are the business of the main thread.
        return


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt within, for work that has something to say at its end."""
    ours = signal.getsignal(signal.SIGINT) is _stop
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    # Nothing else may run: what is half imported would have its own to say.
    os.write(2, b"\nstopped\n")
    os._exit(INTERRUPTED)
