"""The memory domain: methods for threads, messages and resources, which check all input.

The methods are the same in every store. A backend implements the steps, which get checked input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast
from uuid import uuid4

from attrs import evolve, frozen

from leyden.errors import NotFoundError
from leyden.program import Program
from leyden.store import given
from leyden.store.interface import Given, Memory, OrderBy
from leyden.store.methods import Domain, method
from leyden.store.order import (
    Mark,
    Order,
    id_key,
    newest_first,
    oldest_first,
    time_mark,
    time_marks,
)
from leyden.store.pages import Asked, Listed, digests_in, time_of
from leyden.store.records import (
    JSON,
    ClonedThread,
    CopiedThread,
    DateRange,
    Include,
    Message,
    MessagePage,
    Resource,
    Thread,
    ThreadPage,
)
from leyden.store.values import Span, Stamps, as_it_reads, known, same_json
from leyden.types import timestamp_text

TAKEN = 'a thread with the id "new_thread_id" already exists'

Change: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""Return which fields of a stored record to set."""


@frozen
class ThreadListing:
    """A checked request for a page of threads; `field` is the one to order by."""

    page: Asked
    owner: str | None
    metadata: Mapping[str, JSON]
    field: str
    order: Order

    def mark(self, thread: Thread) -> Mark:
        """Return the place of a thread in the order."""
        return time_mark(known(getattr(thread, self.field)), thread.id)

    def lets_through(self, thread: Thread) -> bool:
        """Return whether the thread's metadata has all the values that were asked for."""
        return _has_all(thread.metadata, self.metadata)


@frozen
class MessageListing:
    """A checked request for a page of messages, which begins behind the place `after`."""

    page: Asked
    after: Mark | None
    order: Order
    span: Span
    metadata: Mapping[str, JSON]
    include: tuple[Include, ...]

    @classmethod
    def of(
        cls,
        identity: list[JSON],
        paging: tuple[Any, Any, Any, Any],
        what: tuple[Any, Any, Any, Any],
    ) -> MessageListing:
        """Check the caller's arguments; `identity` says whose messages are listed."""
        order_by, date_range, metadata, include = what
        _, descending = given.order(order_by, ("created_at",))
        span = given.date_range(date_range)
        wanted = given.metadata_filter(metadata)
        page = Asked.of([identity, span.as_json(), descending, wanted], *paging)
        after = page.after(time_of, digests_in)
        order = newest_first if descending else oldest_first
        included = () if include is None else given.records(Include, include, "include")
        return cls(page, after, order, span, wanted, included)

    def lets_through(self, message: Message) -> bool:
        """Return whether the message's metadata has all the values that were asked for."""
        content = message.content
        metadata = content.get("metadata") if isinstance(content, dict) else None
        return _has_all(metadata, self.metadata)


def _has_all(metadata: JSON, wanted: Mapping[str, JSON]) -> bool:
    """Return whether metadata has all these values; a missing key does not equal null."""
    if not wanted:
        return True
    return isinstance(metadata, dict) and all(
        key in metadata and same_json(metadata[key], value) for key, value in wanted.items()
    )


@frozen
class Copying:
    """A checked request to copy a thread.

    It copies the newest `limit` messages among those in `span`, and with one of these ids if any
    are given.
    """

    source_id: str
    new_id: str | None
    owner: str | None
    title: str | None
    metadata: Mapping[str, JSON]
    limit: int | None
    span: Span
    ids: tuple[str, ...] | None

    @classmethod
    def of(
        cls, source_id: Any, what: tuple[Any, Any, Any, Any], which: tuple[Any, Any, Any, Any]
    ) -> Copying:
        """Check the caller's arguments. Raises InputError."""
        new_id, owner, title, metadata = what
        limit, start, end, ids = which
        return cls(
            given.identifier(source_id, "source_thread_id"),
            given.optional(given.identifier, new_id, "new_thread_id"),
            given.optional(given.identifier, owner, "resource_id"),
            given.optional(given.text, title, "title"),
            given.optional(given.mapping, metadata, "metadata") or {},
            given.optional(given.count, limit, "message_limit"),
            given.dates(start, end, ("start_date", "end_date")),
            given.optional(given.identifiers, ids, "message_ids"),
        )

    def newest(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Return the messages to copy; they are given oldest first, and the newest are kept."""
        return messages if self.limit is None else messages[max(0, len(messages) - self.limit) :]

    def made_of(self, source: Thread, originals: Sequence[Message], now: datetime) -> ClonedThread:
        """Make the copy of a thread with these messages, oldest first, without writing it."""
        clone = {"sourceThreadId": self.source_id, "clonedAt": timestamp_text(now)}
        if originals:
            clone["lastMessageId"] = originals[-1].id
        thread = Thread(
            id=self.new_id or str(uuid4()),
            resource_id=self.owner or source.resource_id,
            title=self.title or f"Clone of {source.title}",
            metadata={**self.metadata, "clone": clone},
            created_at=now,
            updated_at=now,
        )
        # Copies with equal times are ordered by id, so the new ids must sort as the originals do.
        new_ids = sorted((str(uuid4()) for _ in originals), key=id_key)
        copies = tuple(
            evolve(
                message,
                id=new_id,
                thread_id=thread.id,
                resource_id=self.owner or message.resource_id,
                updated_at=now,
            )
            for message, new_id in zip(originals, new_ids, strict=True)
        )
        ids = {message.id: copy.id for message, copy in zip(originals, copies, strict=True)}
        return ClonedThread(thread=thread, cloned_messages=copies, message_id_map=ids)


def missing_thread(id: str) -> NotFoundError:
    """Return the error for a thread that does not exist."""
    return NotFoundError("the thread does not exist", kind="thread", id=id)


message_mark = time_marks("id")
"""Return the place of a message in the order."""


def in_order(messages: Iterable[Message], order: Order = oldest_first) -> list[Message]:
    """Sort messages by time, and by id within the same millisecond."""
    return sorted(messages, key=lambda message: order(message_mark(message)))


def changed_fields(message: Message, changes: Sequence[given.MessageChange]) -> dict[str, Any]:
    """Return the fields that these changes, applied one after the other, set on a message."""
    fields: dict[str, Any] = {}
    content = message.content
    for change in changes:
        fields |= change.replaced()
        if change.content is not None:
            fields["content"] = content = change.content_after(content)
    return fields


class MemoryMethods(Domain):
    """The methods of `leyden.store.interface.Memory`, and the steps of a backend."""

    _interface = Memory
    _called = "store.memory"

    _thread: Callable[[str], Program[Thread | None]]
    """Return the thread, or None."""
    _save_thread: Callable[[Thread, datetime], Program[Thread]]
    """Write a thread over the stored one at this time; return what is stored afterwards."""
    _change_thread: Callable[[str, Change], Program[Thread]]
    """Set the fields that a change returns for the thread. Raises NotFoundError."""
    _delete_thread: Callable[[str], Program[None]]
    """Delete the thread's messages and the thread."""
    _list_threads: Callable[[ThreadListing], Program[Listed[Thread]]]
    """Return a page of threads."""
    _give_thread: Callable[[str, str], Program[Thread]]
    """Give a thread and its messages to another resource. Raises NotFoundError."""
    _copy: Callable[[Copying], Program[ClonedThread]]
    """Copy a thread; a copy that fails leaves nothing behind. Raises NotFoundError, InputError."""
    _save_messages: Callable[[Mapping[str, Message], bool], Program[Mapping[str, str]]]
    """Write messages, keyed by id, and touch their threads; True writes all of them or none.

    Return the ids of messages that were stored before, each with the thread that it was in.
    """
    _list_messages: Callable[[MessageListing, Sequence[str], str | None], Program[MessagePage]]
    """Return a page of the messages of these threads, only those of an owner if one is given."""
    _list_messages_of: Callable[[MessageListing, str], Program[MessagePage]]
    """Return a page of the messages in an owner's threads that belong to the owner."""
    _messages_by_id: Callable[[Sequence[str]], Program[list[Message]]]
    """Return the messages that exist among these ids."""
    _change_messages: Callable[
        [Mapping[str, Sequence[given.MessageChange]], Mapping[str, str]], Program[list[Message]]
    ]
    """Change messages, keyed by id, and touch their threads. Refusals use the names by id."""
    _delete_messages: Callable[[Sequence[str]], Program[None]]
    """Delete messages and touch their threads."""
    _resource: Callable[[str], Program[Resource | None]]
    """Return the resource, or None."""
    _save_resource: Callable[[Resource], Program[Resource]]
    """Write a resource over the stored one; return what is stored afterwards."""
    _change_resource: Callable[[str, Change], Program[Resource]]
    """Set the fields that a change returns for the resource, or for None if there is none."""

    def __init__(self, *backend: Any) -> None:
        super().__init__(*backend)
        self._stamps = Stamps()

    @method
    def get_thread_by_id(
        self, thread_id: str, *, resource_id: str | None = None
    ) -> Program[Thread | None]:
        """Read the thread and compare its owner."""
        id = given.identifier(thread_id, "thread_id")
        owner = given.optional(given.identifier, resource_id, "resource_id")
        thread = yield from self._thread(id)
        return None if thread and owner not in (None, thread.resource_id) else thread

    @method
    def save_thread(self, thread: Thread | Given) -> Program[Thread]:
        """Write the thread at the time of the call."""
        return (yield from self._save_thread(given.thread(thread), self._now()))

    @method
    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Program[Thread]:
        """Merge into the stored thread."""
        new_title = given.optional(given.text, title, "title")
        added = given.optional(given.mapping, metadata, "metadata")

        def change(thread: Thread) -> Mapping[str, Any]:
            changed: dict[str, Any] = {"title": new_title} if new_title else {}
            if added is not None:
                changed["metadata"] = {**(thread.metadata or {}), **added}
            return changed

        return (yield from self._change_thread(given.identifier(id, "id"), change))

    @method
    def delete_thread(self, thread_id: str) -> Program[None]:
        """Delete the messages first: while the thread exists, some may be left."""
        yield from self._delete_thread(given.identifier(thread_id, "thread_id"))

    @method
    def list_threads(
        self,
        *,
        resource_id: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        order_by: OrderBy = ("created_at", "desc"),
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ThreadPage]:
        """List by one of the two times, and by id within the same millisecond."""
        field, descending = given.order(order_by)
        owner = given.optional(given.identifier, resource_id, "resource_id")
        wanted = given.metadata_filter(metadata)
        query = ["threads", owner, wanted, field, descending]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        order = newest_first if descending else oldest_first
        listing = ThreadListing(asked, owner, wanted, field, order)
        found = yield from self._list_threads(listing)
        return found.page(ThreadPage, threads=found.entries)

    @method
    def copy_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> Program[CopiedThread]:
        """Copy as `clone_thread` does, and return no messages."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        copy = yield from self._copy(Copying.of(source_thread_id, what, which))
        return CopiedThread(thread=copy.thread, message_id_map=copy.message_id_map)

    @method
    def clone_thread(
        self,
        source_thread_id: str,
        *,
        new_thread_id: str | None = None,
        resource_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        message_limit: int | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        message_ids: Sequence[str] | None = None,
    ) -> Program[ClonedThread]:
        """Read what to copy, then write the copy."""
        what = (new_thread_id, resource_id, title, metadata)
        which = (message_limit, start_date, end_date, message_ids)
        return (yield from self._copy(Copying.of(source_thread_id, what, which)))

    @method
    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Program[Thread]:
        """Change the messages, then the thread, so that the call can be repeated."""
        id = given.identifier(thread_id, "thread_id")
        return (yield from self._give_thread(id, given.identifier(resource_id, "resource_id")))

    @method
    def save_messages(
        self, messages: Sequence[Message | Given], *, atomic: bool = False
    ) -> Program[list[Message]]:
        """Write the messages with the times that they get here, then touch their threads."""
        saved, _ = yield from self._saved(messages, atomic)
        return saved

    def _saved(
        self, messages: Any, atomic: Any
    ) -> Program[tuple[list[Message], Mapping[str, str]]]:
        """Save messages; return them, and by id the threads of the messages they replaced."""
        together = given.flag(atomic, "atomic")
        checked = given.records(Message, messages, "messages")
        saved = self._stamps.dated(checked, self._now())
        before: Mapping[str, str] = {}
        if saved:
            before = yield from self._save_messages(saved, together)
        messages = [evolve(one, content=as_it_reads(one.content)) for one in saved.values()]
        return messages, before

    @method
    def list_messages(
        self,
        thread_id: str | Sequence[str],
        *,
        resource_id: str | None = None,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = False,
    ) -> Program[MessagePage]:
        """Read the threads from the place where the page begins."""
        threads = given.thread_ids(thread_id)
        owner = given.optional(given.identifier, resource_id, "resource_id")
        paging = (page, per_page, cursor, include_total)
        what = (order_by, date_range, metadata, include)
        asked = MessageListing.of(["messages", sorted(threads), owner], paging, what)
        return (yield from self._list_messages(asked, threads, owner))

    @method
    def list_messages_by_resource_id(
        self,
        resource_id: str,
        *,
        page: int = 0,
        per_page: int | None = 40,
        cursor: str | None = None,
        order_by: OrderBy = ("created_at", "asc"),
        date_range: DateRange | Given | None = None,
        metadata: Mapping[str, JSON] | None = None,
        include: Sequence[Include | Given] = (),
        include_total: bool = False,
    ) -> Program[MessagePage]:
        """Read every thread of the resource as far as the page needs."""
        owner = given.identifier(resource_id, "resource_id")
        paging = (page, per_page, cursor, include_total)
        what = (order_by, date_range, metadata, include)
        asked = MessageListing.of(["messages of a resource", owner], paging, what)
        return (yield from self._list_messages_of(asked, owner))

    @method
    def list_messages_by_id(self, message_ids: Sequence[str]) -> Program[list[Message]]:
        """Read the messages by their keys."""
        found = yield from self._messages_by_id(given.identifiers(message_ids, "message_ids"))
        return in_order(found)

    @method
    def update_messages(self, messages: Sequence[Given]) -> Program[list[Message]]:
        """Merge into the stored messages; several changes of one message become one."""
        changes: dict[str, list[given.MessageChange]] = {}
        names: dict[str, str] = {}
        for place, change in enumerate(given.message_changes(messages)):
            changes.setdefault(change.id, []).append(change)
            names.setdefault(change.id, f"messages[{place}]")
        return (yield from self._change_messages(changes, names))

    @method
    def delete_messages(self, message_ids: Sequence[str]) -> Program[None]:
        """Delete the messages, then touch their threads."""
        yield from self._delete_messages(given.identifiers(message_ids, "message_ids"))

    @method
    def get_resource_by_id(self, resource_id: str) -> Program[Resource | None]:
        """Read one resource."""
        return (yield from self._resource(given.identifier(resource_id, "resource_id")))

    @method
    def save_resource(self, resource: Resource | Given) -> Program[Resource]:
        """Write the resource at the time of the call."""
        checked, now = given.record(Resource, resource, "resource"), self._now()
        timed = evolve(checked, created_at=checked.created_at or now, updated_at=now)
        return (yield from self._save_resource(timed))

    @method
    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Program[Resource]:
        """Merge into the stored resource, which is created if it does not exist."""
        id = given.identifier(resource_id, "resource_id")
        memory = given.optional(given.text, working_memory, "working_memory")
        added = given.optional(given.mapping, metadata, "metadata")

        def change(stored: Any) -> Mapping[str, Any]:
            changed: dict[str, Any] = {} if memory is None else {"working_memory": memory}
            if stored is None:
                changed["metadata"] = added or {}
            elif added is not None:
                changed["metadata"] = {**(stored.metadata or {}), **added}
            return changed

        return (yield from self._change_resource(id, change))


def change_thread(memory: Memory | MemoryMethods, id: str, change: Change) -> Program[Thread]:
    """Return a program that changes fields of a stored thread and returns the changed thread.

    `change` gets the stored thread and returns the fields to set. It is called again whenever
    another writer was faster, so it must have no side effects. If it raises, nothing is changed.
    Raises NotFoundError.

    >>> from leyden.store import change_thread
    >>> done = store.app.driver.run(                                    # doctest: +SKIP
    ...     change_thread(store.memory, "t1", lambda thread: {"title": thread.title.upper()})
    ... )
    """
    return cast(MemoryMethods, memory)._change_thread(given.identifier(id, "id"), change)


def change_resource(memory: Memory | MemoryMethods, id: str, change: Change) -> Program[Resource]:
    """Return a program that changes fields of a stored resource, as `change_thread` does.

    If the resource does not exist, `change` gets None, and the resource is created.
    """
    return cast(MemoryMethods, memory)._change_resource(given.identifier(id, "id"), change)


def save_messages_over(
    memory: Memory | MemoryMethods, messages: Sequence[Message | Given], *, atomic: bool = False
) -> Program[tuple[list[Message], Mapping[str, str]]]:
    """Return `save_messages` as a program that also says which messages it replaced.

    Its result is the saved messages, and a mapping that has the ids of the messages that were
    stored before, each with the thread that it was in.
    """
    return cast(MemoryMethods, memory)._saved(messages, atomic)
