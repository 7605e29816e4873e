"""A process that memories are used in by its children, at once or to be killed at it."""

from __future__ import annotations

import sys
from typing import Any

from leyden.memory import Memory, WorkingMemory
from leyden.store import DynamoDBStore
from tests.memory.bags import Words
from tests.store.stage import serve

SCHEMA = {"type": "object", "properties": {}}


def memory_over(store: DynamoDBStore) -> Memory:
    """The memory that each child has."""
    return Memory(store, embedder=Words(16), semantic_recall=True)


def save(store: DynamoDBStore, messages: list[Any]) -> None:
    """Save messages."""
    memory_over(store).save_messages(messages)


def update(store: DynamoDBStore, changes: list[Any]) -> None:
    """Change messages."""
    memory_over(store).update_messages(changes)


def delete(store: DynamoDBStore, ids: list[str]) -> None:
    """Delete messages."""
    memory_over(store).delete_messages(ids)


def delete_thread(store: DynamoDBStore, thread_id: str) -> None:
    """Delete a thread."""
    memory_over(store).delete_thread(thread_id)


def move(store: DynamoDBStore, thread_id: str, resource_id: str) -> None:
    """Give a thread to another resource."""
    memory_over(store).update_thread_resource_id(thread_id, resource_id)


def reindex(store: DynamoDBStore, resource_id: str) -> None:
    """Index all messages of a resource."""
    memory_over(store).reindex(resource_id=resource_id)


def note(store: DynamoDBStore, child: int, times: int, scope: Any) -> None:
    """Merge keys of the child's own into working memory."""
    memory = Memory(store, working_memory=WorkingMemory(scope=scope, schema=SCHEMA))
    for number in range(times):
        memory.update_working_memory({f"{child}-{number}": number}, thread_id="t1")


def append(store: DynamoDBStore, child: int, times: int, scope: Any) -> None:
    """Add lines of the child's own to a working memory that is a text."""
    memory = Memory(store, working_memory=WorkingMemory(scope=scope))
    for number in range(times):
        line = f"{child}-{number}\n"
        memory.update_working_memory(lambda text, line=line: f"{text or ''}{line}", thread_id="t1")


if __name__ == "__main__":
    calls = (save, update, delete, delete_thread, move, reindex, note, append)
    serve({call.__name__: call for call in calls}, *sys.argv[1:])
