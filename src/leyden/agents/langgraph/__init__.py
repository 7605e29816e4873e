"""LangGraph on DynamoDB: a checkpointer, and a store for what agents remember across threads.

>>> from leyden.agents.langgraph import LeydenSaver, LeydenStore            # doctest: +SKIP
>>> graph = builder.compile(                                                # doctest: +SKIP
...     checkpointer=LeydenSaver("agents"), store=LeydenStore("agents")
... )
"""

from leyden.agents.langgraph.saver import AsyncLeydenSaver, LeydenSaver
from leyden.agents.langgraph.store import AsyncLeydenStore, LeydenStore

__all__ = ["AsyncLeydenSaver", "AsyncLeydenStore", "LeydenSaver", "LeydenStore"]
