"""Moving what other packages stored to the tables of the adapters, without a change to the source.

A move scans the source table, page after page, and copies one conversation after the other. It
may be interrupted at any time, and repeated: what is there already is not written again, and what
was added to a conversation since is. So a team moves a chat while it is in use, and once more when
nobody writes to the old table any longer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from attrs import evolve, field, frozen

from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from leyden.errors import InputError, LeydenError
from leyden.program import Item, Program, Request
from leyden.types import decode_any, plain_any

OPERATION: Final = "agents.import"
"""What requests to the source are called in errors and events."""


class Source(Protocol):
    """Items of another package in one table."""

    @property
    def scan(self) -> Mapping[str, Any]:
        """What the scan that finds the conversations asks for."""
        ...

    def conversation(self, item: Item) -> str | None:
        """Return the id of the conversation that an item belongs to; None for anything else."""
        ...

    def move(self, id: str, item: Item) -> Program[int]:
        """Copy a conversation, and return how many entries were written.

        Raises MoveError if it cannot be copied.
        """
        ...


class MoveError(InputError):
    """A conversation cannot be moved. The others can."""

    code = "input.move"


@frozen
class Progress:
    """How far a move is: where the scan goes on, and what was done so far."""

    position: Item | None = None
    conversations: int = 0
    entries: int = 0
    refused: Mapping[str, str] = field(factory=dict)
    """Why conversations were not moved, by their ids."""
    is_done: bool = False


def moved(
    source: Source,
    table: str,
    begun: Progress,
    tell: Callable[[Progress], object],
) -> Program[Progress]:
    """Move the conversations of a table from where a move stopped; `tell` hears of each one.

    It also hears of each page, with the position to go on from.
    """
    progress, last = begun, None
    while not progress.is_done:
        params: dict[str, Any] = {"TableName": table, "ConsistentRead": True, **source.scan}
        if progress.position is not None:
            params["ExclusiveStartKey"] = progress.position
        page = yield Request("Scan", params, OPERATION)
        for item in page.get("Items", ()):
            id = source.conversation(item)
            # The items of one partition follow each other.
            if id is None or id == last:
                continue
            last = id
            try:
                entries = yield from source.move(id, item)
            except MoveError as error:
                progress = evolve(progress, refused={**progress.refused, id: error.message})
            else:
                progress = evolve(
                    progress,
                    conversations=progress.conversations + 1,
                    entries=progress.entries + entries,
                )
            tell(progress)
        position = page.get("LastEvaluatedKey")
        progress = evolve(progress, position=position, is_done=position is None)
        tell(progress)
    return progress


@frozen
class LogSource:
    """Conversations of which each is one item, with its key and its entries as a list."""

    backend: Backend
    key: str
    """The field of the source's partition key."""
    entries: Callable[[Item], list[Any]]

    scan: Mapping[str, Any] = field(factory=dict, init=False)

    def conversation(self, item: Item) -> str | None:
        """Return the text in the item's key."""
        return item.get(self.key, {}).get("S") or None

    def move(self, id: str, item: Item) -> Program[int]:
        """Append the entries that the log does not have yet."""
        try:
            entries = self.entries(item)
        except (KeyError, TypeError, ValueError, LeydenError) as error:
            raise MoveError(f"its item is not in the format of this source: {error!r}") from error
        log = Log[Any](self.backend, {"session_id": id})
        there = yield from log.get()
        if there != entries[: len(there)]:
            raise MoveError(
                f"the {len(there)} entries that are there are not the first ones of the "
                f"{len(entries)} to move: somebody has added to both, or cleared one of them"
            )
        yield from log.add(entries[len(there) :])
        return len(entries) - len(there)


def langchain_entries(item: Item, field: str = "History") -> list[Any]:
    """Return the messages in an item of LangChain's, as JSON."""
    messages: list[Any] = json.loads(json.dumps(plain_any(decode_any(item[field]))))
    return messages


def openai_entries(item: Item) -> list[Any]:
    """Return the items in a session of openai-agents-session."""
    entries: list[Any] = json.loads(item["conversation_data"]["S"])
    return entries
