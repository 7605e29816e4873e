"""What the Memory of TypeScript finds, by vectors that are given to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from leyden.memory import Embedder
from leyden.memory.text import chunks_of
from tests.memory.interop.client import MemoryClient
from tests.memory.quality import TOP, Question

START: Final = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
_HITS: Final = {
    "lastMessages": False,
    "semanticRecall": {"topK": TOP, "messageRange": 0, "scope": "resource"},
}


def of_messages(
    client: MemoryClient, texts: dict[str, str], questions: Sequence[Question], embedder: Embedder
) -> list[set[str]]:
    """The ids that each question finds among messages of one user, by their texts."""
    vectors = _vectors([*texts.values(), *(question.text for question in questions)], embedder)
    client.open("own", options=_HITS, dimensions=embedder.dimensions, texts=vectors)
    client.call("own", "createThread", {"threadId": "t", "resourceId": "user"})
    saved = [
        {
            "id": id,
            "threadId": "t",
            "resourceId": "user",
            "role": "user",
            "type": "v2",
            "createdAt": START + timedelta(minutes=minute),
            "content": {"format": 2, "parts": [{"type": "text", "text": text}]},
        }
        for minute, (id, text) in enumerate(texts.items())
    ]
    client.call("own", "saveMessages", {"messages": saved})
    return _asked(client, "own", {"user": "t"}, questions)


def of_table(
    client: MemoryClient,
    engine: Any,
    table: str,
    threads: dict[str, list[str]],
    texts: Iterable[str],
    questions: Sequence[Question],
    embedder: Embedder,
) -> list[set[str]]:
    """The ids that each question finds among the messages of a table.

    `threads` has the threads of each resource, and `texts` all that will be embedded.
    """
    vectors = _vectors([*texts, *(question.text for question in questions)], embedder)
    where = {"engine": engine, "table": table}
    dimensions = embedder.dimensions
    client.open("table", options=_HITS, dimensions=dimensions, texts=vectors, **where)
    for resource, ids in threads.items():
        for id in ids:
            whole = {"threadId": id, "resourceId": resource, "perPage": False}
            read = client.call("table", "recall", whole)["messages"]
            client.call("table", "indexMessagesList", read)
    return _asked(client, "table", {whose: ids[0] for whose, ids in threads.items()}, questions)


def _asked(
    client: MemoryClient, name: str, threads: dict[str, str], questions: Sequence[Question]
) -> list[set[str]]:
    found = []
    for question in questions:
        asked = {"threadId": threads[question.resource], "resourceId": question.resource}
        answer = client.call(name, "recall", {**asked, "vectorSearchString": question.text})
        found.append({message["id"] for message in answer["messages"]})
    return found


def _vectors(texts: Iterable[str], embedder: Embedder) -> dict[str, list[float]]:
    chunks = [chunk for text in dict.fromkeys(texts) for chunk in chunks_of(text)]
    vectors = embedder.embed(chunks)
    return {chunk: list(vector) for chunk, vector in zip(chunks, vectors, strict=True)}
