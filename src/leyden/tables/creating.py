"""Programs that create a table, and compare one with a definition."""

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
"""Seconds that another process has to turn on what CreateTable does not take, at its new table."""

_LATER: Final = frozenset({"ttl.off", "point_in_time_recovery"})
"""The differences that such a table has until then."""


@frozen
class CreateTableResult:
    """What `create_table` did. `created` is False where a fitting table was there already."""

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

    It gets the settings that table.yaml declares, and no others; capacity that scales begins with
    its least units, since autoscaling is set up by the templates. `billing` and `throughput` go
    before table.yaml's. May be called again and again, and by several processes at once. A table
    that exists is never changed: it is compared, and TableMismatchError lists all differences.
    Raises TableError when it is not ready within `time_limit` seconds. With `is_new` nobody looks
    for the table first, which spares a request where it is not there yet; where it is, nothing
    differs.
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
            # Another process was faster: its table is then checked like any other.
            if error.aws_code != "ResourceInUseException":
                _refuse_engine(definition, table_name, error)
                raise
        else:
            created = True
            # AWS says that it is creating the table; engines for development have it at once.
            description = answer.get("TableDescription")
    if description is None or not is_ready(description):
        description = yield from _wait_until_ready(table_name, time_limit)
    if created and definition.vectors and not vectors_in(description):
        said = f'the engine created the table "{table_name}" without its vector indexes'
        raise without_vectors(said, CREATE)
    if created:
        yield from apply_settings(definition, table_name, CREATE, Waits(time_limit))
        # AWS took the settings; an engine for development need not keep all of them.
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
    """Compare an existing table with the definition; return what DescribeTable says of it.

    Changes nothing. Raises TableNotFoundError when there is no such table, and
    TableMismatchError with all differences when it does not fit.
    """
    answer = yield Request("DescribeTable", {"TableName": table_name}, CHECK)
    description: Description = answer["Table"]
    found = yield from _differences(definition, description, table_name, CHECK)
    refuse(table_name, found, CHECK)
    return description


def _refuse_engine(definition: TableDefinition, table_name: str, error: AwsError) -> None:
    """Raise the reason where an engine takes the fields that only vector indexes read amiss."""
    if definition.vectors and error.aws_code == "ValidationException":
        said = str(error).replace(" ", "").lower()
        if "attributedefinitions" in said or "attributesdefined" in said:
            refused = f'the engine refused the table "{table_name}", which has vector indexes'
            raise without_vectors(f"{refused}: {error.message}", CREATE) from error


def _wait_until_ready(table_name: str, time_limit: float) -> Program[Description]:
    waits = Waits(time_limit)
    while True:
        # A table that was just created may be unknown for a moment.
        description = yield from describe(table_name, CREATE)
        if description is not None and is_ready(description):
            return description
        status = description.get("TableStatus", "unknown") if description else "not there"
        if waits.are_over:
            raise TableError(
                f'the table "{table_name}" or an index of it is not ready after '
                f"{waits.waited:.0f} seconds (the table is {status}); call again to go on waiting",
                operation=CREATE,
            )
        yield waits.next()


def _differences(
    definition: TableDefinition, description: Description, table_name: str, operation: str
) -> Program[tuple[Difference, ...]]:
    """Compare a table with the definition, and ask for what DescribeTable does not say."""
    time_to_live = None
    if definition.ttl:
        time_to_live = yield from describe_ttl(table_name, operation)
    backups, tags = yield from describe_settings(definition, description, table_name, operation)
    return compare_table(definition, description, time_to_live, backups=backups, tags=tags)
