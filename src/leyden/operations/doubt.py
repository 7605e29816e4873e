"""Whether a write may have happened although no answer says so."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

EARLIER_UNANSWERED: Final = "EarlierUnanswered"
"""In `ResponseMetadata`: an earlier attempt got no clear answer, so it may have written."""

SERVER_FAULT: Final = 500

IN_PROGRESS: Final = "TransactionInProgressException"
"""A transaction is under way under the same token: it may yet happen."""

CANCELED: Final = "TransactionCanceledException"
"""A transaction was refused, and so were earlier attempts under the same token."""


def may_have_written(response: Mapping[str, Any] | None) -> bool:
    """Whether a write may have happened although the last attempt did not do it.

    `response` is the answer to the last attempt, None where there was none.
    """
    if response is None:
        return True
    metadata = response.get("ResponseMetadata", {})
    fault = metadata.get("HTTPStatusCode", 0) >= SERVER_FAULT
    return bool(fault or metadata.get(EARLIER_UNANSWERED))


def same_item(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two raw items hold the same, however their numbers and sets are written."""
    return bool(_settled({"M": one}) == _settled({"M": other}))


def _settled(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return kind, {name: _settled(inner) for name, inner in content.items()}
        case "L":
            return kind, [_settled(inner) for inner in content]
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case _:
            return kind, content
