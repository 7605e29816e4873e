"""What a migration says of itself: how far it is, what it will do, and what it has done."""

from __future__ import annotations

from typing import Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden.operations.companions.moving.company import Direction as Direction
from leyden.program import AttributeValue, Item

Phase: TypeAlias = Literal[
    "running", "unsettled", "verified", "rolling_back", "rolled_back", "committing", "committed"
]
"""Where a migration is. `unsettled`: each pass still found items that others had written."""


@frozen
class Failure:
    """An item that cannot be moved, and is left as it is.

    `alias` is its entity's, `key` its raw key, `code` that of the error, `reason` its message,
    which names the key and the attribute, and no value.
    """

    alias: str
    key: Item
    code: str
    reason: str


@frozen
class Counts:
    """What a pass over the table has met so far.

    `scanned` are all items that were read, `moved` those that were written, `done` those of the
    migration's entities that needed nothing, `conflicts` those that others wrote again and again,
    `failed` those that cannot be moved.
    """

    scanned: int = 0
    moved: int = 0
    done: int = 0
    conflicts: int = 0
    failed: int = 0


@frozen
class MigrationProgress:
    """How far a migration is; what `progress` is called with.

    `turn` counts the passes over the table, from 1; `counts` are those of the present one, and
    `moved` the items of all of them. `waiting` says that another process, which may have been
    killed, holds the migration for a few seconds more. `consumed` are the capacity units of this
    call, `rate` the units a second that are used at most at present (None: as many as the table
    has), `throttles` the attempts that the table throttled.
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

    `phase` is where the migration is now, `counts` are those of the last pass over the table,
    `moved` are the items that this direction has written in all its passes, those of earlier calls
    included; of a call that was killed or cancelled the last seconds are missing. `failures` are
    the items that cannot be moved, up to 1,000 of `counts.failed`. `consumed` and `seconds` are
    those of this call. `is_complete`: nothing is left to do. `copied_to` is the table that items
    were copied to. Items that were deleted here after they were copied are still in that table,
    and do not count as something left to do.
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
        """Whether every item is where it belongs."""
        return self.phase in ("verified", "rolled_back", "committed") and not self.counts.failed


@frozen
class FieldChange:
    """A field of a sample as it is and as it would be; None where there is none.

    `masked`: the values are hidden or encrypted, or made of such, and not shown.
    """

    field: str
    before: AttributeValue | None
    after: AttributeValue | None
    masked: bool = False


@frozen
class Sample:
    """What would become of one item. `key` is its raw key, None where it is made of hidden values.

    `keeps` counts the old fields that the item would keep for a rollback. `companions` are the
    other items that would be written with it: guards of unique values, parts of large ones.
    """

    alias: str
    key: Item | None
    changes: tuple[FieldChange, ...] = field(repr=False)
    keeps: int = 0
    companions: int = 0


@frozen
class EntityPlan:
    """What would become of the items of one entity.

    `moves` get a new key, `changes` keep theirs, `done` need nothing, `failed` cannot be moved.
    """

    alias: str
    moves: int = 0
    changes: int = 0
    done: int = 0
    failed: int = 0


@frozen
class MigrationPlan:
    """What a migration would do; `app.migrate(..., dry_run=True)` gives it and changes nothing.

    `phase` is where the migration is now, None where it has not begun. `scanned` are all items of
    the table, `entities` those that the migration is about. `read_units` and `write_units` are the
    capacity units that the run would consume, about: it reads the table twice, and each write costs
    what its item and the indexes cost. `seconds` is the time that takes at `rate`, None without a
    rate. `samples` shows up to ten items, `failures` up to 1,000 that cannot be moved. `consumed`
    is what planning took. Values that two items share, though they must be unique, and items that
    would meet under one key, come to light in the run.
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
        """How long the run takes at the rate; None without one."""
        return None if self.rate is None else (self.read_units + self.write_units) / self.rate
