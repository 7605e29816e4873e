"""A LangGraph agent that remembers its users across threads, and finds what it knows by meaning.

`python langgraph_store.py` runs it without a network: the engine is in this process, and so is what
embeds texts, which counts words. In your own program, put a model in its place: with the extra
`embedder`, `leyden.memory.offline_embedder().embed` needs no network either, of 256 dimensions.
For a real table, leave out `engine=`. It needs `leyden[langgraph,local]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from zlib import crc32

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import IndexConfig

import leyden
from leyden.agents.langgraph import LeydenSaver, LeydenStore

DIMENSIONS = 256


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Return a vector for each text; those of texts with the same long words are near."""
    vectors = []
    for text in texts:
        vector = [0.0] * DIMENSIONS
        for word in re.findall(r"\w{4,}", text.lower()):
            vector[crc32(word.encode()) % DIMENSIONS] += 1.0
        vectors.append(vector)
    return vectors


INDEX: IndexConfig = {"dims": DIMENSIONS, "embed": embed, "fields": ["text"]}


class Turn(TypedDict, total=False):
    """What a user says, and what the agent knows about it."""

    said: str
    known: list[str]


@dataclass
class Caller:
    """Who is talking to the agent."""

    user: str


def recall(turn: Turn, runtime: Runtime[Caller]) -> Turn:
    """Find the fact that comes nearest to what was said, whichever thread it was said in."""
    assert runtime.store is not None
    found = runtime.store.search((runtime.context.user, "facts"), query=turn["said"], limit=1)
    return {"known": [item.value["text"] for item in found if item.score]}


def remember(turn: Turn, runtime: Runtime[Caller]) -> None:
    """Keep what users say of themselves. In your own program, a model picks such facts."""
    said = turn["said"]
    if not said.startswith("I "):
        return
    assert runtime.store is not None
    # Keys that begin with the time keep facts in the order in which they were said.
    key = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    kind = "wish" if said.startswith("I want") else "habit"
    runtime.store.put((runtime.context.user, "facts"), key, {"text": said, "kind": kind})


def graph_on(saver: LeydenSaver, store: LeydenStore) -> Any:
    """Return the agent: it looks into its memory, then adds to it."""
    builder = StateGraph(Turn, context_schema=Caller)
    builder.add_node("recall", recall)
    builder.add_node("remember", remember)
    builder.add_edge(START, "recall")
    builder.add_edge("recall", "remember")
    builder.add_edge("remember", END)
    return builder.compile(checkpointer=saver, store=store)


def say(graph: Any, user: str, thread: str, said: str) -> None:
    """Say something in a thread, and show what the agent knows about it."""
    config = {"configurable": {"thread_id": thread}}
    turn = graph.invoke({"said": said}, config, context=Caller(user))
    print(f"{user}: {said} -> {turn['known']}")


def main() -> None:
    """Talk in several threads, and ask in new ones, each time as another process would."""
    with leyden.local() as engine:

        def opened() -> tuple[LeydenSaver, LeydenStore]:
            return (
                LeydenSaver("agents", engine=engine),
                LeydenStore("agents", engine=engine, index=INDEX),
            )

        saver, store = opened()
        # The store's table has a vector index as well, and does for both.
        store.app.create_table()
        graph = graph_on(saver, store)
        say(graph, "ada", "thread-1", "I drink green tea in the morning.")
        say(graph, "ada", "thread-1", "I take the night train to Rome.")
        say(graph, "bob", "thread-2", "I drink coffee.")
        say(graph, "ada", "thread-3", "I want to see the sea.")

        elsewhere = graph_on(*opened())
        say(elsewhere, "ada", "thread-4", "What could she drink?")
        say(elsewhere, "ada", "thread-5", "Which train does she take?")
        say(elsewhere, "bob", "thread-6", "What could he drink?")
        say(elsewhere, "bob", "thread-7", "Which train does he take?")

        print("namespaces:", store.list_namespaces())
        print("facts:", [item.value["text"] for item in store.search(("ada",))])
        (wish,) = store.search(("ada",), filter={"kind": "wish"})
        print("wish:", wish.value["text"])
        store.delete(wish.namespace, wish.key)
        print("facts left:", len(store.search(("ada",))))
        store.close()
        saver.close()


if __name__ == "__main__":
    main()
