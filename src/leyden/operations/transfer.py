"""Moving raw items out of a table and into one: programs, as in `request`.

No entity takes part: items pass as they are, those of strangers as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from leyden._attrs import frozen
from leyden.operations.batches.sending import send_all
from leyden.operations.options import Options
from leyden.operations.run.retry import IMPORTS
from leyden.program import Item, Params, Program, Request
from leyden.results import consumed_units

EXPORT: Final = "export"
IMPORT: Final = "import"

WRITE_LIMIT: Final = 25
"""How many items one request of `write_items` may carry."""

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
        attempts=IMPORTS,
    )
    for failure in sent.failures:
        raise failure
    unprocessed = tuple(
        write["PutRequest"]["Item"]
        for part in (*sent.unprocessed, *sent.unsure)
        for write in part[table]
    )
    return ItemsWritten(unprocessed, sent.consumed, sent.requests)
