"""How many requests a saver sends, and what they cost."""

from __future__ import annotations

import random
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages

from leyden.agents.langgraph import LeydenSaver
from tests.agents.langgraph.conftest import new_saver, sent

pytestmark = pytest.mark.once

LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def at(thread_id: str, checkpoint_id: str | None = None, namespace: str = "") -> Any:
    named = {"thread_id": thread_id, "checkpoint_ns": namespace}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(
    saver: LeydenSaver, thread_id: str, values: dict[str, Any], parent: str | None = None
) -> Any:
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    versions = checkpoint["channel_versions"] = dict.fromkeys(values, checkpoint["id"])
    return saver.put(at(thread_id, parent), checkpoint, {"source": "loop", "step": 1}, versions)


def test_each_call_takes_as_few_requests_as_it_can(saver: LeydenSaver) -> None:
    with sent() as sending:
        put(saver, "not read before", {"topic": "cats"})
    assert sending.apis == {"TransactWriteItems": 1}

    with sent() as sending:
        assert saver.get_tuple(at("t")) is None
    assert sending.apis == {"Query": 1}

    with sent() as sending:
        config = put(saver, "t", {"topic": "cats"})
    assert sending.apis == {"PutItem": 1}

    with sent() as sending:
        saver.put_writes(config, [(f"c{n}", n) for n in range(12)], "task-1")
        saver.put_writes(config, [("c", "x")], "task-2")
    assert sending.apis == {"PutItem": 2}

    with sent() as sending:
        found = saver.get_tuple(at("t"))
    assert sending.apis == {"Query": 1}
    assert found is not None
    assert found.pending_writes is not None
    assert len(found.pending_writes) == 13

    with sent() as sending:
        essay = "".join(map(str, range(9000)))
        config = put(saver, "t", {"topic": "x" * 10, "essay": essay}, found.checkpoint["id"])
        saver.get_tuple(config)
    assert sending.apis == {"BatchWriteItem": 1, "PutItem": 1, "Query": 1, "BatchGetItem": 1}


def test_a_hundred_checkpoints_are_listed_and_deleted_in_few_requests(saver: LeydenSaver) -> None:
    for n in range(100):
        put(saver, "t", {"n": n})
    with sent() as sending:
        found = [*saver.list(at("t"), limit=10)]
    assert [one.checkpoint["channel_values"]["n"] for one in found] == [*range(99, 89, -1)]
    assert sending.apis == {"Query": 1}
    with sent() as sending:
        saver.delete_thread("t")
    assert sending.apis == {"Query": 2, "TransactWriteItems": 1, "BatchWriteItem": 1}
    assert [*saver.list(at("t"))] == []


def test_the_newest_state_is_one_query_however_many_subgraphs_there_were(
    saver: LeydenSaver,
) -> None:
    put(saver, "t", {"n": 0})
    saver.put_writes(at("t", "b", "a"), [("c", "x" * 200)], "task")
    head = saver.get_tuple(at("t"))
    assert head is not None
    for n in range(60):
        saver.put(at("t", namespace=f"child:{n}"), head.checkpoint, {}, {})
    for reader in (saver, LeydenSaver(saver.app.table, engine=saver._backend._bound["engine"])):
        with sent() as sending:
            assert reader.get_tuple(at("t")) is not None
            assert len([*reader.list(at("t"))]) == 1
        assert sending.apis == {"Query": 2}


def test_a_list_of_checkpoints_reads_what_they_have_in_common_once(embedded: Any) -> None:
    saver = new_saver(embedded)
    letters: list[str] = []
    config = at("t")
    for n in range(10):
        letters = [*letters, f"letter {n} " * 100]
        config = put(saver, "t", {"letters": letters}, config["configurable"].get("checkpoint_id"))
        for task in range(40):
            saver.put_writes(config, [("a", task)], f"task-{task}")
    with sent() as sending:
        found = [*saver.list(at("t"))]
    assert [len(one.checkpoint["channel_values"]["letters"]) for one in found] == [
        *range(10, 0, -1)
    ]
    assert sending.apis == {"Query": 1, "BatchGetItem": 1}
    # The writes of many tasks stand between the checkpoints.
    with sent() as sending:
        assert len([*saver.list(at("t"), limit=3)]) == 3
    assert sending.apis["Query"] <= 4
    assert sending.apis["BatchGetItem"] <= 3


class Chat(TypedDict):
    messages: Annotated[list[Any], add_messages]


def chat_with(saver: Any, chance: random.Random) -> Any:
    """A graph whose node answers in 1,000 letters that hardly compress."""
    graph = StateGraph(Chat)
    graph.add_node("bot", lambda state: {"messages": [AIMessage(text_of(chance))]})
    graph.add_edge(START, "bot")
    return graph.compile(checkpointer=saver)


def text_of(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=1000))


@pytest.mark.parametrize("turns", [100])
def test_a_turn_of_a_long_chat_costs_what_the_first_one_did(real: Any, turns: int) -> None:
    chance = random.Random(1)
    saver = new_saver(real)
    chat = chat_with(saver, chance)
    config = at("t")
    units = []
    for _ in range(turns):
        with sent() as sending:
            chat.invoke({"messages": [("user", text_of(chance))]}, config)
        units.append(sending.write_units)
    merging = sorted(units)[-turns // 30 :]
    assert max(units[:-1] if len(merging) == 0 else sorted(units)[: -len(merging)]) <= 15
    assert sum(units) / turns <= 15
    assert sum(units[-32:]) <= sum(units[:32]) * 1.2
    with sent() as sending:
        state = LeydenSaver(saver.app.table, engine=real).get_tuple(config)
    assert state is not None
    assert len(state.checkpoint["channel_values"]["messages"]) == 2 * turns
    assert sending.apis == {"Query": 1, "BatchGetItem": 1}
