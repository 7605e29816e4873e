"""Many at one thread: processes, tasks and faults; and an event loop that is never held up."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from leyden.agents.langgraph import LeydenSaver
from tests.agents.engines import Stalls
from tests.agents.langgraph.conftest import new_saver
from tests.agents.langgraph.test_requests import at, put

pytestmark = pytest.mark.once

PROCESSES = 8


def _work(table: str, url: str, number: int) -> None:
    saver = LeydenSaver(
        table,
        endpoint_url=url,
        region="us-east-1",
        credentials={"access_key_id": "local", "secret_access_key": "local"},
    )
    parent = None
    letters: list[str] = []
    for n in range(6):
        letters = [*letters, f"{number}/{n} " * 99]
        config = put(saver, "t", {"letters": letters, "by": number}, parent)
        parent = config["configurable"]["checkpoint_id"]
        saver.put_writes(config, [("n", f"{number}/{n}")], f"task-{number}")
        saver.put_writes(at("t", "shared"), [("n", f"{number}/{n}")], f"task-{number}")


def test_eight_processes_write_to_one_thread_and_nothing_is_lost(real: Any) -> None:
    saver = new_saver(real)
    fork = multiprocessing.get_context("fork")
    workers = [
        fork.Process(target=_work, args=(saver.app.table, real.endpoint_url, number))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    found = [*saver.list(at("t"))]
    assert len(found) == 6 * PROCESSES
    for one in found:
        values = one.checkpoint["channel_values"]
        n = len(values["letters"]) - 1
        assert values["letters"] == [f"{values['by']}/{at} " * 99 for at in range(n + 1)]
        assert one.pending_writes == [(f"task-{values['by']}", "n", f"{values['by']}/{n}")]
    newest = saver.get_tuple(at("t"))
    assert newest is not None
    assert newest.checkpoint == found[0].checkpoint


def test_a_task_that_many_write_for_keeps_each_first_write(real: Any) -> None:
    saver = new_saver(real)
    config = put(saver, "t", {})

    async def write_all() -> None:
        async with LeydenSaver(saver.app.table, engine=real) as other:
            await asyncio.gather(
                *(
                    other.aput_writes(config, [(f"c{at}", n) for at in range(n + 1)], "task")
                    for n in range(12)
                )
            )

    asyncio.run(write_all())
    found = saver.get_tuple(config)
    assert found is not None
    assert found.pending_writes is not None
    assert [channel for _, channel, _ in found.pending_writes] == [f"c{at}" for at in range(12)]


def test_writes_of_parallel_tasks_are_in_the_order_of_their_paths(saver: LeydenSaver) -> None:
    config = put(saver, "t", {})
    for path, task in (("~b", "a"), ("~a, 2", "b"), ("~a, 1", "c"), ("", "d")):
        saver.put_writes(config, [("n", at) for at in range(12)], task, path)
    found = saver.get_tuple(config)
    assert found is not None
    tasks = ("d", "c", "b", "a")
    assert found.pending_writes == [(task, "n", at) for task in tasks for at in range(12)]


def test_an_event_loop_goes_on_while_three_megabytes_are_written_and_read(real: Any) -> None:
    table = new_saver(real).app.table
    state = {"noise": os.urandom(1_000_000), "letters": [f"letter {n} " * 100 for n in range(2000)]}
    stalls = Stalls(time.thread_time)

    async def write_and_read() -> None:
        async with LeydenSaver(table, engine=real) as saver:
            await saver.aget_tuple(at("t"))
            async with stalls:
                for _ in range(2):
                    checkpoint = empty_checkpoint()
                    checkpoint["channel_values"] = state
                    checkpoint["channel_versions"] = dict.fromkeys(state, checkpoint["id"])
                    await saver.aput(at("t"), checkpoint, {}, {})
                    found = await saver.aget_tuple(at("t"))
                    assert found is not None
                    assert found.checkpoint["channel_values"] == state
                assert len([one async for one in saver.alist(at("t"))]) == 2

    asyncio.run(write_and_read())
    assert stalls.longest < 0.05
