"""Find which entities refer to which others, so that their examples refer to each other.

No schema says that an order belongs to a customer. But its keys contain `customer_id`, which is the
attribute that identifies customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from leyden.chart.samples import says_whose
from leyden.schema import AttributeSpec, EntitySpec

_OPTIONS: Final = ("pattern", "prefix", "min", "max", "min_length", "max_length", "normalize")
"""Options that may keep an attribute from having another one's values."""


@frozen
class Reference:
    """A reference to the entity `alias`: its identifying attributes, with their names here."""

    alias: str
    names: Mapping[str, str]


def identity_of(spec: EntitySpec) -> tuple[str, ...]:
    """Return the attributes that identify an entity's items."""
    constant = spec.constants
    return tuple(dict.fromkeys(n for n in spec.primary.composites if n not in constant))


def references_of(spec: EntitySpec, others: Iterable[EntitySpec]) -> list[Reference]:
    """Return what the keys of an entity refer to, references of several attributes first."""
    composites = {name for index in spec.indexes.values() for name in index.composites}
    found = []
    for other in others:
        identity = identity_of(other)
        names = {name: _named(spec, composites, other, name) for name in identity}
        told = {name: there for name, there in names.items() if there is not None}
        # Entities with the same identity are siblings, and do not refer to each other.
        if told and len(told) == len(identity) and {*told.values()} != {*identity_of(spec)}:
            found.append(Reference(other.alias, told))
    return sorted(found, key=lambda reference: -len(reference.names))


def _named(spec: EntitySpec, composites: set[str], other: EntitySpec, name: str) -> str | None:
    """Return the attribute that holds another entity's identifying one; None if there is none."""
    # Every entity may have an `id`, which means its own.
    wanted = name if says_whose(name) else f"{other.alias}_{name}"
    if wanted not in composites:
        return None
    return wanted if _takes(spec.attributes[wanted], other.attributes[name]) else None


def _takes(attribute: AttributeSpec, other: AttributeSpec) -> bool:
    """Return whether an attribute accepts all values of the other one."""
    if attribute.type != other.type or attribute.values != other.values:
        return False
    own = {option: getattr(attribute, option) for option in _OPTIONS}
    return attribute.derive is None and all(
        value in (None, ()) or value == getattr(other, option) for option, value in own.items()
    )


def referring(
    references: Sequence[Reference],
    pool: Mapping[str, Sequence[Mapping[str, Any]]],
    places: Mapping[str, str],
    number: int,
) -> dict[str, Any]:
    """Return the values with which the `number`-th item refers to existing items.

    `pool` has the values of each entity's items. If an item refers to several, these agree with
    each other: a ticket and a tag of the same organization.
    """
    chosen: dict[str, Any] = {}
    for reference in references:
        pairs = reference.names.items()
        fitting = [
            values
            for values in pool.get(reference.alias, ())
            if all(chosen.get(own, values.get(name)) == values.get(name) for name, own in pairs)
        ]
        if fitting:
            is_own = any(places.get(own) == "own" for own in reference.names.values())
            place = number if is_own else number // 2
            if len(pairs) > 1 and not is_own:
                # The first and the last are the farthest apart: in two partitions, if there are
                # two.
                fitting = [fitting[0], *fitting[:0:-1]]
            values = fitting[place % len(fitting)]
            chosen.update({own: values[name] for name, own in pairs if name in values})
    return chosen
