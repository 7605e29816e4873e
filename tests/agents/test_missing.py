"""What the adapters say where their framework is not installed."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("adapter", "framework", "extra"),
    [
        ("adk", "google.adk.sessions", "adk"),
        ("agent_framework", "agent_framework", "agent-framework"),
        ("langchain", "langchain_core.chat_history", "langchain"),
        ("langgraph", "langgraph.store.base", "langgraph"),
        ("openai_agents", "agents", "openai-agents"),
        ("pydantic_ai", "pydantic_ai.conversation_store", "pydantic-ai"),
        ("strands", "strands.storage", "strands"),
    ],
)
def test_an_adapter_names_the_extra_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, adapter: str, framework: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, framework, None)
    monkeypatch.delitem(sys.modules, f"leyden.agents.{adapter}", raising=False)
    with pytest.raises(ImportError, match=rf'pip install "leyden\[{extra}\]"'):
        importlib.import_module(f"leyden.agents.{adapter}")
