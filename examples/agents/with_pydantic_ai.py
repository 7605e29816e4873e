"""A conversation of Pydantic AI that is kept, continued and forked; runs without a network.

Run it with `python examples/agents/with_pydantic_ai.py`. It needs `leyden[pydantic-ai,local]`.
"""

from __future__ import annotations

import asyncio

from pydantic_ai import Agent
from pydantic_ai.conversation import Conversation
from pydantic_ai.models.test import TestModel

import leyden
from leyden.agents.pydantic_ai import LeydenConversationStore


async def say(
    agent: Agent, store: LeydenConversationStore, conversation_id: str, text: str
) -> None:
    """One turn: load the conversation, let the agent answer, and save what is new."""
    found = await store.load(conversation_id, scope="alice")
    conversation = found or Conversation(conversation_id=conversation_id)
    result = await agent.run(text, conversation=conversation)
    entries = await store.save(result, scope="alice")
    print(f"{conversation_id}: {text} -> {result.output} ({len(entries)} new messages)")


async def main() -> None:
    """Plan a trip, and try another destination beside it."""
    # TestModel answers without a network. In your own program, name a model: Agent("openai:...").
    agent = Agent(TestModel(custom_output_text="Noted."))
    engine = leyden.local()
    async with LeydenConversationStore("agents", engine=engine) as store:
        store.app.create_table()
        await say(agent, store, "trip", "We travel in May.")
        await say(agent, store, "trip", "To Lisbon.")

        # The fork shares the first turn, and goes on by itself.
        await store.fork("trip", at=2, new_conversation_id="other trip", scope="alice")
        await say(agent, store, "other trip", "To Porto.")

        for record in await store.list_conversations(scope="alice"):
            entries = await store.load_entries(record.conversation_id) or []
            said = [part.content for entry in entries for part in entry.message.parts]
            print(f"{record.conversation_id}: {' | '.join(map(str, said))}")
        print("stored messages:", store.app.entities.entry.scan.count())
    engine.close()


if __name__ == "__main__":
    asyncio.run(main())
