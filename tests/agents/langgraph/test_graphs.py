"""A graph with all that graphs do, beside the same graph on LangGraph's saver in memory."""

from __future__ import annotations

import asyncio
import operator
import random
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt
from tools.soak.proxy import RandomFaults

from leyden.agents.langgraph import LeydenSaver
from tests.agents.langgraph.conftest import new_saver
from tests.agents.langgraph.test_requests import at
from tests.faults.proxy import running

pytestmark = pytest.mark.once

WORKERS = 40


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]


class State(Notes):
    messages: Annotated[list[Any], add_messages]
    approved: str


def graph_on(saver: Any) -> Any:
    """Tasks side by side, subgraphs with and without checkpoints of their own, two interrupts."""
    asking = StateGraph(Notes)
    asking.add_node("note", lambda state: {"notes": ["asking"]})
    asking.add_node("ask", lambda state: {"notes": [f"answer {interrupt('which?')}"]})
    asking.add_edge(START, "note")
    asking.add_edge("note", "ask")

    writing = StateGraph(Notes)
    writing.add_node("write", lambda state: {"notes": ["essay " * 300]})
    writing.add_edge(START, "write")

    def approve(state: State) -> Command[Any]:
        answer = interrupt("approve?")
        said = RemoveMessage("plan") if answer == "no" else AIMessage("approved", id="done")
        return Command(update={"approved": answer, "messages": [said]}, goto=END)

    graph = StateGraph(State)
    graph.add_node("plan", lambda state: {"messages": [AIMessage("plan", id="plan")]})
    graph.add_node("work", lambda one: {"notes": [f"{one['n']}: {'work ' * one['n']}"]})
    graph.add_node("asking", asking.compile(checkpointer=True))
    graph.add_node("writing", writing.compile())
    graph.add_node("approve", approve)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges(
        "plan", lambda state: [Send("work", {"n": n}) for n in range(WORKERS)], ["work"]
    )
    graph.add_edge("work", "asking")
    graph.add_edge("asking", "writing")
    graph.add_edge("writing", "approve")
    return graph.compile(checkpointer=saver)


INPUT: Any = {"notes": ["begun"], "messages": [HumanMessage("Hello", id="hello")]}


def shown(state: Any) -> Any:
    tasks = [
        (task.name, [one.value for one in task.interrupts], task.result, task.error)
        for task in state.tasks
    ]
    return state.values, state.next, tasks, state.metadata and state.metadata["step"]


def said(values: Any) -> Any:
    """What a graph returns, without the ids of its interrupts, which are new in each thread."""
    return {name: value for name, value in values.items() if name != "__interrupt__"}


def story(graph: Any, durability: str) -> list[Any]:
    """All that a caller sees of a graph that is interrupted, resumed, forked and changed."""
    config = at("t")
    *_, last = graph.stream(INPUT, config, stream_mode="values", durability=durability)
    seen = [said(last)]
    seen.append(shown(graph.get_state(config, subgraphs=True)))
    for answer in ("this one", "no"):
        seen.append(said(graph.invoke(Command(resume=answer), config, durability=durability)))
        seen.append(shown(graph.get_state(config)))
    history = [*graph.get_state_history(config)]
    seen.append([shown(one) for one in history])
    if durability != "exit":
        waiting = next(one for one in history if one.next == ("approve",))
        seen.append(said(graph.invoke(Command(resume="yes"), waiting.config)))
        changed = graph.update_state(waiting.config, {"notes": ["changed"]}, as_node="writing")
        seen.append(said(graph.invoke(None, changed)))
        seen.append([shown(one) for one in graph.get_state_history(config, limit=5)])
    graph.update_state(config, {"notes": ["once more"]}, as_node="plan")
    seen.append(said(graph.invoke(None, config, durability=durability)))
    return seen


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_a_graph_does_what_it_does_in_memory(embedded: Any, durability: str) -> None:
    ours = story(graph_on(new_saver(embedded)), durability)
    theirs = story(graph_on(InMemorySaver()), durability)
    for found, expected in zip(ours, theirs, strict=True):
        assert found == expected


def test_an_awaited_graph_does_what_it_does_in_memory(embedded: Any) -> None:
    async def awaited(saver: Any) -> list[Any]:
        graph, config = graph_on(saver), at("t")
        seen = [said(one) async for one in graph.astream(INPUT, config, stream_mode="values")]
        seen.append(shown(await graph.aget_state(config, subgraphs=True)))
        for answer in ("this one", "no"):
            seen.append(said(await graph.ainvoke(Command(resume=answer), config)))
        await graph.aupdate_state(config, {"notes": ["once more"]})
        seen.append([shown(one) async for one in graph.aget_state_history(config)])
        return seen

    ours, theirs = (asyncio.run(awaited(one)) for one in (new_saver(embedded), InMemorySaver()))
    assert ours == theirs


def test_messages_that_are_edited_and_trimmed_are_what_they_are_in_memory(embedded: Any) -> None:
    def chat_on(saver: Any) -> Any:
        def answer(state: State) -> Any:
            *old, asked = state["messages"]
            said = AIMessage(f"answer to {asked.id} " * 20, id=f"a{asked.id}")
            return {"messages": [*(RemoveMessage(one.id) for one in old[:-19]), said]}

        graph = StateGraph(State)
        graph.add_node("answer", answer)
        graph.add_edge(START, "answer")
        return graph.compile(checkpointer=saver)

    saver, memory = new_saver(embedded), InMemorySaver()
    for turn in range(40):
        # Two processes take turns, and another one edits what was said.
        for graph in (chat_on(saver), chat_on(memory)):
            question = HumanMessage(f"question {turn} " * 20, id=f"q{turn}")
            graph.invoke({"messages": [question]}, at("t"))
            if turn % 5 == 4:
                edited = HumanMessage("edited", id=f"q{turn - 3}")
                graph.update_state(at("t"), {"messages": [edited]})
        if turn % 2:
            saver = LeydenSaver(saver.app.table, engine=embedded)
    ours, theirs = (
        [one.values for one in chat_on(one).get_state_history(at("t"))] for one in (saver, memory)
    )
    assert ours == theirs


def test_a_fifth_of_all_requests_throttled_or_lost_changes_nothing(real: Any) -> None:
    table = new_saver(real).app.table
    expected = story(graph_on(InMemorySaver()), "sync")
    proxy = RandomFaults(real.endpoint_url, share=0.2, random=random.Random(7))
    with running(proxy):
        saver = LeydenSaver(
            table,
            endpoint_url=proxy.url,
            region="us-east-1",
            credentials={"access_key_id": "local", "secret_access_key": "local"},
        )
        with saver:
            found = story(graph_on(saver), "sync")
            saver.copy_thread("t", "u")
            saver.delete_thread("t")
            assert saver.get_tuple(at("t")) is None
    assert proxy.counts["throttled"] > 10
    assert proxy.counts["reset"] > 10
    assert found == expected
    copied = graph_on(LeydenSaver(table, engine=real)).get_state(at("u"))
    assert copied.values["notes"] == found[-1]["notes"]
