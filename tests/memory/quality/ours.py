"""What our Memory finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from leyden.memory import Embedder, Memory, SemanticRecall
from leyden.store import DynamoDBStore, InMemoryStore
from tests.memory.quality import TOP, Question
from tests.memory.quality.theirs import START

_HITS: Final = SemanticRecall(top_k=TOP, message_range=0)


def of_messages(
    texts: dict[str, str], questions: Sequence[Question], embedder: Embedder
) -> list[set[str]]:
    """The ids that each question finds among messages of one user, by their texts."""
    memory = Memory(InMemoryStore(), embedder=embedder, last_messages=False, semantic_recall=_HITS)
    memory.create_thread(thread_id="t", resource_id="user")
    memory.save_messages(
        [
            {
                "id": id,
                "role": "user",
                "created_at": START + timedelta(minutes=minute),
                "content": {"format": 2, "parts": [{"type": "text", "text": text}]},
            }
            for minute, (id, text) in enumerate(texts.items())
        ],
        thread_id="t",
    )
    return _asked(memory, {"user": "t"}, questions)


def of_table(
    store: DynamoDBStore,
    threads: dict[str, list[str]],
    questions: Sequence[Question],
    embedder: Embedder,
) -> list[set[str]]:
    """The ids that each question finds among the messages of a table, by its threads' owners.

    The vectors are in the table as well.
    """
    memory = Memory(store, embedder=embedder, last_messages=False, semantic_recall=_HITS)
    memory.init()
    for resource in threads:
        memory.reindex(resource_id=resource)
    return _asked(memory, {whose: ids[0] for whose, ids in threads.items()}, questions)


def _asked(
    memory: Memory, threads: dict[str, str], questions: Iterable[Question]
) -> list[set[str]]:
    found = []
    for question in questions:
        recall = memory.recall(
            threads[question.resource], resource_id=question.resource, search=question.text
        )
        found.append({message.id for message in recall.messages})
    return found
