"""Vector indexes for moto's tables: creating them, and keeping them up to date with the items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, Final

from leyden.engine.definitions import Refused, check_index, check_indexes, check_names, searched
from leyden.engine.items import watch_writes
from leyden.engine.vectors import VectorIndex

BACKFILL_SECONDS: dict[str, tuple[float, float]] = {}
"""For how many seconds a new index of an account's tables allocates, and then backfills."""

_THERE_ALREADY: Final = "Attempting to create an index which already exists"
_ONE_AT_A_TIME = (
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per "
    "table"
)
_KEY_LISTS = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


Changes = dict[tuple[str, Any], tuple[Any, Any, Any]]
"""By table name and item key: the table, and the item before and after the request."""


class _Now(threading.local):
    """State of the request that a thread is handling."""

    in_transaction = False
    changes: Changes | None = None
    """What the request wrote; None if nobody asks for it."""


_now = _Now()


class ValidationError(Exception):
    """The reason why a transaction's member is refused; moto uses this class's name as its code."""


@lru_cache(maxsize=1)
def learn_vectors() -> None:
    """Add vector indexes to moto's tables, for the whole process."""
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

    tables: Any = Table
    tables.vector_indexes = tables.searched_attributes = ()
    tables.describe = _describe(tables.describe)
    watch_writes(_refuse, _written)
    backends: Any = DynamoDBBackend
    for name in ("restore_table_from_backup", "restore_table_to_point_in_time"):
        setattr(backends, name, _restore(getattr(backends, name)))
    handlers: Any = DynamoHandler
    for name, teach in (
        ("create_table", _create_table),
        ("update_table", _update_table),
        ("delete_table", _delete_table),
        ("query", _read),
        ("scan", _read),
        ("put_item", _write),
        ("update_item", _write),
        ("delete_item", _write),
        ("batch_write_item", _write),
        ("transact_write_items", _write),
    ):
        setattr(handlers, name, _in_moto(teach(getattr(handlers, name))))


def _in_moto(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(method)
    def refusing(handler: Any) -> Any:
        from moto.core.exceptions import JsonRESTError

        try:
            return method(handler)
        except Refused as refused:
            kind = f"com.amazonaws.dynamodb.v20120810#{refused.code}"
            raise JsonRESTError(kind, str(refused)) from refused

    return refusing


def _describe(describe: Callable[..., dict[str, Any]]) -> Any:
    @wraps(describe)
    def described(table: Any, base_key: str = "TableDescription") -> dict[str, Any]:
        said = describe(table, base_key)
        if table.vector_indexes:
            said[base_key]["AttributeDefinitions"] = [*table.attr, *table.searched_attributes]
            said[base_key]["VectorIndexes"] = [index.describe() for index in table.vector_indexes]
            if any(index.phase == "allocating" for index in table.vector_indexes):
                said[base_key]["TableStatus"] = "UPDATING"
        return said

    return described


def _table(handler: Any, name: str) -> Any:
    """Return a table, or None so that moto can report that it does not exist."""
    from moto.dynamodb.exceptions import ResourceNotFoundException

    try:
        return handler.dynamodb_backend.get_table(name)
    except ResourceNotFoundException:
        return None


def _create_table(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(create)
    def created(handler: Any) -> Any:
        body = handler.body
        new = body.get("VectorIndexes") or ()
        for position, definition in enumerate(new, 1):
            check_index(definition, f"vectorIndexes.{position}.member")
        if not new:
            return create(handler)
        if _table(handler, body["TableName"]):
            raise Refused(f"Table already exists: {body['TableName']}", "ResourceInUseException")
        others = [index for field in _KEY_LISTS for index in body.get(field) or ()]
        check_names([*others, *new])
        defined = {each["AttributeName"]: each for each in body["AttributeDefinitions"]}
        check_indexes(new, (), body.get("BillingMode", "PROVISIONED"), defined)
        # moto rejects definitions of attributes that no key uses, and checks the types of the rest.
        keys = {
            element["AttributeName"]
            for holder in (body, *others)
            for element in holder["KeySchema"]
        }
        for_search = searched(new) - keys
        body["AttributeDefinitions"] = [
            each for name, each in defined.items() if name not in for_search
        ]
        create(handler)
        table = _table(handler, body["TableName"])
        table.searched_attributes = [defined[name] for name in sorted(for_search)]
        table.vector_indexes = [_index(table, definition) for definition in new]
        return _described(table)

    return created


def _index(
    table: Any, definition: dict[str, Any], seconds: tuple[float, float] = (0.0, 0.0)
) -> VectorIndex:
    return VectorIndex(definition, f"{table.table_arn}/index/{definition['IndexName']}", seconds)


def _described(table: Any) -> Any:
    from moto.dynamodb.responses import DynamoResult

    return DynamoResult(table.describe())


def _refuse_twice(table: Any, updates: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a global index whose name is taken; moto would answer with a different error."""
    names = {index.name for index in table.global_indexes}
    for change in updates:
        if change.get("Create", {}).get("IndexName") in names:
            raise Refused(_THERE_ALREADY)


def _update_table(update: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(update)
    def updated(handler: Any) -> Any:
        body = handler.body
        table, updates = _table(handler, body["TableName"]), body.get("VectorIndexUpdates") or ()
        if table is not None:
            _refuse_twice(table, body.get("GlobalSecondaryIndexUpdates") or ())
        if table is None or not (updates or table.vector_indexes):
            return update(handler)
        indexes = _updated_indexes(handler, table, updates)
        # A table keeps its attribute definitions; moto would keep only the new ones.
        known = (*table.attr, *table.searched_attributes)
        defined = {each["AttributeName"]: each for each in body.get("AttributeDefinitions") or ()}
        defined |= {each["AttributeName"]: each for each in known}
        update(handler)
        keys, table.vector_indexes = {*table.attribute_keys}, indexes
        for_search = {name for index in indexes for name in index.schema} - keys
        table.attr = [each for name, each in defined.items() if name in keys]
        table.searched_attributes = [each for name, each in defined.items() if name in for_search]
        return _described(table)

    return updated


def _updated_indexes(
    handler: Any, table: Any, updates: Sequence[Mapping[str, Any]]
) -> list[VectorIndex]:
    """Return the vector indexes of a table after an update."""
    billing = handler.body.get("BillingMode") or table.billing_mode
    if len(updates) > 1:
        raise Refused(_ONE_AT_A_TIME, "LimitExceededException")
    indexes = list(table.vector_indexes)
    for change in updates:
        if change.get("Create"):
            indexes.append(_added(handler, table, change["Create"], billing))
        elif change.get("Delete"):
            indexes.remove(_removable(table, change["Delete"]["IndexName"]))
    if indexes:
        check_indexes((), indexes, billing, ())
    return indexes


def _added(handler: Any, table: Any, definition: dict[str, Any], billing: str) -> VectorIndex:
    check_index(definition, "vectorIndexUpdates.1.member.create")
    if any(index.phase != "active" for index in table.vector_indexes):
        raise Refused(_ONE_AT_A_TIME, "LimitExceededException")
    name = definition["IndexName"]
    if any(index.name == name for index in (*table.all_indexes(), *table.vector_indexes)):
        raise Refused(f"Attempting to create a duplicate index: {name}")
    # DynamoDB wants each attribute of a new index defined in the request, even if the table has it.
    defined = [each["AttributeName"] for each in handler.body.get("AttributeDefinitions") or ()]
    check_indexes([definition], table.vector_indexes, billing, defined)
    return _index(table, definition, BACKFILL_SECONDS.get(table.account_id, (0.0, 0.0)))


def _removable(table: Any, name: str) -> VectorIndex:
    index: VectorIndex
    for index in table.vector_indexes:
        if index.name != name:
            continue
        if index.phase == "allocating":
            raise Refused(
                "Attempt to change a resource which is still in use: Index creation is in "
                "resource allocation phase. Retry deletion during backfilling phase or when the "
                f"index is active. Table: {table.name} Index: {name}",
                "ResourceInUseException",
            )
        return index
    raise Refused(f"Requested resource not found: Index: {name}", "ResourceNotFoundException")


def _delete_table(delete: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(delete)
    def deleted(handler: Any) -> Any:
        table = _table(handler, handler.body["TableName"])
        if table and any(index.phase != "active" for index in table.vector_indexes):
            raise Refused(
                "Attempt to change a resource which is still in use: Cannot delete table while "
                "indexes are being created, updated, or deleted.",
                "ResourceInUseException",
            )
        return delete(handler)

    return deleted


def _restore(restore: Callable[[Any, str, str], Any]) -> Callable[[Any, str, str], Any]:
    @wraps(restore)
    def restored(backend: Any, name: str, source: str) -> Any:
        table, backup = restore(backend, name, source), backend.backups.get(source)
        origin = backend.get_table(source) if backup is None else backup.table
        if origin.vector_indexes:
            table.billing_mode = origin.billing_mode
            table.searched_attributes = origin.searched_attributes
            table.vector_indexes = [
                _index(table, index.definition) for index in origin.vector_indexes
            ]
        return table

    return restored


def _read(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(read)
    def refusing(handler: Any) -> Any:
        table, name = _table(handler, handler.body["TableName"]), handler.body.get("IndexName")
        if table and any(index.name == name for index in table.vector_indexes):
            operation = read.__name__.capitalize()
            raise Refused(f"{operation} operation not supported on this index type")
        return read(handler)

    return refusing


def _refuse(table: Any, attributes: Any, by_expression: bool) -> None:
    """Refuse an item that does not fit an index of its table."""
    from moto.dynamodb.exceptions import MockValidationException

    if not table.vector_indexes:
        return
    defined = (*table.attr, *table.searched_attributes)
    types = {each["AttributeName"]: each["AttributeType"] for each in defined}
    for index in table.vector_indexes:
        fault = index.why_not(attributes, types, by_expression=by_expression)
        if fault:
            # The result of an update expression is known only once the transaction reaches it.
            in_doubt = by_expression and _now.in_transaction
            raise ValidationError(fault) if in_doubt else MockValidationException(fault)


def _written(table: Any, key: tuple[Any, Any], old: Any, new: Any) -> None:
    for index in table.vector_indexes:
        index.changed(key)
    if _now.changes is not None and table.vector_indexes:
        # Before moto updates an item that does not exist, it puts an empty one.
        _, first, _ = _now.changes.get((table.name, key), (table, old, new))
        _now.changes[table.name, key] = table, first, new


def _write(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap a write: refuse all of it if one item does not fit, and report costs of indexes."""

    @wraps(write)
    def written(handler: Any) -> Any:
        for name, item in _puts(handler.body):
            table = _table(handler, name)
            if table:
                _refuse(table, item, False)
        asked = handler.body.get("ReturnConsumedCapacity") == "INDEXES"
        changes: Changes = {}
        _now.changes = changes if asked else None
        _now.in_transaction = "TransactItems" in handler.body
        try:
            answer = write(handler)
        finally:
            _now.changes, _now.in_transaction = None, False
        costs: dict[str, dict[str, float]] = {}
        for table, old, new in changes.values():
            for index in table.vector_indexes:
                size = index.cost_of(table, old, new)
                if size is not None:
                    of_table = costs.setdefault(table.name, {})
                    of_table[index.name] = of_table.get(index.name, 0.0) + size
        several = "TableName" not in handler.body
        for name, sizes in costs.items():
            entry: dict[str, Any] = {"TableName": name}
            if several:
                entries = answer.result.setdefault("ConsumedCapacity", [])
                entry = next((each for each in entries if each["TableName"] == name), entry)
                if entry not in entries:
                    entries.append(entry)
            else:
                entry = answer.result.setdefault("ConsumedCapacity", entry)
            entry["VectorIndexes"] = {
                index: {"VectorWriteRequestBytes": size} for index, size in sizes.items()
            }
        return answer

    return written


def _puts(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the items that a batch or a transaction puts, with their tables."""
    puts = [
        (name, request["PutRequest"]["Item"])
        for name, requests in (body.get("RequestItems") or {}).items()
        for request in requests
        if "PutRequest" in request
    ]
    members = (member.get("Put") for member in body.get("TransactItems") or ())
    return puts + [(put["TableName"], put["Item"]) for put in members if put]
