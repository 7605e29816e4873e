"""The example runs as it stands."""

from __future__ import annotations

import runpy

import pytest

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.once


def test_the_example_remembers_and_forgets(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(
        str(ROOT / "examples" / "agents" / "with_agent_framework.py"), run_name="__main__"
    )
    assert capsys.readouterr().out.splitlines() == [
        "ada: You said: ['I am Ada.']",
        "bob: You said: ['I am Bob.']",
        "ada: You said: ['I am Ada.', 'Who am I?']",
        "ada: You said: ['And now?']",
        "ada: 2 messages, 6 in the audit",
        "bob: 2 messages, 2 in the audit",
    ]
