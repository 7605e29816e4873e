"""The write capacity units that a write costs, computed before it is sent.

DynamoDB charges one unit for each started KB of an item, and as much again for each index that
holds it. An index whose key changes costs twice: the old entry is deleted and a new one is put. A
transaction doubles all of this. The size of what an update leaves alone is unknown here, so an
update's cost is that of an item of one KB, and an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from leyden.operations.bound import BoundEntity
from leyden.operations.companions.unique import touched_by
from leyden.operations.plan.expressions import item_size
from leyden.operations.plan.writes import WritePlan, resolve
from leyden.program import Item, Params
from leyden.results import WriteCost

_WRITE_UNIT: Final = 1024
"""The bytes of an item that one write capacity unit pays for."""

_MOVED: Final = 2
"""The units of an index entry whose key changes: one entry is deleted, one is put."""

_CLAUSE: Final = re.compile(r"\b(SET|REMOVE|ADD|DELETE) ")
_ROOT: Final = re.compile(r"(?<![.\w])#\w+")
"""A whole field, not a path inside one."""


def write_units(size: int) -> int:
    """Return the write capacity units of an item or index entry of this many bytes."""
    return max(1, -(-size // _WRITE_UNIT))


def total_of(costs: Sequence[WriteCost | None]) -> str | None:
    """Return in words what a transaction's writes cost together; None where one is unknown."""
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    # An exact cost leaves the bound of the others; one from below and one from above leave none.
    bounds = {cost.bound for cost in known} - {"exact"}
    bound = "about" if len(bounds) > 1 else "".join(bounds)
    return f"{bound} {sum(cost.units for cost in known)} write units".lstrip()


def cost_of(plan: WritePlan) -> WriteCost | None:
    """Return what a write costs; None while a migration decides what else it writes."""
    entity = plan.entity
    if entity.moving is not None:
        return None
    resolved = resolve(plan)
    accompanying = [*(guard.part for guard in resolved.guards), *resolved.siblings]
    unread = _unread_guards(plan)
    others = sum(map(_units_of_part, accompanying)) + unread
    in_transaction = resolved.is_accompanied or unread > 0
    match plan.entry._part:
        case "Put":
            item: Item = resolved.params["Item"]
            return WriteCost(
                write_units(item_size(item)),
                {name: write_units(item_size(entry)) for name, entry in _entries(entity, item)},
                others,
                in_transaction,
                "exact" if plan.asked.needs == "no item" else "at least",
            )
        case "Update":
            indexes = dict(_changed(entity, resolved.params))
        case "Delete":
            indexes = {name: 1 for name, _ in _indexes(entity)}
        case _:
            return WriteCost(1, in_transaction=True, bound="at most")
    return WriteCost(1, indexes, others, in_transaction, "at most")


def _unread_guards(plan: WritePlan) -> int:
    """Count the guards of a write that are unknown until its item is read."""
    effect, entity = plan.effect, plan.entity
    if effect is None or plan.why_read is None:
        return 0
    if effect.kind == "change":
        return 2 * len(touched_by(entity, effect))
    return (1 if effect.kind == "delete" else 2) * len(entity.spec.unique)


def _units_of_part(part: Params) -> int:
    ((_, body),) = part.items()
    return write_units(item_size(body.get("Item", {})))


def _indexes(entity: BoundEntity) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the access patterns that use an index, each with the fields of its key."""
    own = {*entity.key_fields}
    for name, keys in entity.keys.items():
        if keys.spec.index:
            yield name, frozenset(entity.positions[name]) - own


def _entries(entity: BoundEntity, item: Item) -> Iterator[tuple[str, Item]]:
    """Yield what each index holds of an item."""
    for name, key in _indexes(entity):
        if key <= item.keys():
            held = entity.held[name]
            yield name, item if held is None else {n: item[n] for n in held if n in item}


def _changed(entity: BoundEntity, params: Params) -> Iterator[tuple[str, int]]:
    """Yield the access patterns whose entries an update may change, with the units of each."""
    # An update sets its own key and identifiers again, which changes no entry.
    spec = entity.spec
    same = {spec.attributes[name].field for name in entity.keys.primary.composites}
    same |= {*entity.identifiers}
    set_: set[str] = set()
    removed: set[str] = set()
    _, *clauses = _CLAUSE.split(params["UpdateExpression"])
    for verb, text in zip(clauses[::2], clauses[1::2], strict=True):
        fields = {params["ExpressionAttributeNames"][found] for found in _ROOT.findall(text)}
        (removed if verb == "REMOVE" else set_).update(fields - same)
    for name, key in _indexes(entity):
        held = entity.held[name]
        if key & set_:
            yield name, _MOVED
        elif key & removed or held is None or held & (set_ | removed):
            yield name, 1
