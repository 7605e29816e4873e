"""Memory recalls, updates, forgets and keeps resources apart over every vector store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leyden.memory import Memory, SemanticRecall
from leyden.memory.embedders import OfflineEmbedder, offline_embedder
from leyden.memory.pinecone import PineconeVectors
from leyden.store import InMemoryStore
from tests.memory.kits import KITS, Kit
from tests.memory.pinecone_service import serving

ALONE = SemanticRecall(top_k=1, message_range=(0, 0))


@pytest.fixture(scope="module")
def embedder() -> OfflineEmbedder:
    return offline_embedder()


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    with KITS[request.param]() as kit:
        yield kit


def told(memory: Memory, resource: str, *texts: str) -> str:
    """A thread of a resource in which these texts are said, in this order."""
    thread = memory.create_thread(
        resource_id=resource, metadata={"topic": "travel", "deep": {"a": [1, None]}}
    )
    memory.save_messages(
        [
            {"id": f"{resource}-{n}", "role": "user", "content": text}
            for n, text in enumerate(texts)
        ],
        thread_id=thread.id,
    )
    return thread.id


def found(memory: Any, thread: str, resource: str, search: str) -> list[str]:
    recall = memory.recall(thread, resource_id=resource, search=search, last_messages=False)
    return [message.id for message in recall.messages]


HOTEL = "We stayed at a small hotel near the station in Kyoto"
CATS = "My cats chase mice in the garden"
BOAT = "We sailed a boat across the lake"
BILL = "The electricity bill is due on Friday"


def test_a_message_is_found_by_its_meaning_until_it_says_something_else(
    kit: Kit, embedder: OfflineEmbedder
) -> None:
    memory = Memory(InMemoryStore(), embedder=embedder, vector=kit.store, semantic_recall=ALONE)
    thread = told(memory, "alice", HOTEL, CATS, BILL)
    assert found(memory, thread, "alice", "Which hotel did we stay at?") == ["alice-0"]
    assert found(memory, thread, "alice", "what do cats hunt") == ["alice-1"]
    said = {"format": 2, "parts": [{"type": "text", "text": BOAT}], "content": BOAT}
    memory.update_messages([{"id": "alice-0", "content": said}])
    assert found(memory, thread, "alice", "sailing on a boat") == ["alice-0"]
    (index,) = kit.store.list()
    assert index == kit.store.separator.join(["memory", "messages", "256"])
    texts = [one.metadata["content"] for one in kit.store.query(index, embedder.embed([HOTEL])[0])]
    assert sorted(texts) == sorted([BOAT, CATS, BILL])
    memory.delete_messages(["alice-1"])
    assert "alice-1" not in found(memory, thread, "alice", "what do cats hunt")
    memory.delete_thread(thread)
    assert len(kit.store.query(index, embedder.embed([HOTEL])[0])) == 0


def test_no_resource_recalls_what_another_one_said(kit: Kit, embedder: OfflineEmbedder) -> None:
    memory = Memory(InMemoryStore(), embedder=embedder, vector=kit.store, semantic_recall=ALONE)
    alices, bobs = told(memory, "alice", HOTEL), told(memory, "bob", CATS)
    question = "Which hotel did we stay at?"
    assert found(memory, alices, "alice", question) == ["alice-0"]
    assert found(memory, bobs, "bob", question) == ["bob-0"]


def test_the_usage_in_typescript_reads_the_same_in_python(
    embedder: OfflineEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as service:
        monkeypatch.setenv("PINECONE_CONTROLLER_HOST", service.host)
        memory = Memory(
            InMemoryStore(),
            embedder=embedder,
            vector=PineconeVectors(api_key="none"),
            last_messages=10,
            semantic_recall=True,
        )
        thread = told(memory, "alice", HOTEL, CATS)
        recall = memory.recall(thread, resource_id="alice", search="Which hotel was it?")
        assert [message.id for message in recall.messages] == ["alice-0", "alice-1"]
        assert max(recall.scores, key=lambda id: recall.scores[id]) == "alice-0"
        (stored,) = [
            vector
            for vector in service.vectors["memory-messages-256"][""].values()
            if vector.id.startswith("alice-0")
        ]
        assert stored.id == "alice-0#0"
        metadata = dict(stored.metadata or {})
        assert metadata.pop("created_at")
        assert metadata == {
            "topic": "travel",
            "deep": '{"a": [1, null]}',
            "message_id": "alice-0",
            "thread_id": thread,
            "resource_id": "alice",
            "role": "user",
            "content": HOTEL,
        }
