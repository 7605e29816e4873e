"""Records and entries as they are stored: messages and what a conversation carries are JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from secrets import token_hex
from typing import Any, Final

from attrs import frozen
from pydantic_ai.conversation import Conversation, ConversationTypeAdapter
from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

PARTS: Final = 4
"""In how many parts the listing of all conversations is, which share what is written to it."""

TOGETHER: Final = 500
"""How many entries of a save share a place, if their ids are of the same time."""

_CARRIED: Final = {"usage", "deferred_tool_requests"}

_TIMED: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUID of version 7, which begins with the millisecond in which it was made."""

Ref = tuple[str, str]
"""What an entry is told apart by: its id, and the save that wrote it.

An interrupted save may have left an entry, and another one written an entry of the same id.
"""


def new_save() -> str:
    """Name a save; no other one of the conversation has that name."""
    return token_hex(8)


@frozen
class Spot:
    """An entry, and where it is."""

    family_id: str
    entry_id: str
    depth: int
    save_id: str
    number: int

    @property
    def ref(self) -> Ref:
        """What it is told apart by."""
        return self.entry_id, self.save_id

    @property
    def key(self) -> dict[str, Any]:
        """The key of its item."""
        return {
            "family_id": self.family_id,
            "depth": self.depth,
            "save_id": self.save_id,
            "number": self.number,
        }

    @property
    def place(self) -> tuple[str, str, int]:
        """The key of the item that says where it is: bucket, save and part."""
        return bucket_of(self.entry_id), self.save_id, self.number // TOGETHER

    def __str__(self) -> str:
        return f"{self.depth}.{self.save_id}.{self.number}"


def place_key(place: tuple[str, str, int]) -> dict[str, Any]:
    """The key of a place by its names."""
    return dict(zip(("bucket", "save_id", "part"), place, strict=True))


def bucket_of(entry_id: str) -> str:
    """The partition of places that has an entry's."""
    return entry_id[:13] if _TIMED.fullmatch(entry_id) else digest_of(entry_id)


def digest_of(id: str) -> str:
    """What stands for an id in a key, where a long one has no room."""
    return blake2b(_bytes(id), digest_size=16).hexdigest()


def member_key(family_id: str, conversation_id: str) -> dict[str, str]:
    """The key of a fork's item in its family."""
    return {"family_id": family_id, "digest": digest_of(conversation_id)}


def spot_of(stored: Any) -> Spot:
    """Where an entry's item is."""
    return Spot(stored.family_id, stored.entry_id, stored.depth, stored.save_id, stored.number)


def spots_of(place: Any) -> list[Spot]:
    """The entries that a place has."""
    found = []
    for text in place.entries:
        depth, number, entry_id = text.split(".", 2)
        found.append(Spot(place.family_id, entry_id, int(depth), place.save_id, int(number)))
    return found


def listed(spots: Iterable[Spot]) -> list[str]:
    """Entries as a place has them."""
    return [f"{one.depth}.{one.number}.{one.entry_id}" for one in spots]


def parent_of(stored: Any) -> Ref | None:
    """The entry before an entry's item."""
    if stored.parent_id is None:
        return None
    return stored.parent_id, stored.parent_save or stored.save_id


def tips_of(stored: Any) -> list[Spot]:
    """The last entries of a stored record's histories; none without a record.

    Branches whose last entry was not stored are left out.
    """
    if stored is None or stored.tips is None:
        return []
    ids = ends_of(stored.head_id, stored.branches or ())
    found = []
    for id, text in zip(ids, stored.tips, strict=True):
        if text:
            depth, save_id, number = text.split(".")
            found.append(Spot(stored.family_id, id, int(depth), save_id, int(number)))
    return found


def ends_of(head_id: str | None, branches: Iterable[str]) -> list[str]:
    """The ids of the last entries of a record's histories."""
    return [*(() if head_id is None else (head_id,)), *branches]


def values_of(record: ConversationRecord) -> dict[str, Any]:
    """The attributes of a record's item, but for its save, its family and its time to live."""
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
        "branches": list(record.branches) or None,
        "updated_at": record.updated_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "part": blake2b(_bytes(record.conversation_id)).digest()[0] % PARTS,
    }
    return {name: value for name, value in values.items() if value is not None}


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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
