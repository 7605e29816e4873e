"""The message history of LangChain beside its own, and many writers of one."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from langchain_core.chat_history import BaseChatMessageHistory, InMemoryChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

import leyden
from leyden.agents.langchain import LeydenChatMessageHistory
from leyden.errors import TableNotFoundError
from tests.agents.engines import FEW, table_on
from tests.conftest import _new_table_name


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Any]]:
    with table_on("embedded") as options:
        LeydenChatMessageHistory("s", **options).app.create_table()
        yield options


@pytest.fixture(scope="module")
def local() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        LeydenChatMessageHistory("s", **options).app.create_table()
        yield options


def opened(options: dict[str, Any], **more: Any) -> LeydenChatMessageHistory:
    return LeydenChatMessageHistory(_new_table_name("chat"), **options, **more)


def test_it_is_a_history(embedded: dict[str, Any]) -> None:
    history = LeydenChatMessageHistory("user-123", **embedded)
    assert isinstance(history, BaseChatMessageHistory)
    assert history.session_id == "user-123"
    name = embedded["table_name"]
    assert repr(history) == f"<LeydenChatMessageHistory on table {name}>"
    history.add_user_message("Hello")
    history.add_ai_message("Good day")
    assert str(history) == "Human: Hello\nAI: Good day"


def test_messages_of_all_kinds_come_back_as_they_were(embedded: dict[str, Any]) -> None:
    calls = [{"name": "sum", "args": {"a": [1, 2.5]}, "id": "c1", "type": "tool_call"}]
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    messages: list[BaseMessage] = [
        SystemMessage("Be kind", id="m1"),
        HumanMessage([{"type": "text", "text": "Ünïcode 😀"}, {"type": "image", "base64": "aGk="}]),
        AIMessage("", tool_calls=calls, usage_metadata=usage, response_metadata={"model": "m"}),
        ToolMessage("3.5", tool_call_id="c1", artifact={"raw": [None, True]}),
        AIMessage("It is 3.5", additional_kwargs={"refusal": None}, name="helper"),
    ]
    history = opened(embedded)
    history.add_messages(messages)
    assert history.messages == messages
    assert asyncio.run(history.aget_messages()) == messages


@pytest.mark.parametrize(
    "message",
    [
        AIMessageChunk("a", tool_call_chunks=[{"name": "f", "args": "{", "id": "1", "index": 0}]),
        ChatMessage("c", role="critic"),
        FunctionMessage("3", name="f"),
        HumanMessageChunk("h"),
        RemoveMessage(id="m1"),
        ToolMessageChunk("t", tool_call_id="1", status="error"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_rare_messages_come_back_as_they_were(
    embedded: dict[str, Any], message: BaseMessage
) -> None:
    history = opened(embedded)
    history.add_messages([message])
    assert history.messages == [message]
    assert type(history.messages[0]) is type(message)


def test_a_message_that_would_make_the_chat_unreadable_is_refused(
    embedded: dict[str, Any],
) -> None:
    class Own(BaseMessage):
        type: str = "own"

    history = opened(embedded)
    for _ in range(2):
        with pytest.raises(TypeError, match="LangChain could not read this message back"):
            history.add_messages([HumanMessage("Hello"), Own("x")])
    assert history.messages == []


def test_the_awaited_methods_do_the_same(embedded: dict[str, Any]) -> None:
    history = opened(embedded, limit=2)

    async def main() -> None:
        await history.acheck_table()
        await history.aadd_messages([HumanMessage(str(n)) for n in range(4)])
        found = await history.aget_messages()
        assert [one.content for one in found] == ["2", "3"]
        await history.aclear()
        assert await history.aget_messages() == []
        await history.aclose()

    asyncio.run(main())
    assert history.messages == []


def test_a_limit_gives_the_newest(embedded: dict[str, Any]) -> None:
    history = opened(embedded, limit=3)
    history.add_messages([HumanMessage(str(n)) for n in range(5)])
    assert [one.content for one in history.messages] == ["2", "3", "4"]


def test_the_table_is_checked_without_a_change(embedded: dict[str, Any]) -> None:
    opened(embedded).check_table()
    absent = LeydenChatMessageHistory("s", **{**embedded, "table_name": "absent"})
    with pytest.raises(TableNotFoundError, match=r"LeydenChatMessageHistory\.app\.create_table"):
        absent.check_table()
    absent.close()


def test_a_chain_remembers(embedded: dict[str, Any]) -> None:
    def answer(messages: list[BaseMessage]) -> AIMessage:
        said = [str(one.content) for one in messages if isinstance(one, HumanMessage)]
        return AIMessage(f"You said: {said}")

    chain = RunnableWithMessageHistory(
        RunnableLambda(answer), lambda session_id: LeydenChatMessageHistory(session_id, **embedded)
    )
    config: Any = {"configurable": {"session_id": _new_table_name("chain")}}
    assert chain.invoke([HumanMessage("I am Ada.")], config).content == "You said: ['I am Ada.']"
    answered = asyncio.run(chain.ainvoke([HumanMessage("Who am I?")], config))
    assert answered.content == "You said: ['I am Ada.', 'Who am I?']"


@pytest.mark.once
@pytest.mark.java
def test_four_writers_at_once_keep_all_of_their_messages(local: dict[str, Any]) -> None:
    def write(writer: int) -> None:
        history = LeydenChatMessageHistory("threads", **local)
        for n in range(10):
            history.add_message(HumanMessage(f"{writer} {n}"))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [str(one.content) for one in LeydenChatMessageHistory("threads", **local).messages]
    assert len(found) == 40
    for writer in range(4):
        own = [text for text in found if text.startswith(f"{writer} ")]
        assert own == [f"{writer} {n}" for n in range(10)]


@pytest.mark.once
@pytest.mark.java
def test_a_message_of_500_kb_works(local: dict[str, Any]) -> None:
    history = LeydenChatMessageHistory("large", **local)
    large = HumanMessage(random.Random(1).randbytes(500_000).hex())
    history.add_messages([HumanMessage("before"), large])
    assert history.messages == [HumanMessage("before"), large]
    history.clear()
    assert history.messages == []


class Histories(RuleBasedStateMachine):
    """A history of Leyden and one of LangChain, to which the same happens."""

    options: Any = None

    @initialize()
    def begin(self) -> None:
        if Histories.options is None:
            Histories.options = {"table_name": "chats", "engine": leyden.local()}
            LeydenChatMessageHistory("s", **Histories.options).app.create_table()
        self.ours = opened(Histories.options)
        self.theirs = InMemoryChatMessageHistory()
        self.runner = asyncio.Runner()

    def both(self, name: str, *given: Any, awaited: bool) -> None:
        for history in (self.ours, self.theirs):
            method = getattr(history, f"a{name}" if awaited else name)
            if awaited:
                self.runner.run(method(*given))
            else:
                method(*given)

    @rule(texts=st.lists(st.text(), max_size=4), awaited=st.booleans())
    def add(self, texts: list[str], awaited: bool) -> None:
        kinds = [HumanMessage, AIMessage, SystemMessage]
        messages = [kinds[n % 3](text) for n, text in enumerate(texts)]
        self.both("add_messages", messages, awaited=awaited)

    @rule(text=st.text())
    def add_one(self, text: str) -> None:
        self.both("add_user_message", text, awaited=False)

    @rule(awaited=st.booleans())
    def clear(self, awaited: bool) -> None:
        self.both("clear", awaited=awaited)

    @rule()
    def all(self) -> None:
        assert self.ours.messages == self.theirs.messages

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.all()
            self.runner.close()


TestHistories = Histories.TestCase
TestHistories.settings = FEW
