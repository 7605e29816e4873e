"""Hydration: the whole items behind what an index with a narrow projection gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leyden.operations.batches.sending import chunks, send_all, settle
from leyden.operations.item_id import item_id
from leyden.operations.options import Options
from leyden.program import Item, Program
from leyden.results import BatchResult

_GET_LIMIT: Final = 100


def hydrate(
    operation: str, table: str, key_fields: Sequence[str], items: list[Item], options: Options
) -> Program[tuple[list[Item], float | None, int]]:
    """The whole items with the keys of `items`, in their order, and what reading them cost.

    An item that is gone by now is left out. Raises BatchIncompleteError where some could not be
    read.
    """
    keys = [{field: item[field] for field in key_fields} for item in items]
    bodies = [
        {"RequestItems": {table: {"Keys": list(chunk)}}} for chunk in chunks(keys, _GET_LIMIT)
    ]
    sent = yield from send_all(
        "BatchGetItem", operation, bodies, options, left_in="UnprocessedKeys"
    )
    left = tuple(
        key for part in sent.unprocessed for entry in part.values() for key in entry["Keys"]
    )
    settle(sent, BatchResult((), left, sent.consumed, sent.requests), options, operation)
    found = {
        item_id(table, {field: item[field] for field in key_fields}): item
        for response in sent.responses
        for item in response.get("Responses", {}).get(table, ())
    }
    whole = [found[one] for key in keys if (one := item_id(table, key)) in found]
    return whole, sent.consumed, sent.requests
