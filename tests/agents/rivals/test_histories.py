"""Conversations: what Leyden's adapters keep, and what other packages on DynamoDB lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from attrs import evolve
from bench.agents.contestants import HISTORIES, Contestant, Open, OpenAISession
from bench.agents.histories import LARGE
from bench.agents.stage import Stage
from bench.agents.texts import text
from botocore.exceptions import ClientError

from tests.agents.rivals.beside import Fault, beside
from tests.agents.rivals.conftest import Meeting

pytestmark = pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning")

CALLERS: Final = 20


class Client:
    """A client of boto3 that is awaited as one of aiobotocore, which pins a release of boto3."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get_item(self, **given: Any) -> Any:
        return await asyncio.to_thread(self._client.get_item, **given)

    async def put_item(self, **given: Any) -> Any:
        return await asyncio.to_thread(self._client.put_item, **given)


@asynccontextmanager
async def openai_session(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open the sessions of openai-agents-session."""
    from openai_agents_session.dynamodb import DynamoDBSession

    here.create(table, "session_id")
    client: Any = Client(here.session.client("dynamodb"))
    yield lambda id: OpenAISession(DynamoDBSession(id, client, table))


OPENAI: Final = [
    evolve(one, open=openai_session) if one.name == "openai" else one
    for one in HISTORIES
    if one.framework == "openai-agents"
]
LANGCHAIN: Final = [one for one in HISTORIES if one.framework == "langchain-core"]


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test on an event loop that has a thread for each caller."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(CALLERS))
        runner.run(main)


READS_AND_WRITES: Final = "reads all messages and writes them with its own, without a condition"


@pytest.mark.parametrize(
    ("package", "writers", "each"),
    [
        pytest.param(*case.values, *times, marks=case.marks, id=case.id)
        for cases, times in (
            (beside(OPENAI, openai=READS_AND_WRITES), (CALLERS, 1)),
            (beside(LANGCHAIN, langchain=READS_AND_WRITES), (4, 10)),
        )
        for case in cases
    ],
)
def test_messages_that_are_added_at_once_are_all_kept(
    package: Contestant, writers: int, each: int, here: Stage, meeting: Meeting
) -> None:
    async def main() -> None:
        async with package.open(here, here.table()) as opened:

            async def write(name: int) -> None:
                history = opened("s")
                for n in range(each):
                    await history.add([f"{name}/{n}"])

            with meeting.of(writers):
                await asyncio.gather(*map(write, range(writers)))
            texts = [f"{name}/{n}" for name in range(writers) for n in range(each)]
            assert sorted(await opened("s").read()) == sorted(texts)

    run(main())


@pytest.mark.parametrize(
    "package", beside(OPENAI, openai="returns the newest message to each of them")
)
def test_callers_that_pop_at_once_get_different_messages(
    package: Contestant, here: Stage, meeting: Meeting
) -> None:
    async def main() -> None:
        async with package.open(here, here.table()) as opened:
            texts = [f"{n}" for n in range(CALLERS)]
            await opened("s").add(texts)
            with meeting.of(CALLERS):
                found = await asyncio.gather(*(opened("s").pop() for _ in texts))
            assert {*found} == {*texts}

    run(main())


TOO_LARGE: Final = Fault("keeps a conversation in one item, which DynamoDB refuses", ClientError)


@pytest.mark.parametrize(
    "package", [*beside(OPENAI, openai=TOO_LARGE), *beside(LANGCHAIN, langchain=TOO_LARGE)]
)
def test_a_conversation_of_500_kb_is_kept(package: Contestant, here: Stage) -> None:
    async def main() -> None:
        async with package.open(here, here.table()) as opened:
            texts = [text(LARGE // 5, n) for n in range(5)]
            for one in texts:
                await opened("s").add([one])
            assert await opened("s").read() == texts

    run(main())
