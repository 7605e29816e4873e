"""Saving, changing, deleting and indexing messages, together with their vectors.

Deleting begins with the vectors. A deletion that failed can then be repeated as long as the
messages, which say where their vectors are, exist.
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
"""How many messages are indexed together."""


class MessageMethods(ThreadMethods):
    """The methods of a memory for messages, in addition to those for threads."""

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
        """Save messages, each in place of the stored one with its id, then index their texts.

        A message needs a `role` and a `content`: a text, a list of parts, or a mapping with parts.
        Without an `id` it gets a new one. `thread_id` and `resource_id` apply to messages that do
        not name their own; without either, the resource is the thread's. System messages are not
        saved. What belongs to working memory is removed: `<working_memory>` parts of texts, and
        calls of the tool that updates it. Returns the messages as they were saved.

        Raises NotFoundError if a message names no resource and its thread does not exist,
        SaveIncompleteError, and IndexIncompleteError if all messages were saved but some were not
        indexed.

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
            # The former text of a replaced message may have had more chunks, or may have been in
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
        """Change messages and their vectors; each change is a mapping of `id` and new fields.

        See the store's `update_messages`. A `thread_id` moves the message. Returns the changed
        messages, without those that do not exist. Raises IndexIncompleteError if the messages were
        changed but not all their vectors.
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
        """Delete the vectors of messages, then the messages. Missing messages are no error.

        Raises IndexIncompleteError if the vectors could not be deleted; the messages are deleted
        nevertheless.
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
                "recall ignores these, and reindex() of the thread deletes them",
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
        """Index all messages of a thread or a resource again, and delete vectors without a message.

        This repairs what is left when a process ends between writing messages and their vectors,
        and it indexes what other clients wrote. It is safe to run again, and while others save.
        `progress` is called after every page of messages. Raises NotFoundError if the thread does
        not exist, and InvalidOptionError without an embedder.

        >>> memory.reindex(resource_id="alice").indexed                     # doctest: +SKIP
        3120
        """
        indexing = self._indexing
        if indexing is None:
            raise InvalidOptionError("reindex needs an embedder; give Memory one")
        if (thread_id is None) is (resource_id is None):
            raise InvalidOptionError("reindex takes either thread_id=... or resource_id=...")
        threads: Sequence[Thread] | None = None
        if thread_id is None:
            owner = checks.identifier(resource_id, "resource_id")
            where = Where(owner)
        else:
            thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
            if thread is None:
                raise NotFoundError(
                    "the thread does not exist; reindex its resource to delete its vectors",
                    kind="thread",
                    id=thread_id,
                )
            threads, owner = [thread], thread.resource_id
            where = Where(owner, thread.id)
        yield from indexing.prepare()
        earlier = yield from indexing.begin_again(where)
        if threads is None:
            # Threads that are created from here on are indexed by the process that creates them.
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
        """Index messages of a thread until the index has what is stored.

        Others may change messages, and index them sooner, while these are being embedded. So the
        messages are read again afterwards, as often as it takes.
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
        """Delete those of the vectors that no message needs any more; return how many.

        The messages and their threads are read once more by their keys, because an index of the
        table may not show their latest state yet.
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
    """Return the message with its thread's resource if it names none. Raises NotFoundError."""
    if message.resource_id is not None:
        return message
    if thread is None:
        raise NotFoundError(
            "the thread does not exist, so the message has no owner: create the thread first, or "
            "give the message a resource_id",
            kind="thread",
            id=message.thread_id,
        )
    return evolve(message, resource_id=thread.resource_id)


def _reads_alike(message: Message, other: Message | None) -> bool:
    """Return whether a message still exists, and needs the same vectors as when it was indexed."""
    return other is not None and (embedded_text(message), message.role, message.created_at) == (
        embedded_text(other),
        other.role,
        other.created_at,
    )


def _taken(messages: Any, thread_id: str | None, resource_id: str | None) -> list[Message]:
    """Check the caller's messages, and fill in new ids and the values that they share."""
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
    """Return the message in the current format, where a text or a list becomes parts."""
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
