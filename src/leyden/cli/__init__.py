"""The command line: `leyden --help` shows it. It needs the extra `leyden[cli]`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

from leyden_command import stop_at_once

__all__ = ["main"]

_NEEDED: Final = ("click", "rich")

_ASKED: Final = "_LEYDEN_COMPLETE"
"""The environment variable by which a shell asks for completions; its value names the shell.
"""


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    stop_at_once()
    if _ASKED in os.environ:
        # Completion must never print an error into the line that somebody is typing.
        with suppress(Exception):
            from leyden.cli.completion import answer

            sys.stdout.write(answer(os.environ[_ASKED]))
            sys.stdout.flush()
        return
    try:
        from leyden.cli.application import leyden

        leyden(prog_name="leyden")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _NEEDED:
            raise
        sys.stderr.write(
            f'leyden: the command line needs "{error.name}"; install it with\n'
            '  pip install "leyden[cli]"\n'
        )
        sys.exit(1)
