"""What a migration reports: its progress, what it will do, and what it has done."""

from __future__ import annotations

from typing import Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden.operations.companions.moving.company import Direction as Direction
from leyden.program import AttributeValue, Item

Phase: TypeAlias = Literal[
    "running", "unsettled", "verified", "rolling_back", "rolled_back", "committing", "committed"
]
"""A migration's phase. `unsettled` means that every pass still found items that others wrote."""


@frozen
class Failure:
    """An item that cannot be moved and stays as it is.

    `alias` is its entity's alias, and `key` its raw key. `code` and `reason` are the error's code
    and message; the message names the key and the attribute, but never shows a value.
    """

    alias: str
    key: Item
    code: str
    reason: str


@frozen
class Counts:
    """The counts of a pass over the table so far.

    `scanned` counts all items that were read, `moved` those that were written, and `done` items of
    the migration's entities that needed no change. `conflicts` counts items that others kept
    writing, and `failed` items that cannot be moved.
    """

    scanned: int = 0
    moved: int = 0
    done: int = 0
    conflicts: int = 0
    failed: int = 0


@frozen
class MigrationProgress:
    """The progress of a migration, which `progress` is called with.

    `turn` counts the passes over the table, starting at 1. `counts` belongs to the current pass,
    while `moved` counts items in all passes. `waiting` means that another process, which may have
    been killed, holds the migration for a few more seconds. `consumed` is in capacity units, for
    this call. `rate` is the current limit in capacity units per second (None for no limit), and
    `throttles` counts the attempts that the table throttled.
    """

    name: str
    table: str
    phase: Phase
    turn: int = 1
    counts: Counts = Counts()
    moved: int = 0
    waiting: bool = False
    seconds: float = 0.0
    consumed: float = 0.0
    rate: float | None = None
    throttles: int = 0


@frozen
class MigrationReport:
    """What a call of `app.migrate` has done.

    `phase` is the migration's current phase, and `counts` belongs to the last pass over the table.
    `moved` counts the items that this direction has written in all its passes, earlier calls
    included; if a call was killed or canceled, its last seconds are missing. `failures` has up to
    1,000 of the `counts.failed` items that cannot be moved. `consumed` (in capacity units) and
    `seconds` belong to this call. `is_complete` means that nothing is left to do.

    `copied_to` is the table that items were copied to. If an item was deleted here after it was
    copied, its copy is still in that table, and does not count as something left to do.
    """

    name: str
    table: str
    phase: Phase
    turns: int
    counts: Counts
    moved: int
    failures: tuple[Failure, ...] = field(repr=False)
    consumed: float
    seconds: float
    throttles: int
    copied_to: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every item is in the form it should have."""
        return self.phase in ("verified", "rolled_back", "committed") and not self.counts.failed


@frozen
class FieldChange:
    """A field of a sample, as it is and as it would be; None if the item does not have it.

    `masked` means that the values are hidden or encrypted, or made of such values, and not shown.
    """

    field: str
    before: AttributeValue | None
    after: AttributeValue | None
    masked: bool = False


@frozen
class Sample:
    """What would happen to one item. `key` is its raw key, or None if it is made of hidden values.

    `keeps` counts the old fields that the item would keep for a rollback. `companions` counts other
    items that would be written with it: guards of unique values, and parts of large values.
    """

    alias: str
    key: Item | None
    changes: tuple[FieldChange, ...] = field(repr=False)
    keeps: int = 0
    companions: int = 0


@frozen
class EntityPlan:
    """What would happen to the items of one entity.

    `moves` counts items that get a new key, `changes` items that keep theirs, `done` items that do
    not need to change, and `failed` items that cannot be moved.
    """

    alias: str
    moves: int = 0
    changes: int = 0
    done: int = 0
    failed: int = 0


@frozen
class MigrationPlan:
    """What a migration would do; `app.migrate(..., dry_run=True)` returns it and changes nothing.

    `phase` is the migration's current phase, or None if it has not begun. `scanned` counts all
    items of the table, and `entities` has the entities that the migration concerns. `read_units`
    and `write_units` estimate the capacity units of the run, which reads the table twice; each
    write costs what its item and the indexes cost. `seconds` is the time that takes at `rate`, or
    None without a rate. `samples` has up to ten items, and `failures` up to 1,000 items that cannot
    be moved. `consumed` is what planning itself consumed, in capacity units.

    Only the run finds unique values that two items share, and all items that would get the same
    key.
    """

    name: str
    table: str
    direction: Direction
    phase: Phase | None
    scanned: int
    entities: tuple[EntityPlan, ...]
    read_units: float
    write_units: float
    rate: float | None
    samples: tuple[Sample, ...] = field(repr=False)
    failures: tuple[Failure, ...] = field(repr=False)
    consumed: float

    @property
    def writes(self) -> int:
        """How many items would be written."""
        return sum(one.moves + one.changes for one in self.entities)

    @property
    def failed(self) -> int:
        """How many items cannot be moved."""
        return sum(one.failed for one in self.entities)

    @property
    def seconds(self) -> float | None:
        """How many seconds the run takes at the rate; None without a rate."""
        return None if self.rate is None else (self.read_units + self.write_units) / self.rate
