"""The example runs as it stands."""

from __future__ import annotations

import runpy

import pytest

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.once


def test_the_example_finds_what_another_session_noted(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agents" / "with_strands.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "monday, after 0 messages: Noted.",
        "monday, after 4 messages: Noted.",
        "tuesday, after 0 messages: The train to Porto takes three hours.",
        "tuesday, after 4 messages: The hotel by the river has a quiet garden.",
        "notes/the-hotel-by-the-river-has-a-quiet-garden.",
        "notes/the-train-to-porto-takes-three-hours.",
        "session/monday/scopes/agent/default/snapshots/snapshot_latest.json",
        "session/tuesday/scopes/agent/default/snapshots/snapshot_latest.json",
        "0 messages on Monday",
    ]
