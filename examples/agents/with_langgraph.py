"""A LangGraph agent that asks a person, waits, and can be taken back to any earlier moment.

`python with_langgraph.py` runs it without a network: the engine is in this process, and so is the
model, which says its lines one after the other. For a real one, put your chat model in place of
`MODEL`; for a real table, leave out `engine=`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, interrupt

import leyden
from leyden.agents.langgraph import LeydenSaver

MODEL = FakeListChatModel(
    responses=["I can refund order 7. It cost 20 euros.", "Done. The money is on its way."]
)


class Chat(TypedDict):
    """What the agent knows of a conversation."""

    messages: Annotated[list[Any], add_messages]
    approved: bool


def answer(state: Chat) -> dict[str, Any]:
    """Let the model answer."""
    return {"messages": [MODEL.invoke(state["messages"])]}


def approve(state: Chat) -> Command[Any]:
    """Wait until a person has decided: for seconds or for weeks, in this process or another."""
    approved = interrupt(f"Approve? {state['messages'][-1].content}")
    return Command(update={"approved": approved}, goto="refund" if approved else END)


def graph_on(saver: LeydenSaver) -> Any:
    """Return the agent: an answer, a person's decision, and a refund if it was yes."""
    builder = StateGraph(Chat)
    builder.add_node("answer", answer)
    builder.add_node("approve", approve, destinations=("refund", END))
    builder.add_node("refund", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", "approve")
    return builder.compile(checkpointer=saver)


def main() -> None:
    """Ask, decide in another process, and then decide otherwise."""
    conversation: Any = {"configurable": {"thread_id": "ticket-4711"}}
    with leyden.local() as engine:
        saver = LeydenSaver("agents", engine=engine)
        saver.app.create_table()
        graph = graph_on(saver)
        asked = graph.invoke({"messages": [("user", "Please refund order 7.")]}, conversation)
        print("waits:", asked["__interrupt__"][0].value)

        # Another process finds the conversation by the name of its thread, and goes on.
        elsewhere = graph_on(LeydenSaver("agents", engine=engine))
        refunded = elsewhere.invoke(Command(resume=True), conversation)
        print("approved:", refunded["messages"][-1].content)

        # Back to the moment before the decision: this begins a branch, and keeps what was.
        history = graph.get_state_history(conversation)
        before = next(state for state in history if state.next == ("approve",))
        graph.invoke(None, before.config)
        refused = graph.invoke(Command(resume=False), conversation)
        print("refused:", len(refused["messages"]), "messages")
        print("checkpoints:", sum(1 for _ in saver.list(conversation)))
        saver.prune(["ticket-4711"])
        print("after pruning:", sum(1 for _ in saver.list(conversation)))
        saver.close()


if __name__ == "__main__":
    main()
