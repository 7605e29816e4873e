"""Updates that begin with a record: what it changes, and which stored values it shows.

`patch(record, weight=4)` and `patch(attrs.evolve(record, weight=4))` are the same update. A record
that came from a read knows which attributes the caller has set since, and shows the other values
that index keys and derived attributes need. A record that the caller constructed, such as the body
of a request, never came from a read: it sets every attribute that it was constructed with, and says
nothing about the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from leyden.errors import ReadOnlyAttributeError
from leyden.mapping.handmade import replaced
from leyden.mapping.lack import Lack, lack_of
from leyden.operations.bound import BoundEntity, error_context
from leyden.operations.companions.versions import (
    Expectation,
    refuse_counted,
    version_seen_in,
)
from leyden.operations.plan.known import telling
from leyden.operations.plan.steps import is_operand
from leyden.schema.spec import AttributeSpec
from leyden.service.given import copied_values, key_of, root_of_place


class Changes(NamedTuple):
    """The parts of an update that begins with a record."""

    key: Mapping[str, Any]
    expected: Expectation | None
    sets: Mapping[str, Any]
    removes: tuple[str, ...]
    seen: Mapping[str, Any]
    """Values as they were read, which index keys and derived attributes may need."""
    known: Mapping[str, Any]
    """Values that the stored item must have: read-only attributes that the record shows."""


def changes_of(
    entity: BoundEntity, verb: str, record: Any, named: Mapping[str, Any] | None = None
) -> Changes:
    """Return the changes in a record and those in `named`, where None removes an attribute.

    Raises ReadOnlyAttributeError if the key would change or the version is missing,
    UnknownAttributeError, ValidationError.
    """
    with error_context(entity.operation(verb), entity):
        named = named or {}
        own = entity.keys.primary.composites
        key = key_of(entity, verb, record, {n: v for n, v in named.items() if n in own})
        _refuse_moving(entity, record, key, named.keys())
        record, direct = _with_named(
            entity, record, {n: v for n, v in named.items() if n not in own}
        )
        lack = lack_of(record) or Lack()
        sets = {n: getattr(record, s) for n, s in entity.mapping.slots.items() if s in lack.changed}
        sets = {name: value for name, value in sets.items() if name not in own}
        known: dict[str, Any] = {}
        version = entity.spec.version_attribute
        if version is not None and sets.pop(version, lack) is None and not lack.made:
            # Without the version that was read, the write could not detect a concurrent change.
            refuse_counted(entity, [version])
        if lack.made:
            sets, known = _of_made(entity, sets)
        sets |= direct
        return Changes(
            key,
            version_seen_in(entity, record),
            copied_values({name: value for name, value in sets.items() if value is not None}),
            tuple(name for name, value in sets.items() if value is None),
            {} if lack.made else _seen_in(entity, record, lack),
            known,
        )


def are_changes(entity: BoundEntity, more: tuple[Any, ...]) -> bool:
    """Return whether the arguments after a record are one mapping or record of changes, or none."""
    return len(more) < 2 and all(isinstance(m, Mapping | entity.mapping.record) for m in more)


def changes_in(entity: BoundEntity, given: Any) -> dict[str, Any]:
    """Return the changes in a mapping of attributes, or in a record that a caller changed."""
    if isinstance(given, Mapping):
        return dict(given)
    changed = (lack_of(given) or Lack()).changed
    slots = entity.mapping.slots.items()
    return {name: getattr(given, slot) for name, slot in slots if slot in changed}


def _refuse_moving(entity: BoundEntity, record: Any, key: Mapping[str, Any], named: Any) -> None:
    """Raise ReadOnlyAttributeError if the update would give the item another key."""
    mapping, lack = entity.mapping, lack_of(record) or Lack()
    for name in entity.keys.primary.composites:
        slot = mapping.slots.get(name)
        shown = None if slot is None else getattr(record, slot, None)
        if shown is None and slot not in lack.changed:
            continue
        moved = slot in lack.changed and not lack.made
        if name in named and not moved:
            moved = mapping.accept({name: key[name]}) != mapping.accept({name: shown})
        if moved:
            raise ReadOnlyAttributeError(
                f'"{name}" is part of the item\'s own key and cannot be changed; write a new '
                "item and delete this one",
                path=name,
                entity=entity.spec.entity,
            )


def _with_named(
    entity: BoundEntity, record: Any, named: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Return the record with the named values set, and the values that a record cannot hold."""
    slots = entity.mapping.slots
    for name in named:
        if name not in entity.spec.attributes:
            raise entity.mapping.unknown(name)
    direct = {n: v for n, v in named.items() if n not in slots or is_operand(v)}
    shown = {slots[n]: value for n, value in named.items() if n not in direct}
    return (replaced(record, shown) if shown else record), direct


def _of_made(entity: BoundEntity, sets: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a record constructed by a caller sets, and the values that must match.

    A client may send back a body that it read from this service, with values that callers do not
    set. Values that every write makes anew are ignored, as in a put. Values that are set once must
    match the stored ones.
    """
    attributes = entity.spec.attributes
    made = {
        n for n in sets if attributes[n].derive is not None or attributes[n].on_write is not None
    }
    once = {n for n in sets if attributes[n].read_only and n not in made}
    known = {
        name: sets[name]
        for name in once
        if sets[name] is not None and _is_compared(attributes[name], sets[name])
    }
    return {n: value for n, value in sets.items() if n not in made and n not in once}, known


def _seen_in(entity: BoundEntity, record: Any, lack: Lack) -> dict[str, Any]:
    """Return the values that the record shows unchanged and that the update may need."""
    mapping = entity.mapping
    veiled = {*map(root_of_place, lack.inside), *lack.reworked}
    found = {}
    for name in telling(mapping):
        slot = mapping.slots.get(name)
        if slot is None or slot in lack.changed or name in veiled:
            continue
        if lack.read is not None and slot not in lack.read:
            continue
        value = getattr(record, slot)
        if _is_compared(entity.spec.attributes[name], value):
            found[name] = value
    return copied_values(found)


def _is_compared(spec: AttributeSpec, value: Any) -> bool:
    """Return whether a condition can compare the value with the stored one, as in `composite()`."""
    return not spec.overflow and (value is None or not spec.encrypt)
