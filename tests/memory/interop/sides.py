"""The two memories over one table and one vector store, called alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from leyden.memory import LocalVectors, Memory, SemanticRecall, WorkingMemory
from leyden.memory.text import embedded_text
from leyden.store import DynamoDBStore, Message
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.shared import SharedVectors
from tests.memory.words import Words, counts_of

DIMENSIONS: Final = 64
START: Final = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
SCHEMA: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        "pets": {"type": "array", "items": {"type": "string"}},
    },
}

Said = tuple[str, str]
"""The id of a message, and its text."""


class Side(ABC):
    """A memory in one of the languages, with working memory of a schema and a scope."""

    @abstractmethod
    def create_thread(self, id: str, resource: str, **metadata: Any) -> None:
        """Begin a thread."""

    @abstractmethod
    def save(self, thread: str, resource: str, said: Sequence[Said], first: int) -> None:
        """Save messages, the first of them so many minutes after the start."""

    @abstractmethod
    def update(self, id: str, text: str) -> None:
        """Give a message another text."""

    @abstractmethod
    def delete(self, *ids: str) -> None:
        """Delete messages."""

    @abstractmethod
    def delete_thread(self, id: str) -> None:
        """Delete a thread."""

    @abstractmethod
    def recall(
        self, thread: str, resource: str, search: str, scope: str, top: int, around: int, last: int
    ) -> list[Said]:
        """What is recalled, in order."""

    @abstractmethod
    def remember(self, resource: str, thread: str, what: dict[str, Any]) -> None:
        """Update working memory as a model does."""

    @abstractmethod
    def remembered(self, resource: str, thread: str) -> str | None:
        """Working memory."""


class Ours(Side):
    """`leyden.memory`."""

    def __init__(self, store: DynamoDBStore, vectors: LocalVectors, scope: str) -> None:
        working: Any = WorkingMemory(scope=scope, schema=SCHEMA)
        self.memory = Memory(
            store,
            embedder=Words(DIMENSIONS),
            vector=vectors,
            semantic_recall=True,
            working_memory=working,
        )

    def create_thread(self, id: str, resource: str, **metadata: Any) -> None:
        self.memory.create_thread(thread_id=id, resource_id=resource, metadata=metadata or None)

    def save(self, thread: str, resource: str, said: Sequence[Said], first: int) -> None:
        self.memory.save_messages(
            [
                {
                    "id": id,
                    "thread_id": thread,
                    "resource_id": resource,
                    "role": "user",
                    "created_at": START + timedelta(minutes=first + minute),
                    "content": _content(text),
                }
                for minute, (id, text) in enumerate(said)
            ]
        )

    def update(self, id: str, text: str) -> None:
        self.memory.update_messages([{"id": id, "content": _content(text)}])

    def delete(self, *ids: str) -> None:
        self.memory.delete_messages(ids)

    def delete_thread(self, id: str) -> None:
        self.memory.delete_thread(id)

    def clone_thread(self, id: str, new: str) -> None:
        """Copy a thread, which the other side's store cannot do."""
        self.memory.clone_thread(id, new_thread_id=new)

    def recall(
        self, thread: str, resource: str, search: str, scope: str, top: int, around: int, last: int
    ) -> list[Said]:
        given: Any = {"top_k": top, "message_range": around, "scope": scope}
        found = self.memory.recall(
            thread,
            resource_id=resource,
            search=search,
            last_messages=last,
            semantic_recall=SemanticRecall(**given),
        )
        return [(message.id, embedded_text(message) or "") for message in found.messages]

    def remember(self, resource: str, thread: str, what: dict[str, Any]) -> None:
        tools = self.memory.tools(resource_id=resource, thread_id=thread)
        tools["updateWorkingMemory"].function(memory=what)

    def remembered(self, resource: str, thread: str) -> str | None:
        return self.memory.get_working_memory(resource_id=resource, thread_id=thread)


class Theirs(Side):
    """`@mastra/memory` with `@mastra/dynamodb`."""

    def __init__(
        self, client: MemoryClient, engine: Any, table: str, shared: SharedVectors, scope: str
    ) -> None:
        self.client = client
        self.name = f"{table} {scope}"
        working = {"enabled": True, "scope": scope, "schema": SCHEMA}
        client.open(
            self.name,
            options={"semanticRecall": True, "workingMemory": working},
            dimensions=DIMENSIONS,
            engine=engine,
            table=table,
            vectors=shared.address,
        )

    def _call(self, method: str, *args: Any) -> Any:
        return self.client.call(self.name, method, *args)

    def create_thread(self, id: str, resource: str, **metadata: Any) -> None:
        given = {"threadId": id, "resourceId": resource, "title": f"Thread {id}"}
        self._call("createThread", given | ({"metadata": metadata} if metadata else {}))

    def save(self, thread: str, resource: str, said: Sequence[Said], first: int) -> None:
        self._call("saveMessages", {"messages": theirs(thread, resource, said, first)})

    def update(self, id: str, text: str) -> None:
        self._call("updateMessages", {"messages": [{"id": id, "content": _content(text)}]})

    def delete(self, *ids: str) -> None:
        self._call("deleteMessages", list(ids))

    def delete_thread(self, id: str) -> None:
        self._call("deleteThread", id)

    def recall(
        self, thread: str, resource: str, search: str, scope: str, top: int, around: int, last: int
    ) -> list[Said]:
        recall = {"topK": top, "messageRange": around, "scope": scope}
        found = self._call(
            "recall",
            {
                "threadId": thread,
                "resourceId": resource,
                "vectorSearchString": search,
                "threadConfig": {"lastMessages": last or False, "semanticRecall": recall},
            },
        )
        return [(message["id"], _text_of(message["content"])) for message in found["messages"]]

    def remember(self, resource: str, thread: str, what: dict[str, Any]) -> None:
        agent = {"threadId": thread, "resourceId": resource}
        self._call("tool", "updateWorkingMemory", {"memory": what}, agent)

    def remembered(self, resource: str, thread: str) -> str | None:
        whose = {"threadId": thread, "resourceId": resource}
        found: str | None = self._call("getWorkingMemory", whose)
        return found


def theirs(thread: str, resource: str, said: Sequence[Said], first: int) -> list[dict[str, Any]]:
    """Messages as TypeScript has them."""
    return [
        {
            "id": id,
            "threadId": thread,
            "resourceId": resource,
            "role": "user",
            "type": "v2",
            "createdAt": START + timedelta(minutes=first + minute),
            "content": _content(text),
        }
        for minute, (id, text) in enumerate(said)
    ]


def kept(vectors: LocalVectors) -> list[dict[str, Any]]:
    """The metadata of all vectors there are."""
    found = [
        dict(match.metadata)
        for name in vectors.list()
        for match in vectors.query(name, counts_of("a", DIMENSIONS), top_k=100)
    ]
    return sorted(found, key=lambda metadata: (metadata["message_id"], metadata["content"]))


def _content(text: str) -> dict[str, Any]:
    return {"format": 2, "parts": [{"type": "text", "text": text}]}


def _text_of(content: dict[str, Any]) -> str:
    blank = Message(id="m", thread_id="t", role="user", content=content)
    return embedded_text(blank) or ""
