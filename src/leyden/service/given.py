"""Checks of what callers pass: keys and items by name, as mappings, as records, and as lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy, deepcopy
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from leyden import _attrs as attrs
from leyden._calls import Endable, hand_on, misplaced
from leyden.errors import ArgumentError, InputError
from leyden.mapping.lack import Lack, listed
from leyden.operations.bound import BoundEntity
from leyden.operations.chains.reads import Chain
from leyden.operations.companions.versions import Expectation, version_seen_in
from leyden.pynamodb import is_operand
from leyden.types.base import refuse

_CONTAINERS: Final = (list, dict, set, bytearray, tuple)
_FIXED: Final = frozenset({str, int, float, bool, bytes, NoneType, datetime, Decimal})

_KEEP_OTHERS: Final = frozenset({"upsert"})
"""The verbs that keep the other fields of a stored item."""


def refuse_incomplete(
    entity: BoundEntity, record: Any, named: Mapping[str, Any], verb: str
) -> None:
    """Raise InputError if writing the record would lose parts of its item that it does not show.

    Attributes in `named`, which the caller passed beside the record, are not lost.
    """
    deferred = type(record).__leyden_lack__.deferred
    lost = [n for n, slot in entity.mapping.slots.items() if slot in deferred and n not in named]
    if lost and verb not in _KEEP_OTHERS:
        why: str | None = (
            f"this record was read without {_quoted(lost)}, which the schema defers, and "
            f".{verb}() would erase that. Give it by name beside the record, or change the item "
            "with .patch()"
        )
    else:
        why = _why(entity, record, named, verb)
    if why is not None:
        raise InputError(why, operation=entity.operation(verb), entity=entity.spec.entity)


def _why(entity: BoundEntity, record: Any, named: Mapping[str, Any], verb: str) -> str | None:
    lack: Lack = type(record).__leyden_lack__
    if lack.made:
        # A record that the caller constructed is complete, as attributes given by name are.
        return None
    if lack.read is not None and not lack.deferred:
        shown = listed(part.name for part in attrs.fields(type(record)))
        does = "would erase" if verb == "put" else "cannot write"
        return (
            f"this record shows {shown or 'nothing'} of its item, and .{verb}() {does} the "
            "rest. Read the whole item, or change it with .patch()"
        )
    hidden = [n for n, a in entity.spec.attributes.items() if a.hidden and n not in named]
    if hidden:
        return (
            f"a record does not show hidden attributes ({', '.join(hidden)}), which would be lost; "
            "give them by name beside the record"
        )
    slots = entity.mapping.slots

    def written(name: str) -> bool:
        return name not in named and getattr(record, slots[name], None) is not None

    inside = [place for place in lack.inside if written(root_of_place(place))]
    if inside:
        roots = _quoted(map(root_of_place, inside))
        return (
            f"the record does not show {listed(inside)}, which .{verb}() would erase. Give "
            f"{roots} by name beside the record, or change what must change with .patch()"
        )
    reworked = [name for name in lack.reworked if written(name)]
    if reworked:
        return (
            f"the record shows {_quoted(reworked)} as its `get` hook makes it, which .{verb}() "
            "would store in place of the stored value. Give it by name beside the record, "
            "declare a `set` hook that turns it back, or change the item with .patch()"
        )
    if lack.fields and verb not in _KEEP_OTHERS:
        return (
            f"the stored item has fields that the schema does not know ({listed(lack.fields)}), "
            f"which .{verb}() would erase. .patch() and .upsert() keep them; "
            f".{verb}(**attributes) writes the item without them"
        )
    return None


def root_of_place(place: str) -> str:
    """Return the attribute in a path such as `card.number`."""
    return re.split(r"[.\[]", place, maxsplit=1)[0]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names))


def refuse_misplaced(entity: BoundEntity, verb: str, wrong: tuple[Any, ...]) -> None:
    """Raise ArgumentError for positional values, with an example of the right call."""
    if len(wrong) > 1 and wrong[0] is None:
        # The caller passes on what a `get` returned, and it returned None.
        raise no_item(entity, verb, "a key", None)
    if wrong:
        form = f"{entity.spec.alias}.{verb}({_names(entity)})"
        raise misplaced(verb, form, len(wrong), operation=entity.operation(verb))


def _is_iterated(given: object) -> bool:
    """Return whether it is a list of some kind, and not text, a mapping, a chain or an operand."""
    single = isinstance(given, str | bytes | bytearray | Mapping | Endable | Chain)
    return not single and isinstance(given, Iterable) and not is_operand(given)


def are_many(
    entity: BoundEntity, verb: str, first: Any, wrong: tuple[Any, ...], named: Mapping[str, Any]
) -> bool:
    """Return whether `first` is a list of keys or items. Raises ArgumentError for more values."""
    if wrong:
        refuse_misplaced(entity, verb, (first, *wrong))
    if type(first) is not list and not _is_iterated(first):
        return False
    if named:
        raise ArgumentError(
            f"{verb}() takes either a list or attributes by name, not both",
            operation=entity.operation(verb),
            entity=entity.spec.entity,
        )
    return True


def key_of(
    entity: BoundEntity,
    verb: str,
    key: Any,
    named: Mapping[str, Any] | None = None,
    *,
    place: int | None = None,
) -> Mapping[str, Any]:
    """Return the key attributes of a mapping or a record, overridden by those given by name.

    `place` is the key's position in a list. Raises ArgumentError for anything else.
    """
    named = named or {}
    if isinstance(key, Mapping):
        return {**key, **named}
    mapping = entity.mapping
    if not isinstance(key, mapping.record):
        raise no_item(entity, verb, "a key", key, place=place)
    slots = {name: mapping.slots.get(name) for name in entity.keys.primary.composites}
    # A record of a partial read may lack some of the key's attributes.
    found = {n: getattr(key, slot, None) for n, slot in slots.items() if slot is not None}
    return {**{n: value for n, value in found.items() if value is not None}, **named}


def seen_key(
    entity: BoundEntity,
    verb: str,
    key: Any,
    wrong: tuple[Any, ...] = (),
    named: Mapping[str, Any] | None = None,
    *,
    place: int | None = None,
) -> tuple[Mapping[str, Any], Expectation | None]:
    """Return the attributes of a key, and the version that the record shows, if it is one."""
    if wrong:
        refuse_misplaced(entity, verb, (key, *wrong))
    given = key_of(entity, verb, key, named, place=place)
    is_record = isinstance(key, entity.mapping.record)
    return given, version_seen_in(entity, key) if is_record else None


def no_item(
    entity: BoundEntity, verb: str, what: str, given: Any, *, place: int | None = None
) -> ArgumentError:
    """Return the error for a value that is neither a mapping nor a record of the entity."""
    if place is None:
        call, form = f"{verb}()", f"by name ({_names(entity)}), as a mapping"
    else:
        call, form = f"entry {place} of {verb}()", "as a mapping"
    kind = type(given).__name__
    if given is None:
        kind = "None, which .get() returns if there is no item"
    return ArgumentError(
        f'{call} takes {what} {form} or a record of "{entity.spec.entity}", not as {kind}',
        operation=entity.operation(verb),
        entity=entity.spec.entity,
    )


def _names(entity: BoundEntity) -> str:
    return ", ".join(f"{name}=..." for name in entity.keys.primary.spec.composites)


def chains_in(operation: str, entries: Any) -> tuple[Any, ...]:
    """Return the chains that a batch or a transaction was given, and note that they were used.

    Raises ArgumentError for anything but a list, such as a single chain.
    """
    if type(entries) is not list and not _is_iterated(entries):
        hand_on([entries])
        raise ArgumentError(
            f"{operation}() takes a list of chains, not {type(entries).__name__}",
            operation=operation,
        )
    chains = tuple(entries)
    hand_on(chains)
    return chains


def copied_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the containers among the values, so that later changes to them do not change a chain."""
    own = {}
    for name, value in values.items():
        if value.__class__ not in _FIXED and isinstance(value, _CONTAINERS):
            try:
                value = _copied(value)
            except RecursionError:
                # It contains itself, or is nested very deeply.
                value = _copied_whole(name, value)
        elif hasattr(value, "tolist") and value.__class__ is not memoryview:
            # A NumPy array, for a vector. A memoryview has `tolist` too, but cannot be copied.
            value = copy(value)
        own[name] = value
    return own


def _copied_whole(name: str, value: Any) -> Any:
    try:
        return deepcopy(value)
    except RecursionError:
        raise refuse(name, "is nested too deeply to be stored") from None


def _copied(value: Any) -> Any:
    """Copy like `deepcopy`, but faster for the containers of JSON."""
    kind = value.__class__
    if kind in _FIXED:
        return value
    if kind is dict:
        return {name: _copied(part) for name, part in value.items()}
    if kind is list or kind is tuple:
        # One check for all members: a vector, for example, has many numbers.
        whole = _FIXED.issuperset(map(type, value))
        return kind(value) if whole else kind([_copied(part) for part in value])
    return deepcopy(value)
