"""Records one by one: what an iteration does after an error."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

import leyden
from leyden.errors import ConnectionFailedError, InputError
from tests.operations.conftest import TASKS


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that is not there, which is asked once."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unheard.getsockname()[1]}"


KEYS = {"access_key_id": "a", "secret_access_key": "b"}


def test_it_does_not_end_as_if_all_had_been_seen(nowhere: str) -> None:
    with leyden.load(
        TASKS, table="t", endpoint_url=nowhere, region="local", credentials=KEYS
    ) as app:
        records = app.entities.task.query.project(project_id="p").iter()
        with pytest.raises(ConnectionFailedError):
            next(records)
        with pytest.raises(InputError, match="failed with ConnectionFailedError") as caught:
            next(records)
        assert caught.value.operation == "task.query.project"
        with pytest.raises(InputError, match="failed with"):
            list(records)


def test_nor_does_it_on_an_event_loop(nowhere: str) -> None:
    async def reading() -> None:
        async with await leyden.load_async(
            TASKS, table="t", endpoint_url=nowhere, region="local", credentials=KEYS
        ) as app:
            records = app.entities.task.query.project(project_id="p").iter()
            with pytest.raises(ConnectionFailedError):
                await anext(records)
            with pytest.raises(InputError, match="failed with ConnectionFailedError"):
                [record async for record in records]

    asyncio.run(reading())
