"""The history provider of the Agent Framework beside its own, and many writers of one session."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from agent_framework import (
    Agent,
    BaseChatClient,
    ChatResponse,
    Content,
    HistoryProvider,
    InMemoryHistoryProvider,
    Message,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import leyden
from leyden.agents.agent_framework import LeydenHistoryProvider
from leyden.errors import TableNotFoundError
from tests.agents.engines import FEW, table_on
from tests.conftest import _new_table_name


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Any]]:
    with table_on("embedded") as options:
        LeydenHistoryProvider(**options).app.create_table()
        yield options


@pytest.fixture(scope="module")
def local() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        LeydenHistoryProvider(**options).app.create_table()
        yield options


def message(text: str, role: str = "user", **more: Any) -> Message:
    return Message(role, [text], **more)


def texts(messages: list[Message]) -> list[str]:
    return [one.text for one in messages]


class Parrot(BaseChatClient):
    """A model that repeats what its user has said so far."""

    async def _inner_get_response(self, *, messages: Any, **given: Any) -> ChatResponse:
        said = [one.text for one in messages if one.role == "user"]
        return ChatResponse(messages=[message(f"You said: {said}", "assistant")])


def test_it_is_a_provider(embedded: dict[str, Any]) -> None:
    provider = LeydenHistoryProvider(**embedded, load_messages=False, store_context_messages=True)
    assert isinstance(provider, HistoryProvider)
    assert (provider.source_id, provider.load_messages) == ("leyden", False)
    assert (provider.store_inputs, provider.store_context_messages) == (True, True)
    assert repr(provider) == f"<LeydenHistoryProvider on table {embedded['table_name']}>"


def test_an_agent_remembers(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        id = _new_table_name("run")
        for questions in (["I am Ada."], ["I am Ada.", "Who am I?"]):
            agent = Agent(client=Parrot(), context_providers=[LeydenHistoryProvider(**embedded)])
            session = agent.create_session(session_id=id)
            answer = await agent.run(questions[-1], session=session)
            assert answer.text == f"You said: {questions}"

    asyncio.run(main())


def test_messages_of_all_kinds_come_back_as_they_were(embedded: dict[str, Any]) -> None:
    call = Content.from_function_call("c1", "sum", arguments={"a": [1, 2.5]})
    result = Content.from_function_result("c1", result="3.5")
    messages = [
        message("Be kind", "system", message_id="m1", author_name="me"),
        message("Ünïcode 😀", additional_properties={"mark": [None, True]}),
        Message("assistant", [call]),
        Message("tool", [result]),
        Message("user", [Content.from_data(b"hi" * 1000, "image/png")]),
    ]

    async def main() -> None:
        provider = LeydenHistoryProvider(**embedded)
        await provider.save_messages("kinds", messages)
        found = await provider.get_messages("kinds")
        assert [one.to_dict() for one in found] == [one.to_dict() for one in messages]
        await provider.close()

    asyncio.run(main())


def test_providers_with_different_names_keep_their_messages_apart(
    embedded: dict[str, Any],
) -> None:
    async def main() -> None:
        one, other = (LeydenHistoryProvider(**embedded, source_id=name) for name in ("a", "b"))
        await one.save_messages("shared", [message("for a")])
        assert await other.get_messages("shared") == []
        await other.clear("shared")
        assert texts(await one.get_messages("shared")) == ["for a"]
        await one.clear("shared")
        assert await one.get_messages("shared") == []

    asyncio.run(main())


def test_a_session_without_an_id_is_one_of_its_own(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        provider = LeydenHistoryProvider(**embedded)
        await provider.save_messages(None, [message("no name")])
        assert texts(await provider.get_messages(None)) == ["no name"]
        assert await provider.get_messages("other") == []
        await provider.save_messages("other", [])
        await provider.clear(None)

    asyncio.run(main())


def test_messages_that_compaction_excluded_can_be_left_out(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        out = message("old", additional_properties={"_excluded": True})
        await LeydenHistoryProvider(**embedded).save_messages("compacted", [out, message("new")])
        for skip, expected in ((False, ["old", "new"]), (True, ["new"])):
            provider = LeydenHistoryProvider(**embedded, skip_excluded=skip)
            assert texts(await provider.get_messages("compacted")) == expected

    asyncio.run(main())


def test_the_table_is_checked_without_a_change(embedded: dict[str, Any]) -> None:
    asyncio.run(LeydenHistoryProvider(**embedded).check_table())
    absent = LeydenHistoryProvider(**{**embedded, "table_name": "absent"})
    with pytest.raises(TableNotFoundError, match=r"LeydenHistoryProvider\.app\.create_table"):
        asyncio.run(absent.check_table())


@pytest.mark.once
@pytest.mark.java
def test_writers_at_once_keep_all_of_their_messages(local: dict[str, Any]) -> None:
    async def main() -> None:
        provider = LeydenHistoryProvider(**local)

        async def write(writer: int) -> None:
            for n in range(10):
                pair = [message(f"{writer} {n}"), message(f"{writer} {n} too", "assistant")]
                await provider.save_messages("many", pair)

        await asyncio.gather(*map(write, range(8)))
        found = texts(await provider.get_messages("many"))
        assert len(found) == 160
        assert [f"{text} too" for text in found[::2]] == found[1::2]
        for writer in range(8):
            own = [text for text in found[::2] if text.startswith(f"{writer} ")]
            assert own == [f"{writer} {n}" for n in range(10)]
        await provider.close()

    asyncio.run(main())


@pytest.mark.once
@pytest.mark.java
def test_a_message_of_500_kb_works(local: dict[str, Any]) -> None:
    async def main() -> None:
        provider = LeydenHistoryProvider(**local)
        large = random.Random(1).randbytes(500_000).hex()
        await provider.save_messages("large", [message("before"), message(large)])
        assert texts(await provider.get_messages("large")) == ["before", large]
        await provider.close()

    asyncio.run(main())


class Providers(RuleBasedStateMachine):
    """A provider of Leyden and one of the framework, to which the same happens."""

    options: Any = None

    @initialize()
    def begin(self) -> None:
        if Providers.options is None:
            Providers.options = {"table_name": "providers", "engine": leyden.local()}
            LeydenHistoryProvider(**Providers.options).app.create_table()
        self.ours = LeydenHistoryProvider(**Providers.options)
        self.theirs = InMemoryHistoryProvider()
        self.id = _new_table_name("session")
        self.state: dict[str, Any] = {}
        self.runner = asyncio.Runner()

    def save(self, messages: list[Message]) -> None:
        self.runner.run(self.ours.save_messages(self.id, messages))
        self.runner.run(self.theirs.save_messages(self.id, messages, state=self.state))

    @rule(
        given=st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text("ab", max_size=2)))
    )
    def add(self, given: list[tuple[str, str]]) -> None:
        self.save([message(text, role) for role, text in given])

    @rule(text=st.text())
    def repeat(self, text: str) -> None:
        """Hand over the whole transcript again, with something new behind it."""
        self.save([*self.state.get("messages", []), message(text)])

    @rule(last=st.integers(1, 3), text=st.text())
    def overlap(self, last: int, text: str) -> None:
        self.save([*self.state.get("messages", [])[-last:], message(text, "assistant")])

    @rule()
    def all(self) -> None:
        ours = self.runner.run(self.ours.get_messages(self.id))
        theirs = self.runner.run(self.theirs.get_messages(self.id, state=self.state))
        assert [one.to_dict() for one in ours] == [one.to_dict() for one in theirs]

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.all()
            self.runner.close()


TestProviders = Providers.TestCase
TestProviders.settings = FEW
