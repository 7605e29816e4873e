"""What a memory does with threads and messages, and with their vectors behind it.

Every method is written once, as a program, for `Memory` and for `AsyncMemory`. It changes the
messages first and their vectors second: a failing embedder or vector store loses nothing, and the
error says what recall by meaning will not find. A deletion goes the other way, so that it can be
done again for as long as there is something left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from attrs import evolve

from leyden._methods import Methods, method, program_of
from leyden.errors import (
    IndexIncompleteError,
    InvalidOptionError,
    LeydenError,
    NotFoundError,
    ThreadOwnerError,
)
from leyden.memory.indexing import AT_ONCE, Indexing, Unindexed, VectorKey, Where, keys_of
from leyden.memory.options import UNSET, Options, SemanticRecall, Unset, WorkingMemory
from leyden.memory.results import Reindexed
from leyden.memory.text import embedded_text, kept_of
from leyden.memory.working import IN_METADATA
from leyden.program import Program, outcomes_of, run_together
from leyden.store import (
    ClonedThread,
    CopiedThread,
    Memory,
    Message,
    Thread,
    ThreadPage,
    change_resource,
)
from leyden.store import given as checks
from leyden.store.interface import Given, OrderBy
from leyden.store.records import JSON

__all__ = ["ThreadMethods"]

_PAGE: Final = 100
"""How many messages are indexed at once."""


class ThreadMethods(Methods):
    """Threads and messages of a memory."""

    _called = "memory"

    _options: Options
    _store: Memory
    """The memory domain of the store."""
    _indexing: Indexing | None

    @method
    def create_thread(
        self,
        *,
        resource_id: str,
        thread_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Program[Thread]:
        """Begin a thread of a resource, with an id of its own unless one is given.

        A thread that has the id already is written over, but for its time of creation.

        >>> thread = memory.create_thread(resource_id="alice", title="Travel")    # doctest: +SKIP
        """
        thread = {
            "id": str(uuid4()) if thread_id is None else thread_id,
            "resource_id": resource_id,
            "title": title,
            "metadata": metadata,
        }
        made = yield from program_of(self._store.save_thread)(thread)
        yield from self._taken_from_metadata(made)
        return made

    @method
    def get_thread_by_id(
        self, thread_id: str, *, resource_id: str | None = None
    ) -> Program[Thread | None]:
        """The thread; None where there is none, or it is not `resource_id`'s."""
        reading = program_of(self._store.get_thread_by_id)(thread_id, resource_id=resource_id)
        return (yield from reading)

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
        """The threads of a resource, or of all, whose metadata has all these values."""
        return (
            yield from program_of(self._store.list_threads)(
                resource_id=resource_id,
                metadata=metadata,
                page=page,
                per_page=per_page,
                order_by=order_by,
                cursor=cursor,
                include_total=include_total,
            )
        )

    @method
    def update_thread(
        self, id: str, *, title: str | None = None, metadata: Mapping[str, JSON] | None = None
    ) -> Program[Thread]:
        """Change the title, and merge keys into the metadata; what is omitted stays.

        Concurrent updates lose nothing. Raises NotFoundError.
        """
        updated = yield from program_of(self._store.update_thread)(
            id, title=title, metadata=metadata
        )
        if metadata is not None and IN_METADATA in metadata:
            yield from self._taken_from_metadata(updated)
        return updated

    @method
    def delete_thread(self, thread_id: str) -> Program[None]:
        """Delete the vectors of the thread's messages, the messages, and the thread.

        Safe to run again. Raises IndexIncompleteError where the vectors could not be deleted; the
        messages and the thread are, all the same.
        """
        failure: LeydenError | None = None
        thread: Thread | None = None
        if self._indexing is not None:
            thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
            where = Where(None if thread is None else thread.resource_id, thread_id)
            failure = yield from self._forgotten(where)
        yield from program_of(self._store.delete_thread)(thread_id)
        if failure is not None:
            owner = "its resource" if thread is None else "the same resource_id"
            raise IndexIncompleteError(
                "the thread and its messages were deleted, but not their vectors "
                f"({failure.message}); they lead to nothing any more, and reindex() of {owner} "
                "removes them",
                failures=(failure,),
            ) from failure

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
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
    ) -> Program[ClonedThread]:
        """Copy a thread and its messages into a new one; the source stays as it is.

        The arguments are those of the store's `clone_thread`. The copies are indexed, and working
        memory goes along where it is the thread's, or where the copy is another resource's and
        that has none. Raises NotFoundError, InputError, IndexIncompleteError.
        """
        options = self._with(semantic_recall=semantic_recall)
        reading = program_of(self._store.get_thread_by_id)(source_thread_id)
        source = (yield from reading) if self._carries(options, resource_id) else None
        copied = yield from program_of(self._store.clone_thread)(
            source_thread_id,
            new_thread_id=new_thread_id,
            resource_id=resource_id,
            title=title,
            metadata=_with_working_memory(metadata, source, options.working_memory),
            message_limit=message_limit,
            start_date=start_date,
            end_date=end_date,
            message_ids=message_ids,
        )
        if source is not None:
            yield from self._given_along(options.working_memory, source, copied.thread)
        if options.semantic_recall is not None:
            threads = {copied.thread.id: copied.thread}
            yield from self._indexed(copied.cloned_messages, threads, "copied")
        return copied

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
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
    ) -> Program[CopiedThread]:
        """`clone_thread`, without giving the messages."""
        clone: Callable[..., Program[ClonedThread]] = partial(
            vars(ThreadMethods)["clone_thread"].program, self
        )
        copied = yield from clone(
            source_thread_id,
            new_thread_id=new_thread_id,
            resource_id=resource_id,
            title=title,
            metadata=metadata,
            message_limit=message_limit,
            start_date=start_date,
            end_date=end_date,
            message_ids=message_ids,
            semantic_recall=semantic_recall,
        )
        return CopiedThread(thread=copied.thread, message_id_map=copied.message_id_map)

    @method
    def update_thread_resource_id(self, thread_id: str, resource_id: str) -> Program[Thread]:
        """Give the thread, its messages and their vectors to another resource.

        Safe to run again. Raises NotFoundError, IndexIncompleteError.
        """
        before: Thread | None = None
        if self._indexing is not None:
            before = yield from program_of(self._store.get_thread_by_id)(thread_id)
        moved = yield from program_of(self._store.update_thread_resource_id)(thread_id, resource_id)
        if self._indexing is None or before is None or before.resource_id == resource_id:
            return moved
        failure = yield from self._forgotten(Where(before.resource_id, thread_id))
        failed = [] if failure is None else [Unindexed((), failure)]
        messages = yield from self._all_of(thread_id)
        written = yield from self._indexing.write(messages, {thread_id: moved})
        failed += [] if written is None else [written]
        _raise_unindexed(failed, messages, "moved")
        return moved

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

        Raises SaveIncompleteError, and IndexIncompleteError where all messages were saved, but some
        were not indexed.

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
            kept = [
                evolve(one, resource_id=thread.resource_id)
                if one.resource_id is None and (thread := threads[one.thread_id])
                else one
                for one in kept
            ]
        saved = yield from program_of(self._store.save_messages)(kept, atomic=atomic)
        if options.semantic_recall is not None:
            yield from self._indexed(saved, threads, "saved")
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
        _raise_unindexed([failed] if failed else [], changed, "changed")
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
        threads: list[Thread] = []
        if thread_id is None:
            owner = checks.identifier(resource_id, "resource_id")
            listing = program_of(self._store.list_threads)(resource_id=owner, per_page=None)
            threads = list((yield from listing).threads)
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
        count = Reindexed()
        for thread in threads:
            cursor: str | None = None
            while True:
                page = yield from program_of(self._store.list_messages)(
                    thread.id, per_page=_PAGE, cursor=cursor
                )
                known = {thread.id: thread}
                _raise_failed((yield from indexing.write(page.messages, known)))
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
        deleted = yield from self._without_stale(indexing, owner, earlier, threads)
        count = evolve(count, deleted=deleted)
        if progress is not None:
            progress(count)
        return count

    def _without_stale(
        self,
        indexing: Indexing,
        owner: str,
        earlier: Sequence[VectorKey],
        threads: Sequence[Thread],
    ) -> Program[int]:
        """Delete those of the vectors that are of no message any more; gives how many.

        The messages are looked at once more, one by one: an index of the table may not have shown
        the latest yet.
        """
        among = {thread.id for thread in threads}
        stale: list[VectorKey] = []
        for start in range(0, len(earlier), _PAGE):
            part = earlier[start : start + _PAGE]
            ids = list(dict.fromkeys(message for _, message, _ in part))
            found = yield from program_of(self._store.list_messages_by_id)(ids)
            wanted = {
                key for message in found if message.thread_id in among for key in keys_of(message)
            }
            stale += [key for key in part if key not in wanted]
        yield from indexing.drop(owner, stale)
        return len(stale)

    # --- what the methods share ---

    def _with(self, **options: Any) -> Options:
        """The options of a call. Raises InvalidOptionError."""
        found = self._options.with_(**options)
        if found.semantic_recall is not None and self._indexing is None:
            raise InvalidOptionError(
                "semantic_recall needs an embedder: give Memory one, as in "
                'Memory(store, embedder=openai_embedder(client, "text-embedding-3-small"))'
            )
        return found

    def _owned(self, thread: Thread | None, thread_id: str, resource_id: str | None) -> None:
        """Raise ThreadOwnerError for a thread of another resource than the one that is named."""
        if thread is not None and resource_id not in (None, thread.resource_id):
            raise ThreadOwnerError(
                "the thread belongs to another resource than the resource_id of this call; nothing "
                "of it was read",
                thread_id=thread_id,
            )

    def _threads_of(self, messages: Iterable[Message]) -> Program[dict[str, Thread | None]]:
        """The threads of messages, by their ids."""
        ids = list(dict.fromkeys(message.thread_id for message in messages))
        reading = program_of(self._store.get_thread_by_id)
        found = yield from run_together([reading(id) for id in ids], AT_ONCE)
        return dict(zip(ids, found, strict=True))

    def _places_of(
        self, messages: Iterable[Message], threads: Mapping[str, Thread | None]
    ) -> list[Where]:
        """Where the vectors of messages are."""
        by_place: dict[tuple[str | None, str], dict[str, None]] = {}
        for message in messages:
            thread = threads.get(message.thread_id)
            owner = message.resource_id if thread is None else thread.resource_id
            by_place.setdefault((owner, message.thread_id), {})[message.id] = None
        return [Where(owner, thread, tuple(ids)) for (owner, thread), ids in by_place.items()]

    def _forgotten(self, where: Where) -> Program[LeydenError | None]:
        """Delete vectors; an error is given, not raised."""
        assert self._indexing is not None
        (outcome,) = yield from outcomes_of([self._indexing.forget(where)], 1)
        return outcome if isinstance(outcome, LeydenError) else None

    def _indexed(
        self, messages: Sequence[Message], threads: Mapping[str, Thread | None], done: str
    ) -> Program[None]:
        """Index messages. Raises IndexIncompleteError."""
        assert self._indexing is not None
        failed = yield from self._indexing.write(messages, threads)
        _raise_unindexed([failed] if failed else [], messages, done)

    def _all_of(self, thread_id: str) -> Program[Sequence[Message]]:
        listing = program_of(self._store.list_messages)(thread_id, per_page=None)
        return tuple((yield from listing).messages)

    def _taken_from_metadata(self, thread: Thread) -> Program[None]:
        """A thread whose metadata brings working memory gives it to its resource, if that has it.

        So does the TypeScript client.
        """
        options, metadata = self._options.working_memory, thread.metadata or {}
        text = metadata.get(IN_METADATA)
        if options is None or options.scope != "resource" or not isinstance(text, str) or not text:
            return
        yield from program_of(self._store.update_resource)(thread.resource_id, working_memory=text)

    def _carries(self, options: Options, resource_id: str | None) -> bool:
        """Whether a copy may take working memory along."""
        working = options.working_memory
        return working is not None and (working.scope == "thread" or resource_id is not None)

    def _given_along(
        self, working: WorkingMemory | None, source: Thread, copy: Thread
    ) -> Program[None]:
        """Give a resource that gets a copy, and knows nothing yet, what the source's knows."""
        if working is None or working.scope != "resource" or copy.resource_id == source.resource_id:
            return
        known = yield from program_of(self._store.get_resource_by_id)(source.resource_id)
        text = None if known is None else known.working_memory
        if text:
            yield from change_resource(
                self._store, copy.resource_id, lambda stored: _unless_known(stored, text)
            )


def _unless_known(stored: Any, text: str) -> dict[str, Any]:
    if stored is None:
        return {"working_memory": text, "metadata": {}}
    return {"working_memory": stored.working_memory or text}


def _with_working_memory(
    metadata: Mapping[str, JSON] | None, source: Thread | None, working: WorkingMemory | None
) -> Mapping[str, JSON] | None:
    """The metadata of a copy, with the source's working memory where that is the thread's."""
    if source is None or working is None or working.scope != "thread":
        return metadata
    text = (source.metadata or {}).get(IN_METADATA)
    return metadata if text is None else {IN_METADATA: text, **(metadata or {})}


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


def _raise_unindexed(failed: Sequence[Unindexed], messages: Sequence[Message], done: str) -> None:
    """Raise IndexIncompleteError where vectors of messages are not as the messages are."""
    if not failed:
        return
    first = failed[0].error
    ids = tuple(dict.fromkeys(id for one in failed for id in one.ids))
    raise IndexIncompleteError(
        f"the messages were {done}, but of {len(messages)} of them {len(ids)} are not indexed as "
        f"they are now ({first.message}); reindex() of the thread mends that",
        saved=tuple(message.id for message in messages),
        unindexed=ids,
        failures=tuple(one.error for one in failed),
    ) from first


def _raise_failed(failed: Unindexed | None) -> None:
    if failed is not None:
        raise failed.error
