"""The example runs as it stands."""

from __future__ import annotations

import runpy

import pytest

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.once


def test_the_example_keeps_two_sessions_apart(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agents" / "with_langchain.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "ada: You said: ['I am Ada.']",
        "bob: You said: ['I am in Lisbon.']",
        "ada: You said: ['I am Ada.', 'Who am I?']",
        "bob: You said: ['I am in Lisbon.', 'Where am I?']",
        "ada, the newest: You said: ['Who am I?', 'And now?']",
        "6 messages of ada",
        "0 messages of ada, 4 of bob",
    ]
