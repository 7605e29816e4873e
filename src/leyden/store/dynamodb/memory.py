"""Threads and resources on a table, copies of threads, and listings of threads and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve, fields_dict
from pynamodb.expressions.condition import Condition

from leyden.errors import (
    ConditionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    SaveIncompleteError,
)
from leyden.program import Program, run_together
from leyden.store.dynamodb.messages import MessageSteps, message_of, message_values, set_fields
from leyden.store.dynamodb.streams import by_time, from_all, from_index, read_page, take
from leyden.store.dynamodb.writing import found_after, insisting, merge
from leyden.store.memory import (
    TAKEN,
    Change,
    Copying,
    MessageListing,
    ThreadListing,
    in_order,
    message_mark,
    missing_thread,
)
from leyden.store.order import Mark, Order, latest_first, oldest_first, time_mark
from leyden.store.pages import Listed, digest, digests_in, listed, with_digests
from leyden.store.records import ClonedThread, Include, Message, MessagePage, Resource, Thread
from leyden.store.values import known

IsMine = Callable[[Message], bool]


def thread_of(record: Any) -> Thread | None:
    """Return the thread in a record, or None for an item that is not a thread.

    If a thread is missing, the TypeScript client leaves an item with little more than an id when
    it notes the thread's last message.
    """
    if record is None or record.resource_id is None or record.created_at is None:
        return None
    return Thread(**{name: getattr(record, name) for name in fields_dict(Thread)})


def resource_of(record: Any) -> Resource | None:
    """Return the resource in a record."""
    if record is None:
        return None
    return Resource(**{name: getattr(record, name) for name in fields_dict(Resource)})


class MemorySteps(MessageSteps):
    """All steps of `MemoryMethods`."""

    def _thread(self, id: str) -> Program[Thread | None]:
        return thread_of((yield from self._threads.get(id=id).program(consistent=True)))

    def _save_thread(self, new: Thread, now: datetime) -> Program[Thread]:
        """Write one item over the stored one, keeping its creation time."""
        whole = evolve(new, created_at=new.created_at or now, updated_at=new.updated_at or now)
        at = self._threads.attr.created_at
        seen = at.does_not_exist() | (at == whole.created_at)
        living = self._living(self._threads, now)
        while True:
            write = self._threads.upsert(**set_fields(whole), **living).where(seen)
            try:
                record = yield from insisting(partial(write.program, response="all_new"))
                return known(thread_of(record))
            except KeyCollisionError:
                raise
            except ConditionFailedError as error:
                stored = yield from found_after(self._threads, {"id": new.id}, error)
                if stored.record is not None and stored.record.created_at is not None:
                    whole = evolve(whole, created_at=stored.record.created_at)
                seen = self._threads.stored_as(stored.item or {}, ["created_at"])

    def _change_thread(self, id: str, change: Change, seen: Any = None) -> Program[Thread]:
        """Merge into one item."""

        def changed(record: Any) -> Mapping[str, Any]:
            thread = thread_of(record)
            if thread is None:
                raise missing_thread(id)
            return change(thread)

        record = yield from merge(self._threads, {"id": id}, changed, now=self._now, seen=seen)
        return known(thread_of(record))

    def _give_thread(self, id: str, owner: str) -> Program[Thread]:
        """Change the messages in batches, then the thread."""
        seen = yield from self._threads.get(id=id).program(consistent=True)
        thread = thread_of(seen)
        if thread is None:
            raise missing_thread(id)
        if thread.resource_id == owner:
            return thread
        owners = self._messages.attr.resource_id
        query = self._messages.query.by_thread(thread_id=id).where(
            owners.does_not_exist() | (owners != owner)
        )
        cursor: str | None = None
        done: list[str] = []
        while True:
            page = yield from query.program(cursor=cursor)
            names = {message.id: "a message of the thread" for message in page}
            outcomes = yield from self._changed_messages(
                {message.id: message for message in page},
                lambda message: {"resource_id": owner} if message.thread_id == id else None,
                names,
            )
            try:
                self._whole(outcomes, names)
            except SaveIncompleteError as error:
                error.saved = (*done, *error.saved)
                raise
            done += names
            cursor = page.cursor
            if cursor is None:
                break
        return (yield from self._change_thread(id, lambda thread: {"resource_id": owner}, seen))

    def _delete_thread(self, id: str) -> Program[None]:
        """Look up where the messages are, delete them in batches, then delete the thread."""
        deleted: set[str] = set()
        while (yield from self._delete_messages_of(id, deleted)):
            pass
        try:
            yield from insisting(lambda: self._threads.delete(id=id).program(response="none"))
        except KeyCollisionError:
            # Another thread is stored under the key.
            return

    def _delete_messages_of(self, thread_id: str, deleted: set[str]) -> Program[bool]:
        """Delete the messages that the index shows; return whether there were new ones.

        Messages that have moved stay; since the index may not show the move yet, each message is
        read first. A condition would save that read, but many conditional writes in one request
        are a transaction, whose writes cost twice as much. A read costs a fifth of a write.
        """
        query = self._messages.query.by_thread(thread_id=thread_id)
        cursor: str | None = None
        found = False
        while True:
            page = yield from query.program(attributes=("id",), cursor=cursor)
            ids = [message.id for message in page if message.id not in deleted]
            if ids:
                found = True
                stored = yield from self._by_id(ids, ("id", "thread_id"))
                keys = [
                    {"id": id}
                    for id, record in stored.items()
                    if record.thread_id in (None, thread_id)
                ]
                if keys:
                    yield from self._messages.delete(keys).program(concurrency=self._concurrency)
                deleted.update(ids)
            cursor = page.cursor
            if cursor is None:
                return found

    def _copy(self, asked: Copying) -> Program[ClonedThread]:
        """Read what to copy, create the thread, then write the messages in batches."""
        reading = self._threads.get(id=asked.source_id).program(consistent=True, data="result")
        found = yield from reading
        source = thread_of(found.item)
        if source is None:
            raise missing_thread(asked.source_id)
        originals = yield from self._originals(asked)
        now = self._now()
        copy = asked.made_of(source, originals, now)
        beside = self._threads.unknown_fields(found.response["Item"])
        stored = yield from self._stored_under(
            self._messages, [{"id": message.id} for message in originals], data="raw"
        )
        expiry = self._living(self._messages, now)
        # Building the requests first refuses messages that cannot be written before any is sent.
        entries = [
            self._messages.put(**message_values(message), **expiry).carrying(
                self._messages.unknown_fields(item or {})
            )
            for message, item in zip(copy.cloned_messages, stored, strict=True)
        ]
        # The thread comes first; otherwise nobody could find a copy that was interrupted.
        living = self._living(self._threads, now)
        try:
            creating = self._threads.create(**set_fields(copy.thread), **living)
            yield from creating.carrying(beside).program()
        except KeyCollisionError:
            raise
        except ConditionFailedError as error:
            raise InputError(TAKEN) from error
        if entries:
            try:
                yield from self._app.batch_write(entries).program(concurrency=self._concurrency)
            except LeydenError as error:
                yield from self._take_back(copy, error)
                raise
        return copy

    def _originals(self, asked: Copying) -> Program[Sequence[Message]]:
        """Return the messages to copy, oldest first: the newest of those that were selected."""
        if asked.ids:
            found = yield from self._messages_by_id(asked.ids)
            wanted = [
                message
                for message in found
                if message.thread_id == asked.source_id and message.created_at in asked.span
            ]
            return asked.newest(in_order(wanted))
        query = self._messages.query.by_thread(thread_id=asked.source_id)
        index = by_time(query, message_of, latest_first, asked.span)
        taken = yield from take([index], asked.limit, concurrency=self._concurrency)
        return taken.entries[::-1]

    def _take_back(self, copy: ClonedThread, error: LeydenError) -> Program[None]:
        """Delete what exists of a copy. Raises SaveIncompleteError if that fails as well."""
        ids = [message.id for message in copy.cloned_messages]
        try:
            keys = [{"id": id} for id in ids]
            yield from self._messages.delete(keys).program(concurrency=self._concurrency)
            yield from self._threads.delete(id=copy.thread.id).program()
        except LeydenError as left:
            raise SaveIncompleteError(
                f"copying failed ({error.message}), and what was written of the copy could not be "
                f"deleted ({left.message}); delete_thread() of the first id in `unsure` deletes it",
                unsure=(copy.thread.id, *ids),
                failures=(error, left),
                entity=self._threads.name,
            ) from error

    def _resource(self, id: str) -> Program[Resource | None]:
        return resource_of((yield from self._resources.get(id=id).program(consistent=True)))

    def _save_resource(self, new: Resource) -> Program[Resource]:
        """Write one item over the stored one, keeping its creation time."""
        living = self._living(self._resources, known(new.updated_at))
        write = self._resources.upsert(**set_fields(new), **living)
        record = yield from insisting(partial(write.program, response="all_new"))
        return known(resource_of(record))

    def _change_resource(self, id: str, change: Change) -> Program[Resource]:
        """Merge into one item, which is created if it does not exist."""

        def changed(stored: Any) -> Mapping[str, Any]:
            if stored is not None:
                return change(stored)
            now = self._now()
            return {**change(None), "created_at": now, **self._living(self._resources, now)}

        record = yield from merge(self._resources, {"id": id}, changed, now=self._now)
        return known(resource_of(record))

    def _list_threads(self, listing: ThreadListing) -> Program[Listed[Thread]]:
        """Read a resource's index from the place where the page begins, or read and sort all."""
        asked, owner = listing.page, listing.owner

        def read(record: Any) -> Thread | None:
            thread = thread_of(record)
            return thread if thread and listing.lets_through(thread) else None

        if owner is None:
            reading: Any = self._threads.scan
        else:
            reading = self._threads.query.by_resource(resource_id=owner)
            # DynamoDB cannot count when metadata is compared here, so all threads are read at once.
            counted = asked.include_total and bool(listing.metadata)
            if listing.field == "created_at" and not counted:
                index = by_time(reading, read, listing.order)
                return (yield from from_index(index, asked, concurrency=self._concurrency))
        return (yield from from_all(reading, read, listing.mark, listing.order, asked))

    def _list_messages(
        self, asked: MessageListing, threads: Sequence[str], owner: str | None
    ) -> Program[MessagePage]:
        """Read the threads' index from the place where the page begins."""
        owners = None if owner is None else self._messages.attr.resource_id == owner
        return (
            yield from self._listed(
                asked, threads, owners, lambda message: owner in (None, message.resource_id)
            )
        )

    def _list_messages_of(self, asked: MessageListing, owner: str) -> Program[MessagePage]:
        """Read the index of every thread of the resource as far as the page needs."""
        threads: tuple[str, ...] = ()
        if not asked.page.is_empty or asked.include:
            query = self._threads.query.by_resource(resource_id=owner)
            found = yield from query.program(pages="all", attributes=("id",))
            threads = tuple(thread.id for thread in found)
        among = frozenset(threads)
        owners = self._messages.attr.resource_id
        return (
            yield from self._listed(
                asked,
                threads,
                owners.does_not_exist() | (owners == owner),
                lambda m: m.thread_id in among and m.resource_id in (None, owner),
            )
        )

    def _listed(
        self,
        asked: MessageListing,
        threads: Sequence[str],
        owners: Condition | None,
        is_mine: IsMine,
    ) -> Program[MessagePage]:
        """Return a page of these threads' messages.

        `owners` is the filter by owner for the table, and `is_mine` the same for messages that are
        read in other ways.
        """
        page, after = asked.page, asked.after
        before = digests_in(after)

        def read(record: Any) -> Message | None:
            message = message_of(record)
            return message if message and asked.lets_through(message) else None

        def gave(message: Message) -> bool:
            return digest(message.id) in before

        queries = [self._messages.query.by_thread(thread_id=id) for id in threads]
        if owners is not None:
            queries = [query.where(owners) for query in queries]
        taken, total, (found,) = yield from read_page(
            [by_time(query, read, asked.order, asked.span, skip=gave) for query in queries],
            page,
            after,
            concurrency=self._concurrency,
            told_here=bool(asked.metadata),
            also=[self._included(asked.include, is_mine)],
        )
        included = [message for message in found if not gave(message)]
        beside = {message.id for message in included}
        entries = taken.entries[page.offset : page.end]
        more = yield from taken.goes_on_behind(page.end, beside)
        digests = before.union(map(digest, beside))

        def mark(message: Message) -> Mark:
            return with_digests(message_mark(message), digests)

        messages = {message.id: message for message in (*entries, *included)}
        whole = tuple(in_order(messages.values(), asked.order))
        return listed(entries, more, total, mark, page).page(MessagePage, messages=whole)

    def _included(self, include: Sequence[Include], is_mine: IsMine) -> Program[list[Message]]:
        """Return the included messages and their neighbors that belong to the page's owner.

        If the caller knows the place of a message, it is read from there with its neighbors. The
        others, and those that are no longer at that place, are looked up by their ids first.
        """
        known_places = [one for one in include if _has_place(one)]
        unknown = [one for one in include if not _has_place(one)]
        programs: list[Program[list[Message]]] = [
            self._looked_up(unknown, is_mine),
            *(self._at_its_place(one, is_mine) for one in known_places),
        ]
        looked_up, *groups = yield from run_together(programs, self._concurrency)
        missed = [one for one, group in zip(known_places, groups, strict=True) if not group]
        again = yield from self._looked_up(missed, is_mine)
        return [*looked_up, *(message for group in groups for message in group), *again]

    def _looked_up(self, include: Sequence[Include], is_mine: IsMine) -> Program[list[Message]]:
        """Return messages found by their ids, and their neighbors.

        The neighbors are read from the message's own place in the index, in both directions.
        """
        if not include:
            return []
        found = yield from self._by_id(tuple(dict.fromkeys(one.id for one in include)))

        def around(message: Message, one: Include) -> Program[list[Message]]:
            thread, place = message.thread_id, message_mark(message)
            before, behind = yield from run_together(
                [
                    self._beside(thread, place, latest_first, one.with_previous_messages, is_mine),
                    self._beside(thread, place, oldest_first, one.with_next_messages, is_mine),
                ],
                self._concurrency,
            )
            return [*before, message, *behind]

        # A message may have moved since it was found: its item says which thread it is in.
        meant = [
            (message, one)
            for one in include
            if (message := message_of(found.get(one.id))) and is_mine(message)
        ]
        groups = yield from run_together([around(*one) for one in meant], self._concurrency)
        return [message for group in groups for message in group]

    def _at_its_place(self, one: Include, is_mine: IsMine) -> Program[list[Message]]:
        """Return a message and its neighbors, read from its known place; nothing if it has moved.

        The message is read as the first entry of one direction, so it needs no request of its own.
        """
        thread, place = known(one.thread_id), time_mark(known(one.created_at), one.id)
        sides = [(latest_first, one.with_previous_messages), (oldest_first, one.with_next_messages)]
        if not one.with_previous_messages:
            sides.reverse()
        (first, count), (second, other) = sides
        here, there = yield from run_together(
            [
                self._beside(thread, place, first, count + 1, is_mine, inclusive=True),
                self._beside(thread, place, second, other, is_mine),
            ],
            self._concurrency,
        )
        return [*here, *there] if here and here[0].id == one.id else []

    def _beside(
        self,
        thread_id: str,
        place: Mark,
        order: Order,
        count: int,
        is_mine: IsMine,
        *,
        inclusive: bool = False,
    ) -> Program[Sequence[Message]]:
        """Return the next messages of a thread from a place on, in one direction."""

        def read(record: object) -> Message | None:
            message = message_of(record)
            return message if message and is_mine(message) else None

        query = self._messages.query.by_thread(thread_id=thread_id)
        index = by_time(query, read, order)
        taken = yield from take(
            [index], count, place, inclusive=inclusive, concurrency=self._concurrency
        )
        return taken.entries


def _has_place(one: Include) -> bool:
    """Return whether a message's place is known and it has neighbors to read from there.

    Without neighbors, one batch of lookups is cheaper than a query for each message.
    """
    is_known = one.created_at is not None and one.thread_id is not None
    return is_known and bool(one.with_previous_messages or one.with_next_messages)
