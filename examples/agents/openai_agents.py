"""An agent of the OpenAI Agents SDK that remembers, with sessions on DynamoDB.

`python openai_agents.py` runs it without a network: the engine is in this process, and so is the
model, which says what it remembers. For a real one, leave out `model=` and set OPENAI_API_KEY; for
a real table, leave out `engine=`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

import leyden
from leyden.agents.openai_agents import LeydenSession


class Parrot(Model):
    """A model that repeats what its user has said so far."""

    async def get_response(
        self, system_instructions: str | None, input: Any, *args: Any, **kwargs: Any
    ) -> ModelResponse:
        """Answer at once."""
        said = [one["content"] for one in input if one.get("role") == "user"]
        text = ResponseOutputText(text=f"You said: {said}", type="output_text", annotations=[])
        message = ResponseOutputMessage(
            id="m1", content=[text], role="assistant", status="completed", type="message"
        )
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse to: no example needs it."""
        raise NotImplementedError("this example does not stream")


async def main() -> None:
    """Talk twice in one session, and take back the last turn."""
    set_tracing_disabled(True)
    with leyden.local() as engine:
        session = LeydenSession("user-123", "agents", engine=engine)
        session.app.create_table()
        agent = Agent(name="Parrot", model=Parrot())
        for question in ("I am Ada.", "Who am I?"):
            answer = await Runner.run(agent, question, session=session)
            print(answer.final_output)

        # Another process would find the same, by the name of the session.
        again = LeydenSession("user-123", "agents", engine=engine)
        print(len(await again.get_items()), "items")
        await again.pop_item()
        await again.pop_item()
        answer = await Runner.run(agent, "And now?", session=again)
        print(answer.final_output)
        await session.close()


if __name__ == "__main__":
    asyncio.run(main())
