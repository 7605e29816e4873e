"""Moving what other packages stored to the tables of the adapters, without a change to the source.

A move scans the source table, page after page, and copies one conversation after the other. It
may be interrupted at any time, and repeated: what is there already is not written again, and what
was added to a conversation since is. So a team moves a chat while it is in use, and once more when
nobody writes to the old table any longer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from attrs import evolve, field, frozen

from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from leyden.errors import DecodeError, InputError, TableMismatchError
from leyden.program import Item, Program, Request
from leyden.tables import describe_ttl
from leyden.types import decode_any, plain_any

OPERATION: Final = "agents.import"
"""What requests to the source are called in errors and events."""


class Source(Protocol):
    """Items of another package in one table."""

    @property
    def key(self) -> str:
        """The field of the table's partition key, a string."""
        ...

    @property
    def is_one_item(self) -> bool:
        """Whether a conversation is a single item; else it is all that have one partition key."""
        ...

    @property
    def scan(self) -> Mapping[str, Any]:
        """What the scan that finds the conversations asks for, with the whole key of each item."""
        ...

    def conversation(self, item: Item) -> str | None:
        """Return the id of the conversation that an item belongs to; None for anything else."""
        ...

    def move(self, id: str, item: Item, lives: Lives) -> Program[int]:
        """Copy a conversation, and return how many entries were written.

        Raises MoveError if the conversation cannot be copied, ExpiredError if it has expired, and
        KeyError, TypeError or ValueError for an item that has another format.
        """
        ...


class MoveError(InputError):
    """A conversation cannot be moved. The others can."""

    code = "input.move"


class ExpiredError(Exception):
    """A conversation has expired, and its table has not deleted it yet."""


@frozen
class Lives:
    """For how long items live: until the time in a `field`, or for ever where that is None."""

    field: str | None
    now: datetime

    def left(self, items: Iterable[Item]) -> timedelta | None:
        """Return for how long the last of some items lives yet; None for ever.

        Raises ExpiredError if none does.
        """
        times = [item.get(self.field, {}).get("N") if self.field else None for item in items]
        ends = [float(time) for time in times if time is not None]
        if not ends or len(ends) < len(times):
            return None
        left = datetime.fromtimestamp(max(ends), UTC) - self.now
        if left <= timedelta(0):
            raise ExpiredError
        return left


@frozen
class Progress:
    """How far a move is: where the scan goes on, and what was done so far."""

    position: Item | None = None
    """The key of the last item that was read."""
    conversations: int = 0
    entries: int = 0
    expired: int = 0
    """How many conversations were left out because they have expired."""
    refused: Mapping[str, str] = field(factory=dict)
    """Why conversations were not moved, by their ids."""
    is_done: bool = False

    def refusing(self, id: str, why: str) -> Progress:
        """Return the progress with one more conversation that was not moved."""
        return evolve(self, refused={**self.refused, id: why})


def moved(
    source: Source,
    backend: Backend,
    table: str,
    begun: Progress,
    tell: Callable[[Progress], object],
) -> Program[Progress]:
    """Move the conversations of a table from where a move stopped.

    `tell` hears of the beginning, of each conversation and of each page, with the position to go on
    from. Where the table has a time to live, a conversation keeps the rest of it, unless the
    backend has one of its own.
    """
    yield from backend.check_table()
    description = (yield Request("DescribeTable", {"TableName": table}, OPERATION))["Table"]
    key = _key_of(source, table, description)
    expires = yield from _expiry_field(backend, table)
    progress = begun
    last = None if begun.position is None else source.conversation(begun.position)
    tell(progress)
    while not progress.is_done:
        params: dict[str, Any] = {"TableName": table, "ConsistentRead": True, **source.scan}
        if progress.position is not None:
            params["ExclusiveStartKey"] = progress.position
        page = yield Request("Scan", params, OPERATION)
        for item in page.get("Items", ()):
            id = source.conversation(item)
            if id is None or (id == last and not source.is_one_item):
                # The items of one partition follow each other.
                continue
            if id == last:
                progress = progress.refusing(
                    id, f"there are several items with this {source.key}, and the first was moved"
                )
            else:
                lives = Lives(expires, backend.now())
                progress = yield from _one(source, progress, id, item, lives)
            last = id
            progress = evolve(progress, position={name: item[name] for name in key})
            tell(progress)
        position = page.get("LastEvaluatedKey")
        progress = evolve(progress, position=position, is_done=position is None)
        tell(progress)
    return progress


def _one(
    source: Source, progress: Progress, id: str, item: Item, lives: Lives
) -> Program[Progress]:
    """Move one conversation; returns the progress afterwards."""
    try:
        entries = yield from source.move(id, item, lives)
    except ExpiredError:
        return evolve(progress, expired=progress.expired + 1)
    except (InputError, DecodeError) as error:
        return progress.refusing(id, error.message)
    except (KeyError, TypeError, ValueError) as error:
        return progress.refusing(id, f"its item is not in the format of this source: {error!r}")
    return evolve(
        progress,
        conversations=progress.conversations + 1,
        entries=progress.entries + entries,
    )


def _key_of(source: Source, table: str, description: Mapping[str, Any]) -> Sequence[str]:
    """The fields of a table's key. Raises TableMismatchError if it is not a table of the source."""
    key = {one["KeyType"]: one["AttributeName"] for one in description["KeySchema"]}
    types = {
        one["AttributeName"]: one["AttributeType"] for one in description["AttributeDefinitions"]
    }
    if key["HASH"] != source.key or any(types[name] != "S" for name in key.values()):
        shown = " and ".join(f'"{name}" of type {types[name]}' for name in key.values())
        raise TableMismatchError(
            f'the table "{table}" is not one of this source: its key is {shown}, and the '
            f'partition key should be "{source.key}" of type S'
        )
    return tuple(key.values())


def _expiry_field(backend: Backend, table: str) -> Program[str | None]:
    """The field with the times at which a table's items expire, if these are to be kept."""
    if backend.ttl is not None:
        return None
    found = yield from describe_ttl(table, OPERATION)
    if found.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        return None
    yield from backend.check_table(expiring=True)
    field: str = found["AttributeName"]
    return field


@frozen
class LogSource:
    """Conversations of which each is one item, with its key and its entries as a list."""

    backend: Backend
    key: str
    entries: Callable[[Item], list[Any]]

    is_one_item: bool = field(default=True, init=False)
    scan: Mapping[str, Any] = field(factory=dict, init=False)

    def conversation(self, item: Item) -> str | None:
        """Return the text in the item's key."""
        id: str = item[self.key]["S"]
        return id

    def move(self, id: str, item: Item, lives: Lives) -> Program[int]:
        """Append the entries that the log does not have yet."""
        entries = self.entries(item)
        log = Log[Any](self.backend.lasting(lives.left([item])), {"session_id": id})
        there = yield from log.get()
        if there[: len(entries)] == entries:
            # All of it was moved before. The conversation may have gone on there since.
            return 0
        if there != entries[: len(there)]:
            raise MoveError(
                f"the {len(there)} entries that are there are not the first ones of the "
                f"{len(entries)} to move: somebody has added to both, or cleared one of them"
            )
        yield from log.add(entries[len(there) :])
        return len(entries) - len(there)


def langchain_entries(item: Item, field: str = "History") -> list[Any]:
    """Return the messages in an item of LangChain's, as JSON."""
    messages = _objects(json.loads(json.dumps(plain_any(decode_any(item[field])))))
    for one in messages:
        # With anything else in it, LangChain could not read the history any more.
        if not isinstance(one["type"], str) or not isinstance(one["data"], dict):
            raise TypeError("not a message")
    return messages


def openai_entries(item: Item) -> list[Any]:
    """Return the items in a session of openai-agents-session."""
    return _objects(json.loads(item["conversation_data"]["S"]))


def _objects(values: Any) -> list[Any]:
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise TypeError("not a list of objects")
    return values
