"""The calls that users begin, each imported when the first one of its kind is begun.

A process that reads needs none of the modules that write, and those are the larger part: a function
that starts to answer one request should not wait for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leyden.operations.batches.getting import BatchGet
    from leyden.operations.batches.writing import BatchWrite
    from leyden.operations.chains.collections import CollectionQuery
    from leyden.operations.check import Check
    from leyden.operations.delete import Delete, Remove
    from leyden.operations.overflow.sweeping import sweep_overflow
    from leyden.operations.plan.match import find, match
    from leyden.operations.put import Create, Put
    from leyden.operations.table import check_table, create_table
    from leyden.operations.transactions.getting import TransactGet
    from leyden.operations.transactions.writing import TransactWrite
    from leyden.operations.uniqueness.adopting import adopt_unique
    from leyden.operations.update import Patch, Update
    from leyden.operations.upsert import Upsert

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
    "TransactGet",
    "TransactWrite",
    "Update",
    "Upsert",
    "adopt_unique",
    "check_table",
    "create_table",
    "find",
    "match",
    "sweep_overflow",
]

_PLACES: Final = {
    "BatchGet": "leyden.operations.batches.getting",
    "BatchWrite": "leyden.operations.batches.writing",
    "Check": "leyden.operations.check",
    "CollectionQuery": "leyden.operations.chains.collections",
    "Create": "leyden.operations.put",
    "Delete": "leyden.operations.delete",
    "Patch": "leyden.operations.update",
    "Put": "leyden.operations.put",
    "Remove": "leyden.operations.delete",
    "TransactGet": "leyden.operations.transactions.getting",
    "TransactWrite": "leyden.operations.transactions.writing",
    "Update": "leyden.operations.update",
    "Upsert": "leyden.operations.upsert",
    "adopt_unique": "leyden.operations.uniqueness.adopting",
    "check_table": "leyden.operations.table",
    "create_table": "leyden.operations.table",
    "find": "leyden.operations.plan.match",
    "match": "leyden.operations.plan.match",
    "sweep_overflow": "leyden.operations.overflow.sweeping",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found
