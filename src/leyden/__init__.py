"""Leyden: declarative single-table entities for DynamoDB.

::

    import leyden

    app = leyden.load("schemas/taskapp", table="projectmanagement")
    task = app.entities.task
    task.create(task_id="t1", project_id="p1", employee_id="e1").go()
    for record in task.query.project(project_id="p1"):
        print(record)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from leyden import errors, events
from leyden.errors import LeydenError, SchemaWarning, UnsentWriteWarning
from leyden.operations.batches.sending import BatchResult
from leyden.operations.collection import CollectionPage
from leyden.operations.explain import Explanation
from leyden.operations.outcome import Page, Result
from leyden.operations.overflow.format import StoredApart
from leyden.operations.overflow.sweeping import Sweep
from leyden.operations.transactions.result import Rejection, TransactionResult
from leyden.service.entity import Entity
from leyden.service.loading import load, load_async
from leyden.service.service import Service
from leyden.service.stream import Change
from leyden.shipped import schemas_folder

if TYPE_CHECKING:
    from leyden.engine import LocalEngine, local
    from leyden.service.asynchronous import AsyncEntity, AsyncService

# What most processes never use, and what takes its time to import.
_ON_DEMAND: Final = {
    "AsyncEntity": "leyden.service.asynchronous",
    "AsyncService": "leyden.service.asynchronous",
    "LocalEngine": "leyden.engine",
    "local": "leyden.engine",
}

__all__ = [
    "AsyncEntity",
    "AsyncService",
    "BatchResult",
    "Change",
    "CollectionPage",
    "Entity",
    "Explanation",
    "LeydenError",
    "LocalEngine",
    "Page",
    "Rejection",
    "Result",
    "SchemaWarning",
    "Service",
    "StoredApart",
    "Sweep",
    "TransactionResult",
    "UnsentWriteWarning",
    "errors",
    "events",
    "load",
    "load_async",
    "local",
    "schemas_folder",
]


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'leyden' has no attribute {name!r}")
    return getattr(import_module(_ON_DEMAND[name]), name)


def __dir__() -> list[str]:
    return __all__
