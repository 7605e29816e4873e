"""Install ministack, whose vector indexes the checks compare with, in an environment of its own.

It pins an older botocore, so it needs one. The environment is below the folder in the only
argument, which git ignores. A second run does nothing. If ministack cannot be installed, this
prints which checks will not run and succeeds, unless `LEYDEN_REQUIRE` names `ministack`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.node_packages import say
from tools.toolbox import provide, python_tools

WANTED = "ministack==1.5.33"
CHECKS = "the comparisons of vector indexes with ministack"
LONGEST_SECONDS = 600


def installed(cache: Path) -> bool:
    """Return whether `cache/ministack` holds the wanted version."""
    stamp = cache / "ministack" / "installed.txt"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == WANTED


def install(cache: Path) -> None:
    """Install ministack in `cache/ministack`. Raises UnavailableError."""
    folder = cache / "ministack"
    say(f"Installing ministack for {CHECKS} into {folder}")
    python_tools(folder, [WANTED], LONGEST_SECONDS)
    (folder / "installed.txt").write_text(WANTED, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(provide("ministack", CHECKS, installed, install))
