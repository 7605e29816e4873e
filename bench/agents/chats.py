"""Measure what a long chat costs with the checkpointers of LangGraph, and which turn fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypedDict

from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages

from bench.agents.checkpoints import at
from bench.agents.contestants import Contestant
from bench.agents.stage import Stage
from bench.agents.texts import failure, text
from bench.measuring import Figures, Say

TURNS: Final = (20, 100, 300, 1000)
"""The turns whose cost is looked at; the chat ends with the last."""


class Chat(TypedDict):
    """The state of a chat."""

    messages: Annotated[list[Any], add_messages]


def _answer(state: Chat) -> Any:
    return {"messages": [AIMessage(text(1000, -len(state["messages"])))]}


def graph_on(saver: Any) -> Any:
    """Return a graph whose only node answers."""
    graph = StateGraph(Chat)
    graph.add_node("bot", _answer)
    graph.add_edge(START, "bot")
    return graph.compile(checkpointer=saver)


def chat(here: Stage, one: Contestant, turns: Sequence[int]) -> Figures:
    """Let a chat run: 1,000 letters of the user and 1,000 of the answer in each turn.

    At the end another process, as it were, reads the newest state.
    """
    table = here.table()
    running = graph_on(one.open(here, table))
    costs: dict[str, Figures] = {}
    units: list[float] = []
    fails_at, failed = None, None
    refused = 0
    for turn in range(1, turns[-1] + 1):
        with here.meter.counted() as spent:
            try:
                running.invoke({"messages": [("user", text(1000, turn))]}, at("chat"))
            except Exception as error:
                fails_at, failed = turn, failure(error)
        refused += spent.failed
        if failed:
            break
        units.append(spent.writes)
        if turn in turns:
            costs[str(turn)] = spent.each(1)
    another = one.open(here, table)
    with here.meter.counted() as reading:
        newest = another.get_tuple(at("chat"))
    messages = newest.checkpoint["channel_values"]["messages"]
    assert failed or len(messages) == 2 * turns[-1]
    return {
        "turns": costs,
        "mean": round(sum(units) / len(units), 1),
        "most": max(units),
        "fails_at": fails_at,
        "failure": failed,
        "failed_requests": refused,
        "newest": reading.each(1),
    }


def measure(
    here: Stage,
    contestants: Sequence[Contestant],
    rounds: int,
    say: Say,
    turns: Sequence[int] = TURNS,
) -> Figures:
    """Let all checkpointers keep a chat, once: what it costs is the same each time."""
    found: Figures = {}
    for one in contestants:
        say(f"{one.title}: a chat of {turns[-1]} turns")
        found[one.name] = chat(here, one, turns)
    return found
