"""Many at work on DynamoDB Local: processes, sessions of one app, and a network that fails."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.genai import types
from tools.soak.proxy import RandomFaults

from leyden.agents.adk import LeydenSessionService, StaleSessionError
from leyden.events import RequestSent, listen
from tests.agents.adk.conftest import opened
from tests.agents.adk.support import (
    APP,
    USER,
    awaited,
    created,
    deleted,
    items_of,
    read,
    said,
    setting,
    texts,
)
from tests.agents.adk.writers import EACH, PROCESSES
from tests.agents.engines import Stalls
from tests.faults.bank import Clock
from tests.faults.proxy import FaultProxy, Forward, Reset, fault_proxy, running
from tests.interop.node_process import ROOT

pytestmark = [pytest.mark.java, pytest.mark.once]


@awaited
async def test_eight_processes_lose_nothing_and_store_nothing_twice(local: dict[str, Any]) -> None:
    service = opened(local)
    await created(service, session_id="s1")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.agents.adk.writers"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src"},
        input=json.dumps({**local, "table_name": service.app.table}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert sum(map(int, done.stdout.split())) > 0
    session = await read(service, "s1")
    names = [f"{process}-{n}" for process in range(PROCESSES) for n in range(EACH)]
    said_in_all = texts(session.events)
    assert sorted(said_in_all) == sorted(names)
    for process in range(PROCESSES):
        own = [one for one in said_in_all if one.startswith(f"{process}-")]
        assert own == sorted(own)
    assert session.state.pop("user:shared") == said_in_all[-1]
    numbers = {name: int(name[2:]) for name in names}
    assert session.state == numbers | {f"app:{name}": n for name, n in numbers.items()}


@awaited
async def test_sessions_that_set_different_values_of_their_app_do_not_meet(
    local: dict[str, Any],
) -> None:
    service = opened(local)
    transactions = []

    def count(event: object) -> None:
        if isinstance(event, RequestSent) and event.api == "TransactWriteItems":
            transactions.append(event)

    with listen(count):
        sessions = await asyncio.gather(
            *(created(service, session_id=f"s{n}", state={f"app:s{n}": 0}) for n in range(20))
        )
        for turn in range(3):
            await asyncio.gather(
                *(service.append_event(one, setting({f"app:{one.id}": turn})) for one in sessions)
            )
    assert len(transactions) == 4 * len(sessions)
    # Those that set the same value do meet, and each of them gets its turn.
    await asyncio.gather(
        *(service.append_event(one, setting({"app:same": one.id})) for one in sessions)
    )
    found = await read(service, "s0")
    assert found.state.pop("app:same") in [one.id for one in sessions]
    assert found.state == {f"app:{one.id}": 2 for one in sessions}


@awaited
async def test_of_calls_at_once_one_creates_a_session_and_one_appends(
    local: dict[str, Any],
) -> None:
    service = opened(local)
    made = await asyncio.gather(
        *(created(service, session_id="s1", state={"by": n}) for n in range(8)),
        return_exceptions=True,
    )
    (session,) = [one for one in made if not isinstance(one, Exception)]
    for turn in range(5):
        copies = [await read(service, "s1") for _ in range(4)]
        services = [
            LeydenSessionService(**{**local, "table_name": service.app.table}) for _ in copies
        ]
        done = await asyncio.gather(
            *(
                one.append_event(copy, said(f"{turn}-{n}", number=n))
                for n, (one, copy) in enumerate(zip(services, copies, strict=True))
            ),
            return_exceptions=True,
        )
        (event,) = [one for one in done if not isinstance(one, BaseException)]
        refused = [one for one in done if isinstance(one, BaseException)]
        assert {type(one) for one in refused} == {StaleSessionError}
        found = await read(service, "s1")
        assert found.events[-1] == event
        assert found.state == {**session.state, "number": event.actions.state_delta["number"]}
        for one in services:
            await one.close()


@pytest.fixture(params=range(2))
def failing(
    request: pytest.FixtureRequest, local: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LeydenSessionService]:
    """A service behind a network that fails at every fifth request; waits take no time."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
    direct = opened(local)
    Clock().install(monkeypatch)
    proxy = RandomFaults(
        local["endpoint_url"],
        remembers_tokens=True,
        share=0.2,
        random=random.Random(request.param),
    )
    with running(proxy):
        options = {**local, "table_name": direct.app.table, "endpoint_url": proxy.url}
        yield LeydenSessionService(**options)
    assert proxy.counts["reset"] > 10
    assert proxy.counts["throttled"] > 10


@awaited
async def test_a_network_that_fails_loses_and_doubles_nothing(
    failing: LeydenSessionService,
) -> None:
    chance = random.Random(3)
    session = await created(failing, session_id="s1", state={"own": 0, "app:a": 0})
    for n in range(100):
        state = {"own": n, f"app:{n % 3}": n, "user:u": n}
        text = chance.randbytes(250_000).hex() if n == 20 else str(n)
        await failing.append_event(session, said(text, **state))
        if n % 20 == 0:
            assert await read(failing, "s1") == session
            session = await read(failing, "s1")
    found = await read(failing, "s1")
    assert found == session
    assert len({one.id for one in found.events}) == len(found.events) == 100
    for n in range(4):
        await created(failing, session_id=f"other {n}")
    listed = (await failing.list_sessions(app_name=APP, user_id=USER)).sessions
    assert sorted(one.id for one in listed) == [*(f"other {n}" for n in range(4)), "s1"]
    await deleted(failing, "s1")
    assert await read(failing, "s1") is None
    assert items_of(failing)["event"] == 0
    await failing.close()


def test_a_write_of_which_all_answers_are_lost_has_happened_once(
    local: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    direct = opened(local)
    Clock().install(monkeypatch)

    async def main(proxy: FaultProxy, service: LeydenSessionService) -> None:
        lost = [Reset(forward=True)] * 3

        proxy.play(*lost)
        session = await created(service, session_id="s1", state={"own": 1, "app:a": 1})
        assert (proxy.faults_left, proxy.apis.count("TransactWriteItems")) == (0, 4)
        assert await read(service, "s1") == session
        proxy.play(*lost)
        with pytest.raises(AlreadyExistsError):
            await created(service, session_id="s1")

        proxy.play(*lost)
        await service.append_event(session, said(own=2))
        assert (proxy.faults_left, proxy.apis.count("TransactWriteItems")) == (0, 4)
        assert await read(service, "s1") == session
        assert len(session.events) == 1

        stale = await read(service, "s1")
        await service.append_event(session, said("mine", **{"app:a": 2}))
        proxy.play(*lost)
        with pytest.raises(StaleSessionError):
            await service.append_event(stale, said("late", **{"app:a": 3}))
        assert await read(service, "s1") == session

        proxy.play(Forward(), *lost[:2])
        await deleted(service, "s1")
        assert proxy.faults_left == 0
        assert await read(service, "s1") is None
        await service.close()

    with fault_proxy(local["endpoint_url"], remembers_tokens=True) as proxy:
        options = {**local, "table_name": direct.app.table, "endpoint_url": proxy.url}
        asyncio.run(main(proxy, LeydenSessionService(**options)))


@awaited
async def test_an_event_loop_goes_on_while_megabytes_are_written_and_read(
    local: dict[str, Any],
) -> None:
    service = opened(local)
    chance = random.Random(5)
    await service.list_sessions(app_name=APP)
    state = {
        "large": chance.randbytes(500_000).hex(),
        "app:large": chance.randbytes(500_000).hex(),
        **{f"key {n}": "word " * 40 for n in range(2000)},
    }
    image = types.Part.from_bytes(data=chance.randbytes(1_500_000), mime_type="image/png")
    events = [
        Event(author="model", content=types.Content(parts=[image])),
        said("word " * 600_000),
        Event(author="model", actions=EventActions(state_delta={"small": 1})),
    ]
    await created(service, session_id="first")
    async with Stalls(time.thread_time) as stalls:
        session = await created(service, session_id="s1", state=state)
        for event in events:
            await service.append_event(session, event)
        assert await read(service, "s1") == session
        await service.list_sessions(app_name=APP, user_id=USER)
        await deleted(service, "s1")
    assert stalls.longest < 0.05
