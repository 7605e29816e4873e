"""A Strands agent whose sessions and notes are kept on DynamoDB.

`python with_strands.py` runs it without a network: the engine is in this process, and so is the
model, which takes notes and looks them up. For a real one, leave out `model=`; for a real table,
leave out `engine=`. It needs `leyden[strands,local]`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from strands import Agent, tool
from strands.models import Model
from strands.session import SnapshotSessionManager

import leyden
from leyden.agents.strands import LeydenStorage


class Secretary(Model):
    """A model that notes what it is told, and looks up what it is asked."""

    async def stream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Call a tool, or say what it returned."""
        newest = messages[-1]["content"][0]
        if "toolResult" in newest:
            said = newest["toolResult"]["content"][0]["text"]
            start, delta, reason = {}, {"text": said}, "end_turn"
        else:
            asked = newest["text"]
            name = "look_up" if asked.endswith("?") else "take_note"
            number = sum(1 for one in messages if one["role"] == "user")
            start = {"toolUse": {"name": name, "toolUseId": f"call-{number}"}}
            delta = {"toolUse": {"input": json.dumps({"text": asked})}}
            reason = "tool_use"
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": start}}
        yield {"contentBlockDelta": {"delta": delta}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": reason}}

    def structured_output(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Refuse to: no example needs it."""
        raise NotImplementedError("this example asks for no structured output")

    def update_config(self, **model_config: Any) -> None:
        """Have nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """Have nothing to configure."""
        return {}


def secretary_of(session_id: str, storage: LeydenStorage) -> Agent:
    """Return the agent as it was after the last turn of a session, in whatever process."""
    notes = storage.namespace("notes")

    @tool
    async def take_note(text: str) -> str:
        """Keep a note for all sessions."""
        await notes.write("-".join(text.lower().split()), text.encode())
        return "Noted."

    @tool
    async def look_up(text: str) -> str:
        """Find the note that has most of the words."""
        found = await notes.search(text)
        data = await notes.read(found[0].key) if found else None
        return data.decode() if data else "Nobody told me."

    return Agent(
        model=Secretary(),
        tools=[take_note, look_up],
        session_manager=SnapshotSessionManager(session_id, storage=storage),
        callback_handler=None,
    )


async def main() -> None:
    """Talk in two sessions, each time as a process that has just begun."""
    with leyden.local() as engine:
        storage = LeydenStorage("agents", engine=engine)
        storage.app.create_table()
        for session_id, text in (
            ("monday", "The hotel by the river has a quiet garden."),
            ("monday", "The train to Porto takes three hours."),
            ("tuesday", "How long does the train take?"),
            ("tuesday", "Is the hotel quiet?"),
        ):
            secretary = secretary_of(session_id, storage)
            before = len(secretary.messages)
            answer = await secretary.invoke_async(text)
            print(f"{session_id}, after {before} messages: {str(answer).strip()}")

        print(*await storage.list(), sep="\n")
        await SnapshotSessionManager("monday", storage=storage).delete_session()
        print(len(secretary_of("monday", storage).messages), "messages on Monday")
        await storage.close()


if __name__ == "__main__":
    asyncio.run(main())
