"""The memory domain in memory, and the base of all domains in memory."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from threading import RLock
from typing import Any, Final, Generic, ParamSpec, TypeVar

from attrs import evolve

from leyden.errors import InputError, KeyCollisionError, LeydenError
from leyden.program import Gather, Pause, Program, Step, Work, gathered
from leyden.store import given
from leyden.store.interface import Memory
from leyden.store.memory import (
    TAKEN,
    Change,
    Copying,
    MemoryMethods,
    MessageListing,
    ThreadListing,
    changed_fields,
    in_order,
    message_mark,
    missing_thread,
)
from leyden.store.methods import Blocking
from leyden.store.pages import Listed, digest, digests_in, of_all
from leyden.store.records import ClonedThread, Include, Message, MessagePage, Resource, Thread
from leyden.store.values import Clock, as_it_reads, cut, later

T = TypeVar("T")
P = ParamSpec("P")

_TOGETHER: Final = 100
"""The most messages of an atomic save, which is DynamoDB's limit for a transaction."""


class Locked:
    """Runs the programs of a store's domains one at a time; they may not send requests.

    While a program waits, for a `Pause` or for the `Work` of another client, others may run.
    """

    def __init__(self) -> None:
        self._lock = RLock()

    def run(self, program: Program[T]) -> T:
        """Run the program and return its result."""
        try:
            step = self._on(program.send, None)
            while True:
                try:
                    result = self._waited(step)
                except LeydenError as error:
                    step = self._on(program.throw, error)
                except StopIteration as stray:
                    raise RuntimeError("a step raised StopIteration") from stray
                else:
                    step = self._on(program.send, result)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            program.close()

    def _on(self, go: Callable[[Any], Step], answer: Any) -> Step:
        with self._lock:
            return go(answer)

    def _waited(self, step: Step) -> Any:
        match step:
            case Work():
                return step.blocking()
            case Gather():
                return gathered(step, self._waited)
            case Pause(seconds):
                return time.sleep(seconds)
        raise AssertionError(f"a store in memory sends no requests, such as {type(step).__name__}")


def at_once(step: Callable[P, T]) -> Callable[P, Program[T]]:
    """Make a program of a step that does not wait for anything."""

    @wraps(step)
    def program(*args: P.args, **kwargs: P.kwargs) -> Program[T]:
        yield from ()
        return step(*args, **kwargs)

    return program


class InMemory(Blocking):
    """A domain of an `InMemoryStore`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, cut(clock))

    def _after(self, seen: datetime | None) -> datetime:
        """Return the current time, but later than a stored time, so that every change shows."""
        return later(self._now(), seen)


class RecordTable(Generic[T]):
    """Records by id, copied on the way in and out.

    An id that differs from a stored one only by the case of its letters is refused, since a table
    with folded keys could not hold both.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._records: dict[str, T] = {}
        self._by_folded: dict[str, str] = {}

    def get(self, id: str) -> T | None:
        """Return the record with exactly this id, or None."""
        return copy.deepcopy(self._records.get(id))

    def put(self, records: Mapping[str, T]) -> None:
        """Store records; each replaces the one with its id. KeyCollisionError stores none."""
        coming: dict[str, str] = {}
        for id in records:
            folded = id.lower()
            if self._by_folded.get(folded, id) != id or coming.setdefault(folded, id) != id:
                raise KeyCollisionError(
                    f"the id of another {self._kind} differs only by the case of its letters; "
                    "give this one another id",
                    entity=self._kind,
                )
        self._records |= copy.deepcopy(dict(records))
        self._by_folded |= coming

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the records with exactly these ids, if they exist."""
        for id in ids:
            if self._records.pop(id, None) is not None:
                del self._by_folded[id.lower()]

    def clear(self) -> None:
        """Remove all records."""
        self._records.clear()
        self._by_folded.clear()

    def __iter__(self) -> Iterator[T]:
        return iter([copy.deepcopy(record) for record in self._records.values()])


class InMemoryMemory(MemoryMethods, InMemory, Memory):
    """The threads, messages and resources of an `InMemoryStore`; see `Memory`."""

    def __init__(self, runner: Locked, clock: Clock) -> None:
        super().__init__(runner, clock)
        self._threads: RecordTable[Thread] = RecordTable("thread")
        self._messages: RecordTable[Message] = RecordTable("message")
        self._resources: RecordTable[Resource] = RecordTable("resource")
        self._tables = (self._threads, self._messages, self._resources)

    @at_once
    def _thread(self, id: str) -> Thread | None:
        return self._threads.get(id)

    @at_once
    def _save_thread(self, new: Thread, now: datetime) -> Thread:
        old = self._threads.get(new.id) or new
        return self._kept(
            evolve(
                new,
                metadata=_first(new.metadata, old.metadata),
                created_at=old.created_at or new.created_at or now,
                updated_at=new.updated_at or now,
                archived_at=_first(new.archived_at, old.archived_at),
            )
        )

    @at_once
    def _change_thread(self, id: str, change: Change) -> Thread:
        thread = self._stored(id)
        return self._changed(thread, **change(thread))

    @at_once
    def _delete_thread(self, id: str) -> None:
        self._messages.remove([message.id for message in self._messages_of(id)])
        self._threads.remove([id])

    @at_once
    def _list_threads(self, listing: ThreadListing) -> Listed[Thread]:
        threads = [
            thread
            for thread in self._threads
            if listing.owner in (None, thread.resource_id) and listing.lets_through(thread)
        ]
        return of_all(threads, listing.mark, listing.order, listing.page)

    @at_once
    def _give_thread(self, id: str, owner: str) -> Thread:
        thread = self._stored(id)
        if thread.resource_id == owner:
            return thread
        for message in self._messages_of(id):
            if message.resource_id != owner:
                moved = self._after(message.updated_at)
                changed = evolve(message, resource_id=owner, updated_at=moved)
                self._messages.put({message.id: changed})
        return self._changed(thread, resource_id=owner)

    @at_once
    def _copy(self, asked: Copying) -> ClonedThread:
        source = self._stored(asked.source_id)
        if asked.new_id is not None and self._threads.get(asked.new_id) is not None:
            raise InputError(TAKEN)
        originals = [
            message
            for message in self._messages_of(asked.source_id)
            if message.created_at in asked.span and (not asked.ids or message.id in asked.ids)
        ]
        copied = asked.made_of(source, asked.newest(originals), self._now())
        self._kept(copied.thread)
        self._messages.put({message.id: message for message in copied.cloned_messages})
        return copied

    @at_once
    def _save_messages(self, saved: Mapping[str, Message], together: bool) -> Mapping[str, str]:
        if together and len(saved) > _TOGETHER:
            raise InputError(f"atomic takes at most {_TOGETHER} messages, not {len(saved)}")
        before = [self._messages.get(id) for id in saved]
        read = {id: evolve(one, content=as_it_reads(one.content)) for id, one in saved.items()}
        self._messages.put(read)
        self._touch(*before, *saved.values())
        return {one.id: one.thread_id for one in before if one is not None}

    @at_once
    def _list_messages(
        self, asked: MessageListing, threads: Sequence[str], owner: str | None
    ) -> MessagePage:
        owned = [one for one in self._messages if owner in (None, one.resource_id)]
        return self._listed(asked, [one for one in owned if one.thread_id in threads], owned)

    @at_once
    def _list_messages_of(self, asked: MessageListing, owner: str) -> MessagePage:
        threads = {thread.id for thread in self._threads if thread.resource_id == owner}
        own = [
            message
            for message in self._messages
            if message.thread_id in threads and message.resource_id in (None, owner)
        ]
        return self._listed(asked, own, own)

    def _listed(
        self, asked: MessageListing, candidates: list[Message], includable: list[Message]
    ) -> MessagePage:
        before = digests_in(asked.after)
        beside = {
            message.id: message
            for one in asked.include
            for message in _with_neighbours(includable, one)
            if digest(message.id) not in before
        }
        meant = [
            message
            for message in candidates
            if message.created_at in asked.span and asked.lets_through(message)
        ]
        found = of_all(meant, message_mark, asked.order, asked.page, beside)
        messages = {message.id: message for message in found.entries} | beside
        return found.page(MessagePage, messages=tuple(in_order(messages.values(), asked.order)))

    @at_once
    def _messages_by_id(self, ids: Sequence[str]) -> list[Message]:
        return [message for id in ids if (message := self._messages.get(id))]

    @at_once
    def _change_messages(
        self, changes: Mapping[str, Sequence[given.MessageChange]], names: Mapping[str, str]
    ) -> list[Message]:
        before = [message for id in changes if (message := self._messages.get(id))]
        after = []
        for message in before:
            fields = changed_fields(message, changes[message.id])
            changed = evolve(message, updated_at=self._after(message.updated_at), **fields)
            after.append(evolve(changed, content=as_it_reads(changed.content)))
        self._messages.put({message.id: message for message in after})
        self._touch(*before, *after)
        return after

    @at_once
    def _delete_messages(self, ids: Sequence[str]) -> None:
        found = [self._messages.get(id) for id in ids]
        self._messages.remove(ids)
        self._touch(*found)

    @at_once
    def _resource(self, id: str) -> Resource | None:
        return self._resources.get(id)

    @at_once
    def _save_resource(self, new: Resource) -> Resource:
        old = self._resources.get(new.id)
        if old is not None:
            new = evolve(
                new,
                working_memory=_first(new.working_memory, old.working_memory),
                metadata=_first(new.metadata, old.metadata),
                created_at=old.created_at,
            )
        self._resources.put({new.id: new})
        return new

    @at_once
    def _change_resource(self, id: str, change: Change) -> Resource:
        old = self._resources.get(id)
        fields = change(old)
        if old is None:
            now = self._now()
            changed = Resource(id=id, created_at=now, updated_at=now, **fields)
        else:
            changed = evolve(old, updated_at=self._after(old.updated_at), **fields)
        self._resources.put({id: changed})
        return changed

    def _stored(self, id: str) -> Thread:
        thread = self._threads.get(id)
        if thread is None:
            raise missing_thread(id)
        return thread

    def _kept(self, thread: Thread) -> Thread:
        self._threads.put({thread.id: thread})
        return thread

    def _changed(self, thread: Thread, **fields: Any) -> Thread:
        return self._kept(evolve(thread, updated_at=self._after(thread.updated_at), **fields))

    def _messages_of(self, thread_id: str) -> list[Message]:
        """Return the messages of a thread, oldest first."""
        messages = [message for message in self._messages if message.thread_id == thread_id]
        return in_order(messages)

    def _touch(self, *messages: Message | None) -> None:
        """Set the time of the last change of the messages' threads to now."""
        now = self._now()
        for id in {message.thread_id for message in messages if message is not None}:
            thread = self._threads.get(id)
            if thread is not None:
                self._kept(evolve(thread, updated_at=now))


def _with_neighbours(messages: list[Message], include: Include) -> list[Message]:
    target = next((message for message in messages if message.id == include.id), None)
    if target is None:
        return []
    beside = [message for message in messages if message.thread_id == target.thread_id]
    thread = in_order(beside)
    at = thread.index(target)
    return thread[max(0, at - include.with_previous_messages) : at + 1 + include.with_next_messages]


def _first(new: T | None, old: T | None) -> T | None:
    return old if new is None else new
