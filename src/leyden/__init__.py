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
    __version__: str

    from leyden import errors, events, tables
    from leyden.engine import LocalEngine, local
    from leyden.errors import LeydenError, SchemaWarning, UnsentWriteWarning
    from leyden.mapping.record import Changes, Record
    from leyden.migration import MigrationPlan, MigrationProgress, MigrationReport
    from leyden.operations.chains.batch_get import BatchGet
    from leyden.operations.chains.batch_write import BatchWrite
    from leyden.operations.chains.collections import CollectionQuery
    from leyden.operations.chains.put import Check, Create, Delete, Put, Remove
    from leyden.operations.chains.reads import Get, Query, Scan
    from leyden.operations.chains.records import Records
    from leyden.operations.chains.searching import Search
    from leyden.operations.chains.transactions import TransactGet, TransactWrite
    from leyden.operations.chains.update import Patch, Update
    from leyden.operations.chains.upsert import Upsert
    from leyden.operations.companions.backfill import Adoption
    from leyden.operations.companions.overflow.format import StoredApart
    from leyden.operations.companions.overflow.sweeping import Sweep
    from leyden.operations.plan.reads import Explanation
    from leyden.results import (
        BatchResult,
        CollectionPage,
        Counted,
        Match,
        Matches,
        Page,
        Rejection,
        Result,
        TransactionResult,
    )
    from leyden.service.asynchronous import AsyncEntity, AsyncService
    from leyden.service.enforcing import check_schemas
    from leyden.service.entity import Entity
    from leyden.service.loading import bind, bind_async, load, load_async
    from leyden.service.service import Entities, Service
    from leyden.service.stream import Change
    from leyden.shipped import schemas_folder
    from leyden.tables import AddedIndexes, CreateTableResult

# Python imports this module for every `import leyden.anything`, so it imports nothing itself. A
# process that only checks schemas, or shows the command line's help, does not pay for the rest.
_PLACES: Final = {
    "AddedIndexes": "leyden.tables",
    "Adoption": "leyden.operations.companions.backfill",
    "AsyncEntity": "leyden.service.asynchronous",
    "AsyncService": "leyden.service.asynchronous",
    "BatchGet": "leyden.operations.chains.batch_get",
    "BatchResult": "leyden.results",
    "BatchWrite": "leyden.operations.chains.batch_write",
    "Change": "leyden.service.stream",
    "Changes": "leyden.mapping.record",
    "Check": "leyden.operations.chains.put",
    "CollectionPage": "leyden.results",
    "CollectionQuery": "leyden.operations.chains.collections",
    "Counted": "leyden.results",
    "Create": "leyden.operations.chains.put",
    "CreateTableResult": "leyden.tables",
    "Delete": "leyden.operations.chains.put",
    "Entities": "leyden.service.service",
    "Entity": "leyden.service.entity",
    "Explanation": "leyden.operations.plan.reads",
    "Get": "leyden.operations.chains.reads",
    "LeydenError": "leyden.errors",
    "LocalEngine": "leyden.engine",
    "Match": "leyden.results",
    "Matches": "leyden.results",
    "MigrationPlan": "leyden.migration",
    "MigrationProgress": "leyden.migration",
    "MigrationReport": "leyden.migration",
    "Page": "leyden.results",
    "Patch": "leyden.operations.chains.update",
    "Put": "leyden.operations.chains.put",
    "Query": "leyden.operations.chains.reads",
    "Record": "leyden.mapping.record",
    "Records": "leyden.operations.chains.records",
    "Rejection": "leyden.results",
    "Remove": "leyden.operations.chains.put",
    "Result": "leyden.results",
    "Scan": "leyden.operations.chains.reads",
    "SchemaWarning": "leyden.errors",
    "Search": "leyden.operations.chains.searching",
    "Service": "leyden.service.service",
    "StoredApart": "leyden.operations.companions.overflow.format",
    "Sweep": "leyden.operations.companions.overflow.sweeping",
    "TransactGet": "leyden.operations.chains.transactions",
    "TransactWrite": "leyden.operations.chains.transactions",
    "TransactionResult": "leyden.results",
    "UnsentWriteWarning": "leyden.errors",
    "Update": "leyden.operations.chains.update",
    "Upsert": "leyden.operations.chains.upsert",
    "bind": "leyden.service.loading",
    "bind_async": "leyden.service.loading",
    "check_schemas": "leyden.service.enforcing",
    "errors": "",
    "events": "",
    "load": "leyden.service.loading",
    "load_async": "leyden.service.loading",
    "local": "leyden.engine",
    "schemas_folder": "leyden.shipped",
    "tables": "",
}
"""The module of each public name; empty if the name is a module of the package itself."""

__all__ = [
    "AddedIndexes",
    "Adoption",
    "AsyncEntity",
    "AsyncService",
    "BatchGet",
    "BatchResult",
    "BatchWrite",
    "Change",
    "Changes",
    "Check",
    "CollectionPage",
    "CollectionQuery",
    "Counted",
    "Create",
    "CreateTableResult",
    "Delete",
    "Entities",
    "Entity",
    "Explanation",
    "Get",
    "LeydenError",
    "LocalEngine",
    "Match",
    "Matches",
    "MigrationPlan",
    "MigrationProgress",
    "MigrationReport",
    "Page",
    "Patch",
    "Put",
    "Query",
    "Record",
    "Records",
    "Rejection",
    "Remove",
    "Result",
    "Scan",
    "SchemaWarning",
    "Search",
    "Service",
    "StoredApart",
    "Sweep",
    "TransactGet",
    "TransactWrite",
    "TransactionResult",
    "UnsentWriteWarning",
    "Update",
    "Upsert",
    "bind",
    "bind_async",
    "check_schemas",
    "errors",
    "events",
    "load",
    "load_async",
    "local",
    "schemas_folder",
    "tables",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # importlib.metadata takes a while to import, and few processes ask for the version.
        from importlib.metadata import version

        return globals().setdefault(name, version("leyden"))
    if name not in _PLACES:
        raise AttributeError(f"module 'leyden' has no attribute {name!r}")
    place = _PLACES[name]
    found = getattr(import_module(place), name) if place else import_module(f"leyden.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
