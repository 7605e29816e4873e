"""Ctrl-C at any moment ends with one line and the exit code 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = "import sys, leyden_command; print('begun', flush=True); leyden_command.main()"


def begun(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own, which has just begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("seconds", [0.03, 0.08, 0.15, 0.3, 0.5, 0.8, 1.2])
def test_an_interrupt_while_all_is_imported_is_one_line(seconds: float) -> None:
    process = begun("check", "schemas/taskapp")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert "Aborted" not in said
    if process.returncode:
        assert process.returncode == 130
        assert said.strip() == "stopped"


def test_a_signal_that_is_ignored_stays_so() -> None:
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            "import leyden_command; leyden_command.stop_at_once()\n"
            "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout == "True\n"
