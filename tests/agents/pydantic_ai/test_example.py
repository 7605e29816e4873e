"""The example runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.once

EXAMPLE = ROOT / "examples" / "agents" / "with_pydantic_ai.py"


def test_the_example_forks_a_conversation() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "trip: We travel in May. -> Noted. (2 new messages)",
        "trip: To Lisbon. -> Noted. (2 new messages)",
        "other trip: To Porto. -> Noted. (2 new messages)",
        "other trip: We travel in May. | Noted. | To Porto. | Noted.",
        "trip: We travel in May. | Noted. | To Lisbon. | Noted.",
        "stored messages: 6",
    ]
