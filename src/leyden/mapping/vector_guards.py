"""Checks of writes for vector indexes, which DynamoDB does not make, or only for whole items.

If an item has the vector, but not the partition attribute of the vector index, DynamoDB writes it
and silently leaves it out of the index, so that no search finds it. A write that knows both
attributes is checked here. A write that knows only a part of the item makes a `Demand` of the rest,
which becomes a condition of the request. Empty values of attributes that an index compares, and
vectors of zeros for a cosine index, are refused before they are sent.
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
    """A condition on the stored item, so that a vector index does not leave it out.

    If the write sets the vector, the partition attribute must be `present`. If it removes the
    partition attribute, the vector must be absent. `field` is the field that must be present or
    absent.
    """

    search: str
    vector: str
    partition: str
    field: str
    present: bool

    why: ClassVar[str] = "vector"
    advice: ClassVar[str] = "write both, or neither"

    def holds(self, stored: Mapping[str, Any]) -> bool:
        """Return whether a stored item meets the condition."""
        return (self.field in stored) == self.present

    def condition(
        self, path: Callable[[Sequence[str]], str], value: Callable[[dict[str, Any]], str]
    ) -> str:
        """Return the condition as text; `path` returns the placeholder of a path."""
        word = "attribute_exists" if self.present else "attribute_not_exists"
        return f"{word}({path((self.field,))})"

    @property
    def told(self) -> str:
        """The reason for a failure, in words."""
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
                f'"{name}" is empty, and a vector index of the table compares it, which accepts no '
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
    """Raise ValidationError if a vector index would refuse a whole item, or leave it out."""
    refuse_unfit(mapping, values)
    for search in mapping.spec.searches.values():
        vector, partition = search.attribute, search.partition
        is_there = values.get(vector) is not None
        if is_there and partition is not None and values.get(partition) is None:
            raise _unparted(mapping, search.name, vector, partition)


def demands_of(
    mapping: EntityMapping, item: Knowledge, sure: Collection[str]
) -> tuple[Demand, ...]:
    """Return the demands of an update on the stored item.

    `sure` are attributes that the item will have, whatever their values: those that are incremented
    or set if absent. Raises RequiredAttributeError if the write itself leaves a vector without its
    partition attribute.
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
        f'"{vector}" needs "{partition}": without it, the vector index of "{search}" leaves the '
        f"item out, and no search finds it; write both, or neither",
        path=partition,
        entity=mapping.spec.entity,
    )
