"""Work that is no request, in programs of both drivers and of the store in memory."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from leyden.drivers import SyncDriver
from leyden.drivers.aio import AsyncDriver
from leyden.errors import ConnectionFailedError, InputError, LeydenError
from leyden.events import Event, ResponseReceived
from leyden.program import Gather, Pause, Program, Request, Work, outcomes_of, run_together
from leyden.store import InMemoryStore
from tests.drivers.serving import answer, serving
from tests.drivers.test_lean import ADD, FOUND, GET, KEYS

Run = Callable[[Program[Any]], Any]


def in_memory(program: Program[Any]) -> Any:
    return InMemoryStore().memory._runner.run(program)


def blocking_at(url: str) -> Run:
    def run(program: Program[Any]) -> Any:
        with SyncDriver(endpoint_url=url, credentials=KEYS) as driver:
            return driver.run(program)

    return run


def awaiting_at(url: str) -> Run:
    def run(program: Program[Any]) -> Any:
        async def main() -> Any:
            async with AsyncDriver(endpoint_url=url, credentials=KEYS) as driver:
                return await driver.run(program)

        return asyncio.run(main())

    return run


NOBODY = "http://127.0.0.1:1"
blocking, awaiting = blocking_at(NOBODY), awaiting_at(NOBODY)


@pytest.fixture(
    params=[
        pytest.param(blocking, id="blocking"),
        pytest.param(awaiting, id="awaiting"),
        pytest.param(in_memory, id="in memory"),
    ]
)
def run(request: pytest.FixtureRequest) -> Run:
    runner: Run = request.param
    return runner


def raising(error: BaseException) -> Work:
    def work() -> Any:
        raise error

    return Work(work)


def test_a_program_is_sent_what_the_work_returns(run: Run) -> None:
    def program() -> Program[Any]:
        first = yield Work(lambda: [1.0, 2.0])
        yield Pause(0.001)
        second = yield Work(lambda: None)
        return first, second

    assert run(program()) == ([1.0, 2.0], None)


def test_an_error_of_the_work_is_raised_at_the_yield(run: Run) -> None:
    def program() -> Program[str]:
        try:
            yield raising(InputError("no such model"))
        except InputError as error:
            return error.message
        return "not raised"

    assert run(program()) == "no such model"


@pytest.mark.parametrize("gathering", [False, True])
def test_what_is_no_error_of_leyden_ends_the_program_as_it_is(run: Run, gathering: bool) -> None:
    closed = []

    def program() -> Program[None]:
        try:
            failing = raising(ZeroDivisionError("a bug"))
            yield Gather((failing, Work(lambda: 1)), 2) if gathering else failing
        except LeydenError:
            closed.append("caught")
        finally:
            closed.append("closed")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        run(program())
    assert closed == ["closed"]


@pytest.mark.parametrize("gathering", [False, True])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_stray_end_of_an_iterator_is_no_end_of_the_program(
    run: Run, gathering: bool, concurrency: int
) -> None:
    def program() -> Program[str]:
        stray = Work(lambda: next(iter(())))
        yield Gather((stray, stray), concurrency) if gathering else stray
        return "went on"

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(program())


@pytest.mark.parametrize("concurrency", [1, 3])
def test_gathered_work_comes_in_order_with_its_errors(run: Run, concurrency: int) -> None:
    def program() -> Program[Any]:
        slow = Work(lambda: time.sleep(0.02) or "slow")
        return (yield Gather((slow, raising(InputError("no")), Work(lambda: "quick")), concurrency))

    found = run(program())
    assert (found[0], found[2]) == ("slow", "quick")
    assert isinstance(found[1], InputError)


def test_gathered_work_is_done_at_the_same_time(run: Run) -> None:
    together = threading.Barrier(3)

    def program() -> Program[Any]:
        return (yield Gather((Work(lambda: together.wait(10)),) * 3, 3))

    assert sorted(run(program())) == [0, 1, 2]


def test_programs_that_work_run_beside_others(run: Run) -> None:
    def working(answer: Any) -> Program[Any]:
        try:
            return (yield answer if isinstance(answer, Work) else Work(lambda: answer))
        except InputError as error:
            return error.message

    failing = raising(InputError("refused"))
    assert run(run_together([working(1), working(failing), working(3)], 2)) == [1, "refused", 3]

    def ending() -> Program[Any]:
        return (yield Gather((Work(lambda: "a"), raising(InputError("no"))), 2))

    def failed() -> Program[Any]:
        yield raising(InputError("ended"))

    outcomes = run(outcomes_of([ending(), failed()], 4))
    assert outcomes[0][0] == "a"
    assert [type(one) for one in (outcomes[0][1], outcomes[1])] == [InputError, InputError]


def test_nothing_but_work_is_asked_for_in_memory() -> None:
    def program() -> Program[None]:
        yield Gather((Work(lambda: 1), GET), 1)

    with pytest.raises(AssertionError, match="sends no requests, such as Request"):
        in_memory(program())


def test_the_store_in_memory_serves_others_while_a_program_works() -> None:
    store = InMemoryStore()
    others = []

    def work() -> None:
        thread = threading.Thread(
            target=lambda: others.append(store.memory.get_thread_by_id(thread_id="t"))
        )
        thread.start()
        thread.join(10)

    def program() -> Program[None]:
        yield Work(work)

    store.memory._runner.run(program())
    assert others == [None]


def beside_a_request() -> Program[Any]:
    answers: list[Any] = yield Gather((GET, Work(lambda: "done", operation="embed"), GET), 3)
    return [one if isinstance(one, str) else one["Item"] for one in answers]


def test_listeners_hear_of_the_requests_beside_it_only() -> None:
    heard: list[Event] = []
    with serving(lambda n: answer(FOUND)) as server:
        with SyncDriver(endpoint_url=server.url, credentials=KEYS) as driver:
            driver.listen(heard.append)
            assert driver.run(beside_a_request()) == [FOUND["Item"], "done", FOUND["Item"]]

        async def main() -> None:
            async with AsyncDriver(endpoint_url=server.url, credentials=KEYS) as driver:
                driver.listen(heard.append)
                assert await driver.run(beside_a_request()) == [
                    FOUND["Item"],
                    "done",
                    FOUND["Item"],
                ]

        asyncio.run(main())
    assert [event.api for event in heard] == ["GetItem"] * 8
    assert sum(isinstance(event, ResponseReceived) for event in heard) == 4


def test_an_error_of_the_work_says_what_was_written_before_it() -> None:
    put = Request("PutItem", {"TableName": "t", "Item": {"pk": {"S": "a"}}})

    def program() -> Program[None]:
        yield Gather((put, Work(lambda: 1)), 2)
        yield raising(InputError("no such model"))

    with serving(lambda n: answer({})) as server:
        for run in (blocking_at(server.url), awaiting_at(server.url)):
            with pytest.raises(InputError) as caught:
                run(program())
            assert [write.raw for write in caught.value.outcome.written] == [put.params["Item"]]


# What only an event loop has.


def test_a_loop_awaits_the_work_and_a_blocking_driver_does_not() -> None:
    places: list[str] = []

    async def awaited() -> str:
        places.append(threading.current_thread().name)
        await asyncio.sleep(0)
        return "awaited"

    work = Work(lambda: "blocking", awaited)

    def program() -> Program[Any]:
        alone = yield work
        return [alone, *(yield Gather((work, work), 2))]

    assert awaiting(program()) == ["awaited"] * 3
    assert set(places) == {threading.current_thread().name}
    assert blocking(program()) == in_memory(program()) == ["blocking"] * 3


def test_a_loop_goes_on_while_a_thread_works() -> None:
    released = threading.Event()

    def program() -> Program[Any]:
        return (yield Work(lambda: released.wait(10)))

    async def main() -> Any:
        async with AsyncDriver(endpoint_url=NOBODY, credentials=KEYS) as driver:
            waiting = asyncio.create_task(driver.run(program()))
            await asyncio.sleep(0.01)
            released.set()
            return await waiting

    assert asyncio.run(main()) is True


@pytest.mark.parametrize("gathering", [False, True])
def test_a_canceled_task_cancels_what_it_awaits_and_closes_the_program(gathering: bool) -> None:
    ended: list[str] = []

    async def for_ever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("work")

    def program() -> Program[None]:
        try:
            work = Work(lambda: None, for_ever)
            yield Gather((work, work), 2) if gathering else work
        finally:
            ended.append("program")

    async def main() -> None:
        async with AsyncDriver(endpoint_url=NOBODY, credentials=KEYS) as driver:
            task = asyncio.create_task(driver.run(program()))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert ended == ["work"] * (1 + gathering) + ["program"]


def test_a_canceled_task_does_not_wait_for_its_thread() -> None:
    released = threading.Event()

    def program() -> Program[None]:
        yield Work(lambda: released.wait(10))

    async def main() -> float:
        async with AsyncDriver(endpoint_url=NOBODY, credentials=KEYS) as driver:
            task = asyncio.create_task(driver.run(program()))
            await asyncio.sleep(0.01)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            took = time.monotonic() - began
            released.set()
            return took

    assert asyncio.run(main()) < 5


def test_a_request_that_fails_beside_work_stands_in_its_place() -> None:
    def program() -> Program[Any]:
        return (yield Gather((ADD, Work(lambda: "done")), 2))

    for run in (blocking, awaiting):
        failed, done = run(program())
        assert isinstance(failed, ConnectionFailedError)
        assert done == "done"
