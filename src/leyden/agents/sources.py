"""Which packages' tables can be moved: names alone, for those who only list them."""

from __future__ import annotations

from typing import Final

SOURCES: Final = {
    "langgraph-aws": "agents/langgraph",
    "langchain": "agents/langchain",
    "openai-agents": "agents/openai_agents",
}
"""What can be moved, and the folder of the schemas that it moves to."""
