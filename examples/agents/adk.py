"""An agent of Google's ADK that remembers, with sessions on DynamoDB.

`python adk.py` runs it without a network: the engine is in this process, and so is the model, which
says what it remembers. For a real model, give the agent its name, such as "gemini-2.5-flash"; for a
real table, leave out `engine=`. It needs `leyden[adk,local]`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.runners import Runner
from google.genai import types

import leyden
from leyden.agents.adk import LeydenSessionService


class Parrot(BaseLlm):
    """A model that repeats what its user has said so far."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        """Answer at once."""
        parts = [
            part.text
            for content in llm_request.contents
            if content.role == "user"
            for part in content.parts or []
        ]
        answer = types.Part(text=f"You said: {parts}")
        yield LlmResponse(content=types.Content(role="model", parts=[answer]))


async def ask(runner: Runner, question: str) -> None:
    """One turn of the session."""
    said = types.Content(role="user", parts=[types.Part(text=question)])
    async for event in runner.run_async(user_id="ada", session_id="s1", new_message=said):
        if event.is_final_response() and event.content and event.content.parts:
            print(event.content.parts[0].text)


async def main() -> None:
    """Talk twice in one session, each time as a process that has just begun."""
    # What the agent answers is kept in the state of its user as well.
    agent = LlmAgent(name="parrot", model=Parrot(model="parrot"), output_key="user:answer")
    with leyden.local() as engine:
        service = LeydenSessionService("agents", engine=engine)
        service.app.create_table()
        await service.create_session(app_name="talk", user_id="ada", session_id="s1")
        for question in ("I am Ada.", "Who am I?"):
            async with LeydenSessionService("agents", engine=engine) as own:
                await ask(Runner(app_name="talk", agent=agent, session_service=own), question)

        session = await service.get_session(app_name="talk", user_id="ada", session_id="s1")
        print(len(session.events) if session else 0, "events")
        print(await service.get_user_state(app_name="talk", user_id="ada"))
        await service.close()


if __name__ == "__main__":
    asyncio.run(main())
