"""The example runs as it stands."""

from __future__ import annotations

import runpy

import pytest

from tests.agents.langgraph.conftest import ROOT

pytestmark = pytest.mark.once


def test_the_example_asks_and_goes_back(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agents" / "with_langgraph.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "waits: Approve? I can refund order 7. It cost 20 euros.",
        "approved: Done. The money is on its way.",
        "refused: 2 messages",
        "checkpoints: 7",
        "after pruning: 1",
    ]
