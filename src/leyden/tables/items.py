"""Programs that read and write a table's items, whatever they are, and cut writes into runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from leyden._attrs import frozen
from leyden.operations.chains.write import Write
from leyden.operations.companions.overflow.format import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.options import DEFAULT, Options
from leyden.operations.plan.expressions import refuse_oversize
from leyden.operations.plan.writes import cost_of
from leyden.operations.run.sending import IMPORTS, send_all
from leyden.program import Item, Params, Program, Request
from leyden.results import consumed_units

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
