"""Deleting parts whose items are gone, which writers that know of no parts leave behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

from leyden._attrs import field, frozen
from leyden.errors import AwsError, InputError
from leyden.operations.bound import BoundEntity, ItemId, item_id
from leyden.operations.companions.overflow.format import (
    OVERFLOW_SUFFIX,
    OWNER_FIELD,
    TRANSACTION_LIMIT,
    asking_manifests,
    part_keys,
    read_manifest,
    sort_field_of,
)
from leyden.operations.options import DEFAULT
from leyden.operations.plan.expressions import Expressions
from leyden.operations.run.cursor import read_cursor, write_cursor
from leyden.operations.run.sending import chunks, send_all, settle
from leyden.operations.run.verdicts import (
    CONDITION_FAILED,
    cancellation,
    send_transaction,
)
from leyden.program import (
    AttributeValue,
    Item,
    Params,
    Program,
    Request,
)
from leyden.results import BatchResult, add_units, consumed_units
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD

_GET_LIMIT: Final = 100


@frozen
class Sweep:
    """The progress of a sweep: how many parts were checked, and how many were deleted.

    A part is deleted if no item names it. `cursor` is where to continue; None at the end of the
    table. `consumed` is in capacity units.
    """

    checked: int
    deleted: int
    cursor: str | None
    consumed: float | None


def sweep_overflow(
    entity: BoundEntity,
    *,
    cursor: str | None = None,
    pages: int | None = None,
    progress: Callable[[Sweep], object] | None = None,
) -> Program[Sweep]:
    """Delete the parts that no item names, page after page of a scan.

    It is safe beside writers: no later write names a part again that its item no longer names, and
    each deletion is conditional on the manifest that was read. `cursor` continues after an earlier
    sweep, `pages` ends this one after so many pages, and `progress` is called after each page.
    Raises InputError where the entity has no `overflow`.
    """
    name = entity.operation("sweep_overflow")
    if not entity.mapping.overflow:
        raise InputError(
            f'"{entity.spec.entity}" has no attributes with `overflow`',
            operation=name,
            entity=entity.spec.entity,
        )
    params = _scan(entity)
    position = None if cursor is None else read_cursor(cursor, params, entity.key_fields)
    done = Sweep(0, 0, cursor, None)
    turned = 0
    while True:
        start = {} if position is None else {"ExclusiveStartKey": position}
        response = yield Request("Scan", {**params, **start}, name, entity.spec.entity)
        turned += 1
        position = response.get("LastEvaluatedKey") or None
        parts: list[Item] = response.get("Items", [])
        found, looked = yield from _orphans(entity, parts, name)
        consumed = add_units(consumed_units(response), looked)
        deleted = 0
        for orphans in found:
            count, cost = yield from _delete(entity, orphans, name)
            deleted, consumed = deleted + count, add_units(consumed, cost)
        done = Sweep(
            done.checked + len(parts),
            done.deleted + deleted,
            None if position is None else write_cursor(position, params),
            add_units(done.consumed, consumed),
        )
        if progress is not None:
            progress(done)
        if position is None or turned == pages:
            return done


def _scan(entity: BoundEntity) -> Params:
    expressions = Expressions()
    asked = [*entity.key_fields, OWNER_FIELD]
    params: Params = {
        "TableName": entity.table,
        "ConsistentRead": True,
        "FilterExpression": expressions.equal(
            ENTITY_FIELD, {"S": f"{entity.spec.entity}{OVERFLOW_SUFFIX}"}
        ),
        "ProjectionExpression": ", ".join([expressions.name(one) for one in asked]),
    }
    expressions.write_to(params)
    return params


@frozen
class _Orphans:
    """The keys of parts that their owner does not name, and its manifest when it was read."""

    owner: Item = field(repr=False)
    manifest: AttributeValue | None = field(repr=False)
    parts: list[Item] = field(repr=False)


def _orphans(
    entity: BoundEntity, parts: Sequence[Item], name: str
) -> Program[tuple[list[_Orphans], float | None]]:
    """Return the parts that their items, read after them, do not name."""
    table, sort = entity.table, sort_field_of(entity)
    found: dict[ItemId, _Orphans] = {}
    for part in parts:
        owner = part[OWNER_FIELD]["M"]
        orphans = found.setdefault(item_id(table, owner), _Orphans(owner, None, []))
        orphans.parts.append({name: part[name] for name in owner})
    asking = asking_manifests(entity.key_fields)
    owners = [orphans.owner for orphans in found.values()]
    bodies = [
        {"RequestItems": {table: {**asking, "Keys": list(some)}}}
        for some in chunks(owners, _GET_LIMIT)
    ]
    options = DEFAULT
    sent = yield from send_all("BatchGetItem", name, bodies, options, left_in="UnprocessedKeys")
    left = tuple(key for one in sent.unprocessed for e in one.values() for key in e["Keys"])
    settle(sent, BatchResult((), left, sent.consumed, sent.requests), options, name)
    for response in sent.responses:
        for item in response.get("Responses", {}).get(table, ()):
            key = {one: value for one, value in item.items() if one != OVERFLOW_FIELD}
            owner = item_id(table, key)
            named = {
                item_id(table, own)
                for entry in read_manifest(item).values()
                for own in part_keys(key, sort, entry)
            }
            left_over = [own for own in found[owner].parts if item_id(table, own) not in named]
            found[owner] = _Orphans(key, item.get(OVERFLOW_FIELD), left_over)
    return [orphans for orphans in found.values() if orphans.parts], sent.consumed


def _delete(entity: BoundEntity, orphans: _Orphans, name: str) -> Program[tuple[int, float | None]]:
    """Delete parts if their owner still does not name them. Returns their number and the cost.

    A transaction that is only partly visible yet may be about to name them. This transaction then
    waits for that one.
    """
    deleted, consumed = 0, None
    expressions = Expressions()
    condition = expressions.unchanged(OVERFLOW_FIELD, orphans.manifest)
    body: Params = {
        "TableName": entity.table,
        "Key": orphans.owner,
        "ConditionExpression": condition,
    }
    expressions.write_to(body)
    check = {"ConditionCheck": body}
    for some in chunks(orphans.parts, TRANSACTION_LIMIT - 1):
        deletes = [{"Delete": {"TableName": entity.table, "Key": key}} for key in some]
        params = {"TransactItems": [check, *deletes], "ClientRequestToken": str(uuid4())}
        request = Request("TransactWriteItems", params, name, entity.spec.entity)
        try:
            response, _ = yield from send_transaction(request)
        except AwsError as error:
            reasons = cancellation(error)
            if not reasons or reasons[0].get("Code") != CONDITION_FAILED:
                raise
            # Its item was written meanwhile; the next sweep checks again.
            break
        deleted += len(some)
        consumed = add_units(consumed, consumed_units(response))
    return deleted, consumed
