"""Table settings that moto accepts and forgets: the table class, and replicas.

A replica is only a name here; the engine has the table once, whatever its Regions are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any


@lru_cache(maxsize=1)
def learn_settings() -> None:
    """Add these settings to moto's tables, for the whole process."""
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

    tables: Any = Table
    tables.table_class, tables.replicas = None, ()
    describe = tables.describe

    @wraps(describe)
    def described(table: Any, base_key: str = "TableDescription") -> dict[str, Any]:
        said: dict[str, Any] = describe(table, base_key)
        if table.table_class is not None:
            said[base_key]["TableClassSummary"] = {"TableClass": table.table_class}
        if table.replicas:
            said[base_key]["Replicas"] = [
                {"RegionName": region, "ReplicaStatus": "ACTIVE"} for region in table.replicas
            ]
        return said

    tables.describe = described
    handlers: Any = DynamoHandler
    for name in ("create_table", "update_table"):
        setattr(handlers, name, _noting(getattr(handlers, name)))


def _noting(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap a request that creates or changes a table, to remember its settings if it succeeds."""

    @wraps(method)
    def noted(handler: Any) -> Any:
        from moto.dynamodb.responses import DynamoResult

        body = handler.body
        answer = method(handler)
        if not {"TableClass", "ReplicaUpdates"} & body.keys():
            return answer
        table = handler.dynamodb_backend.get_table(body["TableName"])
        table.table_class = body.get("TableClass", table.table_class)
        regions = dict.fromkeys(table.replicas)
        for update in body.get("ReplicaUpdates", ()):
            if "Create" in update:
                regions[update["Create"]["RegionName"]] = None
            if "Delete" in update:
                regions.pop(update["Delete"]["RegionName"], None)
        table.replicas = tuple(regions)
        return DynamoResult(table.describe())

    return noted
