"""Programs that create a table, and check one against a definition."""

from __future__ import annotations

from typing import Final

from leyden._attrs import evolve, frozen
from leyden.errors import AwsError, TableError
from leyden.mapping.table import TableDefinition
from leyden.program import Pause, Program, Request
from leyden.schema.settings import TableSettings
from leyden.tables.applying import apply_settings
from leyden.tables.comparing import compare_table, vectors_in
from leyden.tables.describing import describe_settings, describe_ttl
from leyden.tables.differences import Description, Difference
from leyden.tables.waiting import Waits, describe, is_ready, refuse, without_vectors

CREATE: Final = "create_table"
CHECK: Final = "check_table"

TIME_LIMIT: Final = 300.0
"""Seconds to wait until a table and its indexes are ready."""

GRACE: Final = 3.0
"""Seconds that another process gets to apply settings to its new table after CreateTable."""

_LATER: Final = frozenset({"ttl.off", "point_in_time_recovery"})
"""The differences of a table that another process has just created."""


@frozen
class CreateTableResult:
    """The result of `create_table`. `created` is False if a matching table existed already."""

    table: str
    created: bool


def create_table(
    definition: TableDefinition,
    table_name: str,
    *,
    billing: str | None = None,
    throughput: tuple[int, int] | None = None,
    time_limit: float = TIME_LIMIT,
    is_new: bool = False,
) -> Program[CreateTableResult]:
    """Create the table unless it exists, and wait until it and its indexes are ready.

    The table gets the settings that table.yaml declares. Capacity with autoscaling starts at its
    minimum, because the templates set up autoscaling. `billing` and `throughput` override
    table.yaml. You can run the program again, and in several processes at once. It never changes an
    existing table, but compares it. `is_new` saves a DescribeTable if the table probably does not
    exist; the result is the same if it does.

    Raises TableMismatchError with all differences of an existing table, TableError if the table is
    not ready within `time_limit` seconds.
    """
    if billing is not None:
        definition = evolve(definition, settings=evolve(definition.settings, billing=None))
    created = False
    description = None if is_new else (yield from describe(table_name, CREATE))
    if description is None:
        params = definition.create_table_params(table_name, billing, throughput=throughput)
        try:
            answer = yield Request("CreateTable", params, CREATE)
        except AwsError as error:
            # Another process was faster. Its table is checked like any existing one.
            if error.aws_code != "ResourceInUseException":
                _refuse_engine(definition, table_name, error)
                raise
        else:
            created = True
            # AWS answers with the status CREATING; with engines for development it is active.
            description = answer.get("TableDescription")
    if description is None or not is_ready(description):
        description = yield from _wait_until_ready(table_name, time_limit)
    if created and definition.vectors and not vectors_in(description):
        said = f'the engine created the table "{table_name}" without its vector indexes'
        raise without_vectors(said, CREATE)
    if created:
        yield from apply_settings(definition, table_name, CREATE, Waits(time_limit))
        # The settings were accepted, but an engine for development may not keep all of them.
        bare = evolve(definition, ttl=None, settings=TableSettings())
        refuse(table_name, compare_table(bare, description), CREATE)
        return CreateTableResult(table_name, created)
    waited = 0.0
    while True:
        differences = yield from _differences(definition, description, table_name, CREATE)
        if waited >= GRACE or not any(each.code in _LATER for each in differences):
            break
        yield Pause(1.0)
        waited += 1.0
    refuse(table_name, differences, CREATE)
    return CreateTableResult(table_name, created)


def check_table(definition: TableDefinition, table_name: str) -> Program[Description]:
    """Check an existing table against the definition; return DescribeTable's `Table`.

    It changes nothing. Raises TableNotFoundError, or TableMismatchError with all differences.
    """
    answer = yield Request("DescribeTable", {"TableName": table_name}, CHECK)
    description: Description = answer["Table"]
    found = yield from _differences(definition, description, table_name, CHECK)
    refuse(table_name, found, CHECK)
    return description


def _refuse_engine(definition: TableDefinition, table_name: str, error: AwsError) -> None:
    """Raise TableError if the engine refused fields because it knows no vector indexes."""
    if definition.vectors and error.aws_code == "ValidationException":
        said = str(error).replace(" ", "").lower()
        if "attributedefinitions" in said or "attributesdefined" in said:
            refused = f'the engine refused the table "{table_name}", which has vector indexes'
            raise without_vectors(f"{refused}: {error.message}", CREATE) from error


def _wait_until_ready(table_name: str, time_limit: float) -> Program[Description]:
    waits = Waits(time_limit)
    while True:
        # DescribeTable may not find a table that was just created.
        description = yield from describe(table_name, CREATE)
        if description is not None and is_ready(description):
            return description
        status = description.get("TableStatus", "unknown") if description else "missing"
        if waits.are_over:
            raise TableError(
                f'the table "{table_name}", or one of its indexes, is not ready after '
                f"{waits.waited:.0f} seconds (the table is {status}); call again to go on waiting",
                operation=CREATE,
            )
        yield waits.next()


def _differences(
    definition: TableDefinition, description: Description, table_name: str, operation: str
) -> Program[tuple[Difference, ...]]:
    """Compare a table with the definition, and request what DescribeTable leaves out."""
    time_to_live = None
    if definition.ttl:
        time_to_live = yield from describe_ttl(table_name, operation)
    backups, tags = yield from describe_settings(definition, description, table_name, operation)
    return compare_table(definition, description, time_to_live, backups=backups, tags=tags)
