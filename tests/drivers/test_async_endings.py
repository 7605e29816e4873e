"""The asynchronous driver where something ends early: calls, connections, loops, processes."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from leyden.drivers.aio import AsyncDriver
from leyden.drivers.lean.aio_sockets import Connection
from leyden.program import Gather, Pause, Program
from tests.drivers.serving import answer, serving
from tests.drivers.test_async import RUNS, Run, driver_at, pool_of, run, until
from tests.drivers.test_lean import ADD, FOUND, GET, KEYS

__all__ = ["run"]


def test_a_call_that_is_under_way_at_the_end_goes_on_and_leaves_nothing_open(run: Run) -> None:
    released = threading.Event()

    def program() -> Program[list[Any]]:
        first = yield GET
        others: list[Any] = yield Gather((GET,) * 5, 3)
        yield Pause(0.01)
        return [first, *others, (yield GET)]

    def reply(n: int) -> bytes:
        if n == 0:
            released.wait(10)
        return answer(FOUND)

    async def main() -> None:
        async with driver_at(server.url) as driver:
            task = asyncio.create_task(driver.run(program()))
            await until(lambda: len(server.bodies) == 1)
        released.set()
        assert [one["Item"] for one in await task] == [FOUND["Item"]] * 7
        await until(lambda: not server.open)
        # A call that begins now has connections that are kept.
        await driver.send(GET)
        assert pool_of(driver).idle == 1
        await driver.connection.close()

    with serving(reply) as server:
        run(main())


def test_a_call_that_is_canceled_says_how_many_of_its_requests_had_written(run: Run) -> None:
    released = threading.Event()

    def program() -> Program[None]:
        yield GET
        yield ADD
        yield Gather((ADD,) * 6, 2)

    def reply(n: int) -> bytes | None:
        if n >= 5:
            released.wait(10)
            return None
        return answer(FOUND)

    async def main() -> None:
        async with driver_at(server.url) as driver:
            task = asyncio.create_task(driver.run(program()))
            await until(lambda: len(server.bodies) == 7)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            about_one, about_all = caught.value.__notes__
            assert "may or may not have happened" in about_one
            assert "had written before: 4;" in about_all

    with serving(reply) as server:
        run(main())
        released.set()


def test_a_call_that_is_canceled_between_requests_says_what_was_written(run: Run) -> None:
    heard = asyncio.Event()

    def program() -> Program[None]:
        yield GET
        yield ADD
        heard.set()
        yield Pause(60)

    def reading() -> Program[None]:
        yield GET
        heard.set()
        yield Pause(60)

    async def notes(driver: AsyncDriver, program: Program[None]) -> list[str]:
        heard.clear()
        task = asyncio.create_task(driver.run(program))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return getattr(caught.value, "__notes__", [])

    async def main() -> None:
        async with driver_at(server.url) as driver:
            (note,) = await notes(driver, program())
            assert "had written before: 1;" in note
            assert await notes(driver, reading()) == []

    with serving(lambda n: answer(FOUND)) as server:
        run(main())


def test_a_closing_that_is_canceled_closes_at_once() -> None:
    class Deaf:
        """A transport whose other side does not take part in its end."""

        aborted = False

        def close(self) -> None:
            pass

        def abort(self) -> None:
            self.aborted = True

    async def main() -> None:
        transport: Any = Deaf()
        channel = Connection(asyncio.get_running_loop(), 1)
        channel.connection_made(transport)
        closing = asyncio.create_task(channel.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert transport.aborted

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("kind", RUNS)
def test_a_forked_process_leaves_the_connections_of_a_loop_to_its_parent(kind: Any) -> None:
    async def get() -> None:
        async with asyncio.timeout(5):
            assert (await driver.send(GET))["Item"] == FOUND["Item"]

    async def get_and_close() -> None:
        await get()
        await driver.close()

    async def new_loop() -> Any:
        return type(asyncio.get_running_loop())()

    with (
        serving(lambda n: answer(FOUND)) as server,
        asyncio.Runner(loop_factory=lambda: kind(new_loop())) as parent,
    ):
        driver = AsyncDriver(endpoint_url=server.url, credentials=KEYS)
        parent.run(get())
        child = os.fork()
        if child == 0:
            code = 1
            try:
                kind(get_and_close())
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        # The loop still hears of what comes over the connection that it had.
        parent.run(get_and_close())
        assert server.opened == 2
