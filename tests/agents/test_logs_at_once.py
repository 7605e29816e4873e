"""Many at work on one log of DynamoDB Local: tasks, processes, and a network that fails."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, field

from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from tests.agents.engines import Stalls, table_on
from tests.conftest import _new_table_name
from tests.faults.bank import Clock
from tests.faults.proxy import Fault, FaultProxy, Reset, running, throttled

pytestmark = pytest.mark.java

FOLDER: Final = "agents/openai_agents"
ROOT: Final = Path(__file__).resolve().parents[2]
PROCESSES: Final = 8
EACH: Final = 15


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        Backend(FOLDER, "Log", **options).app.create_table()
        yield options


@pytest.fixture
def backend(options: dict[str, Any]) -> Iterator[Backend]:
    backend = Backend(FOLDER, "Log", **options)
    yield backend
    backend.close()


def log_of(backend: Backend) -> Log[Any]:
    return Log(backend, {"session_id": _new_table_name("log")})


def work(log: Log[Any], process: int) -> list[Any]:
    """What a process does: it adds three items at a time, pops after every third add, and says
    what it popped.
    """
    backend, popped = log.backend, []
    for n in range(EACH):
        backend.run(log.add([[process, n, place] for place in range(3)]))
        if n % 3 == 2:
            popped.append(backend.run(log.pop()))
    return popped


def check_order(items: list[Any]) -> None:
    """What each process added is in its order; what it added together is not torn apart."""
    for process in range(PROCESSES):
        own = [item for item in items if item[0] == process]
        assert own == sorted(own)
    for place, item in enumerate(items):
        if item[2] > 0:
            assert items[place - 1] == [item[0], item[1], item[2] - 1]


def test_eight_processes_lose_nothing_and_pop_nothing_twice(
    options: dict[str, Any], backend: Backend
) -> None:
    log = log_of(backend)
    done = subprocess.run(
        [sys.executable, "-m", "tests.agents.test_logs_at_once"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src"},
        input=json.dumps([options, log.key["session_id"]]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    popped = [item for line in done.stdout.splitlines() for item in json.loads(line)]
    left = backend.run(log.get())
    added = [[p, n, place] for p in range(PROCESSES) for n in range(EACH) for place in range(3)]
    assert len(popped) == PROCESSES * EACH // 3
    assert sorted([*left, *popped]) == added
    check_order(left)


@define(eq=False)
class Failing(FaultProxy):
    """A proxy at which every fifth request fails, in any of three ways, and none three times."""

    chance: random.Random = field(factory=lambda: random.Random(7))
    failed: Counter[str] = field(factory=Counter)

    def next_fault(self, api: str, params: dict[str, Any]) -> Fault:
        fault = super().next_fault(api, params)
        request = json.dumps(params)
        if self.chance.random() < 0.8 or self.failed[request] == 2:
            return fault
        self.failed[request] += 1
        return self.chance.choice([throttled(), Reset(), Reset(forward=True)])


@pytest.fixture
def failing(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A backend behind such a proxy, and waits that take no time."""
    Clock().install(monkeypatch)
    proxy = Failing(options["endpoint_url"], remembers_tokens=True)
    with running(proxy):
        backend = Backend(FOLDER, "Log", **{**options, "endpoint_url": proxy.url})
        yield backend
        backend.close()


def test_a_network_that_fails_loses_and_doubles_nothing(failing: Backend) -> None:
    log = log_of(failing)
    expected: list[Any] = []
    chance = random.Random(11)
    for n in range(120):
        match chance.choice(["add", "add", "add", "many", "large", "pop", "get", "clear"]):
            case "add":
                items = [[n, place] for place in range(chance.randint(1, 4))]
                failing.run(log.add(items))
                expected += items
            case "many":
                failing.run(log.add([n] * 130))
                expected += [n] * 130
            case "large" if n % 3 == 0:
                large = chance.randbytes(250_000).hex()
                failing.run(log.add([large, n]))
                expected += [large, n]
            case "pop":
                assert failing.run(log.pop()) == (expected.pop() if expected else None)
            case "clear" if n % 4 == 0:
                failing.run(log.clear())
                expected = []
            case _:
                limit = chance.choice([None, 1, 5])
                found = failing.run(log.get(limit))
                assert found == (expected if limit is None else expected[-limit:])
    assert failing.run(log.get()) == expected


def test_tasks_on_a_network_that_fails_lose_and_double_nothing(failing: Backend) -> None:
    log = log_of(failing)

    async def main() -> list[Any]:
        popped: list[Any] = []

        async def caller(process: int) -> None:
            for n in range(EACH):
                items = [[process, n, place] for place in range(3)]
                await failing.arun(log.add(items))
                if n % 3 == 2:
                    popped.append(await failing.arun(log.pop()))

        await asyncio.gather(*map(caller, range(PROCESSES)))
        await failing.aclose()
        return popped

    popped = asyncio.run(main())
    left = failing.run(log.get())
    added = [[p, n, place] for p in range(PROCESSES) for n in range(EACH) for place in range(3)]
    assert sorted([*left, *popped]) == added
    check_order(left)


def test_readers_see_whole_batches_while_others_write(backend: Backend) -> None:
    log = log_of(backend)

    async def main() -> None:
        writing = 4

        async def write(writer: int) -> None:
            nonlocal writing
            for n in range(4):
                await backend.arun(log.add([[writer, n, place] for place in range(220)]))
            writing -= 1

        async def read() -> None:
            while writing:
                found = await backend.arun(log.get())
                assert len(found) % 220 == 0
                assert [one[2] for one in found] == [*range(220)] * (len(found) // 220)

        await asyncio.gather(*map(write, range(4)), read(), read())
        assert len(await backend.arun(log.get())) == 4 * 4 * 220
        await backend.aclose()

    asyncio.run(main())


def test_a_log_of_3_mb_does_not_stall_the_event_loop(backend: Backend) -> None:
    log = log_of(backend)
    chance = random.Random(5)
    items = [{"role": "user", "content": chance.randbytes(5_000).hex()} for _ in range(300)]

    async def main() -> float:
        await backend.arun(log.get())
        # What the loop's own thread computes, on a busy machine too.
        async with Stalls(time.thread_time) as stalls:
            await backend.arun(log.add(items))
            assert await backend.arun(log.get()) == items
            assert await backend.arun(log.pop()) == items[-1]
            await backend.arun(log.clear())
        await backend.aclose()
        return stalls.longest

    assert asyncio.run(main()) < 0.05


def fork(options: dict[str, Any], id: str) -> None:
    """Let processes do their work, each of which prints what it popped.

    They begin with the backend of this process, as workers of a server do that was loaded once, and
    not with its connection, which is open.
    """
    log: Log[Any] = Log(Backend(FOLDER, "Log", **options), {"session_id": id})
    log.backend.run(log.get())
    children = []
    for process in range(PROCESSES):
        child = os.fork()
        if child == 0:
            os.write(sys.stdout.fileno(), json.dumps(work(log, process)).encode() + b"\n")
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    fork(*json.load(sys.stdin))
