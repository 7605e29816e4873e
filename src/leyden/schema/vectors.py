"""Vector indexes: what the access patterns by meaning of all entities need from one.

A table's vector index serves all entities that name it, but it also sees the items of all others.
Therefore the filters of every index include the two fields that say which entity an item belongs
to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden.schema.spec import AttributeSpec, EntitySpec, SearchSpec
from leyden.types import type_of

MOST_INDEXES: Final = 5
"""The maximum number of vector indexes of a table."""

MOST_FILTERS: Final = 18
"""The maximum number of filters of a vector index, with those on the entity."""

MOST_PROJECTED: Final = 20
"""The maximum number of fields beside keys: the vector, its filters, and the projection."""

FILTER_KINDS: Final[Mapping[str, str]] = {"S": "text", "N": "a number", "B": "binary"}
"""DynamoDB's types of the fields that can be a vector index's partition or filter."""


@frozen
class VectorUse:
    """A vector index as one entity uses it, in terms of fields and their types.

    `kinds` has the type of the partition field and of each filter, with those on the entity.
    """

    entity: EntitySpec
    search: SearchSpec
    vector: AttributeSpec
    partition: str | None
    filters: tuple[str, ...]
    kinds: Mapping[str, str]

    @property
    def who(self) -> str:
        """The access pattern, for messages."""
        return f"{self.entity.alias}.{self.search.name}"

    @property
    def field(self) -> str:
        """The field of the vector."""
        return self.vector.field

    @property
    def dimensions(self) -> int:
        """How many numbers the vector has."""
        return self.vector.dimensions or 0


def use_of(entity: EntitySpec, search: SearchSpec) -> VectorUse | None:
    """Return what an access pattern needs from its index; None if it names an unknown attribute."""
    attributes = entity.attributes
    parting = () if search.partition is None else (search.partition,)
    if not attributes.keys() >= {search.attribute, *parting, *search.filters}:
        return None
    read = {attributes[n].field: type_of(attributes[n]).kind for n in (*parting, *search.filters)}
    return VectorUse(
        entity,
        search,
        attributes[search.attribute],
        attributes[search.partition].field if search.partition is not None else None,
        (*(attributes[name].field for name in search.filters), *entity.identifiers),
        {**read, **dict.fromkeys(entity.identifiers, "S")},
    )


def uses_of(entities: Iterable[EntitySpec]) -> dict[str, list[VectorUse]]:
    """Return all uses of vector indexes without faults, by index."""
    found: dict[str, list[VectorUse]] = {}
    for entity in entities:
        for search in entity.searches.values():
            use = use_of(entity, search)
            if use is not None:
                found.setdefault(search.index, []).append(use)
    return found


def filters_of(uses: Iterable[VectorUse]) -> tuple[str, ...]:
    """Return the filters of an index with these uses, each once."""
    return tuple(dict.fromkeys(field for use in uses for field in use.filters))


def projection_of(uses: Iterable[VectorUse], key: Iterable[str]) -> str | tuple[str, ...]:
    """Return what an index with these uses holds beyond what it always holds.

    It always holds the table's own `key`, the vector, the partition field and the filters.
    """
    uses = tuple(uses)
    asked = [use.search.projection or "all" for use in uses]
    if "all" in asked:
        return "all"
    anyhow = {*key, *filters_of(uses)}
    anyhow.update(field for use in uses for field in (use.field, use.partition) if field)
    listed = (field for fields in asked if isinstance(fields, tuple) for field in fields)
    return tuple(dict.fromkeys(field for field in listed if field not in anyhow)) or "keys_only"


def differences(use: VectorUse, first: VectorUse) -> Iterator[tuple[str, str, str]]:
    """Yield how two uses of an index differ: the option, and its value in each of them."""

    def shown(field: str | None) -> str:
        return f'"{field}"' if field is not None else "none"

    if use.field != first.field:
        yield "attribute", shown(use.field), shown(first.field)
    elif use.dimensions != first.dimensions:
        yield "attribute", f"{use.dimensions} numbers long", f"{first.dimensions}"
    if use.search.metric != first.search.metric:
        yield "metric", use.search.metric, first.search.metric
    if use.partition != first.partition:
        yield "partition", shown(use.partition), shown(first.partition)


def guarded(entities: Iterable[EntitySpec]) -> list[EntitySpec]:
    """Return the entities, each with what any vector index of the table requires of its items.

    An index sees every item of the table, so no entity may write what an index cannot take.
    """
    entities = [*entities]
    uses = [use for same in uses_of(entities).values() for use in same]
    if not uses:
        return entities
    compared = {field for use in uses for field, kind in use.kinds.items() if kind != "N"}
    turned = {use.field for use in uses if use.search.metric == "cosine"}
    return [
        attrs.evolve(
            entity,
            never_empty=tuple(n for n, a in entity.attributes.items() if a.field in compared),
            never_zero=tuple(n for n, a in entity.attributes.items() if a.field in turned),
        )
        for entity in entities
    ]
