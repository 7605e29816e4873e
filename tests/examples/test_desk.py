"""The desk example: its own tests, and that its types are those of its schemas."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DESK = ROOT / "examples" / "desk"


@pytest.mark.parametrize(
    "command",
    [
        ["pytest", "-q", "-p", "no:cacheprovider", "."],
        ["leyden", "check"],
        ["leyden", "types", "--out", "desk.py", "--check"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_what_its_page_tells_to_run_is_well(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=DESK,
        env=environment | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
