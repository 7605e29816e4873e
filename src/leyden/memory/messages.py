"""Saving, changing, deleting and indexing messages, each with its vectors behind it.

A deletion begins with the vectors, so that it can be done again for as long as there is a message
that says where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from attrs import evolve

from leyden._methods import method, program_of
from leyden.errors import (
    IndexIncompleteError,
    InvalidOptionError,
    LeydenError,
    NotFoundError,
)
from leyden.memory.indexed import raise_failed, raise_unindexed
from leyden.memory.indexing import AT_ONCE, Indexing, VectorKey, Where, keys_of
from leyden.memory.options import UNSET, SemanticRecall, Unset
from leyden.memory.results import Reindexed
from leyden.memory.text import embedded_text, kept_of
from leyden.memory.threads import ThreadMethods
from leyden.program import Program, run_together
from leyden.store import (
    Message,
    Thread,
    save_messages_over,
)
from leyden.store import given as checks
from leyden.store.interface import Given
from leyden.store.records import JSON

__all__ = ["MessageMethods"]

_PAGE: Final = 100
"""How many messages are indexed at once."""


class MessageMethods(ThreadMethods):
    """Messages of a memory, beside its threads."""

    @method
    def save_messages(
        self,
        messages: Sequence[Message | Given],
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        atomic: bool = False,
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
    ) -> Program[list[Message]]:
        """Save messages, each over what has its id, then index their texts.

        A message needs a `role` and a `content`: a text, a list of parts, or a mapping with parts.
        Without an `id` it gets one; `thread_id` and `resource_id` stand for those that messages do
        not name, and without either the resource is that of the thread. System messages are not
        saved, and what belongs to working memory is taken out: `<working_memory>` parts of texts,
        and calls of the tool that updates it. Gives the messages as they were saved.

        Raises NotFoundError for messages of a thread that is not there where nothing else says
        whose they are, SaveIncompleteError, and IndexIncompleteError where all messages were saved,
        but some were not indexed.

        >>> memory.save_messages(                                           # doctest: +SKIP
        ...     [{"role": "user", "content": "Where did we stay?"}], thread_id=thread.id
        ... )
        """
        options = self._with(semantic_recall=semantic_recall)
        taken = _taken(messages, thread_id, resource_id)
        kept = [one for message in taken if (one := kept_of(message)) is not None]
        if not kept:
            return []
        threads: dict[str, Thread | None] = {}
        if options.semantic_recall is not None or any(one.resource_id is None for one in kept):
            threads = yield from self._threads_of(kept)
            kept = [_owned_by(one, threads[one.thread_id]) for one in kept]
        saved, were_in = yield from save_messages_over(self._store, kept, atomic=atomic)
        if options.semantic_recall is not None:
            # Of a message that was there, the former text may have had more chunks, or been in
            # another thread.
            over = [one for one in saved if one.id in were_in]
            former = [evolve(one, thread_id=were_in[one.id]) for one in over]
            threads |= yield from self._threads_of(
                [one for one in former if one.thread_id not in threads]
            )
            replacing = self._places_of([*over, *former], threads)
            yield from self._indexed(saved, threads, "saved", replacing)
        return saved

    @method
    def update_messages(
        self,
        messages: Sequence[Given],
        *,
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
    ) -> Program[list[Message]]:
        """Change messages, given as mappings of `id` and the fields to change, and their vectors.

        See the store's `update_messages`. A `thread_id` moves the message. Gives the messages that
        were there, changed. Raises IndexIncompleteError where their vectors are not as they are.
        """
        options = self._with(semantic_recall=semantic_recall)
        if options.semantic_recall is None or self._indexing is None:
            return (yield from program_of(self._store.update_messages)(messages))
        changes = checks.message_changes(messages)
        before: list[Message] = []
        if any(change.thread_id is not None for change in changes):
            ids = [change.id for change in changes]
            before = yield from program_of(self._store.list_messages_by_id)(ids)
        changed = yield from program_of(self._store.update_messages)(messages)
        if not changed:
            return changed
        threads = yield from self._threads_of([*changed, *before])
        where = self._places_of([*changed, *before], threads)
        failed = yield from self._indexing.write(changed, threads, replacing=where)
        raise_unindexed([failed] if failed else [], changed, "changed")
        return changed

    @method
    def delete_messages(self, message_ids: Sequence[str]) -> Program[None]:
        """Delete the vectors of messages, and the messages. Missing ones are no error.

        Raises IndexIncompleteError where the vectors could not be deleted; the messages are, all
        the same.
        """
        ids = checks.identifiers(message_ids, "message_ids")
        failures: list[LeydenError] = []
        if self._indexing is not None:
            found = yield from program_of(self._store.list_messages_by_id)(ids)
            threads = yield from self._threads_of(found)
            forgetting = [self._forgotten(one) for one in self._places_of(found, threads)]
            failures = [one for one in (yield from run_together(forgetting, AT_ONCE)) if one]
        yield from program_of(self._store.delete_messages)(ids)
        if failures:
            raise IndexIncompleteError(
                f"the messages were deleted, but not all of their vectors ({failures[0].message}); "
                "those lead to nothing any more, and reindex() of the thread removes them",
                failures=failures,
            ) from failures[0]

    @method
    def reindex(
        self,
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        progress: Callable[[Reindexed], object] | None = None,
    ) -> Program[Reindexed]:
        """Index all messages of a thread, or of a resource, anew, and delete vectors of no message.

        It mends what a process left behind that ended between messages and their vectors, and it
        indexes what another client wrote. Safe to run again, and while others save. `progress` is
        called from time to time. Raises NotFoundError for a thread that is not there,
        InvalidOptionError without an embedder.

        >>> memory.reindex(resource_id="alice").indexed                     # doctest: +SKIP
        3120
        """
        indexing = self._indexing
        if indexing is None:
            raise InvalidOptionError("to index messages a memory needs an embedder")
        if (thread_id is None) is (resource_id is None):
            raise InvalidOptionError("reindex takes thread_id=... or resource_id=..., one of them")
        threads: Sequence[Thread] | None = None
        if thread_id is None:
            owner = checks.identifier(resource_id, "resource_id")
            where = Where(owner)
        else:
            thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
            if thread is None:
                raise NotFoundError(
                    "there is no such thread; reindex its resource to remove vectors of it",
                    kind="thread",
                    id=thread_id,
                )
            threads, owner = [thread], thread.resource_id
            where = Where(owner, thread.id)
        yield from indexing.prepare()
        earlier = yield from indexing.begin_again(where)
        if threads is None:
            # What begins later is indexed by whoever begins it.
            listing = program_of(self._store.list_threads)(resource_id=owner, per_page=None)
            threads = (yield from listing).threads
        count = Reindexed()
        for thread in threads:
            cursor: str | None = None
            while True:
                page = yield from program_of(self._store.list_messages)(
                    thread.id, per_page=_PAGE, cursor=cursor
                )
                yield from self._index_anew(indexing, thread, page.messages)
                texts = [one for one in page.messages if embedded_text(one) is not None]
                count = evolve(
                    count,
                    messages=count.messages + len(page.messages),
                    indexed=count.indexed + len(texts),
                )
                if progress is not None:
                    progress(count)
                cursor = page.cursor
                if cursor is None:
                    break
            count = evolve(count, threads=count.threads + 1)
        deleted = yield from self._without_stale(indexing, owner, earlier)
        count = evolve(count, deleted=deleted)
        if progress is not None:
            progress(count)
        return count

    def _index_anew(
        self, indexing: Indexing, thread: Thread, messages: Sequence[Message]
    ) -> Program[None]:
        """Index messages of a thread as they are once that is done.

        While they are embedded others may change them, and index them sooner: so they are looked at
        again, as often as it takes.
        """
        while messages:
            raise_failed((yield from indexing.write(messages, {thread.id: thread})))
            ids = [message.id for message in messages]
            now = yield from program_of(self._store.list_messages_by_id)(ids)
            here = {message.id: message for message in now if message.thread_id == thread.id}
            changed = [one for one in messages if not _reads_alike(one, here.get(one.id))]
            if changed:
                anew = tuple(message.id for message in changed)
                yield from indexing.forget(Where(thread.resource_id, thread.id, anew))
            messages = [here[message.id] for message in changed if message.id in here]

    def _without_stale(
        self, indexing: Indexing, owner: str, earlier: Sequence[VectorKey]
    ) -> Program[int]:
        """Delete those of the vectors that are of no message any more; gives how many.

        The messages and their threads are looked at once more, one by one: an index of the table
        may not have shown the latest yet.
        """
        stale: list[VectorKey] = []
        for start in range(0, len(earlier), _PAGE):
            part = earlier[start : start + _PAGE]
            ids = list(dict.fromkeys(message for _, message, _ in part))
            found = yield from program_of(self._store.list_messages_by_id)(ids)
            threads = yield from self._threads_of(found)
            wanted = {
                (place.resource_id, *key)
                for message in found
                for place in self._places_of([message], threads)
                for key in keys_of(message)
            }
            stale += [key for key in part if (owner, *key) not in wanted]
        yield from indexing.drop(owner, stale)
        return len(stale)


def _owned_by(message: Message, thread: Thread | None) -> Message:
    """The message, with the resource of its thread where it names none. Raises NotFoundError."""
    if message.resource_id is not None:
        return message
    if thread is None:
        raise NotFoundError(
            "there is no such thread, and without it nobody knows whose the message is: create the "
            "thread first, or name a resource_id",
            kind="thread",
            id=message.thread_id,
        )
    return evolve(message, resource_id=thread.resource_id)


def _reads_alike(message: Message, other: Message | None) -> bool:
    """Whether a message is there still, and has the vectors of the one that was indexed."""
    return other is not None and (embedded_text(message), message.role, message.created_at) == (
        embedded_text(other),
        other.role,
        other.created_at,
    )


def _taken(messages: Any, thread_id: str | None, resource_id: str | None) -> list[Message]:
    """Messages as a caller gives them, checked; ids, and what they share, are filled in."""
    filled: list[Any] = []
    for one in checks.sequence(messages, "messages", "messages"):
        if not isinstance(one, Mapping):
            filled.append(one)
            continue
        values = {name: value for name, value in one.items() if value is not None}
        values.setdefault("id", str(uuid4()))
        if thread_id is not None:
            values.setdefault("thread_id", thread_id)
        if resource_id is not None:
            values.setdefault("resource_id", resource_id)
        filled.append(values)
    checked: Sequence[Message] = checks.records(Message, filled, "messages")
    return [_in_parts(message) for message in checked]


def _in_parts(message: Message) -> Message:
    """The message in the present format: a text or a list becomes content with parts."""
    content = message.content
    if message.type != "v2" or isinstance(content, Mapping):
        return message
    if isinstance(content, str):
        parts: dict[str, JSON] = {
            "format": 2,
            "parts": [{"type": "text", "text": content}],
            "content": content,
        }
        return evolve(message, content=parts)
    return evolve(message, content={"format": 2, "parts": list(content)})
