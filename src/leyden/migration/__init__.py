"""Migrations: moving a table's items from the form of old schemas to that of new ones.

`leyden.schema.load_migration` reads a migration's file, and `leyden.operations` moves single items.
This package moves all of them. `planning.py` says what a migration will do, `job.py` does it, pass
after pass over the table, and `logbook.py` keeps its progress in one item of the table. Results are
in `results.py`.

Begin with `app.migrate(...)`.
"""

from leyden.migration.job import Job, Migration, refuse_step
from leyden.migration.logbook import (
    LEASE,
    PROGRESS_FIELD,
    PROGRESS_KEY,
    Entry,
    Logbook,
    is_progress,
    progress_key,
    read_progress,
)
from leyden.migration.planning import plan_migration
from leyden.migration.results import (
    Counts,
    Direction,
    EntityPlan,
    Failure,
    FieldChange,
    MigrationPlan,
    MigrationProgress,
    MigrationReport,
    Phase,
    Sample,
)

__all__ = [
    "LEASE",
    "PROGRESS_FIELD",
    "PROGRESS_KEY",
    "Counts",
    "Direction",
    "EntityPlan",
    "Entry",
    "Failure",
    "FieldChange",
    "Job",
    "Logbook",
    "Migration",
    "MigrationPlan",
    "MigrationProgress",
    "MigrationReport",
    "Phase",
    "Sample",
    "is_progress",
    "plan_migration",
    "progress_key",
    "read_progress",
    "refuse_step",
]
