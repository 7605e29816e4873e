"""What the methods of a memory share: options, owners, and vectors that follow their messages.

Messages are changed before their vectors. If the embedder or the vector store fails, nothing is
lost, and the error says what recall by meaning will not find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leyden._methods import Methods, program_of
from leyden.errors import (
    IndexIncompleteError,
    InvalidOptionError,
    LeydenError,
    ThreadOwnerError,
)
from leyden.memory.indexing import AT_ONCE, Indexing, Unindexed, Where
from leyden.memory.options import Options
from leyden.program import Program, outcomes_of, run_together
from leyden.store import (
    Memory,
    Message,
    Thread,
)

__all__ = ["IndexedMethods", "raise_failed", "raise_unindexed"]


class IndexedMethods(Methods):
    """The base of a memory, with what its methods share."""

    _called = "memory"

    _options: Options
    _store: Memory
    """The memory domain of the store."""
    _indexing: Indexing | None

    def _with(self, **options: Any) -> Options:
        """Return the options of a call. Raises InvalidOptionError."""
        found = self._options.with_(**options)
        if found.semantic_recall is not None and self._indexing is None:
            raise InvalidOptionError(
                "semantic_recall needs an embedder: give Memory one, as in "
                'Memory(store, embedder=openai_embedder(client, "text-embedding-3-small", 1536))'
            )
        return found

    def _owned(self, thread: Thread | None, thread_id: str, resource_id: str | None) -> None:
        """Raise ThreadOwnerError if the thread belongs to another resource than the named one."""
        if thread is not None and resource_id not in (None, thread.resource_id):
            raise ThreadOwnerError(
                "the thread belongs to another resource than the resource_id of this call; none of "
                "its messages was read",
                thread_id=thread_id,
            )

    def _threads_of(self, messages: Iterable[Message]) -> Program[dict[str, Thread | None]]:
        """Return the threads of messages by id."""
        ids = list(dict.fromkeys(message.thread_id for message in messages))
        reading = program_of(self._store.get_thread_by_id)
        found = yield from run_together([reading(id) for id in ids], AT_ONCE)
        return dict(zip(ids, found, strict=True))

    def _places_of(
        self, messages: Iterable[Message], threads: Mapping[str, Thread | None]
    ) -> list[Where]:
        """Return the places of the messages' vectors."""
        by_place: dict[tuple[str | None, str], dict[str, None]] = {}
        for message in messages:
            thread = threads.get(message.thread_id)
            owner = message.resource_id if thread is None else thread.resource_id
            by_place.setdefault((owner, message.thread_id), {})[message.id] = None
        return [Where(owner, thread, tuple(ids)) for (owner, thread), ids in by_place.items()]

    def _forgotten(self, where: Where) -> Program[LeydenError | None]:
        """Delete vectors; an error is returned, not raised."""
        assert self._indexing is not None
        (outcome,) = yield from outcomes_of([self._indexing.forget(where)], 1)
        return outcome if isinstance(outcome, LeydenError) else None

    def _indexed(
        self,
        messages: Sequence[Message],
        threads: Mapping[str, Thread | None],
        done: str,
        replacing: Sequence[Where] = (),
    ) -> Program[None]:
        """Index messages. Raises IndexIncompleteError."""
        assert self._indexing is not None
        failed = yield from self._indexing.write(messages, threads, replacing=replacing)
        raise_unindexed([failed] if failed else [], messages, done)

    def _all_of(self, thread_id: str) -> Program[Sequence[Message]]:
        listing = program_of(self._store.list_messages)(thread_id, per_page=None)
        return tuple((yield from listing).messages)


def raise_unindexed(failed: Sequence[Unindexed], messages: Sequence[Message], done: str) -> None:
    """Raise IndexIncompleteError if any vectors do not match their messages."""
    if not failed:
        return
    first = failed[0].error
    ids = tuple(dict.fromkeys(id for one in failed for id in one.ids))
    raise IndexIncompleteError(
        f"the messages were {done}, but {len(ids)} of {len(messages)} are not indexed as they are "
        f"now ({first.message}); reindex() of the thread fixes that",
        saved=tuple(message.id for message in messages),
        unindexed=ids,
        failures=tuple(one.error for one in failed),
    ) from first


def raise_failed(failed: Unindexed | None) -> None:
    """Raise the error of a failed indexing, if there is one."""
    if failed is not None:
        raise failed.error
