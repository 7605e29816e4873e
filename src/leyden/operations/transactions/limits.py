"""What DynamoDB takes in a transaction, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leyden.errors import InputError
from leyden.operations.overflow.layout import TRANSACTION_LIMIT


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
