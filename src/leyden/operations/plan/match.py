"""Match and find: the access pattern that serves the given attributes best."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from leyden._attrs import frozen
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.identity import held_fields
from leyden.operations.plan.queries import PageReading, QueryReading, ScanReading


@frozen
class _Candidate:
    """An access pattern, and the values of its key up to the first one that is missing."""

    keys: IndexKeys
    leading: dict[str, Any]

    @property
    def is_primary(self) -> bool:
        return self.keys.spec.index is None

    @property
    def is_complete(self) -> bool:
        return len(self.leading) == len(self.keys.composites)


def match(entity: BoundEntity, given: Mapping[str, Any]) -> PageReading:
    """Read by the best access pattern, and filter on all of the given attributes.

    As in ElectroDB's requests, other entities' items are told apart only after reading.
    """
    values, keys, leading = _choose(entity, given, "match")
    if keys is None:
        return ScanReading(entity, filters=values)
    # A filter cannot be on the fields of the key itself, and need not be.
    attributes = entity.spec.attributes
    own = {form.field for form in keys.forms} or {attributes[n].field for n in leading}
    held = held_fields(entity, keys)
    filters = {
        n: v
        for n, v in values.items()
        if attributes[n].field not in own
        # What the key says already need not be held as well.
        and (n not in leading or held is None or attributes[n].field in held)
    }
    return QueryReading(entity, keys=keys, values=leading, filters=filters, identified=False)


def find(entity: BoundEntity, given: Mapping[str, Any]) -> PageReading:
    """Read by the best access pattern; attributes that its key does not hold filter nothing.

    Those of its key that stand behind a missing one are filtered on.
    """
    values, keys, leading = _choose(entity, given, "find")
    if keys is None:
        return ScanReading(entity)
    behind = {n: values[n] for n in keys.composites if n in values and n not in leading}
    return QueryReading(entity, keys=keys, values=leading, filters=behind, identified=False)


def _choose(
    entity: BoundEntity, given: Mapping[str, Any], verb: str
) -> tuple[dict[str, Any], IndexKeys | None, dict[str, Any]]:
    """The accepted values, the access pattern, and the values that its key takes."""
    values = entity.mapping.sought(given)
    # The item's own key has them in any case; of others an item may be without them.
    own = entity.keys.primary.composites
    implied = {name: value for name, value in entity.mapping.constants.items() if name in own}
    known = {**implied, **values} if values else values
    best = _best_access_pattern(entity, known, all_filtered=verb == "match")
    return (values, None, {}) if best is None else (values, best.keys, best.leading)


def _best_access_pattern(
    entity: BoundEntity, values: Mapping[str, Any], *, all_filtered: bool
) -> _Candidate | None:
    """The access pattern that the attributes serve best; None where only a scan could.

    It must have its whole partition key and hold what is filtered on: all that is not in its key,
    or only what stands in the key behind a missing attribute. The attributes must say that all
    items with them are in it: otherwise some would be missing. In this order: the table's own key
    if complete; the table's own key if none has more; the last complete one; the last of those
    with most.
    """
    candidates = [
        candidate
        for keys in entity.keys.values()
        if (candidate := _candidate(entity, keys, values, all_filtered)) is not None
    ]
    if not candidates:
        return None
    most = max(len(candidate.leading) for candidate in candidates)

    def rank(candidate: _Candidate) -> int | None:
        if candidate.is_primary and candidate.is_complete:
            return 0
        if candidate.is_primary and len(candidate.leading) == most:
            return 1
        if candidate.is_complete:
            return 2
        return 3 if len(candidate.leading) == most else None

    ranked = {rank(candidate): candidate for candidate in candidates}
    best = min(place for place in ranked if place is not None)
    return ranked[best]


def _candidate(
    entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any], all_filtered: bool
) -> _Candidate | None:
    leading = {n: values[n] for n in takewhile(values.__contains__, keys.composites)}
    # With nothing given at all there is no attribute to choose an access pattern by.
    if not leading or not leading.keys() >= {*keys.spec.pk.composite}:
        return None
    # All items with these values must be in the index, with all that is filtered on.
    if not keys.demanded <= values.keys() | entity.keys.primary.composites:
        return None
    held = held_fields(entity, keys)
    asked = values if all_filtered else keys.composites
    filtered = {entity.spec.attributes[n].field for n in asked if n in values and n not in leading}
    if held is not None and not held >= filtered:
        return None
    if keys.spec.when is not None:
        condition = entity.mapping.condition(keys.spec.name)
        if condition.roots is None or not condition.roots <= values.keys():
            return None
        if not condition.holds(values):
            return None
    return _Candidate(keys, leading)
