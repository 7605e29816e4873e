"""The conversation store: Pydantic AI's interface, on the programs of the modules beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from pydantic_ai.conversation_store import (
    ConversationEntry,
    ConversationRecord,
    ConversationStore,
)

from leyden.agents.backend import AwaitedAdapter, Backend, Options
from leyden.agents.pydantic_ai.deleting import Deleting
from leyden.agents.pydantic_ai.reading import Reading
from leyden.agents.pydantic_ai.writing import Saving


class LeydenConversationStore(AwaitedAdapter, ConversationStore):
    """Conversations of Pydantic AI in a DynamoDB table.

    Each message is stored once, in an item of its own, and forks share those before them. A message
    has up to 4 MB, compressed, and any text of up to 1,900 bytes is a conversation id or scope. A
    history is read in one query, across all forks and branches. A save writes its messages first,
    which one write of the record then makes seen: of several writers of one revision, one saves,
    and the others get `ConversationConflict`.

    * `table_name`: the table; `leyden table schemas/agents/pydantic_ai` prints its definition, and
      `store.app.create_table()` creates it.
    * further options say how to reach DynamoDB, and with `ttl` how long a conversation lives after
      its last save, with all its messages: see `leyden.agents.backend.Options`.

    One store may serve any number of conversations and event loops.

    `delete` erases: what no other conversation's history reaches is deleted with the conversation.
    If it was interrupted, delete the conversation again. All reads are consistent but
    `list_conversations`, which may lack what was saved within about the last second.

    Raises InvalidOptionError.

    >>> store = LeydenConversationStore("agents", region="eu-central-1")    # doctest: +SKIP
    >>> conversation = await store.load("c1")                               # doctest: +SKIP
    >>> result = await agent.run("Hello", conversation=conversation)        # doctest: +SKIP
    >>> await store.save(result, scope="alice")                             # doctest: +SKIP
    """

    def __init__(self, table_name: str, **options: Unpack[Options]) -> None:
        backend = Backend("agents/pydantic_ai", type(self).__name__, table_name, **options)
        self._backend = backend
        self._reading = Reading(backend)
        self._deleting = Deleting(backend, self._reading)

    async def setup(self) -> None:
        """Check that the table is there and fits; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        await self._backend.arun(self._backend.check_table(), "setup")

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        """Read the record of a conversation; None if it is not stored."""
        return await self._backend.arun(self._reading.record(conversation_id), "read_record")

    async def read_records(
        self, *, scope: str | None = None, limit: int | None = None
    ) -> Sequence[ConversationRecord]:
        """Read the records of a scope, or of all, last saved first, and at most `limit`."""
        return await self._backend.arun(self._reading.records(scope, limit), "read_records")

    async def read_history(
        self, head_id: str | None, *, limit: int | None = None
    ) -> list[ConversationEntry]:
        """Read the entries up to one, in order, or the last `limit` of them.

        Raises LookupError if one of them is not stored.
        """
        return await self._backend.arun(self._reading.history(head_id, limit), "read_history")

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        """Read an entry. Raises LookupError if it is not stored."""
        return await self._backend.arun(self._reading.entry(entry_id), "read_entry")

    async def write_record(
        self,
        record: ConversationRecord,
        *,
        new_entries: Sequence[ConversationEntry] = (),
        expected_revision: str | None,
    ) -> None:
        """Write a record and new entries together, in place of the record of a revision.

        Raises ConversationConflict if the stored record is another one, or an entry that they
        point at is not stored; InputError if that entry belongs to a conversation that this one
        was not forked from, or if an entry of a new one's id is stored and is not the same.
        """
        saving = Saving(
            self._backend, self._reading, self._deleting, record, new_entries, expected_revision
        )
        await self._backend.arun(saving.run(), "write_record")

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        """Delete a record, and the entries that no history reaches any more.

        Raises ConversationConflict if the stored record is not of that revision.
        """
        deleting = self._deleting.delete(conversation_id, expected_revision)
        await self._backend.arun(deleting, "delete_record")

    async def delete(self, conversation_id: str, *, scope: str | None = None) -> None:
        """Delete a conversation, with the entries that no other conversation's history reaches.

        With `scope`, a conversation of another scope stays. Safe to run again: it goes on where an
        earlier deletion was interrupted.
        """
        await super().delete(conversation_id, scope=scope)
        await self._backend.arun(self._deleting.finish(conversation_id, scope), "delete")
