"""The examples run as they stand."""

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


def test_the_example_remembers_across_threads(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agents" / "langgraph_store.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "ada: I drink green tea in the morning. -> []",
        "ada: I take the night train to Rome. -> []",
        "bob: I drink coffee. -> []",
        "ada: I want to see the sea. -> []",
        "ada: What could she drink? -> ['I drink green tea in the morning.']",
        "ada: Which train does she take? -> ['I take the night train to Rome.']",
        "bob: What could he drink? -> ['I drink coffee.']",
        "bob: Which train does he take? -> []",
        "namespaces: [('ada', 'facts'), ('bob', 'facts')]",
        "facts: ['I drink green tea in the morning.', 'I take the night train to Rome.', "
        "'I want to see the sea.']",
        "wish: I want to see the sea.",
        "facts left: 2",
    ]
