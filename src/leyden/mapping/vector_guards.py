"""What vector indexes ask of writes, and DynamoDB would not say, or only with the item half made.

An item that has the vector, but not the attribute that its index is parted by, is written, and left
out of the index in silence: no search finds it. A write that knows both attributes is checked here.
One that knows a part of the item makes a `Demand` of what it does not know, which becomes a
condition of the request. Empty values in what an index compares, and vectors without a direction,
are refused before they are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from leyden._attrs import frozen
from leyden.errors import RequiredAttributeError, ValidationError
from leyden.mapping.entity import EntityMapping
from leyden.mapping.index_keys import Knowledge

Values = Mapping[str, Any]


@frozen
class Demand:
    """What the stored item must have, or must not have, so that no vector is left unfound.

    The write sets the vector, and the partition must be `present`; or it removes the partition,
    and the vector must not be. `field` is where that one is stored.
    """

    search: str
    vector: str
    partition: str
    field: str
    present: bool

    why: ClassVar[str] = "vector"
    advice: ClassVar[str] = "write both, or neither"

    def holds(self, stored: Mapping[str, Any]) -> bool:
        """Whether a stored item is what the write needs."""
        return (self.field in stored) == self.present

    def condition(
        self, path: Callable[[Sequence[str]], str], value: Callable[[dict[str, Any]], str]
    ) -> str:
        """The condition as text; `path` gives the placeholder of a place."""
        word = "attribute_exists" if self.present else "attribute_not_exists"
        return f"{word}({path((self.field,))})"

    @property
    def told(self) -> str:
        """What would become of the item, in words."""
        return (
            f'the item would have "{self.vector}" without "{self.partition}", so that the vector '
            f'index of "{self.search}" left it out'
        )


def refuse_unfit(mapping: EntityMapping, values: Values) -> None:
    """Raise ValidationError for a value that a vector index of the table cannot take."""
    spec = mapping.spec
    for name in spec.never_empty:
        if values.get(name) in ("", b""):
            raise ValidationError(
                f'"{name}" is empty, and a vector index of the table compares it, which takes no '
                "empty value; leave it out instead",
                path=name,
                entity=spec.entity,
            )
    for name in spec.never_zero:
        vector = values.get(name)
        if vector is not None and not any(vector):
            raise ValidationError(
                f'"{name}" is a vector of zeros, which has no direction, and a vector index of the '
                "table compares by cosine; leave it out instead",
                path=name,
                entity=spec.entity,
            )


def refuse_unfound(mapping: EntityMapping, values: Values) -> None:
    """Raise ValidationError where a whole item has what a vector index would not take or find."""
    refuse_unfit(mapping, values)
    for search in mapping.spec.searches.values():
        vector, partition = search.attribute, search.partition
        is_there = values.get(vector) is not None
        if is_there and partition is not None and values.get(partition) is None:
            raise _unparted(mapping, search.name, vector, partition)


def demands_of(
    mapping: EntityMapping, item: Knowledge, sure: Collection[str]
) -> tuple[Demand, ...]:
    """What a write of a part needs of the stored item.

    `sure` are attributes that the item will have, whatever their values: those that are counted
    up, or set where the item has none. Raises RequiredAttributeError where the write itself leaves
    a vector without its partition.
    """
    found = []
    fields = mapping.spec.attributes
    for search in mapping.spec.searches.values():
        vector, partition = search.attribute, search.partition
        if partition is None:
            continue
        has_vector, has_partition = (name in sure or item.has(name) for name in (vector, partition))
        if has_partition is True or has_vector is False:
            continue
        if has_vector is True and has_partition is False:
            raise _unparted(mapping, search.name, vector, partition)
        if has_vector is True:
            found.append(Demand(search.name, vector, partition, fields[partition].field, True))
        elif has_partition is False:
            found.append(Demand(search.name, vector, partition, fields[vector].field, False))
    return tuple(found)


def _unparted(
    mapping: EntityMapping, search: str, vector: str, partition: str
) -> RequiredAttributeError:
    return RequiredAttributeError(
        f'"{vector}" needs "{partition}" beside it: without it the vector index of "{search}" '
        f"leaves the item out, and no search finds it; write both, or neither",
        path=partition,
        entity=mapping.spec.entity,
    )
