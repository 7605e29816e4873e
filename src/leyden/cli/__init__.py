"""The command line: `leyden --help` shows it. It needs the extra `leyden[cli]`."""

from __future__ import annotations

import sys
from typing import Final

from leyden_command import stop_at_once

__all__ = ["main"]

_NEEDED: Final = ("click", "rich")


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    stop_at_once()
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
