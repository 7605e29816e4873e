"""Find the items of a query that are still in their earlier form.

A query of the present schema finds items by their present keys. Items that have not moved are found
by an access pattern of the earlier schema. That pattern must contain every item that could match,
and the query must give all attributes of its partition key. Only values that a migration carries
over unchanged can be searched for: a value that a step computes may have been different before.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from leyden._attrs import frozen
from leyden._text import listed
from leyden.errors import InvalidExpressionError
from leyden.keys import IndexKeys, KeyForm, sorts_by_values
from leyden.operations.bound import BoundEntity
from leyden.operations.options import Options
from leyden.operations.plan.key_condition import Range
from leyden.operations.plan.queries import QueryReading

if TYPE_CHECKING:
    from leyden.operations.companions.moving.moving import Moving


@frozen
class EarlierQuery:
    """A query of the earlier schema that finds all wanted items in the earlier form.

    `ordered` tells whether its items come in the order of their present forms.
    """

    reading: QueryReading
    ordered: bool


def carried(moving: Moving) -> dict[str, str]:
    """Return the attributes whose values do not change when an item moves: earlier names by new."""
    attributes, origin = moving.entity.spec.attributes, moving.earlier.spec.attributes
    found = {}
    for name, route in moving.routes.items():
        if not route.is_plain or route.source is None or name in moving.change.defaults:
            continue
        mine, theirs = attributes[name], origin[route.source.spec.name]
        alike = mine.type == theirs.type or {mine.type, theirs.type} <= {"string", "enum"}
        made_anew = mine.derive is not None and mine.derive != theirs.derive
        if alike and not made_anew and not mine.encrypt and not theirs.encrypt:
            found[name] = theirs.name
    return found


def stand_alike(moving: Moving, keys: IndexKeys) -> bool:
    """Whether items in the earlier form have the same place in the index as their present forms."""
    names = carried(moving)
    for theirs in moving.earlier.keys.values():
        if theirs.spec.index != keys.spec.index:
            continue
        if not _has_all(
            moving, keys, theirs, {names[n]: None for n in keys.composites if n in names}
        ):
            return False
        if not keys.forms or not theirs.forms:
            return keys.forms == theirs.forms and _same_attributes(moving, keys, theirs, names)
        pairs = [*zip(theirs.forms, keys.forms, strict=False)]
        return len(theirs.forms) == len(keys.forms) and all(
            _same_text(*pair, names) and _same_frame(*pair) and pair[0].field == pair[1].field
            for pair in pairs
        )
    return False


def earlier_query(
    moving: Moving,
    keys: IndexKeys,
    values: Mapping[str, Any],
    limits: Range | None,
    options: Options,
) -> EarlierQuery:
    """Return the query that finds the items in the earlier form.

    `values` are those that a query of `keys` gives as equal, `limits` is its range. Raises
    InvalidExpressionError where no access pattern of the earlier schema contains all the items.
    """
    names, earlier = carried(moving), moving.earlier
    known = {names[name]: value for name, value in values.items() if name in names}
    derivations = earlier.mapping.derivations
    told = earlier.mapping.with_derived(known)
    for name, reads in derivations.items():
        if name in told and reads and reads <= known.keys():
            known.setdefault(name, told[name])
    found = []
    for theirs in earlier.keys.values():
        given = {**earlier.mapping.completed(known, theirs.composites)}
        if not given.keys() >= {*theirs.spec.pk.composite}:
            continue
        if options.consistent and not _reads_consistently(earlier, theirs):
            continue
        if _has_all(moving, keys, theirs, given):
            found.append((theirs, given))
    if not found:
        raise not_found(moving, keys)
    # The access pattern of the same name most likely keeps the order; the table's own key is next
    # best.
    found.sort(
        key=lambda pair: (pair[0].spec.name != keys.spec.name, pair[0].spec.index is not None)
    )
    theirs, given = found[0]
    leading = {name: given[name] for name in theirs.spec.pk.composite}
    behind = [*takewhile(given.__contains__, theirs.sort_names)]
    leading |= {name: given[name] for name in behind}
    within = None
    if limits is not None and options.compare is None:
        within = _range_there(keys, theirs, limits, names, len(behind))
    reading = QueryReading(earlier, keys=theirs, values=leading, range=within, identified=False)
    return EarlierQuery(reading, _keeps_order(keys, theirs, names))


def _has_all(moving: Moving, keys: IndexKeys, theirs: IndexKeys, given: Mapping[str, Any]) -> bool:
    """Whether an earlier access pattern contains all items with values for these attributes."""
    if theirs.spec.index is None:
        return True
    earlier = moving.earlier
    if not theirs.demanded <= given.keys() | {*earlier.keys.primary.composites}:
        return False
    if theirs.spec.when is None:
        return True
    roots = earlier.mapping.condition(theirs.spec.name).roots
    names = carried(moving)
    # Both conditions then read the same values under the same names.
    return (
        roots is not None
        and theirs.spec.when == keys.spec.when
        and all(names.get(name) == name for name in roots)
    )


def _reads_consistently(entity: BoundEntity, keys: IndexKeys) -> bool:
    return keys.spec.index is None or keys.spec.index in entity.local_indexes


def not_found(moving: Moving, keys: IndexKeys) -> InvalidExpressionError:
    """Return the error for a read by these keys that would miss items in the earlier form."""
    spec, mine, names = moving.entity.spec, moving.entity.keys, carried(moving)
    there = [
        name
        for name, one in mine.items()
        if name != keys.spec.name
        and any(
            {*theirs.spec.pk.composite} <= {names.get(n) for n in one.spec.pk.composite}
            and _has_all(
                moving, one, theirs, dict.fromkeys(names.get(n, "") for n in one.spec.pk.composite)
            )
            for theirs in moving.earlier.keys.values()
        )
    ]
    also = f"; {listed(there)} can be queried meanwhile" if there else ""
    return InvalidExpressionError(
        f'items of "{spec.entity}" may still be stored as the earlier schemas describe, and no '
        f'access pattern there finds them by the values of "{keys.spec.name}": migrate the items '
        f"first, with `leyden migrate`, and then query it{also}",
        entity=spec.entity,
    )


def _range_there(
    keys: IndexKeys, theirs: IndexKeys, limits: Range, names: Mapping[str, str], depth: int
) -> Range | None:
    """Return the range for an earlier access pattern; None to read all of it."""
    mine, other = keys.sk, theirs.sk
    if (mine is None) != (other is None):
        return None
    if mine is not None and other is not None:
        shape = ("numeric", "strict", "casing")
        if any(getattr(mine, one) != getattr(other, one) for one in shape):
            return None
        padding = {segment.name: segment.attribute.padding for segment in other.segments}
        own = {segment.name: segment.attribute.padding for segment in mine.segments}
        both = {*limits.start, *(limits.end or ())}
        if any(own[name] != padding.get(names.get(name, "")) for name in both):
            return None
    ends = []
    for end in (limits.start, limits.end or {}):
        if not end.keys() <= names.keys():
            return None
        there = {names[name]: value for name, value in end.items()}
        if [*there] != [*theirs.sort_names[depth : depth + len(there)]]:
            return None
        ends.append(there)
    return Range(limits.operator, ends[0], None if limits.end is None else ends[1])


def _keeps_order(keys: IndexKeys, theirs: IndexKeys, names: Mapping[str, str]) -> bool:
    """Whether items sort in an earlier access pattern as their present forms do."""
    mine, other = keys.sk, theirs.sk
    if mine is None or other is None:
        bare = mine is None and other is None
        return bare and [names.get(n) for n in keys.sort_names] == [*theirs.sort_names]
    if not _same_text(other, mine, names, labels=False):
        return False
    return _same_frame(other, mine, prefix=False) or (
        sorts_by_values(mine) and sorts_by_values(other)
    )


def _same_text(
    theirs: KeyForm, mine: KeyForm, names: Mapping[str, str], *, labels: bool = True
) -> bool:
    """Whether two keys hold the same values as the same texts in the same order."""
    shape = ("casing", "numeric", "bare", "strict")
    if any(getattr(theirs, one) != getattr(mine, one) for one in shape):
        return False
    if [names.get(name) for name in mine.names] != [*theirs.names]:
        return False
    return all(
        one.attribute.padding == other.attribute.padding
        for one, other in zip(theirs.segments, mine.segments, strict=True)
    )


def _same_frame(theirs: KeyForm, mine: KeyForm, *, prefix: bool = True) -> bool:
    """Whether two keys have the same text around their values."""
    shape = ("suffix", "postfix", "template", *(("prefix",) if prefix else ()))
    if any(getattr(theirs, one) != getattr(mine, one) for one in shape):
        return False
    return [one.label for one in theirs.segments] == [one.label for one in mine.segments]


def _same_attributes(
    moving: Moving, keys: IndexKeys, theirs: IndexKeys, names: Mapping[str, str]
) -> bool:
    """Whether two multi-attribute indexes have the same fields as their keys."""
    mine, other = moving.entity.spec.attributes, moving.earlier.spec.attributes
    if [names.get(name) for name in keys.composites] != [*theirs.composites]:
        return False
    return all(mine[name].field == other[names[name]].field for name in keys.composites)
