"""An agent of Microsoft's Agent Framework that remembers, with its history on DynamoDB.

`python with_agent_framework.py` runs it without a network: the engine is in this process, and so is
the chat client, which says what it is told. For a real one, put your client in place of `Parrot()`;
for a real table, leave out `engine=`. It needs `leyden[agent-framework,local]`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from agent_framework import (
    Agent,
    BaseChatClient,
    ChatResponse,
    FunctionInvocationLayer,
    Message,
)

import leyden
from leyden.agents.agent_framework import LeydenHistoryProvider


class Parrot(FunctionInvocationLayer, BaseChatClient):
    """A chat client that repeats what its user has said."""

    async def _inner_get_response(self, *, messages: Sequence[Message], **given: Any) -> Any:
        said = [one.text for one in messages if one.role == "user"]
        return ChatResponse(messages=[Message("assistant", [f"You said: {said}"])])


async def worker(engine: Any, session_id: str, question: str) -> None:
    """Answer one question, as a process does that knows the session by its id alone."""
    history = LeydenHistoryProvider("agents", engine=engine)
    # It writes down all that is said, and the agent does not read it.
    audit = LeydenHistoryProvider("agents", "audit", load_messages=False, engine=engine)
    agent = Agent(client=Parrot(), name="parrot", context_providers=[history, audit])
    session = agent.create_session(session_id=session_id)
    answer = await agent.run(question, session=session)
    print(f"{session_id}: {answer.text}")


async def main() -> None:
    """Let workers answer in two sessions, and forget one of them."""
    with leyden.local() as engine:
        history = LeydenHistoryProvider("agents", engine=engine)
        history.app.create_table()
        await worker(engine, "ada", "I am Ada.")
        await worker(engine, "bob", "I am Bob.")
        await worker(engine, "ada", "Who am I?")

        await history.clear("ada")
        await worker(engine, "ada", "And now?")
        audit = LeydenHistoryProvider("agents", "audit", engine=engine)
        for session_id in ("ada", "bob"):
            kept = await history.get_messages(session_id)
            written = await audit.get_messages(session_id)
            print(f"{session_id}: {len(kept)} messages, {len(written)} in the audit")
        await history.close()


if __name__ == "__main__":
    asyncio.run(main())
