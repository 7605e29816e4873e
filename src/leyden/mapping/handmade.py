"""Records that callers make or change: checked as a write would, and aware of what they were given.

A record that was read shows what is stored. One that a caller made of it with `attrs.evolve`,
`copy.replace` or `patch(record, weight=4)` shows besides what is to be stored, and a patch sends
just that. So its class says which slots were changed (`Lack.changed`), and nothing else has to be
carried along or paid for when a page is read.

`attrs.evolve` hands all values of a record to its class: what changes by the names that the caller
wrote, the rest by the names that `attrs.fields` says. These are of a class of their own here, by
which the constructor tells the one from the other.
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
    """The name by which `attrs.evolve` hands on a value that its caller leaves as it is."""

    __slots__ = ()


def make(record: Any, given: Mapping[str, Any], caller: FrameType | None) -> None:
    """Set the slots of a new record: of what a caller gives, or of another one's by evolving it.

    Raises ArgumentError for what is no attribute, ValidationError.
    """
    kept = {slot for slot in given if slot.__class__ is Kept}
    if not kept:
        _settle(record, given, given, None, made=True)
        return
    named = {slot: value for slot, value in given.items() if slot not in kept}
    before = _evolved(type(record), {slot: given[slot] for slot in kept}, caller)
    _settle(record, given, named, before)


def replaced(record: Any, changes: Mapping[str, Any]) -> Any:
    """Another record of the same kind, with other values in some slots; None for no value.

    Raises ArgumentError for what is no attribute, ValidationError.
    """
    kind = type(record)
    found = object.__new__(kind)
    _settle(found, {**state_of(record), **changes}, changes, record)
    return found


def made_anew(record: Any) -> None:
    """Check a record whose slots were set from outside, and let it know that it was never read."""
    given = {slot: value for slot, value in state_of(record).items() if value is not None}
    _settle(record, given, given, None, made=True)


def state_of(record: Any) -> dict[str, Any]:
    """What a record shows, by slot."""
    return {part.name: getattr(record, part.name) for part in type(record).__leyden_fields__}


def with_state(kind: type[Any], state: Mapping[str, Any]) -> Any:
    """A record of this very class, which shows what another one does: a copy, or a pickled one."""
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
    """Set the slots to what is given, of which the `named` are new, and the class that says so.

    `before` is the record that they change, None where that is not known.
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
            # Once it has all that was deferred, it is as whole as any.
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
    """The value as a write would take it, but for the hooks that run when it is stored."""
    mapping_of = root.__leyden_mapping__
    if value is None or mapping_of is None:
        return value
    try:
        return mapping_of().attributes[root.__leyden_attributes__[slot].name].accept(value)
    except LeydenError as error:
        error.entity = error.entity or root.__leyden_shape__[1]
        raise


def _is_same(before: Any, slot: str, value: Any) -> bool:
    """Whether a record shows a value already.

    Of a list or a map that is never said: the caller may have changed it where it stands, in both.
    """
    old = getattr(before, slot, _ABSENT)
    return old.__class__ is value.__class__ and not isinstance(value, list | dict) and old == value


def _evolved(kind: type[Any], kept: Mapping[str, Any], caller: FrameType | None) -> Any:
    """The record that `attrs.evolve` is evolving; None where it cannot be found.

    Its frame holds the record, all of whose values but the named ones are the very objects that it
    passes. What is not found costs no more than that a named value counts as changed which is not.
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
    """The error for an argument of a record that is none of its attributes."""
    message = f'"{entity}" has no attribute "{name}"{did_you_mean(name, sorted(slots))}'
    return ArgumentError(message, entity=entity)


def alike(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether attributes of two schemas say the same, wherever they stand in a file."""
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
