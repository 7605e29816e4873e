"""Callers that take turns request by request: what they see of each other is what has happened."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

import pytest
from attrs import define, field
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.sessions.session import Session

import leyden
from leyden.agents.adk import LeydenSessionService, StaleSessionError
from leyden.agents.adk.history import Key
from leyden.program import Program, Request
from tests.agents.adk.support import USER, said
from tests.agents.weaving import Call, Slow, Weaving, stepwise
from tests.store.whole import raw_items

pytestmark = pytest.mark.once

NAMES: Final = ("ada", "s1"), ("ada", "s2"), ("bob", "s1")
"""The sessions, by their users and ids."""

CALLS: Final = ("create", "create", "get", "append", "append", "append", "again", "list", "delete")
SEEDS: Final = 16
LARGE: Final = random.Random(1).randbytes(250_000).hex()
"""An event with it does not fit in one item of the table."""

KEY: Final = "#user_{}#session_{}"
"""How the sort key of a session ends."""


@define
class Stored:
    """A session as it is stored: who made it, its events, and its own state."""

    made: str
    events: list[str] = field(factory=list)

    @property
    def own(self) -> dict[str, Any]:
        return {"made": self.made} | ({"last": self.events[-1]} if self.events else {})


@define
class Moment:
    """What is stored at a time."""

    turn: int = 0
    sessions: dict[tuple[str, str], Stored] = field(factory=dict)
    app: str | None = None
    users: dict[str, str] = field(factory=dict)


@define(eq=False)
class Truth:
    """All moments, as the requests that are sent make them."""

    app: leyden.Service
    moments: list[Moment] = field(factory=lambda: [Moment()])
    about: dict[str, tuple[str, str]] = field(factory=dict)
    """The session that each mark is for."""
    weaving: Any = None

    def send(self, request: Request) -> Any:
        answer = self.app.driver.send(request)
        if request.api in ("TransactWriteItems", "DeleteItem"):
            self._note(request)
        return answer

    def _note(self, request: Request) -> None:
        now = deepcopy(self.moments[-1])
        now.turn = self.weaving.turn
        if request.api == "DeleteItem":
            key = request.params["Key"]["sk"]["S"]
            del now.sessions[next(one for one in NAMES if key.endswith(KEY.format(*one)))]
        else:
            writes = [one["Put"]["Item"] for one in request.params["TransactItems"] if "Put" in one]
            values = [one["body"]["S"] for one in writes if one["__edb_e__"]["S"] == "app_value"]
            if not values:
                return
            mark = json.loads(values[0])
            name = self.about[mark]
            if any(one["__edb_e__"]["S"] == "session" for one in writes):
                assert name not in now.sessions
                now.sessions[name] = Stored(mark)
            else:
                now.sessions[name].events.append(mark)
            now.app = now.users[name[0]] = mark
        self.moments.append(now)

    def during(self, call: Call) -> list[Moment]:
        """The moments of a call, and the one that it found."""
        past = [one for one in self.moments if one.turn < call.began]
        return past[-1:] + [one for one in self.moments if call.began <= one.turn <= call.ended]


@define(eq=False)
class Process:
    """One of the callers: a service of its own, and the session objects that it has."""

    service: LeydenSessionService
    app_name: str
    truth: Truth
    marks: Iterator[int]
    held: dict[tuple[str, str], Session] = field(factory=dict)
    newest: dict[tuple[str, str], Event] = field(factory=dict)

    def _new_mark(self, name: tuple[str, str]) -> str:
        mark = f"mark-{next(self.marks)}"
        self.truth.about[mark] = name
        return mark

    def _key(self, name: tuple[str, str]) -> dict[str, str]:
        return {"app_name": self.app_name, "user_id": name[0], "session_id": name[1]}

    async def create(self, name: tuple[str, str], _: bool) -> Any:
        mark = self._new_mark(name)
        state = {"made": mark, "app:a": mark, "user:u": mark, "temp:t": mark}
        session = await self.service.create_session(**self._key(name), state=state)
        self.held[name] = session
        return seen(session)

    async def get(self, name: tuple[str, str], _: bool) -> Any:
        session = await self.service.get_session(**self._key(name))
        if session is not None:
            self.held[name] = session
        return seen(session)

    async def append(self, name: tuple[str, str], large: bool) -> Any:
        if name not in self.held:
            return None
        mark = self._new_mark(name)
        event = said(LARGE if large else "", **{"last": mark, "app:a": mark, "user:u": mark})
        event.id, event.timestamp = mark, int(mark[5:])
        return await self._append(name, event)

    async def again(self, name: tuple[str, str], _: bool) -> Any:
        if name not in self.newest or name not in self.held:
            return None
        return await self._append(name, self.newest[name].model_copy(deep=True))

    async def _append(self, name: tuple[str, str], event: Event) -> Any:
        session = self.held[name]
        was = seen(session)
        self.newest[name] = event.model_copy(deep=True)
        try:
            await self.service.append_event(session, event)
        except ValueError as error:
            assert seen(session) == was
            del self.held[name]
            return event.id, was, error
        return event.id, was, None

    async def list(self, name: tuple[str, str], everyone: bool) -> Any:
        asked = {"app_name": self.app_name, "user_id": None if everyone else name[0]}
        return (await self.service.list_sessions(**asked)).sessions

    async def delete(self, name: tuple[str, str], _: bool) -> None:
        await self.service.delete_session(**self._key(name))


def seen(session: Session | None) -> Any:
    """What there is of a session: as `Stored`, and the shared state."""
    if session is None:
        return None
    own = {key: value for key, value in session.state.items() if ":" not in key}
    stored = Stored(own["made"], [one.id for one in session.events])
    assert own == stored.own
    return stored, session.state.get("app:a"), session.state.get("user:u")


def check(truth: Truth, call: Call) -> None:
    """Compare what a call came to with what was stored meanwhile."""
    _, name, _ = call.given
    moments = truth.during(call)
    there = [one.sessions.get(name) for one in moments]
    result = call.result
    if call.name == "create":
        if isinstance(result, AlreadyExistsError):
            assert any(there)
        else:
            check_seen(result, moments, name)
    elif call.name == "get":
        check_seen(result, moments, name)
    elif call.name in ("append", "again") and result is not None:
        mark, was, error = result
        if error is None:
            assert mark in was[0].events or any(one and mark in one.events for one in there)
        elif isinstance(error, StaleSessionError):
            assert any(one != was[0] for one in there)
        else:
            assert "not found" in str(error)
            assert None in there
        if error is not None and call.name == "append":
            past = [one for one in truth.moments if one.turn <= call.ended]
            assert not any(mark in one.events for at in past for one in at.sessions.values())
    elif call.name == "list":
        check_list(call, moments)
    elif call.name == "delete":
        assert None in there


def check_seen(result: Any, moments: list[Moment], name: tuple[str, str]) -> None:
    """A session is as it was at a moment, and the shared state as it was then or later."""
    if result is None:
        assert any(name not in one.sessions for one in moments)
        return
    stored, app, user = result
    assert any(
        one.sessions.get(name) == stored
        and app in [later.app for later in moments[at:]]
        and user in [later.users.get(name[0]) for later in moments[at:]]
        for at, one in enumerate(moments)
    )


def check_list(call: Call, moments: list[Moment]) -> None:
    _, name, everyone = call.given
    found = {(one.user_id, one.id): one for one in call.result}
    times = [(one.last_update_time, one.user_id, one.id) for one in call.result]
    assert times == sorted(times)
    for other in NAMES:
        if not everyone and other[0] != name[0]:
            assert other not in found
            continue
        stored = [one.sessions.get(other) for one in moments]
        if other not in found:
            assert None in stored
            continue
        own = {key: value for key, value in found[other].state.items() if ":" not in key}
        assert own in [one.own for one in stored if one]
        assert found[other].state.get("app:a") in [one.app for one in moments]
        assert found[other].state.get("user:u") in [one.users.get(other[0]) for one in moments]


@pytest.fixture(scope="module")
def services() -> Iterator[list[LeydenSessionService]]:
    """Those of three processes, whose clocks are hours apart."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with leyden.local() as engine:
        made = [
            LeydenSessionService("weaving", engine=engine, clock=partial(at.__add__, hours))
            for hours in (timedelta(hours=2), timedelta(hours=1), timedelta(0))
        ]
        made[0].app.create_table()
        yield made


@pytest.mark.parametrize("requests", range(1, 4))
def test_who_deletes_slowly_spares_a_session_that_was_made_meanwhile(
    services: list[LeydenSessionService], requests: int
) -> None:
    """Also one whose maker's clock is behind, and where a deletion had died before."""
    late, early = services[0], services[-1]
    key = {"app_name": f"slow {requests}", "user_id": USER, "session_id": "s1"}

    def deleting() -> Slow:
        steps = late._steps.delete(Key(*key.values()))
        return Slow(late.app.driver.send, steps)

    async def filled(service: LeydenSessionService) -> Session:
        session = await service.create_session(**key)
        await service.append_event(session, said())
        return session

    for dies in (False, True):
        asyncio.run(filled(late))
        if dies:
            deleting().go(2)
        slow = deleting()
        slow.go(requests if dies else requests + 1)
        if not slow.ended:
            session = asyncio.run(filled(early))
            slow.end()
            assert asyncio.run(early.get_session(**key)) == session
        asyncio.run(late.delete_session(**key))
        assert asyncio.run(early.get_session(**key)) is None


def test_callers_see_what_has_happened_and_nothing_else(
    services: list[LeydenSessionService], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        for seed in range(SEEDS):
            weave(services, seed)

    for service in services:
        monkeypatch.setattr(service._backend, "arun", stepwise)
    # Each call asks which loop it is on.
    asyncio.run(main())


def weave(services: list[LeydenSessionService], seed: int) -> None:
    chance = random.Random(seed)
    app = services[0].app
    truth = Truth(app)
    marks = count()
    processes = [Process(one, f"app {seed}", truth, marks) for one in services]

    def begin(name: str, given: Any) -> Program[Any]:
        process, *asked = given
        try:
            return (yield from getattr(processes[process], name)(*asked).__await__())
        except AlreadyExistsError as error:
            return error

    def script(process: int) -> list[tuple[str, Any]]:
        names = NAMES[: chance.choice([1, 3])]
        return [
            (chance.choice(CALLS), (process, chance.choice(names), chance.random() < 0.05))
            for _ in range(8)
        ]

    weaving = Weaving(truth.send, begin, chance, losing=0.05, dying=0.003)
    truth.weaving = weaving
    weaving.run([script(process) for process in range(len(processes))])
    weaving.losing = weaving.dying = 0.0
    weaving.run([[("list", (0, NAMES[0], True)), *(("get", (0, one, False)) for one in NAMES)]])
    for call in weaving.calls:
        if not call.died:
            check(truth, call)
    for moment in truth.moments:
        for stored in moment.sessions.values():
            assert len({*stored.events}) == len(stored.events)
    weaving.run([[("delete", (0, one, False)) for one in NAMES]])
    assert {one["__edb_e__"]["S"] for one in raw_items(app)} <= {"app_value", "user_value"}
