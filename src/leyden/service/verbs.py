"""The call chains and programs that users start, each imported when it is first used.

A process that only reads does not need the modules that write, and those are the larger part. A
Lambda function that starts to answer one request should not wait for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leyden.doctor import examine
    from leyden.operations.chains.batch_get import BatchGet
    from leyden.operations.chains.batch_write import BatchWrite
    from leyden.operations.chains.collections import CollectionQuery
    from leyden.operations.chains.put import Check, Create, Delete, Put, Remove
    from leyden.operations.chains.searching import Searches
    from leyden.operations.chains.transactions import TransactGet, TransactWrite
    from leyden.operations.chains.update import Patch, Update
    from leyden.operations.chains.upsert import Upsert
    from leyden.operations.companions.backfill import adopt_unique
    from leyden.operations.companions.overflow.sweeping import sweep_overflow
    from leyden.operations.plan.match import find, match
    from leyden.tables import add_indexes, add_vector_indexes, check_table, create_table

__all__ = [
    "BatchGet",
    "BatchWrite",
    "Check",
    "CollectionQuery",
    "Create",
    "Delete",
    "Patch",
    "Put",
    "Remove",
    "Searches",
    "TransactGet",
    "TransactWrite",
    "Update",
    "Upsert",
    "add_indexes",
    "add_vector_indexes",
    "adopt_unique",
    "check_table",
    "create_table",
    "examine",
    "find",
    "match",
    "sweep_overflow",
]

_PLACES: Final = {
    "BatchGet": "leyden.operations.chains.batch_get",
    "BatchWrite": "leyden.operations.chains.batch_write",
    "Check": "leyden.operations.chains.put",
    "CollectionQuery": "leyden.operations.chains.collections",
    "Create": "leyden.operations.chains.put",
    "Delete": "leyden.operations.chains.put",
    "Patch": "leyden.operations.chains.update",
    "Put": "leyden.operations.chains.put",
    "Remove": "leyden.operations.chains.put",
    "Searches": "leyden.operations.chains.searching",
    "TransactGet": "leyden.operations.chains.transactions",
    "TransactWrite": "leyden.operations.chains.transactions",
    "Update": "leyden.operations.chains.update",
    "Upsert": "leyden.operations.chains.upsert",
    "add_indexes": "leyden.tables",
    "add_vector_indexes": "leyden.tables",
    "adopt_unique": "leyden.operations.companions.backfill",
    "check_table": "leyden.tables",
    "create_table": "leyden.tables",
    "examine": "leyden.doctor",
    "find": "leyden.operations.plan.match",
    "match": "leyden.operations.plan.match",
    "sweep_overflow": "leyden.operations.companions.overflow.sweeping",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found
