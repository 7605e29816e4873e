"""The item in the table that holds a migration's progress, and the lease of whoever works on it.

Each save has the condition that the item is as it was last read, so if two processes save, one
fails and stops. The process that works on the migration holds a lease, which each save renews. A
process that is killed leaves its lease behind, and the next process waits the few seconds until it
expires.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import uuid4

from leyden._attrs import field, frozen
from leyden.errors import ConditionFailedError, MigrationBusyError
from leyden.mapping.table import TableDefinition
from leyden.migration.results import Counts, Failure, Phase
from leyden.operations.plan.expressions import Expressions
from leyden.program import AttributeValue, Item, Params, Pause, Program, Request, Response
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD

PROGRESS_FIELD: Final = "__leyden_migration__"
"""The field that marks the item with a migration's progress."""

PROGRESS_KEY: Final = "$leyden#migration#"
"""The beginning of that item's partition key."""

LEASE: Final = 30.0
"""For how many seconds after each save a process has the migration to itself."""

STORED_FAILURES: Final = 50
"""How many failures the item holds, for a process that continues after a kill."""

_ENTITY: Final = "$leyden#migration"
_SORT_KEY: Final = "$progress"
_MARGIN: Final = 0.2


@frozen
class Entry:
    """The progress of a migration.

    `positions` has one entry for each segment of the current pass: the key behind which it
    continues, an empty key at its beginning, and None at its end. It is empty if no pass is under
    way.
    """

    name: str
    phase: Phase
    turn: int = 1
    counts: Counts = Counts()
    moved: int = 0
    positions: tuple[Item | None, ...] = field(default=(), repr=False)
    failures: tuple[Failure, ...] = field(default=(), repr=False)
    began: str = ""


def is_progress(item: Mapping[str, Any]) -> bool:
    """Return whether a raw item is the progress of a migration."""
    return "M" in item.get(PROGRESS_FIELD, {})


def read_progress(item: Mapping[str, Any]) -> Entry:
    """Read a migration's progress from its item."""
    said = item[PROGRESS_FIELD]["M"]
    counts = {name: int(value["N"]) for name, value in said["counts"]["M"].items()}
    return Entry(
        said["name"]["S"],
        cast("Phase", said["phase"]["S"]),
        int(said["turn"]["N"]),
        Counts(**counts),
        int(said["moved"]["N"]),
        tuple(one.get("M") for one in said["positions"]["L"]),
        tuple(
            Failure(one["alias"]["S"], one["key"]["M"], one["code"]["S"], one["reason"]["S"])
            for one in (entry["M"] for entry in said["failures"]["L"])
        ),
        said["began"]["S"],
    )


def progress_key(definition: TableDefinition, name: str) -> Item:
    """Return the key of the item with the progress of the named migration."""
    text = f"{PROGRESS_KEY}{name}"
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:12])

    def keyed(of: str, content: str) -> AttributeValue:
        # A number cannot contain the name, but nobody else uses such a large negative one.
        kind = definition.types.get(of, "S")
        return {kind: content if kind == "S" else f"-{digest}" if kind == "N" else content.encode()}

    key = {definition.hash: keyed(definition.hash, text)}
    if definition.range is not None:
        key[definition.range] = keyed(definition.range, _SORT_KEY)
    return key


class Logbook:
    """A migration's progress as this process knows it; `entry` is what was saved last."""

    def __init__(
        self,
        definition: TableDefinition,
        table: str,
        name: str,
        operation: str,
        *,
        lease: float = LEASE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.entry: Entry | None = None
        self._table = table
        self._name = name
        self._key = progress_key(definition, name)
        self._operation = operation
        self._lease = lease
        self._clock = clock
        self._mine = f"{os.getpid()}-{uuid4()}"
        self._revision: str | None = None
        self._owner: str | None = None
        self._saved = -float("inf")
        self.holds = False
        """Whether this process has the lease."""

    def read(self) -> Program[Entry | None]:
        """Return the migration's progress, or None if it has not begun."""
        yield from self._read()
        return self.entry

    def take(self, waiting: Callable[[], object]) -> Program[Entry | None]:
        """Take the lease, waiting for one that a killed process may have left; return the progress.

        Raises MigrationBusyError if another process renews the lease.
        """
        until = yield from self._read()
        left = until - self._clock()
        if left > 0:
            waiting()
            yield Pause(left + _MARGIN)
            if (yield from self._read()) > self._clock():
                raise self._busy()
        return self.entry

    def save(self, entry: Entry, *, release: bool = False) -> Program[tuple[Request, Response]]:
        """Save the progress and renew or release the lease; return the request and response.

        Raises MigrationBusyError if another process has taken the lease.
        """
        revision = str(uuid4())
        params: Params = {
            "TableName": self._table,
            "Item": self._item(entry, revision, 0.0 if release else self._clock() + self._lease),
        }
        expressions = Expressions()
        mark = expressions.name(PROGRESS_FIELD)
        if self._revision is None:
            params["ConditionExpression"] = f"attribute_not_exists({mark})"
        else:
            nested = f"{mark}.{expressions.name('revision')}"
            seen = expressions.value({"S": self._revision})
            params["ConditionExpression"] = f"{nested} = {seen}"
        expressions.write_to(params)
        request = Request("PutItem", params, self._operation, restates=True)
        try:
            response = yield request
        except ConditionFailedError:
            # An earlier attempt, whose answer was lost, may have written the item.
            yield from self._read()
            if self._owner != self._mine:
                self.holds = False
                raise self._busy() from None
            return (yield from self.save(entry, release=release))
        self._revision, self.entry, self._owner = revision, entry, self._mine
        self.holds = not release
        self._saved = self._clock()
        return request, response

    @property
    def is_due(self) -> bool:
        """Whether the lease should be renewed soon."""
        return self._clock() - self._saved > self._lease / 6

    def _read(self) -> Program[float]:
        """Read the item; return until when another process holds the lease."""
        asked = {"TableName": self._table, "Key": self._key, "ConsistentRead": True}
        response = yield Request("GetItem", asked, self._operation)
        item = response.get("Item")
        if item is None:
            self.entry = self._revision = self._owner = None
            return 0.0
        said = item[PROGRESS_FIELD]["M"]
        self.entry, self._revision = read_progress(item), said["revision"]["S"]
        self._owner = said["owner"]["S"]
        return 0.0 if self._owner == self._mine else float(said["until"]["N"])

    def _busy(self) -> MigrationBusyError:
        return MigrationBusyError(
            f'another process is at work on the migration "{self._name}"; wait until it is done, '
            "or stop it",
            name=self._name,
            operation=self._operation,
        )

    def _item(self, entry: Entry, revision: str, until: float) -> Item:
        def number(value: float) -> AttributeValue:
            return {"N": f"{value:.3f}" if isinstance(value, float) else str(value)}

        counts = {name: number(getattr(entry.counts, name)) for name in _COUNTS}
        said: dict[str, AttributeValue] = {
            "name": {"S": entry.name},
            "phase": {"S": entry.phase},
            "turn": number(entry.turn),
            "counts": {"M": counts},
            "moved": number(entry.moved),
            "positions": {
                "L": [{"NULL": True} if one is None else {"M": one} for one in entry.positions]
            },
            "failures": {
                "L": [
                    {
                        "M": {
                            "alias": {"S": one.alias},
                            "key": {"M": one.key},
                            "code": {"S": one.code},
                            "reason": {"S": one.reason},
                        }
                    }
                    for one in entry.failures[:STORED_FAILURES]
                ]
            },
            "began": {"S": entry.began or _now()},
            "updated": {"S": _now()},
            "owner": {"S": self._mine},
            "until": number(until),
            "revision": {"S": revision},
        }
        return {
            **self._key,
            ENTITY_FIELD: {"S": _ENTITY},
            VERSION_FIELD: {"S": "1"},
            PROGRESS_FIELD: {"M": said},
        }


_COUNTS: Final = ("scanned", "moved", "done", "conflicts", "failed")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
