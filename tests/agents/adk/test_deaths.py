"""A process that dies between any two requests leaves the old state or the new one."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from typing import Any

import pytest
from google.adk.events.event import Event

from leyden.agents.adk import LeydenSessionService
from tests.agents.adk.conftest import opened
from tests.agents.adk.support import APP, USER, created, deleted, items_of, read, said
from tests.agents.chaos import each_death

pytestmark = pytest.mark.once

LARGE = random.Random(1).randbytes(300_000).hex()


def fresh(service: LeydenSessionService) -> LeydenSessionService:
    """What a process that has just begun uses."""
    return LeydenSessionService(service.app.table, **_where(service))


def _where(service: LeydenSessionService) -> dict[str, Any]:
    bound = service._backend._bound
    return {name: bound[name] for name in ("endpoint_url", "region", "credentials")}


@pytest.mark.parametrize("text", ["small", LARGE])
def test_an_event_is_there_with_all_that_it_changes_or_not_at_all(
    embedded: dict[str, Any], text: str
) -> None:
    service = opened(embedded)
    numbers = count()
    session: Any = None
    event: Event = said()

    def begin() -> None:
        nonlocal session, event
        n = next(numbers)
        session = asyncio.run(created(service, session_id=f"s{n}", state={"own": "old"}))
        asyncio.run(service.append_event(session, said("first")))
        # A process that knows nothing of the session, and reads it first.
        service._history.own.forget(lambda key: True)
        event = said(text, **{"own": f"new{text}", "app:a": n, "user:u": n})

    def act() -> None:
        asyncio.run(service.append_event(session, event))

    deaths = 0
    for died in each_death(service._backend, begin, act):
        deaths += died
        found = asyncio.run(read(fresh(service), session.id))
        written = len(found.events) == 2
        assert written or died
        number = int(session.id[1:])
        assert found.state["own"] == (f"new{text}" if written else "old")
        assert (found.state.get("app:a") == number) is written
        assert (found.state.get("user:u") == number) is written
        # Whoever delivers it again, stores it once.
        asyncio.run(service.append_event(session, event))
        found = asyncio.run(read(fresh(service), session.id))
        assert found.events == session.events
        assert (len(found.events), found.state) == (2, session.state)
    assert deaths >= 2


def test_a_session_is_created_with_all_its_state_or_not_at_all(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    numbers = count()
    name = ""

    def begin() -> None:
        nonlocal name
        name = f"s{next(numbers)}"

    def act() -> None:
        state = {"own": LARGE, f"app:{name}": 1, f"user:{name}": 1}
        asyncio.run(created(service, session_id=name, state=state))

    for died in each_death(service._backend, begin, act):
        found = asyncio.run(read(fresh(service), name))
        listed = asyncio.run(service.list_sessions(app_name=APP)).sessions
        user = asyncio.run(service.get_user_state(app_name=APP, user_id=USER))
        assert (found is not None) == (name in [one.id for one in listed]) == (name in user)
        assert found is not None or died


def test_a_session_that_is_deleted_is_there_whole_or_not_at_all(embedded: dict[str, Any]) -> None:
    service = opened(embedded)

    def begin() -> None:
        session = asyncio.run(created(service, session_id="s1", state={"own": 1}))
        for n in range(27):
            asyncio.run(service.append_event(session, said(LARGE if n == 3 else str(n))))

    for died in each_death(service._backend, begin, lambda: asyncio.run(deleted(service, "s1"))):
        found = asyncio.run(read(fresh(service), "s1"))
        assert found is None or (len(found.events), found.state) == (27, {"own": 1})
        assert found is None or died
        if found is None:
            # One that is created anew never shows what is left.
            again = asyncio.run(created(service, session_id="s1"))
            asyncio.run(service.append_event(again, said("new")))
            assert asyncio.run(read(fresh(service), "s1")) == again
        # Whoever deletes it again, finishes it.
        asyncio.run(deleted(service, "s1"))
        assert items_of(service)["event"] == 0
