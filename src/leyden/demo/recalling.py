"""The end of the demo: a question, answered by meaning from what the TypeScript client wrote."""

from __future__ import annotations

from typing import Final

from leyden import LocalEngine
from leyden.demo.stage import Stage
from leyden.errors import EmbedderError
from leyden.memory import Memory, Recall, SemanticRecall, offline_embedder
from leyden.store import DynamoDBStore

_TABLE: Final = "mastra-single-table"

QUESTION: Final = "Why does my kettle need less heat in the mountains?"


def recalling(stage: Stage, engine: LocalEngine) -> None:
    """Index alice's imported messages, and ask a question about them."""
    stage.chapter(
        "A question, answered by meaning",
        """leyden.memory finds what was said before by what it means. The messages stay as the
        TypeScript client wrote them; their vectors are items of the same table, which DynamoDB
        searches by a vector index.""",
    )
    try:
        embedder = offline_embedder()
    except EmbedderError as error:
        stage.say(f"Left out: {error.message}")
        return
    stage.step("A memory over the table, and an index for its vectors")
    stage.code(
        f'store = DynamoDBStore(table_name="{_TABLE}", client=engine)\n'
        "memory = Memory(store, embedder=offline_embedder(), semantic_recall=True)\n"
        "memory.init()"
    )
    with DynamoDBStore(table_name=_TABLE, client=engine) as store:
        memory = Memory(store, embedder=embedder, semantic_recall=True)
        memory.init()
        stage.say(
            f"""The vectors come from WordLlama's table of token vectors, in this process and
            without a network: {embedder.dimensions} numbers for each text. OpenAI's or Amazon
            Bedrock's embeddings, or your own, can take its place."""
        )
        stage.step("The messages of alice, indexed")
        stage.code('memory.reindex(resource_id="alice")')
        done = memory.reindex(resource_id="alice")
        stage.table(
            ("threads", "messages", "indexed"), [(done.threads, done.messages, done.indexed)]
        )
        stage.step("A question in other words, in a new thread")
        stage.code(f'''recall = memory.recall("new", resource_id="alice", search="{QUESTION}")''')
        recall = asked(memory)
        _show(stage, recall)


def asked(memory: Memory) -> Recall:
    """Return what the question recalls: three messages, without their neighbors."""
    recall = SemanticRecall(top_k=3, message_range=0)
    return memory.recall("new", resource_id="alice", search=QUESTION, semantic_recall=recall)


def _show(stage: Stage, recall: Recall) -> None:
    found = sorted(recall.messages, key=lambda message: -recall.scores[message.id])
    stage.table(
        ("score", "thread", "role", "text"),
        [(round(recall.scores[m.id], 3), m.thread_id, m.role, m.content["content"]) for m in found],
    )
    stage.step("What that cost")
    stage.table(
        ("request", "index", "capacity units"),
        [(sent.api, sent.index, sent.consumed) for sent in recall.cost.sent],
    )
    stage.say(f"The search itself is metered by bytes: {recall.cost.bytes_searched:,}.")
