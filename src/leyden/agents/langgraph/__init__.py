"""LangGraph on DynamoDB: a checkpointer, and a store for what agents remember across threads.

>>> from leyden.agents.langgraph import LeydenSaver, LeydenStore            # doctest: +SKIP
>>> graph = builder.compile(                                                # doctest: +SKIP
...     checkpointer=LeydenSaver("agents"), store=LeydenStore("agents")
... )
"""

try:
    import langgraph.store.base as _needed
except ImportError as error:
    raise ImportError(
        'leyden.agents.langgraph needs LangGraph: pip install "leyden[langgraph]"'
    ) from error

from leyden.agents.langgraph.saver import AsyncLeydenSaver, LeydenSaver
from leyden.agents.langgraph.store import AsyncLeydenStore, LeydenStore

__all__ = ["AsyncLeydenSaver", "AsyncLeydenStore", "LeydenSaver", "LeydenStore"]

del _needed
