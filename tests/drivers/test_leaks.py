"""Ten thousand operations leave nothing behind: no sockets, no threads, no memory."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import leyden
from tests.drivers.serving import Serving, answer, serving

SCHEMA = """
entity: things
alias: thing
version: "1"
service: leaks
attributes:
  shelf: {type: string, required: true}
  id: {type: string, required: true}
  note: string
indexes:
  shelf:
    pk: {field: pk, composite: [shelf]}
    sk: {field: sk, composite: [id]}
"""
KEYS = {"access_key_id": "AKID", "secret_access_key": "secret"}
OPERATIONS = 10_000
WARM_UP = 1_000
AT_ONCE = 16
SLACK = 256 * 1024
"""Bytes that may come and go with the buffers of connections, the server's among them. What stays
behind of each operation shows from 26 bytes up."""


@pytest.fixture
def server() -> Iterator[Serving]:
    """Answers well, and now and then badly, on connections that it sometimes ends."""
    item = {
        "pk": {"S": "$leaks#shelf_s"},
        "sk": {"S": "$things_1#id_a"},
        "shelf": {"S": "s"},
        "id": {"S": "a"},
        "note": {"S": "x" * 100},
        "__edb_e__": {"S": "things"},
        "__edb_v__": {"S": "1"},
    }
    good = answer({"Item": item})
    closing = answer({"Item": item}, 200, "Connection: close")
    refused = answer({"__type": "x#ValidationException", "message": "no"}, 400)

    def reply(n: int) -> bytes | None:
        # What the server remembers of requests must not count as growth.
        running.heads.clear()
        turns[0] += 1
        if turns[0] % 500 == 7:
            return None
        return {11: closing, 13: refused}.get(turns[0] % 500, good)

    turns = [0]
    with serving(reply, remember=False) as running:
        yield running


refused: deque[str | None] = deque(maxlen=100)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def watch_growth(work: Callable[[int], None]) -> None:
    """Run `work(n)`, which does n operations, and compare what is there before and after."""
    work(WARM_UP)
    gc.collect()
    files, threads = open_files(), threading.active_count()
    tracemalloc.start()
    try:
        work(WARM_UP)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        work(OPERATIONS)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < SLACK
    assert set(refused) == {"ValidationException"}
    assert abs(open_files() - files) <= 2 * AT_ONCE
    assert abs(threading.active_count() - threads) <= 2 * AT_ONCE


def test_the_lean_transport_leaves_nothing_behind(
    server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    app = leyden.load(
        SCHEMA, table="t", endpoint_url=server.url, region="eu-west-1", credentials=KEYS
    )
    thing = app.entities.thing

    def one(n: int) -> None:
        try:
            assert thing.get(shelf="s", id="a").go().id == "a"
        except leyden.errors.AwsError as error:
            refused.append(error.aws_code)

    with ThreadPoolExecutor(AT_ONCE) as pool:

        def work(count: int) -> None:
            for _ in pool.map(one, range(count)):
                pass

        watch_growth(work)
    files = open_files()
    app.close()
    assert open_files() < files


def test_the_asynchronous_driver_leaves_nothing_behind(
    server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")

    async def one(thing: Any) -> None:
        try:
            assert (await thing.get(shelf="s", id="a").go()).id == "a"
        except leyden.errors.AwsError as error:
            refused.append(error.aws_code)

    async def several(thing: Any, turns: Iterator[int]) -> None:
        for turn in turns:
            if turn % 100 == 50:
                # Some are broken off: in the pool, on the way, or already answered.
                task = asyncio.create_task(one(thing))
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            else:
                await one(thing)

    with asyncio.Runner() as runner:
        app = runner.run(
            leyden.load_async(
                SCHEMA, table="t", endpoint_url=server.url, region="eu-west-1", credentials=KEYS
            )
        )

        async def all_of_them(count: int) -> None:
            turns = iter(range(count))
            await asyncio.gather(*(several(app.entities.thing, turns) for _ in range(AT_ONCE)))

        watch_growth(lambda count: runner.run(all_of_them(count)))
        files = open_files()
        runner.run(app.close())
        assert open_files() < files
