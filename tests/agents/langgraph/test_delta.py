"""Delta channels: a graph that stores what each step adds, beside the same graph in memory."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Send

from leyden.agents.langgraph import LeydenSaver
from leyden.errors import DecodeError
from tests.agents.langgraph.conftest import new_saver, sent
from tests.agents.langgraph.test_requests import at


def extended(state: list[Any], writes: list[Any]) -> list[Any]:
    """Adds up lists, in the order in which they come."""
    return [*(state or []), *(one for write in writes for one in write)]


class Notes(TypedDict):
    notes: Annotated[list[str], DeltaChannel(extended, snapshot_frequency=20)]
    turn: int


def graph_on(saver: Any) -> Any:
    """Each turn three tasks add a note side by side."""
    graph = StateGraph(Notes)
    graph.add_node("begin", lambda state: {"turn": state.get("turn", 0) + 1})
    graph.add_node("note", lambda one: {"notes": [f"{one['turn']}: {one['name']} " * 20]})
    graph.add_edge(START, "begin")
    graph.add_conditional_edges(
        "begin",
        lambda state: [Send("note", {"turn": state["turn"], "name": n}) for n in range(3)],
        ["note"],
    )
    return graph.compile(checkpointer=saver)


def test_a_delta_channel_is_what_it_is_in_memory_and_takes_few_requests(real: Any) -> None:
    ours, theirs = graph_on(new_saver(real)), graph_on(InMemorySaver())
    for turn in range(1, 46):
        with sent() as sending:
            ours.invoke({"notes": [f"{turn} asked"]}, at("t"))
        theirs.invoke({"notes": [f"{turn} asked"]}, at("t"))
    assert len(sending) <= 15
    with sent() as sending:
        state = ours.get_state(at("t"))
    assert len(sending) <= 15
    assert state.values == theirs.get_state(at("t")).values
    assert len(state.values["notes"]) == 45 * 4
    listed = [one.values for one in ours.get_state_history(at("t"), limit=12)]
    assert listed == [one.values for one in theirs.get_state_history(at("t"), limit=12)]


def test_pruning_keeps_what_delta_channels_are_made_of(saver: LeydenSaver) -> None:
    graph = graph_on(saver)
    for turn in range(14):
        graph.invoke({"notes": [f"{turn} asked"]}, at("t"))
    before = graph.get_state(at("t")).values
    checkpoints = len([*saver.list(at("t"))])
    saver.prune(["t"])
    assert graph.get_state(at("t")).values == before
    assert len([*saver.list(at("t"))]) < checkpoints
    graph.invoke({"notes": ["once more"]}, at("t"))
    assert len(graph.get_state(at("t")).values["notes"]) == len(before["notes"]) + 4


def test_a_copied_thread_has_its_delta_channels(saver: LeydenSaver) -> None:
    graph = graph_on(saver)
    for turn in range(3):
        graph.invoke({"notes": [f"{turn} asked"]}, at("t"))
    saver.copy_thread("t", "u")
    assert graph.get_state(at("u")).values == graph.get_state(at("t")).values


def test_a_branch_has_the_writes_of_its_own_ancestors(saver: LeydenSaver) -> None:
    ours, theirs = graph_on(saver), graph_on(InMemorySaver())
    for graph in (ours, theirs):
        for turn in range(3):
            graph.invoke({"notes": [f"{turn} asked"]}, at("t"))
        history = [*graph.get_state_history(at("t"))]
        graph.invoke({"notes": ["from there"]}, history[5].config)
    assert ours.get_state(at("t")).values == theirs.get_state(at("t")).values


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_each_durability_stores_the_same_in_the_end(saver: LeydenSaver, durability: str) -> None:
    ours, theirs = graph_on(saver), graph_on(InMemorySaver())
    for turn in range(4):
        for graph in (ours, theirs):
            graph.invoke({"notes": [f"{turn} asked"]}, at("t"), durability=durability)
    found, expected = (graph.get_state(at("t")).values for graph in (ours, theirs))
    if durability == "exit":
        # Older releases of the framework store then in any order what tasks side by side wrote.
        found, expected = ({**one, "notes": sorted(one["notes"])} for one in (found, expected))
    assert found == expected


def test_a_history_with_a_gap_is_an_error_and_not_another_value(saver: LeydenSaver) -> None:
    graph = graph_on(saver)
    for turn in range(3):
        graph.invoke({"notes": [f"{turn} asked"]}, at("t"))
    middle = [*saver.list(at("t"))][4].config["configurable"]
    saver.app.entities.checkpoint.delete(
        thread_id="t", namespace="", checkpoint_id=middle["checkpoint_id"]
    ).go()
    with pytest.raises(DecodeError, match="notes"):
        graph.get_state(at("t"))
