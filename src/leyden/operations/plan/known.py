"""What a write of a part must know of the rest of its item, and a record that was read tells it.

What is known becomes a condition. So nothing is taken from the record but what the write needs:
the other attributes of index keys, what sparse indexes and derived attributes read, the other
attributes of a unique constraint. Whatever else changed meanwhile is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from leyden.errors import ValidationError
from leyden.mapping import EntityMapping


def telling(mapping: EntityMapping) -> frozenset[str]:
    """The attributes that some write of others may have to know."""
    read = (name for reads in mapping.derivations.values() for name in reads)
    unique = (name for names in mapping.spec.unique if len(names) > 1 for name in names)
    return mapping.deciding.union(read, unique) - {*mapping.keys.primary.composites}


def known_beside(
    mapping: EntityMapping, changed: Collection[str], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """Of what a record showed, what a write of the changed attributes needs, accepted.

    None stands for what the item did not have.
    """
    needed = _needed(mapping, {*changed, *mapping.on_write})
    known = {}
    for name, value in seen.items():
        if value is not None and mapping.attributes[name].spec.encrypt:
            # No condition can compare it, so it counts as not known.
            continue
        if name in needed and name not in changed:
            try:
                accepted = mapping.accept({name: value}).get(name)
            except ValidationError:
                # What cannot be written cannot be compared either; it counts as not known.
                continue
            if accepted == value or mapping.attributes[name].spec.get is not None:
                known[name] = accepted
            # What a write would store in another form, as it is not normal, is not what is stored.
    return known


def _needed(mapping: EntityMapping, moved: set[str]) -> set[str]:
    """What the rest of the item must be known of, where these attributes change."""
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
