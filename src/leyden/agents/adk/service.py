"""The session service: google-adk's interface, on the programs of `steps.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Unpack
from uuid import uuid4

from attrs import define, field
from google.adk.events.event import Event
from google.adk.sessions.base_session_service import (
    BaseSessionService,
    GetSessionConfig,
    ListSessionsResponse,
)
from google.adk.sessions.session import Session

from leyden.agents.adk import forms
from leyden.agents.adk.history import Found, History, Key
from leyden.agents.adk.steps import Steps
from leyden.agents.backend import AwaitedAdapter, Backend, Options


class LeydenSessionService(AwaitedAdapter, BaseSessionService):
    """Sessions of google-adk in a DynamoDB table, with their events and all scopes of state.

    * `table_name`: the table; `leyden table schemas/agents/adk` prints its definition, and
      `service.app.create_table()` creates it.
    * further options say how to reach DynamoDB: see `leyden.agents.backend.Options`. With `ttl`,
      each event lives that long after it was appended, and a session after its newest event.
      `app:` and `user:` state stays.

    An event is stored together with all that it changes, or nothing is. Any number of processes
    may work on one session: one whose session object is not up to date gets a StaleSessionError,
    and can read the session and go on. Events and values of state may have up to 4 MB, compressed.

    Ids are any text; as in ADK's own services, space around a session's id does not count.

    Raises InvalidOptionError.

    >>> service = LeydenSessionService("agents", region="eu-central-1")        # doctest: +SKIP
    >>> runner = Runner(app_name="app", agent=agent, session_service=service)  # doctest: +SKIP
    """

    def __init__(self, table_name: str, **options: Unpack[Options]) -> None:
        self._backend = Backend("agents/adk", type(self).__name__, table_name, **options)
        self._history = History(self._backend)
        self._steps = Steps(self._history)
        self._turns: dict[tuple[int, Key], _Turn] = {}

    async def check_table(self) -> None:
        """Check that the table is there and fits; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        await self._backend.arun(self._backend.check_table(), "check_table")

    async def create_session(
        self,
        *,
        app_name: str,
        user_id: str,
        state: dict[str, Any] | None = None,
        session_id: str | None = None,
    ) -> Session:
        """Create a session; without an id, under one of its own.

        `app:` and `user:` values of the state go to the app and the user, and `temp:` values
        nowhere. Raises ADK's AlreadyExistsError, and InputError for more than 98 values of shared
        state.
        """
        key = Key(app_name, user_id, (session_id or "").strip() or str(uuid4()))
        found = await self._backend.arun(self._steps.create(key, state or {}), "create_session")
        return _session_of(found)

    async def get_session(
        self,
        *,
        app_name: str,
        user_id: str,
        session_id: str,
        config: GetSessionConfig | None = None,
    ) -> Session | None:
        """Read a session as it was at one moment, or None if there is none.

        Shared state is of that moment or later: what the events have set is there.
        `num_recent_events` of the config reads only so many of the newest events. `after_timestamp`
        reads back to the newest event that is older.
        """
        asked = config or GetSessionConfig()
        getting = self._history.get(
            Key(app_name, user_id, (session_id or "").strip()),
            asked.num_recent_events,
            asked.after_timestamp,
        )
        found = await self._backend.arun(getting, "get_session")
        return None if found is None else _session_of(found)

    async def list_sessions(
        self, *, app_name: str, user_id: str | None = None
    ) -> ListSessionsResponse:
        """Read the sessions of a user, or of all users, without events; the newest comes last.

        The newest is the one that was updated last. For all users, this reads 16 partitions.
        """
        found = await self._backend.arun(self._history.all(app_name, user_id), "list_sessions")
        return ListSessionsResponse(sessions=[_session_of(one) for one in found])

    async def delete_session(self, *, app_name: str, user_id: str, session_id: str) -> None:
        """Delete a session with its events, if it is there. Shared state stays."""
        key = Key(app_name, user_id, (session_id or "").strip())
        await self._backend.arun(self._steps.delete(key), "delete_session")

    async def get_user_state(self, *, app_name: str, user_id: str) -> dict[str, Any]:
        """Read the state that all sessions of a user share, without the prefix `user:`."""
        reading = self._history.user_state(app_name, user_id)
        return await self._backend.arun(reading, "get_user_state")

    async def append_event(self, session: Session, event: Event) -> Event:
        """Append an event to a session, and change the state as the event says.

        A partial event is not stored. An event that the session object has already, or that an
        earlier call with it stored although its answer was lost, is not stored twice. If this
        raises, session and event are as they were.

        Raises StaleSessionError if the session has changed since it was read, ADK's
        SessionNotFoundError, InputError for more than 98 values of shared state, and
        ItemTooLargeError.
        """
        if event.partial:
            return event
        async with self._turn(Key.of(session)):
            if any(forms.same(one, event) for one in reversed(session.events)):
                return event
            mark = await self._backend.arun(self._steps.append(session, event), "append_event")
            done = await super().append_event(session, event)
            session.last_update_time = event.timestamp
            session._storage_update_marker = str(mark)
            return done

    async def close(self) -> None:
        """Close all connections; see `aclose`."""
        await self.aclose()

    @asynccontextmanager
    async def _turn(self, key: Key) -> AsyncIterator[None]:
        """Let the tasks of an event loop that share a session append one after the other."""
        at = (id(asyncio.get_running_loop()), key)
        turn = self._turns.setdefault(at, _Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[at]


@define
class _Turn:
    """Whose turn it is at a session, and how many want one."""

    lock: asyncio.Lock = field(factory=asyncio.Lock)
    wanted: int = 0


def _session_of(found: Found) -> Session:
    key = found.key
    session = Session(
        id=key.session_id,
        app_name=key.app_name,
        user_id=key.user_id,
        state=found.state,
        events=[*found.events],
        last_update_time=found.updated_at,
    )
    session._storage_update_marker = str(found.mark)
    return session
