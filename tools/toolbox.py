"""Install the tools of checks in environments of their own, below a folder that git ignores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.node_packages import UnavailableError, npm, say

_TOOLS: Final = Path(__file__).parent
_QUICK: Final = (
    *("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"),
    *("--omit=optional", "--omit=peer", "--omit=dev"),
)


def node_tools(folder: Path, name: str, wanted: Mapping[str, str]) -> None:
    """Install npm packages in a folder, without their scripts. Raises UnavailableError."""
    folder.mkdir(parents=True, exist_ok=True)
    package = {"name": name, "private": True, "dependencies": wanted}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    npm(folder, "install", *_QUICK)


def python_tools(folder: Path, wanted: Sequence[str], longest_seconds: int) -> None:
    """Create a virtual environment with packages in a folder. Raises UnavailableError.

    `wanted` are arguments of pip. Most modules of tools are never imported, so none is compiled.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    for command in (
        [str(_TOOLS / "make-venv"), str(folder)],
        # The pip of Python 3.11 takes three times as long to find releases that go together.
        [*pip, "--disable-pip-version-check", "pip>=25"],
        [*pip, "--disable-pip-version-check", *wanted],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=longest_seconds
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(str(error)) from None
        if done.returncode != 0:
            raise UnavailableError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


def provide(
    needs: str, checks: str, installed: Callable[[Path], bool], install: Callable[[Path], None]
) -> int:
    """Install what is missing below the folder in this process's arguments; return the exit code.

    If it cannot be installed, this prints which checks will not run and succeeds, unless
    `LEYDEN_REQUIRE` names what they need.
    """
    cache = Path(sys.argv[1]).resolve()
    if installed(cache):
        return 0
    try:
        install(cache)
    except UnavailableError as error:
        say(f"NOT RUN: {checks}, because {error}")
        return int(needs in os.environ.get("LEYDEN_REQUIRE", "").split(","))
    return 0
