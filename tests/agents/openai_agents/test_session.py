"""Sessions of the OpenAI Agents SDK beside its own, and many at work on one."""

from __future__ import annotations

import asyncio
import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from agents import SQLiteSession
from agents.memory import Session, SessionSettings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import leyden
from leyden.agents.openai_agents import LeydenSession
from leyden.errors import InvalidOptionError, TableNotFoundError
from tests.agents.engines import FEW, table_on
from tests.conftest import _new_table_name

EXAMPLE: Final = Path(__file__).parents[3] / "examples" / "agents" / "openai_agents.py"


def item(text: Any) -> Any:
    return {"role": "user", "content": text}


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Any]]:
    with table_on("embedded") as options:
        LeydenSession("s", **options).app.create_table()
        yield options


@pytest.fixture(scope="module")
def local() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        LeydenSession("s", **options).app.create_table()
        yield options


def opened(options: dict[str, Any], **more: Any) -> LeydenSession:
    return LeydenSession(_new_table_name("session"), **options, **more)


def test_it_is_a_session(embedded: dict[str, Any]) -> None:
    session = LeydenSession("user-123", **embedded)
    assert isinstance(session, Session)
    assert session.session_id == "user-123"
    assert session.session_settings == SessionSettings()
    assert repr(session) == f"<LeydenSession on table {embedded['table_name']}>"


@pytest.mark.parametrize("given", [{"limit": 2}, SessionSettings(limit=2)])
def test_the_limit_of_its_settings_holds(embedded: dict[str, Any], given: Any) -> None:
    async def main() -> None:
        session = opened(embedded, session_settings=given)
        await session.add_items([item(n) for n in range(5)])
        assert await session.get_items() == [item(3), item(4)]
        assert await session.get_items(1) == [item(4)]
        session.session_settings = None
        assert len(await session.get_items()) == 5

    asyncio.run(main())


def test_the_table_is_checked_without_a_change(embedded: dict[str, Any]) -> None:
    asyncio.run(opened(embedded).check_table())
    absent = LeydenSession("s", **{**embedded, "table_name": "absent"})
    with pytest.raises(TableNotFoundError, match=r"LeydenSession\.app\.create_table"):
        asyncio.run(absent.check_table())
    with pytest.raises(InvalidOptionError):
        LeydenSession("s", **{**embedded, "table_name": " "})


def test_it_works_on_one_event_loop_after_another(embedded: dict[str, Any]) -> None:
    session = opened(embedded)
    for n in range(3):
        asyncio.run(session.add_items([item(n)]))
    assert asyncio.run(session.get_items()) == [item(n) for n in range(3)]


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "You said: ['I am Ada.']",
        "You said: ['I am Ada.', 'Who am I?']",
        "4 items",
        "You said: ['I am Ada.', 'And now?']",
    ]


@pytest.mark.once
@pytest.mark.java
def test_adds_at_once_are_all_kept(local: dict[str, Any]) -> None:
    async def main() -> None:
        sessions = [LeydenSession("adds", **local) for _ in range(20)]
        adds = [one.add_items([item(n), item(-n)]) for n, one in enumerate(sessions)]
        await asyncio.gather(*adds)
        found = [one["content"] for one in await sessions[0].get_items()]
        assert sorted(found[::2]) == [*range(20)]
        assert found[1::2] == [-n for n in found[::2]]
        await sessions[0].close()

    asyncio.run(main())


@pytest.mark.once
@pytest.mark.java
def test_pops_at_once_never_give_the_same(local: dict[str, Any]) -> None:
    async def main() -> None:
        session = LeydenSession("pops", **local)
        for start in (0, 1, 50, 80):
            stop = {0: 1, 1: 50, 50: 80, 80: 100}[start]
            await session.add_items([item(n) for n in range(start, stop)])
        left = iter(range(100))
        popped: list[Any] = []

        async def pop() -> None:
            for _ in left:
                popped.append(await LeydenSession("pops", **local).pop_item())

        await asyncio.gather(*(pop() for _ in range(8)))
        assert sorted(one["content"] for one in popped) == [*range(100)]
        assert await session.pop_item() is None
        await session.close()

    asyncio.run(main())


@pytest.mark.once
@pytest.mark.java
def test_a_session_of_5000_items_works(local: dict[str, Any]) -> None:
    items = [item(f"{n} {'word ' * 60}") for n in range(5000)]

    async def main() -> None:
        session = LeydenSession("long", **local)
        await session.add_items(items[:4600])
        for start in range(4600, 5000, 4):
            await session.add_items(items[start : start + 4])
        assert await session.get_items() == items
        assert await session.get_items(10) == items[-10:]
        assert await session.get_items(1500) == items[-1500:]
        assert await session.pop_item() == items[-1]
        await session.clear_session()
        assert await session.get_items() == []
        await session.close()

    asyncio.run(main())


@pytest.mark.once
@pytest.mark.java
def test_an_item_of_500_kb_works(local: dict[str, Any]) -> None:
    large = item(random.Random(1).randbytes(500_000).hex())

    async def main() -> None:
        session = LeydenSession("large", **local)
        await session.add_items([item("before"), large, item("behind")])
        assert await session.get_items() == [item("before"), large, item("behind")]
        assert await session.pop_item() == item("behind")
        assert await session.pop_item() == large
        await session.close()

    asyncio.run(main())


class Sessions(RuleBasedStateMachine):
    """A session of Leyden and one of the SDK, to which the same happens."""

    options: Any = None

    @initialize()
    def begin(self) -> None:
        if Sessions.options is None:
            engine = leyden.local()
            Sessions.options = {"table_name": "sessions", "engine": engine}
            LeydenSession("s", **Sessions.options).app.create_table()
        self.ours = opened(Sessions.options)
        self.theirs = SQLiteSession(self.ours.session_id)
        self.runner = asyncio.Runner()

    def both(self, name: str, *given: Any) -> None:
        async def call(session: Any) -> Any:
            return await getattr(session, name)(*given)

        assert self.runner.run(call(self.ours)) == self.runner.run(call(self.theirs))

    @rule(texts=st.lists(st.text() | st.integers() | st.none(), max_size=4))
    def add(self, texts: list[Any]) -> None:
        self.both("add_items", [item(text) for text in texts])

    @rule(count=st.integers(95, 210))
    def add_many(self, count: int) -> None:
        self.both("add_items", [item(n) for n in range(count)])

    @rule(times=st.integers(1, 3))
    def pop(self, times: int) -> None:
        for _ in range(times):
            self.both("pop_item")

    @rule(limit=st.integers(0, 220))
    def newest(self, limit: int) -> None:
        self.both("get_items", limit)

    @rule()
    def clear(self) -> None:
        self.both("clear_session")

    @rule()
    def all(self) -> None:
        self.both("get_items")

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.all()
            self.theirs.close()
            self.runner.close()


TestSessions = Sessions.TestCase
TestSessions.settings = FEW
