"""Conversations of Pydantic AI in DynamoDB; needs `pip install "leyden[pydantic-ai]"`.

>>> from leyden.agents.pydantic_ai import LeydenConversationStore         # doctest: +SKIP
>>> store = LeydenConversationStore("agents")                             # doctest: +SKIP
"""

try:
    import pydantic_ai.conversation_store as _needed
except ImportError as error:
    raise ImportError(
        "leyden.agents.pydantic_ai needs Pydantic AI from release 2.66 on: "
        'pip install "leyden[pydantic-ai]"'
    ) from error

from leyden.agents.pydantic_ai.store import LeydenConversationStore

__all__ = ["LeydenConversationStore"]

del _needed
