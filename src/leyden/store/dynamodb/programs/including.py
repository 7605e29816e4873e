"""Messages that are added to a page, with their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leyden.program import Program, run_together
from leyden.store.dynamodb.cursors import Position
from leyden.store.dynamodb.programs.base import MemoryBase
from leyden.store.dynamodb.programs.streams import Span, Stream, take
from leyden.store.dynamodb.rows import created, message_of
from leyden.store.records import Include, Message


class IncludingMethods(MemoryBase):
    """What `include` adds: read from the message's own place in the index on, both ways."""

    def _included(
        self, include: Sequence[Include], is_mine: Callable[[Message], bool]
    ) -> Program[list[Message]]:
        """The messages and their neighbours, as far as they are of whom the page is for."""
        found = yield from self._stored_messages(tuple(dict.fromkeys(one.id for one in include)))
        programs = []
        for one in include:
            message = message_of(found.get(one.id))
            # It may have moved since it was found: its item tells the thread that it is in.
            if message is not None and message.id == one.id and is_mine(message):
                programs.append(self._with_neighbours(message, one, is_mine))
        groups = yield from run_together(programs, self._concurrency)
        return [message for group in groups for message in group]

    def _with_neighbours(
        self, message: Message, include: Include, is_mine: Callable[[Message], bool]
    ) -> Program[list[Message]]:
        before, behind = yield from run_together(
            [
                self._neighbours(message, include.with_previous_messages, is_mine, before=True),
                self._neighbours(message, include.with_next_messages, is_mine, before=False),
            ],
            self._concurrency,
        )
        return [*before, message, *behind]

    def _neighbours(
        self, message: Message, count: int, is_mine: Callable[[Message], bool], *, before: bool
    ) -> Program[tuple[Message, ...]]:
        """The nearest `count` messages of the thread, on one side."""
        if not count:
            return ()

        def read(record: object) -> Message | None:
            other = message_of(record)
            return other if other and is_mine(other) else None

        stream = Stream(
            self._messages.query.by_thread(thread_id=message.thread_id),
            read,
            span=Span(),
            descending=before,
            ids_descend=before,
            after=Position(created(message), message.id),
        )
        taken = yield from take([stream], count, descending=before, concurrency=self._concurrency)
        return taken.entries
