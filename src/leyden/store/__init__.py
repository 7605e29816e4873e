"""The memory store: an agent's threads, messages, working memory, workflow runs and scores.

::

    from leyden.store import DynamoDBStore

    with DynamoDBStore(table_name="mastra-single-table", region="eu-central-1") as store:
        store.init()
        store.memory.save_thread({"id": "t1", "resource_id": "alice"})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leyden.store.dynamodb.settings import TTL
from leyden.store.dynamodb.store import DynamoDBStore
from leyden.store.in_memory import InMemoryStore
from leyden.store.interface import Evals, Memory, Scores, Store, Traces, Workflows
from leyden.store.memory import change_resource, change_thread, save_messages_over
from leyden.store.records import (
    ClonedThread,
    CopiedThread,
    DateRange,
    Eval,
    EvalPage,
    Include,
    Message,
    MessagePage,
    Resource,
    Score,
    ScorePage,
    Thread,
    ThreadPage,
    Trace,
    TracePage,
    WorkflowRun,
    WorkflowRunPage,
)

if TYPE_CHECKING:
    from leyden.store.dynamodb.store import AsyncDynamoDBStore

__all__ = [
    "TTL",
    "AsyncDynamoDBStore",
    "ClonedThread",
    "CopiedThread",
    "DateRange",
    "DynamoDBStore",
    "Eval",
    "EvalPage",
    "Evals",
    "InMemoryStore",
    "Include",
    "Memory",
    "Message",
    "MessagePage",
    "Resource",
    "Score",
    "ScorePage",
    "Scores",
    "Store",
    "Thread",
    "ThreadPage",
    "Trace",
    "TracePage",
    "Traces",
    "WorkflowRun",
    "WorkflowRunPage",
    "Workflows",
    "change_resource",
    "change_thread",
    "save_messages_over",
]


def __getattr__(name: str) -> Any:
    # The asynchronous store is imported when it is first used.
    if name != "AsyncDynamoDBStore":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from leyden.store.dynamodb.store import AsyncDynamoDBStore

    return AsyncDynamoDBStore


def __dir__() -> list[str]:
    return __all__
