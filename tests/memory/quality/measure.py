"""How often the right message is found, here and by `@mastra/memory`, with the same vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from botocore.session import get_session

from leyden.demo.chapters import client_items
from leyden.engine import local
from leyden.memory import Embedder
from leyden.memory.text import embedded_text
from leyden.store import DynamoDBStore
from tests.memory.interop.client import MemoryClient
from tests.memory.quality import Question, imported_questions, messages, ours, questions, theirs


@frozen
class Figure:
    """What was asked of which messages, and what each side found."""

    about: str
    questions: list[Question]
    ours: list[set[str]]
    theirs: list[set[str]]

    def right(self, found: Sequence[set[str]]) -> int:
        """How many questions found a message that is right."""
        return sum(bool(q.right & ids) for q, ids in zip(self.questions, found, strict=True))

    def missed(self, found: Sequence[set[str]]) -> list[str]:
        """The questions that found none."""
        pairs = zip(self.questions, found, strict=True)
        return [question.text for question, ids in pairs if not question.right & ids]

    def __str__(self) -> str:
        count = len(self.questions)
        return (
            f"{self.about}: the right message is among the first 4 for {self.right(self.ours)} of "
            f"{count} questions here, for {self.right(self.theirs)} by @mastra/memory"
        )


def measured(embedder: Embedder) -> list[Figure]:
    """The figures of both sets."""
    texts, asked = messages(), questions()
    with MemoryClient() as client:
        own = Figure(
            f"{len(texts)} messages",
            asked,
            ours.of_messages(texts, asked, embedder),
            theirs.of_messages(client, texts, asked, embedder),
        )
        return [own, _imported(client, embedder)]


def _imported(client: MemoryClient, embedder: Embedder) -> Figure:
    asked = imported_questions()
    items = client_items()
    with local() as engine, DynamoDBStore(table_name="imported", client=engine) as store:
        store.app.create_table()
        _put(engine, store.app.table, items)
        threads: dict[str, list[str]] = {}
        for thread in store.memory.list_threads(per_page=None).threads:
            threads.setdefault(thread.resource_id, []).append(thread.id)
        read = [
            message
            for ids in threads.values()
            for id in ids
            for message in store.memory.list_messages(id, per_page=None).messages
        ]
        texts = [text for message in read if (text := embedded_text(message))]
        table = store.app.table
        return Figure(
            f"{len(items)} items of a TypeScript client, with {len(texts)} messages",
            asked,
            ours.of_table(store, threads, asked, embedder),
            theirs.of_table(client, engine, table, threads, texts, asked, embedder),
        )


def _put(engine: Any, table: str, items: Sequence[dict[str, Any]]) -> None:
    client = get_session().create_client(
        "dynamodb",
        endpoint_url=engine.endpoint_url,
        region_name=engine.region,
        aws_access_key_id=engine.credentials.access_key_id,
        aws_secret_access_key=engine.credentials.secret_access_key,
    )
    for item in items:
        client.put_item(TableName=table, Item=item)
