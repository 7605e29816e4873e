"""The clauses of a write that changes a part of an item: of an update, and of an upsert.

Both go one way. What the caller sets and removes, with what hooks and derivations make of it, are
*values*; with what is known of the rest of the item they decide the *keys* of the indexes; both
together are the *clauses* of one UpdateExpression. Large values are kept out of these: what becomes
of them depends on the stored item. Last comes the *effect*, for what else may go with the write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from leyden._attrs import field, frozen
from leyden.operations.bound import BoundEntity
from leyden.operations.index_keys import NO_CHANGES, KeyChanges
from leyden.operations.overflow.writing import Apart
from leyden.operations.update_expression import UpdateExpression
from leyden.operations.update_steps import Step
from leyden.operations.versions import version_field
from leyden.program import Item


@frozen(slots=False)
class PartChange:
    """What a write changes of an item.

    It sets `fields`, those in `once` only where the item does not have them, and takes `removes`
    away; `steps` are all else, on amounts and on paths inside of attributes.
    """

    fields: Item = field(repr=False)
    steps: tuple[Step, ...]
    removes: Iterable[str] = ()
    once: Collection[str] = ()
    keys: KeyChanges = NO_CHANGES


def write_clauses(
    entity: BoundEntity,
    update: UpdateExpression,
    apart: Apart,
    change: PartChange,
    *,
    steps_first: bool,
) -> None:
    """Write a change into an update; `apart` takes what may be stored outside of the item."""
    if steps_first:
        _write_steps(update, apart, change)
    update.set_all(change.fields, change.once)
    for name, value in change.keys.begin.items():
        update.set_if_absent(name, value)
    for name in change.removes:
        if not apart.remove(name):
            update.remove(name)
    if not steps_first:
        _write_steps(update, apart, change)
    counted = version_field(entity)
    if counted is not None:
        update.count(counted)


def _write_steps(update: UpdateExpression, apart: Apart, change: PartChange) -> None:
    for step in change.steps:
        name = step.segments[0]
        if step.operator == "set" and step.is_root:
            # It is among the fields.
            continue
        if name in change.once:
            assert step.encoded is not None
            if not apart.set_if_absent(name, step.encoded):
                update.set_if_absent(name, step.encoded)
        elif apart.step(step) or (step.operator == "remove" and name in change.keys.set):
            # Where the field is a key's own, its text stays, without the value.
            continue
        else:
            update.add_step(step)


def defaults_of(steps: Iterable[Step]) -> Item:
    """The fields that steps set where the item has none."""
    return {
        step.segments[0]: step.encoded
        for step in steps
        if step.operator == "if_not_exists" and step.is_root and step.encoded is not None
    }
