"""Fetches ministack, whose vector indexes the checks compare with, into an environment of its own.

It pins an older botocore, so it goes below the folder given as the only argument, which git
ignores. A second run does nothing. Where it cannot be had this says which checks will not run and
succeeds; where `LEYDEN_REQUIRE` names `ministack`, it fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WANTED = "ministack==1.5.33"
CHECKS = "the comparisons of vector indexes with ministack"
LONGEST_SECONDS = 600
TOOLS = Path(__file__).parent


def installed(cache: Path) -> bool:
    """Whether `cache/ministack` holds what is wanted."""
    stamp = cache / "ministack" / "installed.txt"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == WANTED


def install(cache: Path) -> str | None:
    """Install it in `cache/ministack`; what went wrong, None where nothing did."""
    folder = cache / "ministack"
    say(f"Installing ministack for {CHECKS} into {folder}")
    cache.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    for command in (
        [str(TOOLS / "make-venv"), str(folder)],
        [*pip, "--disable-pip-version-check", WANTED],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return f"{' '.join(command)} failed:\n{done.stderr.strip()}"
    (folder / "installed.txt").write_text(WANTED, encoding="utf-8")
    return None


def say(text: str) -> None:
    """Print a line at once, before what takes long."""
    print(text, flush=True)  # noqa: T201 (a command line tool)


def main(cache: Path) -> int:
    """Fetch it; the exit code."""
    fault = None if installed(cache) else install(cache)
    if fault is None:
        return 0
    say(f"NOT RUN: {CHECKS}, because {fault}")
    return int("ministack" in os.environ.get("LEYDEN_REQUIRE", "").split(","))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
