"""Which entities refer to which others, so that examples of the one name examples of the other.

No schema says that an order belongs to a customer. Its keys do: they are made of `customer_id`,
which is what tells customers apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from leyden.chart.samples import says_whose
from leyden.schema import AttributeSpec, EntitySpec

_OPTIONS: Final = ("pattern", "prefix", "min", "max", "min_length", "max_length", "normalize")
"""What may keep an attribute from taking another one's values."""


@frozen
class Reference:
    """To the entity `alias`: the attributes that name it, by what they are called there."""

    alias: str
    names: Mapping[str, str]


def identity_of(spec: EntitySpec) -> tuple[str, ...]:
    """The attributes that tell an entity's items apart."""
    constant = spec.constants
    return tuple(dict.fromkeys(n for n in spec.primary.composites if n not in constant))


def references_of(spec: EntitySpec, others: Iterable[EntitySpec]) -> list[Reference]:
    """What the keys of an entity refer to, the references of several attributes first."""
    composites = {name for index in spec.indexes.values() for name in index.composites}
    found = []
    for other in others:
        identity = identity_of(other)
        names = {name: _named(spec, composites, other, name) for name in identity}
        told = {name: there for name, there in names.items() if there is not None}
        # Entities with one identity are beside each other, and none is of the other.
        if told and len(told) == len(identity) and {*told.values()} != {*identity_of(spec)}:
            found.append(Reference(other.alias, told))
    return sorted(found, key=lambda reference: -len(reference.names))


def _named(spec: EntitySpec, composites: set[str], other: EntitySpec, name: str) -> str | None:
    """The attribute of an entity that holds this identifying one of another; None for none."""
    # Every entity may have an `id`, and means its own.
    wanted = name if says_whose(name) else f"{other.alias}_{name}"
    if wanted not in composites:
        return None
    return wanted if _takes(spec.attributes[wanted], other.attributes[name]) else None


def _takes(attribute: AttributeSpec, other: AttributeSpec) -> bool:
    """Whether an attribute takes all values of the other one."""
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
    """The values with which the `number`-th item names items that there are.

    `pool` has the values of the items of each entity. Where one item names several, these agree
    with each other: the ticket and the tag of one organization.
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
                # The first and the last are the most apart: in two partitions, if there are two.
                fitting = [fitting[0], *fitting[:0:-1]]
            values = fitting[place % len(fitting)]
            chosen.update({own: values[name] for name, own in pairs if name in values})
    return chosen
