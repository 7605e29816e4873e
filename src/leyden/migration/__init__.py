"""Migrations: a table's items from the form of old schemas into that of new ones.

`leyden.schema.load_migration` reads the file that says what becomes of them, and
`leyden.operations` knows how one item moves. Here all of them do: `planning.py` says what a
migration will do, `job.py` has it done, pass after pass over the table, and `logbook.py` keeps how
far it is in one item of the table. What they say of it is in `results.py`.

`app.migrate(...)` is the way in.
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
