"""The asynchronous driver: loops, cancellation, timeouts, and connections that end or lie."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from leyden.drivers.aio import AsyncConnection, AsyncDriver
from leyden.errors import (
    AwsError,
    CallStyleError,
    ConnectionFailedError,
    CredentialsError,
    LeydenError,
    TableNotFoundError,
)
from leyden.events import Event, RequestFailed
from leyden.program import Gather, Pause, Program, Request
from tests.drivers.answering import refusal
from tests.drivers.serving import Serving, answer, make_certificate, serving
from tests.drivers.test_lean import ADD, FOUND, GET, KEYS

RUNS: list[Any] = [pytest.param(asyncio.run, id="asyncio")]
try:
    import uvloop
except ImportError:  # pragma: no cover - uvloop is not for every platform
    pass
else:
    RUNS.append(pytest.param(uvloop.run, id="uvloop"))

Run = Callable[[Awaitable[Any]], Any]


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a loop of each kind; anything left open is an error."""

    def run_cleanly(work: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return request.param(work)

    return run_cleanly


@asynccontextmanager
async def driver_at(url: str, **options: Any) -> AsyncIterator[AsyncDriver]:
    connection = AsyncConnection(endpoint_url=url, **{"credentials": KEYS, **options})
    try:
        yield AsyncDriver(connection=connection)
    finally:
        await connection.close()


def pool_of(driver: AsyncDriver) -> Any:
    return driver.connection.pool()


def test_a_connection_is_used_again_and_closed_at_the_end(run: Run) -> None:
    async def main() -> None:
        async with driver_at(server.url) as driver:
            for _ in range(5):
                assert (await driver.send(GET))["Item"] == FOUND["Item"]
            assert pool_of(driver).idle == 1
        await until(lambda: not server.open)

    with serving(lambda n: answer(FOUND)) as server:
        run(main())
        assert server.opened == 1


def test_a_driver_made_outside_of_any_loop_serves_one_after_the_other(run: Run) -> None:
    with serving(lambda n: answer(FOUND)) as server:
        driver = AsyncDriver(endpoint_url=server.url, credentials=KEYS)

        async def main() -> None:
            await driver.send(GET)
            await driver.close()
            await driver.send(GET)
            await driver.close()

        run(main())
        run(main())
        assert server.opened == 4


def test_loops_on_two_threads_have_connections_of_their_own() -> None:
    with serving(lambda n: answer(FOUND)) as server:
        driver = AsyncDriver(endpoint_url=server.url, credentials=KEYS)
        found: list[Any] = []

        async def main() -> None:
            for _ in range(20):
                found.append((await driver.send(GET))["Item"])
            await driver.close()

        threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [FOUND["Item"]] * 40


def test_a_connection_that_the_service_closed_is_replaced_without_an_error(run: Run) -> None:
    async def main() -> None:
        async with driver_at(server.url) as driver:
            for _ in range(4):
                await driver.send(ADD)
                # The loop does not get to hear of it before the next request.
                server.drop()

    with serving(lambda n: answer(FOUND)) as server:
        run(main())
        assert (server.opened, len(server.bodies)) == (4, 4)


def test_an_addition_that_ends_unanswered_is_not_sent_twice(run: Run) -> None:
    replies = [answer(FOUND), None]

    async def main() -> ConnectionFailedError:
        async with driver_at(server.url) as driver:
            await driver.send(GET)
            with pytest.raises(ConnectionFailedError) as caught:
                await driver.send(ADD)
            return caught.value

    with serving(lambda n: replies[n]) as server:
        assert run(main()).unsure
        assert len(server.bodies) == 2


def test_many_tasks_share_few_connections(run: Run) -> None:
    async def main() -> None:
        async with driver_at(server.url, pool_size=4) as driver:
            found = await asyncio.gather(*(driver.send(GET) for _ in range(60)))
            assert [one["Item"] for one in found] == [FOUND["Item"]] * 60
            assert pool_of(driver).idle <= 4

    with serving(lambda n: answer(FOUND)) as server:
        run(main())
        assert server.opened <= 4


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def silent(server_released: threading.Event, held: int = 0) -> Callable[[int], bytes | None]:
    """Holds one request until it is told to end, and answers the others."""

    def reply(n: int) -> bytes | None:
        if n == held:
            server_released.wait(10)
            return None
        return answer(FOUND)

    return reply


def test_a_canceled_write_is_reported_and_its_connection_is_gone(run: Run) -> None:
    released = threading.Event()
    heard: list[Event] = []

    async def main() -> None:
        async with driver_at(server.url, pool_size=1) as driver:
            driver.listen(heard.append)
            task = asyncio.create_task(driver.send(ADD))
            await until(lambda: len(server.bodies) == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert "may or may not have happened" in caught.value.__notes__[0]
            # The only place in the pool is free, and the next answer is the next one's.
            assert pool_of(driver).idle == 0
            assert (await driver.send(GET))["Item"] == FOUND["Item"]

    with serving(silent(released)) as server:
        run(main())
        released.set()
    failed = next(event for event in heard if isinstance(event, RequestFailed))
    assert isinstance(failed.error, ConnectionFailedError)
    assert failed.error.unsure


def test_canceling_who_waits_for_a_connection_leaves_it_to_others(run: Run) -> None:
    released = threading.Event()

    async def main() -> None:
        async with driver_at(server.url, pool_size=1) as driver:
            first = asyncio.create_task(driver.send(GET))
            await until(lambda: len(server.bodies) == 1)
            waiting = [asyncio.create_task(driver.send(GET)) for _ in range(3)]
            await asyncio.sleep(0.01)
            waiting[0].cancel()
            waiting[1].cancel()
            first.cancel()
            assert (await waiting[2])["Item"] == FOUND["Item"]
            for task in (first, *waiting[:2]):
                with pytest.raises(asyncio.CancelledError):
                    await task

    with serving(silent(released)) as server:
        run(main())
        released.set()
        assert len(server.bodies) == 2


def test_a_silent_service_is_given_up_and_the_write_is_unsure(run: Run) -> None:
    released = threading.Event()

    async def main() -> LeydenError:
        async with driver_at(server.url, read_timeout=0.1) as driver:
            with pytest.raises(ConnectionFailedError, match="in time") as caught:
                await driver.send(ADD)
            assert pool_of(driver).idle == 0
            # However slow the server is, it has taken the first request before the next comes,
            # and the next answer may take its time.
            await until(lambda: len(server.bodies) == 1)
            pool_of(driver)._read_timeout = 20.0
            assert (await driver.send(GET))["Item"] == FOUND["Item"]
            return caught.value

    with serving(silent(released)) as server:
        assert run(main()).unsure
        released.set()


def test_a_timeout_around_a_request_breaks_it_off(run: Run) -> None:
    released = threading.Event()

    async def main() -> None:
        async with driver_at(server.url) as driver:
            await driver.send(ADD)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await driver.send(ADD)
            await until(lambda: len(server.bodies) == 2)
            assert pool_of(driver).idle == 0
            assert (await driver.send(GET))["Item"] == FOUND["Item"]

    with serving(silent(released, held=1)) as server:
        run(main())
        released.set()


def test_a_canceled_program_is_closed_and_sends_nothing_more(run: Run) -> None:
    released = threading.Event()
    ended: list[bool] = []

    def program() -> Program[None]:
        try:
            yield Gather((ADD,) * 10, 2)
        finally:
            ended.append(True)

    async def main() -> None:
        async with driver_at(server.url) as driver:
            task = asyncio.create_task(driver.run(program()))
            await until(lambda: len(server.bodies) == 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.05)

    def reply(n: int) -> None:
        released.wait(10)

    with serving(reply) as server:
        run(main())
        assert ended == [True]
        assert len(server.bodies) == 2
        released.set()


def test_gathered_answers_come_in_order_with_the_errors_among_them(run: Run) -> None:
    error = refusal("ResourceNotFoundException", "not found")

    def get(n: int) -> Request:
        return Request("GetItem", {"TableName": "t", "Key": {"n": {"N": str(n)}}})

    def reply(n: int) -> bytes:
        sent = server.bodies[n]["Key"]["n"]["N"]
        time.sleep(0.02 if sent == "0" else 0)
        return answer(error, 400) if sent == "1" else answer({"Item": {"n": {"N": sent}}})

    def program(concurrency: int) -> Program[Any]:
        yield Pause(0.001)
        answers: list[Any] = yield Gather(tuple(get(n) for n in range(6)), concurrency)
        return [one if isinstance(one, LeydenError) else one["Item"]["n"]["N"] for one in answers]

    async def main() -> None:
        async with driver_at(server.url) as driver:
            found = await driver.run(program(concurrency=1))
            assert isinstance(found.pop(1), TableNotFoundError)
            assert found == ["0", "2", "3", "4", "5"]

    with serving(reply) as server:
        run(main())


def test_an_error_is_raised_at_the_yield_so_that_the_program_may_handle_it(run: Run) -> None:
    def program() -> Program[str]:
        try:
            yield GET
        except TableNotFoundError:
            return "handled"
        return "not raised"

    async def main() -> str:
        async with driver_at(server.url) as driver:
            return await driver.run(program())

    with serving(lambda n: answer(refusal("ResourceNotFoundException", "no"), 400)) as server:
        assert run(main()) == "handled"


def test_a_server_with_a_trusted_certificate_is_reached_and_no_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path)

    async def trusted(url: str) -> None:
        async with driver_at(url) as driver:
            await driver.send(GET)
            await driver.send(GET)

    async def untrusted(url: str) -> None:
        async with driver_at(url) as driver:
            with pytest.raises(ConnectionFailedError, match="SSLError"):
                await driver.send(GET)

    with serving(lambda n: answer(FOUND), tls=tls) as server:
        url = server.url.replace("http", "https")
        run(untrusted(url))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        run(trusted(url))
        assert server.opened == 2
        assert len(server.bodies) == 2


def test_secure_endpoints_are_reached_through_a_tunnel(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "dynamodb.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

    async def main() -> None:
        async with driver_at("https://dynamodb.example") as driver:
            await driver.send(GET)
            await driver.send(GET)

    with serving(lambda n: answer(FOUND), tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://user:pass@"))
        run(main())
    assert proxy.heads[0].startswith("CONNECT dynamodb.example:443 HTTP/1.1")
    assert "Proxy-Authorization: Basic dXNlcjpwYXNz" in proxy.heads[0]
    assert proxy.opened == 1


def refusing_proxy(server: Serving) -> str:
    return server.url.replace("://", "://user:hidden@")


def test_a_proxy_that_refuses_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> LeydenError:
        async with driver_at("https://dynamodb.example") as driver:
            with pytest.raises(ConnectionFailedError, match="ProxyConnectionError") as caught:
                await driver.send(GET)
            return caught.value

    with serving(lambda n: answer(b"", 407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", refusing_proxy(proxy))
        error = run(main())
    assert "hidden" not in str(error) + str(error.__cause__)


def test_nobody_at_the_other_end_is_an_error_that_is_sure(run: Run) -> None:
    async def main() -> ConnectionFailedError:
        async with driver_at("http://127.0.0.1:1") as driver:
            with pytest.raises(ConnectionFailedError) as caught:
                await driver.send(ADD)
            return caught.value

    assert not run(main()).unsure


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n\r\n", answer(FOUND, length=1000), answer(b"<html>")]
)
def test_what_is_no_whole_answer_is_an_error(run: Run, said: bytes) -> None:
    def reply(n: int) -> bytes | None:
        return said if n == 0 else None

    async def main() -> None:
        async with driver_at(server.url, read_timeout=0.2) as driver:
            with pytest.raises(AwsError):
                await driver.send(GET)

    with serving(reply) as server:
        run(main())


def test_credentials_are_not_looked_for_on_the_loop(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def nowhere(self: Any) -> None:
        threads.append(threading.current_thread())

    monkeypatch.setattr("botocore.session.Session.get_credentials", nowhere)

    async def main() -> None:
        async with driver_at("http://127.0.0.1:1", credentials=None) as driver:
            with pytest.raises(CredentialsError):
                await driver.send(GET)

    run(main())
    assert threads
    assert threading.main_thread() not in threads


def test_what_blocks_is_refused() -> None:
    from pynamodb.models import Model

    with pytest.raises(CallStyleError, match=r"leyden\.load"):
        AsyncDriver(endpoint_url="http://127.0.0.1:1", credentials=KEYS).attach(Model)
