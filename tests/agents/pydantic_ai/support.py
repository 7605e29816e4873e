"""What the tests of the conversation store have in common."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationStore
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)

from leyden.agents.pydantic_ai.forms import spot_of
from leyden.events import ResponseReceived, listen
from leyden.program import Request
from tests.store.whole import raw_items

WRITING = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


class Awaited:
    """A store whose methods wait for their ends."""

    def __init__(self, store: ConversationStore, run: Callable[..., Any]) -> None:
        self.store: Any = store
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return partial(self._wait, found)

    def _wait(self, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self._run(method(*given, **named))

    def clear(self) -> None:
        """Delete all items."""
        app = self.store.app
        keys = [{name: item[name] for name in ("pk", "sk")} for item in raw_items(app)]
        for at in range(0, len(keys), 25):
            deletes = [{"DeleteRequest": {"Key": key}} for key in keys[at : at + 25]]
            app.driver.send(Request("BatchWriteItem", {"RequestItems": {app.table: deletes}}))

    def counts(self) -> Counter[str]:
        """How many items of each entity there are, and how many parts of large values."""
        return Counter(item["__edb_e__"]["S"] for item in raw_items(self.store.app))

    def entries(self) -> set[tuple[str, str, int]]:
        """The keys of the places that the stored entries should have."""
        return {spot_of(one).place for one in self.store.app.entities.entry.scan.iter()}

    def places(self) -> set[tuple[str, str, int]]:
        """The keys of the places that are stored."""
        stored = self.store.app.entities.place.scan.iter()
        return {(one.bucket, one.save_id, one.part) for one in stored}


def said(*texts: str) -> list[ModelMessage]:
    """Messages: what the user and the model said in turn."""
    return [
        ModelResponse(parts=[TextPart(content=text)])
        if n % 2
        else ModelRequest(parts=[UserPromptPart(content=text)])
        for n, text in enumerate(texts)
    ]


def texts(conversation: Conversation | None) -> list[str] | None:
    """The texts of a conversation's messages."""
    if conversation is None:
        return None
    return [
        str(getattr(part, "content", "")) for one in conversation.messages for part in one.parts
    ]


def new(id: str, *said_first: str) -> Conversation:
    """A conversation that was not saved yet."""
    return Conversation(conversation_id=id, messages=said(*said_first))


@contextmanager
def sent() -> Iterator[list[str]]:
    """The calls of DynamoDB that are answered meanwhile, by name."""
    found: list[str] = []
    with listen(
        lambda event: found.append(event.api) if isinstance(event, ResponseReceived) else None
    ):
        yield found


@contextmanager
def consumed() -> Iterator[list[float]]:
    """The write units that requests take meanwhile."""
    found: list[float] = []

    def hear(event: Any) -> None:
        if isinstance(event, ResponseReceived) and event.api in WRITING:
            found.append(event.consumed or 0)

    with listen(hear):
        yield found
