"""How a write changes values that are stored outside their item, as requests.

A write is sent as if the stored item had no manifest, on the condition that it has none. If the
condition fails, the refusal shows the manifest, and the next attempt is conditional on that one.
The parts that the write gives up are deleted in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from leyden._attrs import field, frozen
from leyden.errors import InvalidExpressionError, ItemTooLargeError
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.overflow.format import (
    TRANSACTION_BYTES,
    TRANSACTION_LIMIT,
    Entry,
    Layout,
    Packing,
    arrange,
    as_they_are,
    delete_parts,
    part_keys,
    part_lifetimes,
    read_manifest,
    sort_field_of,
    write_manifest,
)
from leyden.operations.companions.unique import Effect
from leyden.operations.plan import expressions
from leyden.operations.plan.expressions import (
    Expressions,
    conjunction,
    item_size,
    request_size,
    require,
)
from leyden.operations.plan.steps import Step, UpdateExpression
from leyden.program import AttributeValue, Item, Params
from leyden.schema.spec import OVERFLOW_FIELD


@frozen
class OverflowChange:
    """What a write does to the values that may be stored outside their item.

    `sets` are set, `defaults` are set where there is no value, `removes` are removed. `opened` are
    fields that change inside, so that their new value is unknown here. `update` has the other
    clauses of an update.
    """

    kind: Literal["create", "replace", "change", "delete"]
    effect: Effect = field(repr=False)
    sets: Item = field(factory=dict, repr=False)
    defaults: Item = field(factory=dict, repr=False)
    removes: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    update: UpdateExpression | None = field(default=None, repr=False)
    packing: Packing = field(factory=Packing, repr=False, eq=False)

    @property
    def needs_reading(self) -> bool:
        """Whether the values alone are too large, and the rest of the item is unknown."""
        return self.kind == "change" and self.is_large()

    def is_large(self, item: Item | None = None) -> bool:
        """Whether the values of the `item` that is put, or the changed ones, are too large."""
        given = {**self.defaults, **self.sets} if item is None else item
        return item_size(given) > expressions.ITEM_LIMIT


@frozen
class OverflowPlan:
    """A write with its values laid out: its own parameters, and the writes of parts."""

    params: Params
    siblings: tuple[Params, ...]
    relied: Mapping[str, AttributeValue | None] = field(repr=False)
    """Fields of the stored item, and their required values; None for absent ones."""

    def is_over(self, stored: Item | None) -> bool:
        """Whether the stored item is as the write assumes."""
        return all((stored or {}).get(name) == value for name, value in self.relied.items())


@frozen
class Stored:
    """What is known of the stored item; `is_read` is False where nothing is."""

    item: Item | None = field(default=None, repr=False)
    is_read: bool = False
    refusals: int = 0
    """How often DynamoDB said that the item would be too large."""

    @property
    def spare(self) -> int:
        """The bytes to leave free, because DynamoDB measures differently from Leyden."""
        return min(_SPARE * 8 ** (self.refusals - 1), _MOST_SPARE) if self.refusals else 0

    @property
    def manifest(self) -> AttributeValue | None:
        """The manifest as it is stored."""
        return (self.item or {}).get(OVERFLOW_FIELD)


UNKNOWN: Final = Stored()
_SPARE: Final = 4096
_MOST_SPARE: Final = 256 * 1024


class OverflowClauses:
    """Takes the fields that may be stored outside out of an update, while it is built."""

    __slots__ = ("_fields", "defaults", "opened", "removes", "sets")

    def __init__(self, entity: BoundEntity) -> None:
        self._fields = entity.mapping.overflow
        self.sets: Item = {}
        self.defaults: Item = {}
        self.removes: set[str] = set()
        self.opened: set[str] = set()

    def set(self, name: str, value: AttributeValue, *, once: bool = False) -> bool:
        """Take a field that is set; with `once`, only where the item has none.

        Returns False for any other field.
        """
        if name not in self._fields:
            return False
        (self.defaults if once else self.sets)[name] = value
        return True

    def remove(self, name: str) -> bool:
        """Take a field that is removed. Returns False for any other field."""
        if name not in self._fields:
            return False
        self.removes.add(name)
        return True

    def step(self, step: Step) -> bool:
        """Take a step on a whole field, or note one inside it. Returns whether it was taken."""
        name = step.segments[0].partition("[")[0]
        if name not in self._fields:
            return False
        if step.is_root and step.operator == "remove":
            return self.remove(name)
        if step.is_root and step.operator == "if_not_exists" and step.encoded is not None:
            return self.set(name, step.encoded, once=True)
        self.opened.add(name)
        return False


def overflow_of_update(
    entity: BoundEntity,
    clauses: OverflowClauses,
    update: UpdateExpression,
    effect: Effect,
    steps: Iterable[Step],
) -> OverflowChange | None:
    """Return what an update does to values outside and to time to live; None for nothing."""
    known = {*effect.sets, *effect.defaults, *effect.removes}
    stepped = {step.segments[0].partition("[")[0] for step in steps}
    lifetimes = entity.lifetimes & (known | stepped)
    opened = frozenset(clauses.opened) | (lifetimes - known)
    if not (clauses.sets or clauses.defaults or clauses.removes or opened or lifetimes):
        return None
    removes = frozenset(clauses.removes)
    return OverflowChange("change", effect, clauses.sets, clauses.defaults, removes, opened, update)


def lay_out(
    entity: BoundEntity, key: Item, params: Params, change: OverflowChange, stored: Stored
) -> OverflowPlan:
    """Return the write over what is known of the stored item.

    Raises InvalidExpressionError for a change inside a value that is stored outside, and
    ItemTooLargeError where one transaction cannot hold all that must be written together.
    """
    old = read_manifest(stored.item)
    plan = (_changed if change.kind == "change" else _replaced)(
        entity, key, params, change, stored, old
    )
    if not plan.siblings:
        return plan
    count = 1 + len(plan.siblings)
    bodies = (body for part in plan.siblings for body in part.values())
    found, limit, what = sum(map(request_size, [plan.params, *bodies])), TRANSACTION_BYTES, "bytes"
    if count > TRANSACTION_LIMIT:
        found, limit, what = count, TRANSACTION_LIMIT, "operations"
    if found > limit:
        raise ItemTooLargeError(
            f"the item and the compressed parts of its large values come to {found:,} {what}, and "
            f"DynamoDB takes at most {limit:,} in a transaction",
            size=found,
            limit=limit,
            entity=entity.spec.entity,
        )
    return plan


def _replaced(
    entity: BoundEntity,
    key: Item,
    params: Params,
    change: OverflowChange,
    stored: Stored,
    old: Mapping[str, Entry],
) -> OverflowPlan:
    """Lay out a put, a create or a delete, after which nothing of the old item remains."""
    body = dict(params)
    siblings: list[Params] = []
    table = params["TableName"]
    if change.kind != "delete":
        whole: Item = params["Item"]
        values = {name: value for name, value in whole.items() if name in entity.mapping.overflow}
        rest = {name: value for name, value in whole.items() if name not in values}
        lifetimes = {name: rest[name] for name in entity.lifetimes if name in rest}
        others = item_size(rest) + stored.spare
        layout = arrange(entity, key, values, others, lifetimes, change.packing)
        # The order is kept, so that an item with small values stays the same byte for byte.
        body["Item"] = {
            name: layout.inside.get(name, value)
            for name, value in whole.items()
            if name not in values or name in layout.inside
        }
        if layout.entries:
            body["Item"][OVERFLOW_FIELD] = write_manifest(layout.entries)
        siblings += _puts(layout, table)
    if change.kind == "create":
        return OverflowPlan(body, tuple(siblings), {})
    manifest = stored.manifest
    body = require(body, lambda expressions: expressions.unchanged(OVERFLOW_FIELD, manifest))
    siblings += delete_parts(entity, key, old.values(), table)
    return OverflowPlan(body, tuple(siblings), {OVERFLOW_FIELD: manifest})


def _changed(
    entity: BoundEntity,
    key: Item,
    params: Params,
    change: OverflowChange,
    stored: Stored,
    old: Mapping[str, Entry],
) -> OverflowPlan:
    """Lay out an update, which keeps what it does not touch, inside and outside."""
    _refuse_opened(entity, change, old)
    table = params["TableName"]
    assert change.update is not None
    expressions = Expressions.of(params)
    update = change.update.copy_onto(expressions)
    held = stored.item or {}
    kept = {name for name in change.defaults if name in held or name in old}
    defaults = {name: v for name, v in change.defaults.items() if name not in kept}
    layout = _layout(entity, key, change, stored, {**defaults, **change.sets})
    conditions = _settled_defaults(change, stored, layout, kept, expressions)
    is_settled = stored.is_read and bool(layout.entries)
    for name, value in layout.inside.items():
        if name in defaults and not is_settled:
            update.set_if_absent(name, value)
        else:
            update.set(name, value)
    touched = {*change.sets, *change.removes, *(defaults if stored.is_read else ())}
    for name in sorted(touched - layout.inside.keys()):
        update.remove(name)
    left = {name: entry for name, entry in old.items() if name not in touched}
    _set_manifest(update, {**left, **layout.entries}, old)
    given_up = [entry for name, entry in old.items() if name in touched]
    moved = _moved_lifetimes(entity, key, change, held, left.values(), table)
    relied = {OVERFLOW_FIELD: stored.manifest}
    if stored.is_read:
        relied.update({name: held.get(name) for name in change.defaults})
    if layout.parts or moved:
        # The item must still have the time to live that the parts were given.
        told = entity.lifetimes - change.effect.sets.keys() - change.effect.removes
        conditions += [expressions.unchanged(name, held.get(name)) for name in sorted(told)]
        relied.update({name: held.get(name) for name in entity.lifetimes})
    siblings = (*_puts(layout, table), *delete_parts(entity, key, given_up, table), *moved)
    body = {**params, "UpdateExpression": update.text()}
    manifest = expressions.unchanged(OVERFLOW_FIELD, stored.manifest)
    texts = [params.get("ConditionExpression", ""), *conditions, manifest]
    body["ConditionExpression"] = conjunction(texts)
    expressions.write_to(body)
    return OverflowPlan(body, siblings, relied)


def _settled_defaults(
    change: OverflowChange, stored: Stored, layout: Layout, kept: set[str], expressions: Expressions
) -> list[str]:
    """Return conditions that values set only where there are none exist, or not, as read.

    A value outside has no field of its own, so no update clause can test for it.
    """
    held = stored.item or {}
    return [
        f"attribute_{'exists' if name in held else 'not_exists'}({expressions.name(name)})"
        for name in change.defaults
        if stored.is_read and (layout.entries or name in kept)
    ]


def _set_manifest(
    update: UpdateExpression, entries: Mapping[str, Entry], old: Mapping[str, Entry]
) -> None:
    if entries and entries != old:
        update.set(OVERFLOW_FIELD, write_manifest(entries))
    elif old and not entries:
        update.remove(OVERFLOW_FIELD)


def _layout(
    entity: BoundEntity, key: Item, change: OverflowChange, stored: Stored, values: Item
) -> Layout:
    """Return where an update's values go: inside, unless they are known to be too large."""
    if item_size(values) <= expressions.ITEM_LIMIT and not stored.refusals:
        return as_they_are(values)
    assert change.update is not None
    held = dict(stored.item or key)
    for name in (*values, *change.removes):
        held.pop(name, None)
    held.update(change.update.assigned)
    others = item_size(held) + change.update.grown + stored.spare
    after = change.effect.after(stored.item)
    lifetimes = {name: after[name] for name in entity.lifetimes if name in after}
    return arrange(entity, key, values, others, lifetimes, change.packing)


def _refuse_opened(entity: BoundEntity, change: OverflowChange, old: Mapping[str, Entry]) -> None:
    """Raise InvalidExpressionError for a step inside a value that is not stored plainly."""
    names = {spec.field: name for name, spec in entity.spec.attributes.items()}
    outside = any(entry.parts for entry in old.values())
    for opened in sorted(change.opened):
        if opened in old or (opened in entity.lifetimes and outside):
            why = (
                f'"{names[opened]}" of the stored item is compressed, because it was too large, so '
                "it cannot be changed inside"
                if opened in old
                else "the item has large values outside, whose time to live follows its "
                f'"{names[opened]}", and the value of that after this step is unknown here'
            )
            raise InvalidExpressionError(
                f"{why}; give the whole new value with .set(). Nothing was changed",
                entity=entity.spec.entity,
            )


def _puts(layout: Layout, table: str) -> list[Params]:
    return [{"Put": {"TableName": table, "Item": item}} for item in layout.parts]


def _moved_lifetimes(
    entity: BoundEntity,
    key: Item,
    change: OverflowChange,
    held: Item,
    entries: Iterable[Entry],
    table: str,
) -> list[Params]:
    """Return the updates that give the remaining parts the item's new time to live."""
    after = change.effect.after(held)
    moved = {
        name: after.get(name) for name in entity.lifetimes if after.get(name) != held.get(name)
    }
    if not moved:
        return []
    expressions = Expressions()
    update = UpdateExpression(expressions)
    for name, value in moved.items():
        if value is None:
            update.remove(name)
        else:
            update.set(name, part_lifetimes({name: value})[name])
    body: Params = {"TableName": table, "UpdateExpression": update.text()}
    # Without this, updating a part that is gone would create an item.
    sort = sort_field_of(entity)
    body["ConditionExpression"] = f"attribute_exists({expressions.name(sort)})"
    expressions.write_to(body)
    keys = (part for entry in entries for part in part_keys(key, sort, entry))
    return [{"Update": {**body, "Key": part}} for part in keys]


def overflow_notes(entity: BoundEntity, change: OverflowChange | None) -> tuple[str, ...]:
    """Say what large values mean for a write."""
    if change is None:
        return ()
    names = [name for name, spec in entity.spec.attributes.items() if spec.overflow]
    quoted = ", ".join(f'"{name}"' for name in names)
    if change.kind == "create":
        return (f"a {quoted} too large for the item is spread over items of its own",)
    return (
        f"where a {quoted} is too large for the item, or the stored one is spread, it becomes a "
        "transaction with the items that hold the parts",
    )
