"""The condition that an item is still stored as it was read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from leyden.program import Item
from leyden.schema.spec import OVERFLOW_FIELD, EntitySpec


def as_stored(spec: EntitySpec, item: Item, names: Iterable[str]) -> Condition:
    """The condition that attributes are stored as they are in a raw item; one name at least.

    Their stored form is compared, whole: whoever wrote it, and however. Values that are stored
    outside of the item are compared by its manifest, which each write of theirs changes.

    >>> task.patch(id="t1").set(title="New").where(as_stored(spec, item, ["title"]))
    ... # doctest: +SKIP
    """
    attributes = [spec.attributes[name] for name in names]
    fields = [attribute.field for attribute in attributes]
    if any(attribute.overflow for attribute in attributes):
        fields.append(OVERFLOW_FIELD)
    together: Condition = reduce(and_, (_still(field, item) for field in fields))
    return together


def _still(field: str, item: Item) -> Condition:
    path = Path([field])
    return path == item[field] if field in item else path.does_not_exist()
