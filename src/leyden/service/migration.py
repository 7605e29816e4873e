"""`app.migrate`: makes the program for the driver from a migration file and a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, Final, Protocol, TypeAlias

from leyden._attrs import frozen
from leyden.errors import InvalidOptionError, TableNotFoundError
from leyden.mapping.merging import table_definition
from leyden.mapping.sealing import Keys, keyring_of
from leyden.mapping.table import TableDefinition
from leyden.migration import (
    LEASE,
    Direction,
    Job,
    Logbook,
    Migration,
    MigrationPlan,
    MigrationProgress,
    MigrationReport,
    plan_migration,
    refuse_step,
)
from leyden.migration.job import OPERATION
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.run.pacing import is_amount, is_count, refuse_options
from leyden.program import Program
from leyden.schema.migrations import MigrationSpec, check_against, load_migration
from leyden.schema.spec import ServiceSpec
from leyden.tables.comparing import compare_keys
from leyden.tables.waiting import describe, refuse

MigrationSource: TypeAlias = str | PathLike[str] | Mapping[str, Any] | MigrationSpec
"""A migration: its file, its YAML text, a mapping, or what `load_migration` returned."""

_MOST_SEGMENTS: Final = 64
_TO_ITSELF: Final = "a migration cannot copy a table to itself; leave `copy` out"


class Migrated(Protocol):
    """A service whose table is migrated, blocking or asynchronous."""

    @property
    def spec(self) -> ServiceSpec:
        """The service's schemas, which are the new ones."""
        ...

    @property
    def table(self) -> str:
        """The name of the service's table."""
        ...

    @property
    def entities(self) -> Mapping[str, Any]:
        """The service's entities by alias."""
        ...


@frozen
class Work:
    """One checked call of `app.migrate`. `job` runs it, and holds the lease while it does."""

    migration: Migration
    direction: Direction
    definition: TableDefinition
    logbook: Logbook
    job: Job
    dry_run: bool
    rate: float | None
    segments: int
    progress: Callable[[MigrationProgress], object] | None

    def program(self) -> Program[MigrationPlan | MigrationReport]:
        """Plan the migration for a dry run; otherwise run it."""
        if self.migration.copy_to is not None:
            yield from self._look_at_copy(self.migration.copy_to)
        return (yield from self._plan() if self.dry_run else self.job.run())

    def _look_at_copy(self, copy_to: str) -> Program[None]:
        """Raise if the target of the copy is missing, is this table, or has another key.

        Global indexes may be missing: you can add them later, and DynamoDB backfills them then.
        """
        there = yield from describe(copy_to, OPERATION)
        if there is None:
            raise TableNotFoundError(
                f'the table "{copy_to}", to which the migration copies the items, does not exist; '
                "create it with the new schemas",
                operation=OPERATION,
            )
        here = yield from describe(self.migration.table, OPERATION)
        # A name and an ARN may refer to the same table.
        if here is not None and here.get("TableArn", "") == there.get("TableArn"):
            raise InvalidOptionError(_TO_ITSELF, operation=OPERATION)
        refuse(copy_to, compare_keys(self.definition, there, adding=True), OPERATION)

    def _plan(self) -> Program[MigrationPlan]:
        entry = yield from self.logbook.read()
        refuse_step(self.migration.name, self.direction, entry)
        plan = yield from plan_migration(
            self.migration,
            self.direction,
            self.definition,
            None if entry is None else entry.phase,
            rate=self.rate,
            segments=self.segments,
            progress=self.progress,
        )
        return plan


def work_of(
    service: Migrated,
    source: MigrationSource,
    *,
    dry_run: bool = False,
    rollback: bool = False,
    commit: bool = False,
    rate: float | None = None,
    segments: int = 4,
    progress: Callable[[MigrationProgress], object] | None = None,
    encryption_keys: Keys | None = None,
    lease: float = LEASE,
) -> Work:
    """Check a call and return its work. Raises SchemaError for a wrong file, InvalidOptionError."""
    spec, table = service.spec, service.table
    entities = [entity._bound for entity in service.entities.values()]
    if rollback and commit:
        raise InvalidOptionError("use one of `rollback` and `commit`", operation=OPERATION)
    refuse_options(
        OPERATION,
        ("rate", "capacity units a second, above 0", rate is None or is_amount(rate)),
        ("segments", f"a number from 1 to {_MOST_SEGMENTS}", is_count(segments, _MOST_SEGMENTS)),
        ("lease", "a number of seconds, 1 at least", is_amount(lease, 1)),
        ("progress", "a function of a MigrationProgress", progress is None or callable(progress)),
    )
    hooks = entities[0].hooks if entities else {}
    given = source if isinstance(source, MigrationSpec) else load_migration(source, hooks)
    check_against(given, spec)
    old, new = table_definition(given.earlier), table_definition(spec)
    if given.copy_to == table:
        raise InvalidOptionError(_TO_ITSELF, operation=OPERATION)
    if given.copy_to is None and (old.hash, old.range) != (new.hash, new.range):
        raise InvalidOptionError(
            "the new schemas have other key fields, and DynamoDB cannot change the key of a table; "
            "create another table, and name it in the migration: `copy: {table: NAME}`",
            operation=OPERATION,
        )
    direction: Direction = "back" if rollback else "commit" if commit else "forward"
    if given.copy_to is not None and direction != "forward":
        raise InvalidOptionError(
            f'the migration copies to the table "{given.copy_to}" and leaves the items where they '
            "are, so there is nothing to roll back or to commit",
            operation=OPERATION,
        )
    keyring = None if encryption_keys else next((e.keyring for e in entities if e.keyring), None)
    if keyring is None:
        keyring = keyring_of(given.earlier, encryption_keys, OPERATION)
    movings = tuple(
        Moving(
            entity,
            BoundEntity(
                given.earlier.entities[change.source],
                entity.hooks,
                table,
                entity.runner,
                given.earlier.table,
                keyring,
            ),
            change,
            given.name,
        )
        for entity in entities
        for change in [given.entities.get(entity.spec.alias)]
        if change is not None
    )
    migration = Migration(given.name, table, old, movings, given.copy_to)
    logbook = Logbook(old, table, given.name, OPERATION, lease=lease)
    job = Job(migration, direction, logbook, rate=rate, segments=segments, progress=progress)
    return Work(migration, direction, new, logbook, job, dry_run, rate, segments, progress)
