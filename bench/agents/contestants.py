"""The packages that are compared: each is one function here, and one line in a list.

A function gets the stage and the name of a table. It creates the table as its package wants it
unless it is there, and returns the object to measure. Packages are imported by their functions
alone, so this module needs none of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any, Final, Protocol

from attrs import frozen

from bench.agents.stage import Stage


@frozen
class Contestant:
    """A package on DynamoDB: `name` is its name in the figures, `title` that in tables."""

    name: str
    title: str
    package: str
    open: Callable[[Stage, str], Any]
    framework: str = "langgraph"

    @property
    def version(self) -> str:
        """The installed version."""
        return version(self.package)


# --- checkpointers of LangGraph


def leyden_saver(here: Stage, table: str) -> Any:
    """Open Leyden's checkpointer."""
    from leyden.agents.langgraph import LeydenSaver

    saver = LeydenSaver(table, engine=here.engine)
    saver.app.create_table()
    return saver


def aws_saver(here: Stage, table: str) -> Any:
    """Open the checkpointer of langgraph-checkpoint-aws, without S3."""
    from langgraph_checkpoint_aws import DynamoDBSaver

    here.create(table, "PK", "SK")
    return DynamoDBSaver(table, session=here.session, endpoint_url=here.engine.endpoint_url)


def community_saver(here: Stage, table: str) -> Any:
    """Open the checkpointer of langgraph-dynamodb-checkpoint."""
    from langgraph_dynamodb_checkpoint import DynamoDBSaver

    here.create(table, "PK", "SK")
    return DynamoDBSaver(table)


SAVERS: Final = (
    Contestant("leyden", "Leyden", "leyden", leyden_saver),
    Contestant("aws", "langgraph-checkpoint-aws", "langgraph-checkpoint-aws", aws_saver),
    Contestant(
        "community",
        "langgraph-dynamodb-checkpoint",
        "langgraph-dynamodb-checkpoint",
        community_saver,
    ),
)


# --- histories of conversations


class History(Protocol):
    """A conversation, as each framework's own is called."""

    async def add(self, texts: Sequence[str]) -> None:
        """Append messages."""

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all."""

    async def pop(self) -> str | None:
        """Remove the newest message and return it."""


Open = Callable[[str], History]
"""Returns a conversation by its id, on connections that all share."""


class OpenAISession:
    """A session of the OpenAI Agents SDK."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def add(self, texts: Sequence[str]) -> None:
        """Append messages of the user."""
        await self._session.add_items([{"role": "user", "content": text} for text in texts])

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all."""
        return [item["content"] for item in await self._session.get_items(limit)]

    async def pop(self) -> str | None:
        """Remove the newest message and return it."""
        item = await self._session.pop_item()
        return None if item is None else item["content"]


class LangChainHistory:
    """A message history of LangChain; `limited` makes one that reads the newest alone, or None."""

    def __init__(self, history: Any, limited: Callable[[int], Any] | None = None) -> None:
        self._history = history
        self._limited = limited

    async def add(self, texts: Sequence[str]) -> None:
        """Append messages of the user."""
        from langchain_core.messages import HumanMessage

        await self._history.aadd_messages([HumanMessage(text) for text in texts])

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all; LangChain's interface has no limit of its own."""
        history = self._limited(limit) if limit and self._limited else self._history
        found = [str(message.content) for message in await history.aget_messages()]
        return found[-limit:] if limit else found


class ProviderHistory:
    """A session of Agent Framework's history provider."""

    def __init__(self, provider: Any, session_id: str) -> None:
        self._provider = provider
        self._session_id = session_id

    async def add(self, texts: Sequence[str]) -> None:
        """Append messages of the user."""
        from agent_framework import Message

        messages = [Message("user", [text]) for text in texts]
        await self._provider.save_messages(self._session_id, messages)

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all; the framework's interface has no limit."""
        found = [one.text for one in await self._provider.get_messages(self._session_id)]
        return found[-limit:] if limit else found


class StoredConversation:
    """A conversation of Pydantic AI, which each add loads in part and saves."""

    def __init__(self, store: Any, conversation_id: str) -> None:
        self._store = store
        self._id = conversation_id

    async def add(self, texts: Sequence[str]) -> None:
        """Append messages of the user, again if another save was faster."""
        from pydantic_ai.conversation import Conversation
        from pydantic_ai.conversation_store import ConversationConflict
        from pydantic_ai.messages import ModelRequest

        messages = [ModelRequest.user_text_prompt(text) for text in texts]
        while True:
            stored = await self._store.load(self._id, limit=1)
            conversation = stored or Conversation(messages=[], conversation_id=self._id)
            conversation.messages.extend(messages)
            try:
                await self._store.save(conversation)
            except ConversationConflict:
                continue
            return

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all."""
        stored = await self._store.load(self._id, limit=limit)
        return [message.parts[0].content for message in stored.messages]


class AdkSession:
    """A session of Google's ADK, to which each add appends an event for each message."""

    def __init__(self, service: Any, session_id: str) -> None:
        self._service = service
        self._key = {"app_name": "bench", "user_id": "ada", "session_id": session_id}

    async def add(self, texts: Sequence[str]) -> None:
        """Append events of the user, again if another one was faster."""
        from google.adk.errors.already_exists_error import AlreadyExistsError
        from google.adk.events import Event
        from google.adk.sessions.base_session_service import GetSessionConfig
        from google.genai.types import Content, Part

        from leyden.agents.adk import StaleSessionError

        newest = GetSessionConfig(num_recent_events=1)
        session = await self._service.get_session(**self._key, config=newest)
        if session is None:
            with suppress(AlreadyExistsError):
                await self._service.create_session(**self._key)
            session = await self._service.get_session(**self._key, config=newest)
        for text in texts:
            while True:
                event = Event(author="user", content=Content(parts=[Part(text=text)]))
                try:
                    await self._service.append_event(session, event)
                    break
                except StaleSessionError:
                    session = await self._service.get_session(**self._key, config=newest)

    async def read(self, limit: int | None = None) -> list[str]:
        """Return the newest messages, or all."""
        from google.adk.sessions.base_session_service import GetSessionConfig

        config = GetSessionConfig(num_recent_events=limit)
        session = await self._service.get_session(**self._key, config=config)
        return [event.content.parts[0].text for event in session.events]


@asynccontextmanager
async def leyden_session(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open Leyden's sessions for the OpenAI Agents SDK."""
    from leyden.agents.openai_agents import LeydenSession

    first = LeydenSession("first", table, engine=here.engine)
    first.app.create_table()
    yield lambda id: OpenAISession(LeydenSession(id, table, engine=here.engine))
    await first.close()


@asynccontextmanager
async def openai_session(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open the sessions of openai-agents-session."""
    from aiobotocore.session import get_session
    from openai_agents_session.dynamodb import DynamoDBSession

    here.create(table, "session_id")
    async with here.meter.hook(get_session()).create_client("dynamodb") as client:
        yield lambda id: OpenAISession(DynamoDBSession(id, client, table))


@asynccontextmanager
async def leyden_history(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open Leyden's message histories for LangChain."""
    from leyden.agents.langchain import LeydenChatMessageHistory

    def history(id: str, limit: int | None = None) -> Any:
        return LeydenChatMessageHistory(id, table, limit=limit, engine=here.engine)

    first = history("first")
    first.app.create_table()
    yield lambda id: LangChainHistory(history(id), lambda limit: history(id, limit))
    await first.aclose()


@asynccontextmanager
async def langchain_history(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open the message histories of langchain-community."""
    from langchain_community.chat_message_histories import DynamoDBChatMessageHistory

    here.create(table, "SessionId")
    yield lambda id: LangChainHistory(
        DynamoDBChatMessageHistory(table, id, boto3_session=here.session)
    )


@asynccontextmanager
async def leyden_provider(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open Leyden's history provider for Agent Framework."""
    from leyden.agents.agent_framework import LeydenHistoryProvider

    provider = LeydenHistoryProvider(table, engine=here.engine)
    provider.app.create_table()
    yield lambda id: ProviderHistory(provider, id)
    await provider.close()


@asynccontextmanager
async def leyden_conversations(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open Leyden's conversation store for Pydantic AI."""
    from leyden.agents.pydantic_ai import LeydenConversationStore

    async with LeydenConversationStore(table, engine=here.engine) as store:
        store.app.create_table()
        yield lambda id: StoredConversation(store, id)


@asynccontextmanager
async def leyden_adk(here: Stage, table: str) -> AsyncIterator[Open]:
    """Open Leyden's session service for Google's ADK."""
    from leyden.agents.adk import LeydenSessionService

    async with LeydenSessionService(table, engine=here.engine) as service:
        service.app.create_table()
        yield lambda id: AdkSession(service, id)


Opening = Callable[[Stage, str], AbstractAsyncContextManager[Open]]

HISTORIES: Final = (
    Contestant("leyden-openai", "Leyden", "leyden", leyden_session, "openai-agents"),
    Contestant(
        "openai",
        "openai-agents-session",
        "openai-agents-session",
        openai_session,
        "openai-agents",
    ),
    Contestant("leyden-langchain", "Leyden", "leyden", leyden_history, "langchain-core"),
    Contestant(
        "langchain",
        "langchain-community",
        "langchain-community",
        langchain_history,
        "langchain-core",
    ),
    Contestant("leyden-provider", "Leyden", "leyden", leyden_provider, "agent-framework-core"),
    Contestant("leyden-pydantic", "Leyden", "leyden", leyden_conversations, "pydantic-ai-slim"),
    Contestant("leyden-adk", "Leyden", "leyden", leyden_adk, "google-adk"),
)


# --- stores of LangGraph


def leyden_store(here: Stage, table: str) -> Any:
    """Open Leyden's store."""
    from leyden.agents.langgraph import LeydenStore

    store = LeydenStore(table, engine=here.engine)
    store.app.create_table()
    return store


def aws_store(here: Stage, table: str) -> Any:
    """Open the store of langgraph-checkpoint-aws."""
    from langgraph_checkpoint_aws import DynamoDBStore

    here.create(table, "PK", "SK")
    return DynamoDBStore(
        table_name=table, boto3_session=here.session, endpoint_url=here.engine.endpoint_url
    )


STORES: Final = (
    Contestant("leyden-store", "Leyden", "leyden", leyden_store),
    Contestant("aws-store", "langgraph-checkpoint-aws", "langgraph-checkpoint-aws", aws_store),
)


# --- storages of Strands


def leyden_storage(here: Stage, table: str) -> Any:
    """Open Leyden's storage."""
    from leyden.agents.strands import LeydenStorage

    storage = LeydenStorage(table, engine=here.engine)
    storage.app.create_table()
    return storage


STORAGES: Final = (
    Contestant("leyden-storage", "Leyden", "leyden", leyden_storage, "strands-agents"),
)
