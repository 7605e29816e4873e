"""Records and entries as they are stored: messages and what a conversation carries are JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from pydantic_ai.conversation import Conversation, ConversationTypeAdapter
from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

PARTS: Final = 4
"""In how many parts the listing of all conversations is, which share what is written to it."""

_CARRIED: Final = {"usage", "deferred_tool_requests"}


def values_of(record: ConversationRecord) -> dict[str, Any]:
    """The attributes of a record's item, but for its family and its time to live."""
    carried = Conversation(
        usage=record.usage,
        conversation_id=record.conversation_id,
        deferred_tool_requests=record.deferred_tool_requests,
    )
    state: bytes = ConversationTypeAdapter.dump_json(carried, include=_CARRIED)
    values = {
        "conversation_id": record.conversation_id,
        "revision": record.revision,
        "head_id": record.head_id,
        "state": state.decode(),
        "scope": record.scope,
        "forked_from": record.forked_from,
        "forked_at": record.forked_at,
        "branches": list(record.branches),
        "updated_at": record.updated_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "part": blake2b(record.conversation_id.encode("utf-8", "surrogatepass")).digest()[0]
        % PARTS,
    }
    return {name: value for name, value in values.items() if value is not None}


def part_of(conversation_id: str) -> int:
    """The part of the listing of all conversations that has this one."""
    return blake2b(conversation_id.encode("utf-8", "surrogatepass")).digest()[0] % PARTS


def record_of(stored: Any) -> ConversationRecord:
    """The record in an item."""
    carried = ConversationTypeAdapter.validate_json(stored.state)
    return ConversationRecord(
        conversation_id=stored.conversation_id,
        head_id=stored.head_id,
        usage=carried.usage,
        deferred_tool_requests=carried.deferred_tool_requests,
        scope=stored.scope,
        forked_from=stored.forked_from,
        forked_at=stored.forked_at,
        branches=list(stored.branches or ()),
        revision=stored.revision,
        updated_at=datetime.fromisoformat(stored.updated_at),
    )


def text_of(message: ModelMessage) -> str:
    """A message as JSON."""
    written: bytes = ModelMessagesTypeAdapter.dump_json([message])
    return written.decode()


def entries_of(stored: Sequence[Any]) -> list[ConversationEntry]:
    """The entries in items."""
    return [
        ConversationEntry(id=one.entry_id, parent_id=one.parent_id, message=message)
        for one in stored
        for message in ModelMessagesTypeAdapter.validate_json(one.message)
    ]
