"""Records that callers construct or change: they are checked like writes, and know their changes.

A record that was read shows what is stored. A record made from it with `attrs.evolve`,
`copy.replace` or `patch(record, weight=4)` also shows new values, and a patch sends just those. Its
class says which slots changed (`Lack.changed`), so reading a page costs nothing for it.

`attrs.evolve` passes all values of a record to its class: changed ones under the names that the
caller wrote, others under the names of `attrs.fields`. These names are instances of a class of
their own, `Kept`, by which the constructor tells unchanged values from changed ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import FrameType
from typing import Any, Final

from leyden._attrs import evolve
from leyden._text import did_you_mean
from leyden.errors import ArgumentError, LeydenError
from leyden.mapping.lack import part_class, root_of

_ABSENT: Final = object()


class Kept(str):
    """The name under which `attrs.evolve` passes a value that its caller does not change."""

    __slots__ = ()


def make(record: Any, given: Mapping[str, Any], caller: FrameType | None) -> None:
    """Set the slots of a new record, from a caller's values or from a record that is evolved.

    Raises ArgumentError for a name that is not an attribute, ValidationError.
    """
    kept = {slot for slot in given if slot.__class__ is Kept}
    if not kept:
        _settle(record, given, given, None, made=True)
        return
    named = {slot: value for slot, value in given.items() if slot not in kept}
    before = _evolved(type(record), {slot: given[slot] for slot in kept}, caller)
    _settle(record, given, named, before)


def replaced(record: Any, changes: Mapping[str, Any]) -> Any:
    """Return a copy of a record with other values in some slots; None for no value.

    Raises ArgumentError for a name that is not an attribute, ValidationError.
    """
    kind = type(record)
    found = object.__new__(kind)
    _settle(found, {**state_of(record), **changes}, changes, record)
    return found


def made_anew(record: Any) -> None:
    """Check a record whose slots were set from outside, and mark it as never read."""
    given = {slot: value for slot, value in state_of(record).items() if value is not None}
    _settle(record, given, given, None, made=True)


def state_of(record: Any) -> dict[str, Any]:
    """Return what a record shows, by slot."""
    return {part.name: getattr(record, part.name) for part in type(record).__leyden_fields__}


def with_state(kind: type[Any], state: Mapping[str, Any]) -> Any:
    """Return a record of exactly this class with the given state: a copy, or an unpickled one."""
    record = object.__new__(kind)
    for part in kind.__leyden_fields__:
        object.__setattr__(record, part.name, state.get(part.name))
    return record


def _settle(
    record: Any,
    given: Mapping[str, Any],
    named: Mapping[str, Any],
    before: Any,
    *,
    made: bool = False,
) -> None:
    """Set the slots to the given values, and the class that says that `named` are new.

    `before` is the record that they change, None if it is not known.
    """
    kind = type(record)
    root, lack = root_of(kind), kind.__leyden_lack__
    slots = root.__leyden_attributes__
    for slot in named:
        if slot not in slots:
            raise _unknown_slot(slot, slots, root.__leyden_shape__[1])
    accepted = {str(slot): _accepted(root, slot, value) for slot, value in named.items()}
    values = {**given, **accepted}
    changed = {
        slot for slot, value in accepted.items() if not _is_same(before, slot, value)
    } | lack.changed
    read = lack.read if lack.read is None else lack.read | values.keys()
    deferred = lack.deferred
    if read != lack.read:
        deferred = tuple(slot for slot in deferred if slot not in values)
        if lack.deferred and not deferred:
            # With values for all deferred slots, the record is whole.
            read = None
    for slot in slots if read is None else read:
        object.__setattr__(record, slot, values.get(slot))
    now = evolve(
        lack,
        read=None if read is None else frozenset(read),
        deferred=deferred,
        changed=frozenset(changed),
        made=made or lack.made,
    )
    object.__setattr__(record, "__class__", part_class(root, now))


def _accepted(root: type[Any], slot: str, value: Any) -> Any:
    """Check a value as a write does, without the hooks that run when it is stored."""
    mapping_of = root.__leyden_mapping__
    if value is None or mapping_of is None:
        return value
    try:
        return mapping_of().attributes[root.__leyden_attributes__[slot].name].accept(value)
    except LeydenError as error:
        error.entity = error.entity or root.__leyden_shape__[1]
        raise


def _is_same(before: Any, slot: str, value: Any) -> bool:
    """Return whether a record shows this value already.

    For a list or a map the answer is always False, because the caller may have changed it in place,
    in both records.
    """
    old = getattr(before, slot, _ABSENT)
    return old.__class__ is value.__class__ and not isinstance(value, list | dict) and old == value


def _evolved(kind: type[Any], kept: Mapping[str, Any], caller: FrameType | None) -> Any:
    """Return the record that `attrs.evolve` is evolving; None if it is not found.

    The record is a local variable of that frame, and its unchanged values are the same objects that
    the frame passes. If it is not found, a named value may count as changed although it is not.
    """
    root = root_of(kind)
    for one in () if caller is None else caller.f_locals.values():
        is_one = issubclass(type(one), root) and all(
            getattr(one, slot, _ABSENT) is value for slot, value in kept.items()
        )
        if is_one:
            return one
    return None


def _unknown_slot(name: str, slots: Collection[str], entity: str) -> ArgumentError:
    """Return the error for an argument of a record that is not one of its attributes."""
    message = f'"{entity}" has no attribute "{name}"{did_you_mean(name, sorted(slots))}'
    return ArgumentError(message, entity=entity)


def alike(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Return whether attributes of two schemas are equal, apart from their places in files."""
    return [*map(_essence, one)] == [*map(_essence, other)]


def _essence(spec: Any) -> Any:
    if spec is None:
        return None
    said = {
        part.name: getattr(spec, part.name)
        for part in type(spec).__leyden_fields__
        if part.name not in ("span", "items", "properties", "variants")
    }
    inner = [
        part and {name: _essence(one) for name, one in part.items()}
        for part in (spec.properties, spec.variants)
    ]
    return said, _essence(spec.items), inner
