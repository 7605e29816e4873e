"""Answers that are no answers, closing in the middle, and settings that cannot be sent."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from leyden.drivers import SyncDriver
from leyden.drivers.aio import AsyncDriver
from leyden.drivers.pynamodb import SharedConnection
from leyden.drivers.sync import LeanConnection
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    CredentialsError,
    InvalidOptionError,
    LeydenError,
)
from leyden.program import Request
from tests.drivers.serving import answer, serving
from tests.drivers.test_async import RUNS, until
from tests.drivers.test_async import driver_at as async_driver_at
from tests.drivers.test_lean import ADD, FOUND, GET, KEYS, driver_at, pool_of

UNREADABLE = [
    b"\xff\xfe",
    b"[1]",
    b'"x"',
    b"null",
    b'{"__type": 5, "message": 3}',
    b"[" * 20_000,
    b'{"Attributes": {"a": {"B": "!!!a"}}}',
]


@pytest.mark.parametrize("body", UNREADABLE[:5])
def test_a_fault_whose_text_cannot_be_read_leaves_a_write_unsure(body: bytes) -> None:
    with (
        serving(lambda n: answer(body, 500)) as server,
        driver_at(server.url) as driver,
        pytest.raises(AwsError, match="500") as caught,
    ):
        driver.send(ADD)
    assert caught.value.unsure


@pytest.mark.parametrize("body", UNREADABLE[:4])
def test_a_refusal_whose_text_cannot_be_read_is_a_refusal(body: bytes) -> None:
    with (
        serving(lambda n: answer(body, 400)) as server,
        driver_at(server.url) as driver,
        pytest.raises(AwsError, match="400") as caught,
    ):
        driver.send(ADD)
    assert not caught.value.unsure


@pytest.mark.parametrize("body", [*UNREADABLE[:4], *UNREADABLE[5:]])
def test_a_good_answer_that_cannot_be_read_leaves_a_write_unsure(body: bytes) -> None:
    with (
        serving(lambda n: answer(body)) as server,
        driver_at(server.url) as driver,
        pytest.raises(AwsError, match=r"is not DynamoDB's") as caught,
    ):
        driver.send(ADD)
    assert caught.value.unsure


def test_a_fault_whose_text_cannot_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    replies = [answer(b"\xff\xfe", 500), answer(FOUND)]
    with serving(lambda n: replies[n]) as server, driver_at(server.url) as driver:
        assert driver.send(GET)["Item"] == FOUND["Item"]


@pytest.mark.parametrize(
    "length", [10**9, 10**30, int("9" * 4000)], ids=["large", "larger", "absurd"]
)
def test_a_length_beyond_belief_is_no_answer_and_takes_no_memory(length: int) -> None:
    with (
        serving(lambda n: answer(FOUND, length=length)) as server,
        driver_at(server.url) as driver,
        pytest.raises(AwsError, match="is not DynamoDB's: it is longer than 256 MB") as caught,
    ):
        driver.send(ADD)
    assert caught.value.unsure


def test_a_request_that_nobody_takes_on_a_used_connection_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take_one() -> None:
            connection, _ = listener.accept()
            with connection:
                # The question for the item is answered; nothing is read any more.
                connection.recv(65_536)
                connection.sendall(answer(FOUND))
                done.wait(10)

        done = threading.Event()
        thread = threading.Thread(target=take_one)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        large = {"TableName": "t", "Item": {"pk": {"S": "x" * 20_000_000}}}
        with driver_at(url) as driver:
            driver.send(GET)
            (line,) = pool_of(driver)._idle[next(iter(pool_of(driver)._idle))]
            line._socket.settimeout(0.3)
            with pytest.raises(ConnectionFailedError, match="in time") as caught:
                driver.send(Request("PutItem", large))
        done.set()
        thread.join()
    assert caught.value.unsure


def test_an_answer_that_comes_before_all_of_the_request_was_taken_is_heard() -> None:
    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(answer(b"", 413, "Connection: close"))
            connection.shutdown(socket.SHUT_RDWR)

    large = {"TableName": "t", "Item": {"pk": {"S": "x" * 20_000_000}}}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse)
        thread.start()
        with (
            driver_at(f"http://127.0.0.1:{listener.getsockname()[1]}") as driver,
            pytest.raises(AwsError, match="413") as caught,
        ):
            driver.send(Request("PutItem", large))
        thread.join()
    assert not caught.value.unsure
    assert pool_of(driver).idle == 0


@pytest.mark.parametrize("reply", [None, answer(b"", 500)])
def test_closing_while_a_write_is_on_its_way_hides_nothing_of_its_end(
    reply: bytes | None,
) -> None:
    released = threading.Event()

    def held(n: int) -> bytes | None:
        released.wait(10)
        return reply

    with (
        serving(held) as server,
        driver_at(server.url) as driver,
        ThreadPoolExecutor(1) as pool,
    ):
        sent = pool.submit(driver.send, ADD)
        while not server.bodies:
            time.sleep(0.002)
        driver.connection.close()
        released.set()
        error = sent.exception()
    assert isinstance(error, AwsError)
    assert error.unsure


def test_threads_may_send_while_another_closes_again_and_again() -> None:
    with (
        serving(lambda n: answer(FOUND), remember=False) as server,
        driver_at(server.url) as driver,
        ThreadPoolExecutor(4) as pool,
    ):
        sent = [pool.submit(driver.send, GET) for _ in range(200)]
        while not all(one.done() for one in sent):
            driver.connection.close()
            time.sleep(0.01)
        assert [one.result()["Item"] for one in sent] == [FOUND["Item"]] * 200
        driver.connection.close()
        assert pool_of(driver).idle == 0


def test_a_service_that_is_dropped_closes_its_connections() -> None:
    # What earlier tests left open is not said here.
    gc.collect()
    with serving(lambda n: answer(FOUND)) as server, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        driver = SyncDriver(connection=LeanConnection(endpoint_url=server.url, credentials=KEYS))
        driver.send(GET)
        del driver
        gc.collect()
        ended = time.monotonic() + 5
        while server.open and time.monotonic() < ended:
            time.sleep(0.002)
        assert not server.open
    assert not [one for one in said if "unclosed" in str(one.message) and "raddr" in str(one)]


@pytest.mark.parametrize(
    "credentials",
    [
        {**KEYS, "session_token": "a\r\nX-Injected: 1"},
        {**KEYS, "session_token": "a\n"},
        {**KEYS, "access_key_id": "AKID\n"},
        {**KEYS, "session_token": "\u20ac"},
    ],
)
def test_credentials_that_would_break_out_of_their_header_are_not_sent(
    credentials: dict[str, str],
) -> None:
    with (
        serving(lambda n: answer(FOUND)) as server,
        driver_at(server.url, credentials=credentials) as driver,
        pytest.raises(CredentialsError, match="end of a line") as caught,
    ):
        driver.send(GET)
    assert not server.heads
    assert "Injected" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:x", "http://"])
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with (
        driver_at("http://dynamodb.example:8000") as driver,
        pytest.raises(InvalidOptionError, match="HTTP_PROXY"),
    ):
        driver.send(GET)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a b", "/a%20b"),
        ("/\u00fc?x=y z", "/%C3%BC?x=y%20z"),
        ("/%20", "/%20"),
        ("//a/../b", None),
    ],
)
def test_the_path_of_an_endpoint_is_written_as_botocore_sends_it(
    path: str, sent: str | None
) -> None:
    with serving(lambda n: answer(FOUND)) as server:
        for kind in (LeanConnection, SharedConnection):
            connection = kind(endpoint_url=f"{server.url}{path}", credentials=KEYS)
            SyncDriver(connection=connection).send(GET)
            connection.close()
    lean, shared = (head.split("\r\n")[0] for head in server.heads)
    assert lean == shared == f"POST {sent or path} HTTP/1.1"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_that_is_forked_while_a_thread_opens_a_connection_is_not_stuck() -> None:
    with serving(lambda n: answer(FOUND)) as server, driver_at(server.url) as driver:
        driver.send(GET)
        held, released = threading.Event(), threading.Event()

        connection: Any = driver.connection

        def open_slowly() -> None:
            exchange = connection._exchange
            with connection._lock, exchange._lock, exchange._profile._lock:
                held.set()
                released.wait(10)

        thread = threading.Thread(target=open_slowly)
        thread.start()
        held.wait(10)
        child = os.fork()
        if child == 0:
            # Ends the process where it is stuck.
            signal.alarm(30)
            fine = False
            try:
                connection.close()
                fine = driver.send(GET)["Item"] == FOUND["Item"]
            finally:
                os._exit(0 if fine else 1)
        _, status = os.waitpid(child, 0)
        released.set()
        thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("run", RUNS)
def test_loops_that_ended_without_closing_leave_no_connections(
    run: Callable[[Any], Any],
) -> None:
    with serving(lambda n: answer(FOUND)) as server, warnings.catch_warnings():
        # Asyncio itself says that the program did not close.
        warnings.simplefilter("ignore", ResourceWarning)
        driver = AsyncDriver(endpoint_url=server.url, credentials=KEYS)

        async def one() -> None:
            await driver.send(GET)

        for _ in range(10):
            run(one())
        ended = time.monotonic() + 5
        while len(server.open) > 1 and time.monotonic() < ended:
            time.sleep(0.002)
        assert len(server.open) <= 1
        assert len(driver.connection._pools) == 1
        run(driver.close())
        gc.collect()


@pytest.mark.parametrize("run", RUNS)
def test_who_waits_for_a_connection_while_the_service_closes_leaves_none_open(
    run: Callable[[Any], Any],
) -> None:
    async def main() -> None:
        async with async_driver_at(server.url, pool_size=1) as driver:
            await driver.send(GET)
            waiting = [asyncio.create_task(driver.send(GET)) for _ in range(4)]
            await asyncio.sleep(0)
            await driver.close()
            await driver.connection.close()
            assert [one["Item"] for one in await asyncio.gather(*waiting)] == [FOUND["Item"]] * 4
            await until(lambda: not server.open)

    with serving(lambda n: answer(FOUND)) as server:
        run(main())


@pytest.mark.parametrize("run", RUNS)
def test_closing_while_a_task_writes_hides_nothing_of_its_end(run: Callable[[Any], Any]) -> None:
    released = threading.Event()

    def held(n: int) -> None:
        released.wait(10)

    async def main() -> LeydenError:
        async with async_driver_at(server.url) as driver:
            sent = asyncio.create_task(driver.send(ADD))
            await until(lambda: bool(server.bodies))
            await driver.connection.close()
            released.set()
            with pytest.raises(AwsError) as caught:
                await sent
            return caught.value

    with serving(held) as server:
        assert run(main()).unsure


@pytest.mark.parametrize("run", RUNS)
def test_a_connection_on_which_half_of_a_request_is_unsent_is_not_used_again(
    run: Callable[[Any], Any],
) -> None:
    done = threading.Event()

    def answer_early() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            open_ones.append(connection)
            connection.recv(1024)
            connection.sendall(answer(FOUND))
        done.wait(10)

    async def main() -> None:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        large = {"TableName": "t", "Item": {"pk": {"S": "x" * 20_000_000}}}
        async with async_driver_at(url, read_timeout=2.0) as driver:
            await driver.send(Request("PutItem", large))
            await driver.send(GET)

    open_ones: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_early)
        thread.start()
        try:
            run(main())
        finally:
            done.set()
            thread.join()
            for one in open_ones:
                one.close()
