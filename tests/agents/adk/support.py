"""What the tests of the session service have in common."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.genai import types

from leyden.agents.adk import LeydenSessionService
from leyden.events import ResponseReceived, listen

APP, USER = "app", "ada"


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that is a coroutine."""

    @functools.wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return run


def said(text: str = "Hello", *, author: str = "user", **state: Any) -> Event:
    """An event with a text, and with the state that it sets."""
    return Event(
        author=author,
        invocation_id="i1",
        content=types.Content(role="user", parts=[types.Part(text=text)]),
        actions=EventActions(state_delta=state),
    )


def setting(state: dict[str, Any], **more: Any) -> Event:
    """An event that sets state."""
    return Event(author="user", actions=EventActions(state_delta=state), **more)


def texts(events: list[Event]) -> list[str]:
    """What the events say."""
    return [
        one.content.parts[0].text or "" if one.content and one.content.parts else ""
        for one in events
    ]


async def created(service: Any, **options: Any) -> Any:
    """A new session."""
    return await service.create_session(**{"app_name": APP, "user_id": USER, **options})


async def read(service: Any, session_id: str, **options: Any) -> Any:
    """A session as it is stored."""
    asked = {"app_name": APP, "user_id": USER, "session_id": session_id}
    return await service.get_session(**asked, **options)


async def deleted(service: Any, session_id: str) -> None:
    """Delete a session."""
    await service.delete_session(app_name=APP, user_id=USER, session_id=session_id)


@contextmanager
def sent() -> Iterator[Counter[str]]:
    """How many requests of each kind are answered meanwhile."""
    found: Counter[str] = Counter()

    def count(event: object) -> None:
        if isinstance(event, ResponseReceived):
            found[event.api] += 1

    with listen(count):
        yield found


def items_of(service: LeydenSessionService) -> Counter[str]:
    """How many items of each entity are stored."""
    entities = service.app.entities
    names = ("session", "event", "app_value", "user_value")
    return Counter({name: entities[name].scan.count(consistent=True) for name in names})
