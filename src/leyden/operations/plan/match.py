"""Match and find: the access pattern that serves the given attributes best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leyden._attrs import frozen
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.identity import held_fields
from leyden.operations.plan.queries import PageReading, QueryReading, ScanReading


@frozen
class _Candidate:
    keys: IndexKeys
    count: int
    complete: bool

    @property
    def is_primary(self) -> bool:
        return self.keys.spec.index is None


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
    behind = {n: values[n] for n in keys.spec.composites if n in values and n not in leading}
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
    keys = _best_access_pattern(entity, known, all_filtered=verb == "match")
    return values, keys, {} if keys is None else _leading(keys, known)


def _best_access_pattern(
    entity: BoundEntity, values: Mapping[str, Any], *, all_filtered: bool
) -> IndexKeys | None:
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
    most = max(candidate.count for candidate in candidates)

    def rank(candidate: _Candidate) -> int | None:
        if candidate.is_primary and candidate.complete:
            return 0
        if candidate.is_primary and candidate.count == most:
            return 1
        if candidate.complete:
            return 2
        return 3 if candidate.count == most else None

    ranked = {rank(candidate): candidate for candidate in candidates}
    best = min(place for place in ranked if place is not None)
    return ranked[best].keys


def _candidate(
    entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any], all_filtered: bool
) -> _Candidate | None:
    names = keys.spec.composites
    count = next((i for i, name in enumerate(names) if name not in values), len(names))
    # With nothing given at all there is no attribute to choose an access pattern by.
    if count < len(keys.spec.pk.composite) or count == 0:
        return None
    leading = names[:count]
    filtered = [n for n in (values if all_filtered else names) if n in values and n not in leading]
    if not _serves(entity, keys, values, filtered):
        return None
    if keys.spec.when is not None:
        condition = entity.mapping.condition(keys.spec.name)
        if condition.roots is None or not condition.roots <= values.keys():
            return None
        if not condition.holds(values):
            return None
    return _Candidate(keys, count, count == len(names))


def _serves(
    entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any], filtered: Iterable[str]
) -> bool:
    """Whether all items with these values are in the index, with all that is filtered on."""
    if not keys.demanded <= values.keys() | entity.keys.primary.composites:
        return False
    held = held_fields(entity, keys)
    return held is None or held.issuperset(entity.spec.attributes[n].field for n in filtered)


def _leading(keys: IndexKeys, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the key's attributes, up to the first one that is missing."""
    leading = {}
    for name in keys.spec.composites:
        if name not in values:
            break
        leading[name] = values[name]
    return leading
