"""Recall: the last messages of a thread, and the messages most similar to a text.

However long the thread is, a recall takes three trips to the table, one after another. The first
reads the thread, to see whose it is, while the text is embedded. The second is the search. The
third reads the last messages together with the hits, each at the place that its vector names; a
message that has left that place is looked up by its id. A hit is returned only if the message
itself belongs to the resource: vectors may be out of date, and other clients may write them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from attrs import evolve

from leyden._methods import method, program_of
from leyden.errors import LeydenError, NotFoundError
from leyden.memory.asking import Meter, embedded
from leyden.memory.indexing import Indexing
from leyden.memory.options import UNSET, Options, SemanticRecall, Unset, WorkingMemory
from leyden.memory.protocols import Filter
from leyden.memory.results import Context, Recall
from leyden.memory.text import chunks_of, embedded_text
from leyden.memory.working_memory import WorkingMemoryMethods
from leyden.memory.working_text import (
    instruction,
)
from leyden.program import Program, outcomes_of
from leyden.store import Include, Message, Thread
from leyden.store import given as checks
from leyden.types import accept_string, accept_timestamp

__all__ = ["RecallMethods"]

_TOGETHER: Final = 16
"""How many requests of a recall may be under way at once, over all its programs."""


class RecallMethods(WorkingMemoryMethods):
    """All methods of a memory."""

    @method
    def recall(
        self,
        thread_id: str,
        *,
        resource_id: str | None = None,
        search: str | None = None,
        last_messages: int | bool | Unset = UNSET,
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[Recall]:
        """Return the last messages of a thread and, with `search`, those most similar to that text.

        Give the `resource_id` for which you ask: a thread of another resource is then refused
        before any message is read. Without it, the thread's own resource is used. With the `cursor`
        of an earlier recall, the messages before those of that recall replace the last messages.

        Raises ThreadOwnerError, EmbedderError, VectorStoreError, and NotFoundError if the thread
        does not exist. A search over all threads of a given resource does not need the thread: it
        may be a new one without messages.

        >>> recall = memory.recall(                                          # doctest: +SKIP
        ...     thread.id, resource_id="alice", search="where did we stay in Kyoto?"
        ... )
        """
        options = self._with(last_messages=last_messages, semantic_recall=semantic_recall)
        checked = checks.identifier(thread_id, "thread_id")
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        text = checks.optional(accept_string, search, "search")
        meter = Meter()
        asked = (checked, owner, text, cursor, include_total)
        found = yield from meter.over(self._recalled(options, meter, *asked))
        return evolve(found, cost=meter.cost)

    @method
    def context(
        self,
        thread_id: str,
        *,
        resource_id: str | None = None,
        search: str | None = None,
        last_messages: int | bool | Unset = UNSET,
        semantic_recall: SemanticRecall | bool | Unset = UNSET,
        working_memory: WorkingMemory | bool | Unset = UNSET,
    ) -> Program[Context]:
        """Return what a model needs: a system text, and the conversation as texts.

        The system text has working memory, if that is on, and what was found by meaning in other
        threads. Messages without a text, such as calls of tools, are left out. The arguments and
        errors are those of `recall`, which this method calls.

        >>> context = memory.context(thread.id, search=question)             # doctest: +SKIP
        >>> client.messages.create(system=context.system, messages=context.messages, ...)
        ... # doctest: +SKIP
        """
        options = self._with(
            last_messages=last_messages,
            semantic_recall=semantic_recall,
            working_memory=working_memory,
        )
        checked = checks.identifier(thread_id, "thread_id")
        owner = checks.optional(checks.identifier, resource_id, "resource_id")
        text = checks.optional(accept_string, search, "search")
        meter = Meter()

        def both() -> Program[tuple[Recall, str | None]]:
            asked = (checked, owner, text, None, False)
            recalling = self._recalled(options, meter, *asked)
            working = options.working_memory
            if working is None:
                return (yield from recalling), None
            reading = self._known(working, checked, owner)
            programs: list[Program[Any]] = [recalling, reading]
            found: list[Any] = yield from outcomes_of(programs, _TOGETHER)
            for outcome in found:
                if isinstance(outcome, LeydenError):
                    raise outcome
            return found[0], found[1]

        recall, known = yield from meter.over(both())
        here, elsewhere = _texts(recall.messages, checked)
        parts = []
        if options.working_memory is not None:
            parts.append(instruction(options.working_memory, known))
        if elsewhere:
            parts.append(_remembered(elsewhere))
        return Context(
            system="\n\n".join(parts),
            messages=[{"role": one.role, "content": text} for one, text in here],
            recall=evolve(recall, cost=meter.cost),
        )

    def _recalled(
        self,
        options: Options,
        meter: Meter,
        thread_id: str,
        owner: str | None,
        search: str | None,
        cursor: str | None,
        include_total: bool,
    ) -> Program[Recall]:
        recall, indexing = options.semantic_recall, self._indexing
        chunks = chunks_of(search or "") if recall is not None else []
        hits: dict[str, tuple[float, Include]] = {}
        if recall is None or indexing is None or not chunks:
            thread: Any = yield from program_of(self._store.get_thread_by_id)(thread_id)
            self._refuse(thread, thread_id, owner, may_begin=False)
            owner = thread.resource_id
        else:
            owner, hits = yield from self._searched(
                indexing, recall, meter, chunks, thread_id, owner
            )
        count = options.last_messages
        if not count and not hits and not include_total:
            return _nothing()
        page = yield from program_of(self._store.list_messages)(
            thread_id,
            resource_id=owner,
            per_page=count,
            cursor=cursor if count else None,
            order_by=("created_at", "desc"),
            include=[include for _, include in hits.values()],
            include_total=include_total,
        )
        total = page.total
        if include_total and not count:
            # The store does not count for an empty page.
            first_one = program_of(self._store.list_messages)(
                thread_id, resource_id=owner, per_page=1, include_total=True
            )
            total = (yield from first_one).total
        messages = page.messages[::-1]
        if recall is not None and recall.scope == "thread":
            # The thread may still have vectors of messages that have moved to other threads.
            messages = tuple(one for one in messages if one.thread_id == thread_id)
        there = {message.id for message in messages}
        return Recall(
            messages=messages,
            scores={id: score for id, (score, _) in hits.items() if id in there},
            has_more=page.has_more,
            cursor=page.cursor,
            total=total,
            cost=meter.cost,
        )

    def _searched(
        self,
        indexing: Indexing,
        recall: SemanticRecall,
        meter: Meter,
        chunks: list[str],
        thread_id: str,
        owner: str | None,
    ) -> Program[tuple[str, dict[str, tuple[float, Include]]]]:
        """Return the thread's owner and the hits, searching while the thread is read."""
        reading = program_of(self._store.get_thread_by_id)(thread_id)
        embedding = embedded(indexing.embedder, chunks)
        first: Program[Any] = (
            embedding
            if owner is None
            else self._hits(indexing, recall, meter, embedding, thread_id, owner)
        )
        programs: list[Program[Any]] = [reading, first]
        thread, found = yield from outcomes_of(programs, _TOGETHER)
        if isinstance(thread, LeydenError):
            raise thread
        self._refuse(thread, thread_id, owner, may_begin=recall.scope == "resource")
        if isinstance(found, LeydenError):
            raise found
        if owner is not None:
            return owner, found
        owner = thread.resource_id
        hits = yield from self._hits(indexing, recall, meter, _done(found), thread_id, owner)
        return owner, hits

    def _refuse(
        self, thread: Thread | None, thread_id: str, owner: str | None, *, may_begin: bool
    ) -> None:
        """Raise the error for a thread that belongs to another resource or does not exist.

        With `may_begin`, a missing thread is no error if the owner is known.
        """
        if thread is None:
            if may_begin and owner is not None:
                return
            raise NotFoundError("the thread does not exist", kind="thread", id=thread_id)
        self._owned(thread, thread_id, owner)

    def _hits(
        self,
        indexing: Indexing,
        recall: SemanticRecall,
        meter: Meter,
        embedding: Program[Any],
        thread_id: str,
        owner: str,
    ) -> Program[dict[str, tuple[float, Include]]]:
        """Return the hits by message id: the best score, and the message to include."""
        scope: dict[str, Any] = {"resource_id": owner}
        if recall.scope == "thread":
            scope["thread_id"] = thread_id
        filter: Filter = scope if recall.filter is None else {"and": [scope, recall.filter]}
        vectors = yield from embedding
        hits: dict[str, tuple[float, Include]] = {}
        before, after = recall.message_range
        is_foreign = not indexing.is_in_line
        for matches in (yield from indexing.find(vectors, recall.top_k, filter)):
            meter.requests += matches.requests if is_foreign else 0
            meter.add(matches.consumed if is_foreign else None, matches.bytes_searched)
            for match in matches:
                metadata = match.metadata
                id = metadata.get("message_id")
                if not isinstance(id, str) or match.score < (recall.threshold or 0):
                    continue
                if id in hits and hits[id][0] >= match.score:
                    continue
                include = Include(
                    id=id,
                    thread_id=_text_or_none(metadata.get("thread_id")),
                    created_at=_time_or_none(metadata.get("created_at")),
                    with_previous_messages=before,
                    with_next_messages=after,
                )
                hits[id] = (match.score, include)
        return hits


def _done(value: Any) -> Program[Any]:
    """Return a program that only returns this value."""
    yield from ()
    return value


def _nothing() -> Recall:
    return Recall(
        messages=(), scores={}, has_more=False, cursor=None, total=None, cost=Meter().cost
    )


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _time_or_none(value: Any) -> Any:
    """Return the time in a vector's metadata, or None if it is not a valid time."""
    try:
        return None if value is None else accept_timestamp(value, "created_at")
    except LeydenError:
        return None


def _texts(
    messages: tuple[Message, ...], thread_id: str
) -> tuple[list[tuple[Message, str]], list[tuple[Message, str]]]:
    """Return the messages of users and assistants with a text: in this thread, and in others."""
    said = [
        (one, text)
        for one in messages
        if one.role in ("user", "assistant") and (text := _text_of(one))
    ]
    here = [(one, text) for one, text in said if one.thread_id == thread_id]
    return here, [(one, text) for one, text in said if one.thread_id != thread_id]


def _text_of(message: Message) -> str:
    """Return the text of a message in either format."""
    content = message.content
    if isinstance(content, list):
        return embedded_text(evolve(message, content={"parts": content})) or ""
    return content.strip() if isinstance(content, str) else embedded_text(message) or ""


def _remembered(messages: list[tuple[Message, str]]) -> str:
    lines = []
    last = None
    for message, text in messages:
        if message.thread_id != last:
            last = message.thread_id
            lines.append(f"Another conversation, {_date(message)}:")
        lines.append(f"{message.role}: {json.dumps(text, ensure_ascii=False)}")
    return (
        "From earlier conversations with the same user, which may help to answer:\n\n"
        "<remembered>\n" + "\n".join(lines) + "\n</remembered>"
    )


def _date(message: Message) -> str:
    return "undated" if message.created_at is None else message.created_at.date().isoformat()
