"""What a driver adds to a request, and what it reads off one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leyden.program import Params, Request

DATA_APIS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
"""The calls that read or write items, and so consume capacity."""

CONDITIONAL_APIS: Final = frozenset({"DeleteItem", "PutItem", "UpdateItem"})


def prepare(request: Request, capacity: str = "TOTAL") -> Params:
    """Return a copy of the request's parameters, with what a driver always asks for.

    Data calls return what they consumed; a conditional write that fails returns the stored
    item. What the request itself says stays as it is.
    """
    params = dict(request.params)
    if request.api in DATA_APIS:
        params.setdefault("ReturnConsumedCapacity", capacity)
    if request.api in CONDITIONAL_APIS and "ConditionExpression" in params:
        params.setdefault("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
    return params


def table_of(params: Mapping[str, Any]) -> str | None:
    """Name the table of a request; several are joined with a comma, None where it has none."""
    try:
        if "TableName" in params:
            return str(params["TableName"])
        if "RequestItems" in params:
            return ", ".join(params["RequestItems"]) or None
        entries = params.get("TransactItems", ())
        names = {str(part["TableName"]) for entry in entries for part in entry.values()}
        return ", ".join(sorted(names)) or None
    except (AttributeError, KeyError, TypeError):
        # Parameters of the wrong shape: sending them says so, in words.
        return None


def consumed_of(response: Mapping[str, Any]) -> float | None:
    """Add up the capacity units that a response reports, None where it reports none."""
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    entries = [reported] if isinstance(reported, Mapping) else reported
    return float(sum(entry.get("CapacityUnits", 0.0) for entry in entries))
