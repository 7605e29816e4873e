"""The table as such: what schemas need of it, and programs that work on it whatever it holds.

`app.table_definition` is the definition of a service's table, and `table_definition(spec)` that of
schemas which `leyden.schema` loaded. The programs create a table, compare one with a definition,
and read and write raw items; `app.driver.run(program)` runs them, awaited on event loops.

>>> page = app.driver.run(tables.read_items(app.table, limit=100))      # doctest: +SKIP
>>> app.driver.run(tables.write_items(app.table, page.items[:25]))      # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from leyden._attrs import frozen
from leyden.errors import AwsError, TableError, TableMismatchError, TableNotFoundError
from leyden.mapping.table import IndexDefinition, TableDefinition, table_definition
from leyden.operations.chains.write import Write
from leyden.operations.companions.overflow.format import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.options import DEFAULT, Options
from leyden.operations.plan.expressions import refuse_oversize
from leyden.operations.plan.writes import cost_of
from leyden.operations.run.sending import IMPORTS, send_all
from leyden.program import Item, Params, Pause, Program, Request
from leyden.results import consumed_units

__all__ = [
    "WRITE_ATTEMPTS",
    "WRITE_LIMIT",
    "CreateTableResult",
    "IndexDefinition",
    "ItemsPage",
    "ItemsWritten",
    "TableDefinition",
    "check_size",
    "check_table",
    "compare_table",
    "create_table",
    "read_items",
    "table_definition",
    "transactions_of",
    "write_items",
]

EXPORT: Final = "export"
IMPORT: Final = "import"

WRITE_LIMIT: Final = 25
"""How many items one request of `write_items` may carry."""

WRITE_ATTEMPTS: Final = IMPORTS
"""How often `write_items` sends what the table does not take up."""

_UNHURRIED: Final = Options(budget=math.inf)
"""The attempts are counted; how long they take does not matter."""


@frozen
class ItemsPage:
    """One page of a table's items. `position` is where the next one begins; None at the end."""

    items: tuple[Item, ...]
    position: Item | None
    consumed: float | None


@frozen
class ItemsWritten:
    """What a batch of writes did. `unprocessed` are the items that the table did not take up."""

    unprocessed: tuple[Item, ...]
    consumed: float | None
    requests: int


def read_items(
    table: str,
    *,
    position: Item | None = None,
    limit: int | None = None,
    consistent: bool = False,
) -> Program[ItemsPage]:
    """Read the page of a table that begins behind `position`: at most 1 MB, or `limit` items."""
    params: Params = {"TableName": table}
    if position is not None:
        params["ExclusiveStartKey"] = position
    if limit is not None:
        params["Limit"] = limit
    if consistent:
        params["ConsistentRead"] = True
    response = yield Request("Scan", params, EXPORT)
    return ItemsPage(
        tuple(response.get("Items", ())),
        response.get("LastEvaluatedKey") or None,
        consumed_units(response),
    )


def write_items(table: str, items: Sequence[Item]) -> Program[ItemsWritten]:
    """Write up to 25 items with different keys, each over what is stored under its key.

    What the table does not take up is sent again, after longer and longer waits; what is left
    after all of them is in the result. Raises the error of a request that fails as a whole, of
    whose items none was written.
    """
    assert len(items) <= WRITE_LIMIT, "one request takes no more"
    writes = [{"PutRequest": {"Item": item}} for item in items]
    sent = yield from send_all(
        "BatchWriteItem",
        IMPORT,
        [{"RequestItems": {table: writes}}] if writes else [],
        _UNHURRIED,
        left_in="UnprocessedItems",
        attempts=WRITE_ATTEMPTS,
    )
    for failure in sent.failures:
        raise failure
    unprocessed = tuple(
        write["PutRequest"]["Item"]
        for part in (*sent.unprocessed, *sent.unsure)
        for write in part[table]
    )
    return ItemsWritten(unprocessed, sent.consumed, sent.requests)


def check_size(item: Item) -> None:
    """Raise ItemTooLargeError, with the largest field, where DynamoDB would refuse a raw item."""
    refuse_oversize(item)


def transactions_of(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Writes in runs, each of which DynamoDB takes as one transaction.

    The limits are 100 operations, the guards of keys and unique values included, and 4 MB. The
    values of an item count as part of it, however large they are.

    >>> for run in tables.transactions_of([task.put(**values) for values in many]):
    ...     app.transact_write(run).go()                                # doctest: +SKIP
    """
    run: list[Write] = []
    count = size = 0
    for write in writes:
        parts, own = cost_of(write._plan(DEFAULT), laid_out=False)
        if run and (count + parts > TRANSACTION_LIMIT or size + own > TRANSACTION_BYTES):
            yield run
            run, count, size = [], 0, 0
        run.append(write)
        count += parts
        size += own
    if run:
        yield run


CREATE: Final = "create_table"
CHECK: Final = "check_table"

TIME_LIMIT: Final = 300.0
"""Seconds to wait until a table and its indexes are ready."""

TTL_GRACE: Final = 3.0
"""Seconds that another process has to turn on the time to live of a table that it just made."""

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0
_PAUSE_GROWTH: Final = 1.5

_Description = Mapping[str, Any]


@frozen
class CreateTableResult:
    """What `create_table` did. `created` is False where a fitting table was there already."""

    table: str
    created: bool


def create_table(
    definition: TableDefinition,
    table_name: str,
    *,
    billing: str = "PAY_PER_REQUEST",
    throughput: tuple[int, int] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Program[CreateTableResult]:
    """Create the table unless it exists, and wait until it and its indexes are ready.

    May be called again and again, and by several processes at once. A table that exists is
    never changed: it is compared, and TableMismatchError lists all differences. Raises
    TableError when it is not ready within `time_limit` seconds.
    """
    created = False
    description = yield from _describe(table_name, CREATE)
    if description is None:
        params = definition.create_table_params(table_name, billing, throughput=throughput)
        try:
            yield Request("CreateTable", params, CREATE)
        except AwsError as error:
            # Another process was faster: its table is then checked like any other.
            if error.aws_code != "ResourceInUseException":
                raise
        else:
            created = True
    if description is None or not _is_ready(description):
        description = yield from _wait_until_ready(table_name, time_limit)
    if created and definition.ttl:
        yield from _enable_ttl(table_name, definition.ttl)
    differences = list(compare_table(definition, description))
    if definition.ttl and not created:
        differences += yield from _wait_for_ttl(table_name, definition.ttl)
    _refuse(table_name, differences, CREATE)
    return CreateTableResult(table_name, created)


def check_table(definition: TableDefinition, table_name: str) -> Program[_Description]:
    """Compare an existing table with the definition; return what DescribeTable says of it.

    Changes nothing. Raises TableNotFoundError when there is no such table, and
    TableMismatchError with all differences when it does not fit.
    """
    answer = yield Request("DescribeTable", {"TableName": table_name}, CHECK)
    description: _Description = answer["Table"]
    time_to_live = None
    if definition.ttl:
        time_to_live = yield from _describe_ttl(table_name, CHECK)
    _refuse(table_name, compare_table(definition, description, time_to_live), CHECK)
    return description


def compare_table(
    definition: TableDefinition,
    description: _Description,
    time_to_live: _Description | None = None,
) -> tuple[str, ...]:
    """Say in words how a table falls short of the definition; empty where it fits.

    `description` is DescribeTable's `Table`; `time_to_live` is DescribeTimeToLive's
    `TimeToLiveDescription`, None to leave the time to live out of it. More than is needed is
    fine: other indexes, larger projections, a local index in place of a global one.
    """
    types = {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in description.get("AttributeDefinitions", ())
    }
    own = "the table's own key"
    differences = list(
        _compare_keys(own, definition.key_schema, description["KeySchema"], definition, types)
    )
    existing = {
        index["IndexName"]: (kind, index)
        for kind, listed in (("gsi", "GlobalSecondaryIndexes"), ("lsi", "LocalSecondaryIndexes"))
        for index in description.get(listed) or ()
    }
    for wanted in definition.indexes.values():
        if wanted.name not in existing:
            differences.append(
                f'the index "{wanted.name}" ({_shown(wanted.key_schema)}) is missing'
            )
            continue
        kind, index = existing[wanted.name]
        what = f'the index "{wanted.name}"'
        differences += _compare_keys(what, wanted.key_schema, index["KeySchema"], definition, types)
        if wanted.kind == "lsi" and kind == "gsi":
            differences.append(
                f"{what} is global, and the schemas need it local (say `kind: gsi` in table.yaml "
                "if global is meant)"
            )
        differences += _compare_projection(what, wanted, index.get("Projection", {}))
    if definition.ttl and time_to_live is not None:
        differences += _compare_ttl(definition.ttl, time_to_live)
    return tuple(differences)


def _compare_keys(
    what: str,
    wanted: list[dict[str, str]],
    found: list[dict[str, str]],
    definition: TableDefinition,
    types: Mapping[str, str],
) -> Iterable[str]:
    if _shown(wanted) != _shown(found):
        yield f"{what} is {_shown(found)}, and the schemas need {_shown(wanted)}"
        return
    for entry in wanted:
        name = entry["AttributeName"]
        need, has = definition.types[name], types.get(name)
        if has is not None and need != has:
            yield f'{what}: the field "{name}" is of type {has}, and the schemas need {need}'


def _compare_projection(
    what: str, wanted: IndexDefinition, found: Mapping[str, Any]
) -> Iterable[str]:
    kind = found.get("ProjectionType", "ALL")
    if kind == "ALL" or wanted.projection == "keys_only":
        return
    if wanted.projection == "all":
        yield f"{what} projects {kind}, and the schemas need ALL"
        return
    carried = set(found.get("NonKeyAttributes") or ())
    lacking = [name for name in wanted.projection if name not in carried]
    if lacking:
        yield f"{what} does not project the fields {', '.join(lacking)}"


def _compare_ttl(wanted: str, found: Mapping[str, Any]) -> Iterable[str]:
    status = found.get("TimeToLiveStatus", "DISABLED")
    if status not in {"ENABLED", "ENABLING"}:
        yield (
            f'time to live is off, and the schemas need it on the field "{wanted}" (turning it on '
            "lets DynamoDB delete items that have expired)"
        )
    elif found.get("AttributeName") != wanted:
        yield (
            f'time to live reads the field "{found.get("AttributeName")}", and the schemas need '
            f'"{wanted}"'
        )


def _describe(table_name: str, operation: str) -> Program[_Description | None]:
    try:
        answer = yield Request("DescribeTable", {"TableName": table_name}, operation)
    except TableNotFoundError:
        return None
    description: _Description = answer["Table"]
    return description


def _describe_ttl(table_name: str, operation: str) -> Program[_Description]:
    answer = yield Request("DescribeTimeToLive", {"TableName": table_name}, operation)
    description: _Description = answer.get("TimeToLiveDescription", {})
    return description


def _is_ready(description: _Description) -> bool:
    indexes = description.get("GlobalSecondaryIndexes") or ()
    return description.get("TableStatus") in {"ACTIVE", "UPDATING"} and all(
        index.get("IndexStatus", "ACTIVE") in {"ACTIVE", "UPDATING"} for index in indexes
    )


def _wait_until_ready(table_name: str, time_limit: float) -> Program[_Description]:
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        # A table that was just created may be unknown for a moment.
        description = yield from _describe(table_name, CREATE)
        if description is not None and _is_ready(description):
            return description
        status = description.get("TableStatus", "unknown") if description else "not there"
        if waited >= time_limit:
            raise TableError(
                f'the table "{table_name}" or an index of it is not ready after {waited:.0f} '
                f"seconds (the table is {status}); call again to go on waiting",
                operation=CREATE,
            )
        pause = min(pause, time_limit - waited)
        yield Pause(pause)
        waited += pause
        pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)


def _enable_ttl(table_name: str, field: str) -> Program[None]:
    specification = {"Enabled": True, "AttributeName": field}
    yield Request(
        "UpdateTimeToLive",
        {"TableName": table_name, "TimeToLiveSpecification": specification},
        CREATE,
    )


def _wait_for_ttl(table_name: str, field: str) -> Program[list[str]]:
    """Compare the time to live, once more after a moment where it is off."""
    waited = 0.0
    while True:
        description = yield from _describe_ttl(table_name, CREATE)
        differences = list(_compare_ttl(field, description))
        if not differences or "AttributeName" in description or waited >= TTL_GRACE:
            return differences
        yield Pause(1.0)
        waited += 1.0


def _refuse(table_name: str, differences: Iterable[str], operation: str) -> None:
    found = tuple(differences)
    if found:
        lines = "".join(f"\n  - {line}" for line in found)
        raise TableMismatchError(
            f'the table "{table_name}" does not fit the schemas:{lines}',
            differences=found,
            operation=operation,
        )


def _shown(key_schema: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(f'"{entry["AttributeName"]}" {entry["KeyType"]}' for entry in key_schema)
