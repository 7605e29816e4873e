"""The example runs as it stands."""

from __future__ import annotations

import runpy

import pytest

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.once


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_example_remembers(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agents" / "adk.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "You said: ['I am Ada.']",
        "You said: ['I am Ada.', 'Who am I?']",
        "4 events",
        """{'answer': "You said: ['I am Ada.', 'Who am I?']"}""",
    ]
