"""Match and find: choose the access pattern that serves the given attributes best."""

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
    """An access pattern, and the values of its key up to the first missing one."""

    keys: IndexKeys
    leading: dict[str, Any]

    @property
    def is_primary(self) -> bool:
        return self.keys.spec.index is None

    @property
    def is_complete(self) -> bool:
        return len(self.leading) == len(self.keys.composites)


def match(entity: BoundEntity, given: Mapping[str, Any]) -> PageReading:
    """Read by the best access pattern, and filter on all given attributes.

    As in ElectroDB's requests, items of other entities are left out only after reading.
    """
    values, keys, leading = _choose(entity, given, "match")
    if keys is None:
        return ScanReading(entity, filters=values)
    # DynamoDB refuses filters on the fields of the key, and they would add nothing.
    attributes = entity.spec.attributes
    own = {form.field for form in keys.forms} or {attributes[n].field for n in leading}
    held = held_fields(entity, keys)
    filters = {
        n: v
        for n, v in values.items()
        if attributes[n].field not in own
        # The index need not hold what the key says already.
        and (n not in leading or held is None or attributes[n].field in held)
    }
    return QueryReading(entity, keys=keys, values=leading, filters=filters, identified=False)


def find(entity: BoundEntity, given: Mapping[str, Any]) -> PageReading:
    """Read by the best access pattern; attributes outside its key do not filter.

    Attributes of its key that follow a missing one do filter.
    """
    values, keys, leading = _choose(entity, given, "find")
    if keys is None:
        return ScanReading(entity)
    behind = {n: values[n] for n in keys.composites if n in values and n not in leading}
    return QueryReading(entity, keys=keys, values=leading, filters=behind, identified=False)


def _choose(
    entity: BoundEntity, given: Mapping[str, Any], verb: str
) -> tuple[dict[str, Any], IndexKeys | None, dict[str, Any]]:
    """Return the accepted values, the access pattern, and the values for its key."""
    values = entity.mapping.sought(given)
    # Every item has the constants of its own key; other constants may be absent from an item.
    own = entity.keys.primary.composites
    implied = {name: value for name, value in entity.mapping.constants.items() if name in own}
    known = {**implied, **values} if values else values
    best = _best_access_pattern(entity, known, all_filtered=verb == "match")
    return (values, None, {}) if best is None else (values, best.keys, best.leading)


def _best_access_pattern(
    entity: BoundEntity, values: Mapping[str, Any], *, all_filtered: bool
) -> _Candidate | None:
    """Return the access pattern that serves the attributes best; None where only a scan can.

    It needs all of its partition key, and must hold what is filtered on: everything outside its key
    (match), or what follows a missing attribute in its key (find). The attributes must also ensure
    that every item with them is in the index; otherwise some would be missing. The order of
    preference: the table's own key if complete; the table's own key if no other has more values;
    the last complete one; the last of those with the most values.
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
    # With no attributes given there is nothing to choose an access pattern by.
    if not leading or not leading.keys() >= {*keys.spec.pk.composite}:
        return None
    # Every item with these values must be in the index, with all fields that are filtered on.
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
