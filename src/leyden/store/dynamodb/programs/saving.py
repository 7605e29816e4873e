"""Saving messages, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from attrs import evolve

from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    KeyCollisionError,
    LeydenError,
    SaveIncompleteError,
    TransactionCanceledError,
)
from leyden.operations.put import Put
from leyden.program import Item, Program
from leyden.store import given
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.base import MemoryBase
from leyden.store.dynamodb.programs.batching import failed_writes, were_refused
from leyden.store.dynamodb.programs.carrying import put_over, raw_items, unknown_fields
from leyden.store.dynamodb.rows import message_values
from leyden.store.interface import Given
from leyden.store.records import Message
from leyden.store.texts import as_it_reads
from leyden.store.times import known


class SavingMethods(MemoryBase):
    """`Memory.save_messages`."""

    @method
    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> Program[list[Message]]:
        """Write in batches, then set `updated_at` of the threads.

        One message is written under the condition that its key is not another's. Of several the
        stored ids are read before.
        """
        together = given.flag(atomic, "atomic")
        checked = given.messages(messages)
        saved = self._stamps.dated(checked, self._now())
        if not saved:
            return []
        threads = [message.thread_id for message in saved.values()]
        if len(saved) == 1:
            threads += yield from self._put_one(*saved.values())
        else:
            threads += yield from self._put_several(saved, together)
        untouched = yield from self._touched_or_not(threads)
        if untouched is not None:
            raise self._untouched("written", tuple(saved), untouched)
        return [evolve(message, content=as_it_reads(message.content)) for message in saved.values()]

    def _put_one(self, message: Message) -> Program[list[str]]:
        """Write a message; gives the thread that it was in."""
        before = yield from put_over(self._messages, self._attributes(message), {"id": message.id})
        return self._threads_of([before])

    def _put_several(self, saved: Mapping[str, Message], together: bool) -> Program[list[str]]:
        """Write messages; gives the threads that they were in."""
        self._refuse_one_key(saved)
        # What cannot be written is refused before anything is sent.
        write = self._as_one if together else self._in_batches
        writing = write(saved, {})
        keys = [{"id": id} for id in saved]
        before = yield from raw_items(self._messages, keys, self._concurrency)
        beside = {}
        for id, item in zip(saved, before, strict=True):
            if item is not None and item.get("id", {}).get("S", id) != id:
                raise _collision("another message is stored", self._messages.name)
            if carried := unknown_fields(self._messages, item):
                beside[id] = carried
        yield from write(saved, beside) if beside else writing
        return self._threads_of(before)

    def _threads_of(self, items: Iterable[Item | None]) -> list[str]:
        field = self._messages.spec.attributes["thread_id"].field
        return [item[field]["S"] for item in items if item and "S" in item.get(field, {})]

    def _puts(self, saved: Mapping[str, Message], beside: Mapping[str, Item]) -> list[Put]:
        """The writes, with what the stored items have beside what is known here."""
        return [
            self._messages.put(**self._attributes(message)).carrying(beside.get(id, {}))
            for id, message in saved.items()
        ]

    def _in_batches(
        self, saved: Mapping[str, Message], beside: Mapping[str, Item]
    ) -> Program[None]:
        batch = self._app.batch_write(self._puts(saved, beside))
        writing = batch.program(concurrency=self._concurrency)

        def program() -> Program[None]:
            try:
                yield from writing
            except BatchIncompleteError as error:
                done = zip(saved, error.result.items, strict=True)
                written = [id for id, record in done if record is not None]
                failed = {
                    self._messages.parse(write["PutRequest"]["Item"]).id
                    for write in failed_writes(error)
                }
                unsure = set() if were_refused(error) else failed
                self._incomplete(saved, written, unsure, error)

        return program()

    def _as_one(self, saved: Mapping[str, Message], beside: Mapping[str, Item]) -> Program[None]:
        writing = self._app.transact_write(self._puts(saved, beside)).program()

        def program() -> Program[None]:
            try:
                yield from writing
            except TransactionCanceledError as error:
                if any(rejection.reason == "collision" for rejection in error.rejections):
                    raise _collision("another message is stored", self._messages.name) from error
                self._incomplete(saved, [], set(), error)
            except AwsError as error:
                self._incomplete(saved, [], set(saved) if error.unsure else set(), error)

        return program()

    def _attributes(self, message: Message) -> dict[str, Any]:
        return {
            **message_values(message),
            **self._ttl.fields(self._messages.spec.alias, known(message.updated_at)),
        }

    def _refuse_one_key(self, saved: Mapping[str, Message]) -> None:
        """Raise KeyCollisionError where two of the messages have one key."""
        if len({self._key_of(id) for id in saved}) < len(saved):
            raise _collision("another of the messages would be stored", self._messages.name)

    def _incomplete(
        self,
        saved: Mapping[str, Message],
        written: Sequence[str],
        unsure: set[str],
        error: LeydenError,
    ) -> NoReturn:
        unsaved = [id for id in saved if id not in written and id not in unsure]
        doubt = f", and {len(unsure)} may or may not have been" if unsure else ""
        failures = error.failures if isinstance(error, BatchIncompleteError) else (error,)
        raise SaveIncompleteError(
            f"of {len(saved)} messages {len(written)} were written, {len(unsaved)} were not"
            f"{doubt}; saving all of them again is safe ({error.message})",
            saved=written,
            unsaved=unsaved,
            unsure=[id for id in saved if id in unsure],
            failures=failures or (error,),
            entity=self._messages.name,
        ) from error


def _collision(what: str, entity: str) -> KeyCollisionError:
    return KeyCollisionError(
        f"{what} under the same key: its id differs by the case of its letters only. Nothing was "
        "written; give one of them another id",
        entity=entity,
    )
