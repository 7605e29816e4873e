"""LangGraph on DynamoDB: a checkpointer, and a store for what agents remember across threads.

>>> from leyden.agents.langgraph import LeydenSaver                         # doctest: +SKIP
>>> graph = builder.compile(checkpointer=LeydenSaver("agents"))             # doctest: +SKIP
"""

from leyden.agents.langgraph.saver import AsyncLeydenSaver, LeydenSaver

__all__ = ["AsyncLeydenSaver", "LeydenSaver"]
