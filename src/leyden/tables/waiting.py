"""What programs on a table share: its description, pauses while waiting, and errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leyden.errors import TableError, TableMismatchError, TableNotFoundError
from leyden.program import Pause, Program, Request
from leyden.tables.comparing import is_built, vectors_in
from leyden.tables.differences import Description

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0
_PAUSE_GROWTH: Final = 1.5


class Waits:
    """The increasing pauses of a wait, up to `time_limit` seconds in total."""

    __slots__ = ("_pause", "_time_limit", "waited")

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._pause = _FIRST_PAUSE
        self.waited = 0.0

    @property
    def are_over(self) -> bool:
        """Whether the time is up."""
        return self.waited >= self._time_limit

    def next(self) -> Pause:
        """Return the next pause, and count it as waited."""
        pause = min(self._pause, self._time_limit - self.waited)
        self._pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)
        self.waited += pause
        return Pause(pause)


def describe(table_name: str, operation: str) -> Program[Description | None]:
    """Return DescribeTable's `Table`, or None if the table does not exist."""
    try:
        answer = yield Request("DescribeTable", {"TableName": table_name}, operation)
    except TableNotFoundError:
        return None
    description: Description = answer["Table"]
    return description


def is_ready(description: Description) -> bool:
    """Return whether a table and all of its indexes are ready."""
    indexes = (
        *(description.get("GlobalSecondaryIndexes") or ()),
        *vectors_in(description).values(),
    )
    return description.get("TableStatus") in {"ACTIVE", "UPDATING"} and all(map(is_built, indexes))


def refuse(table_name: str, differences: Iterable[str], operation: str) -> None:
    """Raise TableMismatchError if there are differences."""
    found = tuple(differences)
    if found:
        lines = "".join(f"\n  - {line}" for line in found)
        raise TableMismatchError(
            f'the table "{table_name}" does not fit the schemas:{lines}',
            differences=found,
            operation=operation,
        )


def without_vectors(said: str, operation: str) -> TableError:
    """Return the error for an engine that has no vector indexes."""
    return TableError(
        f"{said}. DynamoDB Local and plain moto have no vector indexes; AWS has them, and so does "
        "Leyden's own engine, leyden.local()",
        operation=operation,
    )
