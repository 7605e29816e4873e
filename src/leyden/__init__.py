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

if TYPE_CHECKING:
    from leyden import errors, events
    from leyden.engine import LocalEngine, local
    from leyden.errors import LeydenError, SchemaWarning, UnsentWriteWarning
    from leyden.operations.companions.overflow.format import StoredApart
    from leyden.operations.companions.overflow.sweeping import Sweep
    from leyden.operations.plan.reads import Explanation
    from leyden.results import (
        BatchResult,
        CollectionPage,
        Page,
        Rejection,
        Result,
        TransactionResult,
    )
    from leyden.service.asynchronous import AsyncEntity, AsyncService
    from leyden.service.entity import Entity
    from leyden.service.loading import load, load_async
    from leyden.service.service import Service
    from leyden.service.stream import Change
    from leyden.shipped import schemas_folder

# Python imports this module for every `import leyden.anything`, so it imports nothing itself: a
# process that only checks schemas or shows the command line's help never pays for the rest.
_PLACES: Final = {
    "AsyncEntity": "leyden.service.asynchronous",
    "AsyncService": "leyden.service.asynchronous",
    "BatchResult": "leyden.results",
    "Change": "leyden.service.stream",
    "CollectionPage": "leyden.results",
    "Entity": "leyden.service.entity",
    "Explanation": "leyden.operations.plan.reads",
    "LeydenError": "leyden.errors",
    "LocalEngine": "leyden.engine",
    "Page": "leyden.results",
    "Rejection": "leyden.results",
    "Result": "leyden.results",
    "SchemaWarning": "leyden.errors",
    "Service": "leyden.service.service",
    "StoredApart": "leyden.operations.companions.overflow.format",
    "Sweep": "leyden.operations.companions.overflow.sweeping",
    "TransactionResult": "leyden.results",
    "UnsentWriteWarning": "leyden.errors",
    "errors": "",
    "events": "",
    "load": "leyden.service.loading",
    "load_async": "leyden.service.loading",
    "local": "leyden.engine",
    "schemas_folder": "leyden.shipped",
}
"""The module of each public name; empty for a module of the package."""

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
    if name not in _PLACES:
        raise AttributeError(f"module 'leyden' has no attribute {name!r}")
    place = _PLACES[name]
    found = getattr(import_module(place), name) if place else import_module(f"leyden.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
