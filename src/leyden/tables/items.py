"""Programs that read and write raw items of a table, and a split of writes into transactions."""

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
"""The largest number of items in one call of `write_items`."""

WRITE_ATTEMPTS: Final = IMPORTS
"""The number of attempts of `write_items` for unprocessed items."""

_UNHURRIED: Final = Options(budget=math.inf)
"""The number of attempts is limited, not their time."""


@frozen
class ItemsPage:
    """One page of a table's items.

    `position` is where the next page begins, None at the end. `consumed` is in capacity units, None
    if the engine does not report it.
    """

    items: tuple[Item, ...]
    position: Item | None
    consumed: float | None


@frozen
class ItemsWritten:
    """The result of `write_items`. `unprocessed` are the items that DynamoDB did not write."""

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
    """Read the page of a table that begins after `position`: at most 1 MB, or `limit` items."""
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
    """Write up to 25 items with different keys, replacing stored items.

    Unprocessed items are sent again, after increasing pauses. What is unprocessed after all
    attempts is in the result. If a request fails as a whole, its error is raised, and none of its
    items was written.
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
    """Raise ItemTooLargeError, which names the largest field, if DynamoDB would refuse the item."""
    refuse_oversize(item)


def transactions_of(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Split writes into lists, each of which DynamoDB accepts as one transaction.

    The limits are 100 operations, including the guards of keys and unique values, and 4 MB. Large
    values count as part of their item.

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
