"""The service beside ADK's own in memory: the same calls, the same answers."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from itertools import count
from typing import Any

import pytest
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.adk.sessions.in_memory_session_service import InMemorySessionService
from google.genai import types
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

import leyden
from leyden.agents.adk import LeydenSessionService, StaleSessionError
from tests.conftest import _new_table_name

ENGINE = leyden.local()
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
APPS = st.sampled_from(("app", "app#a"))
USERS = st.sampled_from(("ada", "a#ada"))
IDS = st.sampled_from(("s1", "S1", "s1#2"))
NAMES = st.sampled_from(("a", "b", "app:a", "app:b", "app:", "user:a", "user:b", "temp:a"))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
STATES = st.dictionaries(NAMES, VALUES, max_size=3)
PARTS = st.one_of(
    TEXTS.map(lambda text: types.Part(text=text)),
    st.integers(1, 9).map(lambda n: types.Part(text=f"word {n} " * 300 * n)),
    st.binary(max_size=20).map(lambda data: types.Part.from_bytes(data=data, mime_type="a/b")),
    st.dictionaries(TEXTS, VALUES, max_size=2).map(
        lambda args: types.Part(function_call=types.FunctionCall(name="f", args=args))
    ),
)
CONFIGS = st.none() | st.builds(
    GetSessionConfig,
    num_recent_events=st.none() | st.integers(0, 5),
    after_timestamp=st.none() | st.integers(1, 40),
)

pytestmark = pytest.mark.skipif(
    version("google-adk").startswith("2.2."),
    reason="its service in memory neither orders sessions nor refuses those that are gone",
)


class Services(RuleBasedStateMachine):
    """Sessions that come and go, and session objects that are older than what is stored."""

    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        self.run = asyncio.Runner().__enter__().run
        self.oracle = InMemorySessionService()
        self.table = _new_table_name("adk")
        self.service = LeydenSessionService(self.table, engine=ENGINE)
        self.service.app.create_table()
        self.clock = count(1)
        self.stored: dict[tuple[str, str, str], tuple[int, int]] = {}
        """How often each session was made, and the number of its events; see `Held.seen`."""

    @rule(target=held, app=APPS, user=USERS, id=IDS, state=STATES)
    def create(self, app: str, user: str, id: str, state: dict[str, Any]) -> Any:
        key = (app, user, id)
        asked = {"app_name": app, "user_id": user, "session_id": id, "state": state}
        if key in self.stored:
            for service in (self.service, self.oracle):
                with pytest.raises(AlreadyExistsError):
                    self.run(service.create_session(**asked))
            return multiple()
        ours, theirs = (
            self.run(one.create_session(**asked)) for one in (self.service, self.oracle)
        )
        assert ours.state == theirs.state
        self.stored[key] = (next(self.clock), 0)
        return [ours, theirs, self.stored[key]]

    @rule(target=held, app=APPS, user=USERS, id=IDS, config=CONFIGS)
    def get(self, app: str, user: str, id: str, config: Any) -> Any:
        asked = {"app_name": app, "user_id": user, "session_id": id, "config": config}
        ours, theirs = (self.run(one.get_session(**asked)) for one in (self.service, self.oracle))
        if theirs is None:
            assert ours is None
            return multiple()
        assert (ours.events, ours.state) == (theirs.events, theirs.state)
        if theirs.events:
            assert ours.last_update_time == theirs.last_update_time
        return [ours, theirs, self.stored[app, user, id]]

    @rule(one=held, state=STATES, parts=st.lists(PARTS, max_size=2), at=st.integers(1, 40))
    def append(self, one: Any, state: dict[str, Any], parts: list[Any], at: int) -> None:
        event = Event(
            author="user",
            timestamp=at,
            content=types.Content(role="user", parts=parts) if parts else None,
            actions=EventActions(state_delta=state),
        )
        self._append(one, event)

    @rule(one=held)
    def append_again(self, one: Any) -> None:
        if one[0].events:
            self._append(one, one[0].events[-1].model_copy(deep=True), again=True)

    @rule(app=APPS, user=USERS, id=IDS)
    def delete(self, app: str, user: str, id: str) -> None:
        for service in (self.service, self.oracle):
            self.run(service.delete_session(app_name=app, user_id=user, session_id=id))
        self.stored.pop((app, user, id), None)

    @rule()
    def begin_anew(self) -> None:
        """Another process goes on."""
        self.service = LeydenSessionService(self.table, engine=ENGINE)

    @rule(app=APPS, user=st.none() | USERS)
    def list(self, app: str, user: str | None) -> None:
        ours, theirs = (
            self.run(one.list_sessions(app_name=app, user_id=user)).sessions
            for one in (self.service, self.oracle)
        )
        shown = [
            {(one.user_id, one.id): (one.state, one.events) for one in sessions}
            for sessions in (ours, theirs)
        ]
        assert shown[0] == shown[1]
        times = [(one.last_update_time, one.user_id, one.id) for one in ours]
        assert times == sorted(times)

    @invariant()
    def user_state(self) -> None:
        if hasattr(self, "service"):
            for user in ("ada", "a#ada"):
                ours, theirs = (
                    self.run(one.get_user_state(app_name="app", user_id=user))
                    for one in (self.service, self.oracle)
                )
                assert ours == theirs

    def _append(self, one: Any, event: Event, *, again: bool = False) -> None:
        ours, theirs, seen = one
        key = (ours.app_name, ours.user_id, ours.id)
        before = ours.model_copy(deep=True)
        if again:
            # An object that has the event says so, whatever has become of the session.
            assert self.run(self.service.append_event(ours, event)) is event
            assert ours == before
            return
        if self.stored.get(key) != seen:
            missing = key not in self.stored
            with (
                pytest.raises(ValueError, match="not found")
                if missing
                else pytest.raises(StaleSessionError)
            ):
                self.run(self.service.append_event(ours, event))
            assert ours == before
            return
        for service, session in ((self.service, ours), (self.oracle, theirs)):
            self.run(service.append_event(session, event.model_copy(deep=True)))
        assert (ours.state, ours.events) == (theirs.state, theirs.events)
        assert ours.last_update_time == theirs.last_update_time
        self.stored[key] = one[2] = (seen[0], seen[1] + 1)


TestServices = Services.TestCase
TestServices.settings = settings(
    max_examples=12, stateful_step_count=30, deadline=None, phases=NO_SHRINKING
)
