"""A memory's methods for threads, which keep the vectors of their messages up to date.

Every method is written once, as a program, for both `Memory` and `AsyncMemory`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from leyden._methods import method, program_of
from leyden.errors import (
    IndexIncompleteError,
    LeydenError,
)
from leyden.memory.indexed import IndexedMethods, raise_unindexed
from leyden.memory.indexing import AT_ONCE, Unindexed, Where
from leyden.memory.options import UNSET, Options, SemanticRecall, Unset, WorkingMemory
from leyden.memory.working_text import IN_METADATA
from leyden.program import Program, run_together
from leyden.store import (
    ClonedThread,
    CopiedThread,
    Thread,
    ThreadPage,
    change_resource,
)
from leyden.store import given as checks
from leyden.store.interface import OrderBy
from leyden.store.records import JSON

__all__ = ["ThreadMethods"]


class ThreadMethods(IndexedMethods):
    """The methods of a memory for threads."""

    @method
    def create_thread(
        self,
        *,
        resource_id: str,
        thread_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Program[Thread]:
        """Create a thread of a resource, with a new id unless you give one.

        If the resource already has a thread with the id, that thread gets the title, and the
        metadata if you give some. Raises ThreadOwnerError for a thread of another resource, which
        does not change: its metadata and working memory are not meant for this resource.

        >>> thread = memory.create_thread(resource_id="alice", title="Travel")    # doctest: +SKIP
        """
        if thread_id is not None:
            stored = yield from program_of(self._store.get_thread_by_id)(thread_id)
            self._owned(stored, thread_id, checks.identifier(resource_id, "resource_id"))
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
        """Return the thread, or None if it does not exist or belongs to another resource."""
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
        """List the threads of a resource, or of all, whose metadata has all the given values."""
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
        """Change the title and merge keys into the metadata; what you omit stays as it is.

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
        """Delete the vectors of the thread's messages, then the messages and the thread.

        It is safe to run this again. Raises IndexIncompleteError if the vectors could not be
        deleted; the messages and the thread are deleted nevertheless.
        """
        failures: list[LeydenError] = []
        thread: Thread | None = None
        if self._indexing is not None:
            thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
            places = [Where(None if thread is None else thread.resource_id, thread_id)]
            if thread is None:
                # Without the thread, only the messages say under which resource the vectors are.
                places += self._places_of((yield from self._all_of(thread_id)), {})
            forgetting = [self._forgotten(place) for place in places]
            failures = [one for one in (yield from run_together(forgetting, AT_ONCE)) if one]
        yield from program_of(self._store.delete_thread)(thread_id)
        if failures:
            owner = "its resource" if thread is None else "the same resource_id"
            raise IndexIncompleteError(
                "the thread and its messages were deleted, but not their vectors "
                f"({failures[0].message}); recall ignores these, and reindex() of {owner} "
                "deletes them",
                failures=failures,
            ) from failures[0]

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
        """Copy a thread and its messages into a new thread; the source does not change.

        The arguments are those of the store's `clone_thread`. The copies are indexed. Working
        memory is copied if it belongs to the thread, or if the copy goes to another resource that
        has none. Raises NotFoundError, InputError, IndexIncompleteError.
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
        """Copy a thread as `clone_thread` does, without returning the messages."""
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

        It is safe to run this again. If a process ended before it moved the vectors, `reindex` of
        the thread moves them. Raises NotFoundError, IndexIncompleteError.
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
        raise_unindexed(failed, messages, "moved")
        return moved

    def _taken_from_metadata(self, thread: Thread) -> Program[None]:
        """Copy working memory from a thread's metadata to its resource, if that is its scope.

        The TypeScript client does the same.
        """
        options, metadata = self._options.working_memory, thread.metadata or {}
        text = metadata.get(IN_METADATA)
        if options is None or options.scope != "resource" or not isinstance(text, str) or not text:
            return
        yield from program_of(self._store.update_resource)(thread.resource_id, working_memory=text)

    def _carries(self, options: Options, resource_id: str | None) -> bool:
        """Return whether a copy may take working memory along."""
        working = options.working_memory
        return working is not None and (working.scope == "thread" or resource_id is not None)

    def _given_along(
        self, working: WorkingMemory | None, source: Thread, copy: Thread
    ) -> Program[None]:
        """Copy working memory to the copy's resource, if that is another one and has none."""
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
    """Return the metadata of a copy, with the source's working memory if its scope is a thread."""
    if source is None or working is None or working.scope != "thread":
        return metadata
    text = (source.metadata or {}).get(IN_METADATA)
    return metadata if text is None else {IN_METADATA: text, **(metadata or {})}
