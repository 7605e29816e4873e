"""What the Memory of TypeScript keeps, in DynamoDB and in a vector store, as it is read here."""

from __future__ import annotations

from typing import Any, Final

import pytest

from leyden.memory import LocalVectors
from leyden.memory.text import chunks_of, embedded_text, index_name, vector_metadata
from leyden.store import DynamoDBStore
from tests.memory.interop.client import MemoryClient
from tests.memory.interop.shared import SharedVectors
from tests.memory.interop.sides import DIMENSIONS, START, kept, theirs
from tests.memory.words import counts_of

pytestmark = pytest.mark.node

TAGGED: Final = "I am Ada <working_memory># Ada</working_memory>\n"
TEXTS: Final = (
    "we stayed in kyoto, beside a moss garden",
    TAGGED,
    " \n",
    "\ufeffwhite\u3000space \u0085 here",
    "😀" * 9000,
    "long " * 4000,
)


def test_the_vectors_of_messages_are_those_that_are_made_here(
    client: MemoryClient,
    engine: Any,
    store: DynamoDBStore,
    vectors: LocalVectors,
    shared: SharedVectors,
) -> None:
    where = {"engine": engine, "table": store.app.table, "vectors": shared.address}
    client.open("m", options={"semanticRecall": True}, dimensions=DIMENSIONS, **where)
    metadata = {"topic": "travel", "role": "none"}
    thread = {"threadId": "t1", "resourceId": "alice", "metadata": metadata}
    client.call("m", "createThread", thread, now=START)
    saved = theirs("t1", "alice", [(f"m{n}", text) for n, text in enumerate(TEXTS)], 0)
    client.call("m", "saveMessages", {"messages": saved}, now=START)
    read = store.memory.list_messages("t1", per_page=None).messages
    assert [each.id for each in read] == [each["id"] for each in saved]
    expected = [
        vector_metadata(each, text, metadata)
        for each in read
        if (text := embedded_text(each))
        for _ in chunks_of(text)
    ]
    assert vectors.list() == [index_name(DIMENSIONS)]
    assert kept(vectors) == expected
    # Each text is nearest to its own vector: both sides make the same ones.
    for each in read:
        for chunk in chunks_of(embedded_text(each) or ""):
            near = vectors.query(index_name(DIMENSIONS), counts_of(chunk, DIMENSIONS), top_k=1)
            assert near[0].score == pytest.approx(1)
    client.call("m", "deleteMessages", ["m0", "m1"], now=START)
    assert {each["message_id"] for each in kept(vectors)} == {"m3", "m4", "m5"}
    client.call("m", "deleteThread", "t1", now=START)
    assert kept(vectors) == []
    assert store.memory.list_messages("t1").messages == ()
