"""Backends for agent frameworks: each framework's own storage interface, on one DynamoDB table.

| framework | import | classes |
| --- | --- | --- |
| Google ADK | `leyden.agents.adk` | `LeydenSessionService` |
| LangChain | `leyden.agents.langchain` | `LeydenChatMessageHistory` |
| LangGraph | `leyden.agents.langgraph` | `LeydenSaver`, `LeydenStore` |
| Microsoft Agent Framework | `leyden.agents.agent_framework` | `LeydenHistoryProvider` |
| OpenAI Agents SDK | `leyden.agents.openai_agents` | `LeydenSession` |
| Pydantic AI | `leyden.agents.pydantic_ai` | `LeydenConversationStore` |
| Strands | `leyden.agents.strands` | `LeydenStorage` |

Each is an extra of the same name, such as `leyden[langgraph]`, and imports its framework only when
you import it. The items have schemas in `schemas/agents`, so you can also load and query them with
`leyden.load`. All of them may share one table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leyden.agents.sources import SOURCES

if TYPE_CHECKING:
    from leyden.agents.moves import Progress as Progress

__all__ = ["SOURCES", "move", "progress_of"]


def move(
    source: str,
    table: str,
    to: str,
    *,
    begun: Progress | None = None,
    tell: Callable[[Progress], object] = lambda progress: None,
    **options: Any,
) -> Progress:
    """Move what another package stored for an agent framework to the table of an adapter.

    `source` is `langgraph-aws`, `langchain` or `openai-agents`, and `leyden agents import --help`
    says which packages those are. The function only reads `table`, and may be repeated: it adds
    what is new. What has a time to live there keeps the rest of it, unless you give a `ttl`. `tell`
    hears of the progress, and `begun` is the progress to go on from. `options` are those of every
    adapter (see `leyden.agents.backend.Options`), and:

    * `bucket` and `prefix`: where langgraph-checkpoint-aws has large checkpoints in S3;
    * `key_field` and `messages_field`: the fields of LangChain's items, `SessionId` and `History`.

    Returns the progress at its end, which says in `refused` what was not moved, and why. Raises
    InvalidOptionError, TableNotFoundError and, if one of the tables is not what it should be,
    TableMismatchError; and ImportError if LangGraph is not installed.

    >>> leyden.agents.move("langchain", "SessionTable", "agents").entries       # doctest: +SKIP
    120
    """
    from leyden.agents import importing

    return importing.move(source, table, to, begun=begun, tell=tell, **options)


def progress_of(values: dict[str, Any]) -> Progress:
    """Return the progress that `attrs.asdict` turned into a dict, for `move` to go on from."""
    from leyden.agents.moves import Progress

    return Progress(**values)
