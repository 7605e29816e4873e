"""What DynamoDB takes in a transaction, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from leyden.errors import InputError, ItemTooLargeError
from leyden.operations.overflow.layout import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.size import request_size
from leyden.operations.write import PreparedWrite


def refuse_size(size: int, operation: str) -> None:
    """Raise ItemTooLargeError for more than DynamoDB takes in a transaction."""
    if size > TRANSACTION_BYTES:
        raise ItemTooLargeError(
            f"the transaction has {size:,} bytes and DynamoDB takes at most "
            f"{TRANSACTION_BYTES:,}; write less in it",
            size=size,
            limit=TRANSACTION_BYTES,
            operation=operation,
        )


def refuse_count(operation: str, entries: Sequence[Any]) -> None:
    """Raise InputError for no operations, or more than DynamoDB takes in a transaction."""
    if not entries:
        raise InputError("a transaction needs at least one operation", operation=operation)
    if len(entries) > TRANSACTION_LIMIT:
        raise InputError(
            f"the transaction has {len(entries)} operations and DynamoDB takes at most "
            f"{TRANSACTION_LIMIT}; split it where its parts may happen apart",
            operation=operation,
        )


def transaction_size(write: PreparedWrite) -> int:
    """The bytes that a write and its guards count for in a transaction, at most."""
    parts = [*(guard.part for guard in write.guards), *(write.laid.siblings if write.laid else ())]
    bodies = [write.params, *(body for part in parts for body in part.values())]
    unknown = 0 if write.settle is None else (write.most_parts - 1) * _GUARD_BYTES
    return sum(map(request_size, bodies)) + unknown


_GUARD_BYTES: Final = 8 * 1024
"""More than the keys of a guard and of its owner ever are, and what compares them."""
