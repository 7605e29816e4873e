"""What a write of a few attributes must know of the other attributes of its item.

A record that was read can tell it, and what it tells becomes a condition. So only what the write
needs is taken from the record: the other attributes of index keys, the inputs of sparse indexes and
derived attributes, and the other attributes of a unique constraint. Changes to anything else since
then do not make the write fail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from leyden.errors import ValidationError
from leyden.mapping import EntityMapping


def telling(mapping: EntityMapping) -> frozenset[str]:
    """Return the attributes that a write of other attributes may have to know."""
    read = (name for reads in mapping.derivations.values() for name in reads)
    unique = (name for names in mapping.spec.unique if len(names) > 1 for name in names)
    return mapping.deciding.union(read, unique) - {*mapping.keys.primary.composites}


def known_beside(
    mapping: EntityMapping, changed: Collection[str], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a write of the changed attributes needs of those that a record showed.

    The values are accepted. None stands for an attribute that the item did not have.
    """
    needed = _needed(mapping, {*changed, *mapping.on_write})
    known = {}
    for name, value in seen.items():
        if value is not None and mapping.attributes[name].spec.encrypt:
            # No condition can compare an encrypted value, so it counts as unknown.
            continue
        if name in needed and name not in changed:
            try:
                accepted = mapping.accept({name: value}).get(name)
            except ValidationError:
                # An invalid value cannot be compared either, so it counts as unknown.
                continue
            if accepted == value or mapping.attributes[name].spec.get is not None:
                known[name] = accepted
            # A value that a write would normalize differs from the stored one, so it is left out.
    return known


def _needed(mapping: EntityMapping, moved: set[str]) -> set[str]:
    """Return the attributes that must be known where these attributes change."""
    needed: set[str] = set()
    watching = mapping.setters.watched
    before = -1
    while len(moved) != before:
        before = len(moved)
        for name, reads in mapping.derivations.items():
            if not reads.isdisjoint(moved):
                needed |= reads
                moved.add(name)
        moved.update(
            name for name, reads in watching.items() if reads is None or not reads.isdisjoint(moved)
        )
    for keys in mapping.keys.secondary:
        own = keys.needed
        if keys.spec.when is not None:
            own = mapping.condition(keys.spec.name).needed
        if not moved.isdisjoint(own):
            needed.update(own)
    for names in mapping.spec.unique:
        if not moved.isdisjoint(names):
            needed.update(names)
    return needed - moved
