"""The memory store: an agent's threads, messages, working memory, workflow runs and scores.

::

    from leyden.store import DynamoDBStore

    with DynamoDBStore(table_name="mastra-single-table", region="eu-central-1") as store:
        store.init()
        store.memory.save_thread({"id": "t1", "resource_id": "alice"})
"""

from leyden.store.dynamodb.async_store import AsyncDynamoDBStore
from leyden.store.dynamodb.store import DynamoDBStore
from leyden.store.dynamodb.ttl import TTL
from leyden.store.in_memory import InMemoryStore
from leyden.store.interface import Evals, Memory, Scores, Store, Traces, Workflows
from leyden.store.pages import (
    ClonedThread,
    CopiedThread,
    EvalPage,
    MessagePage,
    ScorePage,
    ThreadPage,
    TracePage,
    WorkflowRunPage,
)
from leyden.store.records import (
    DateRange,
    Eval,
    Include,
    Message,
    Resource,
    Score,
    Thread,
    Trace,
    WorkflowRun,
)

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
]
