"""Vector indexes as DynamoDB has them: what an entity's access pattern by meaning asks of one.

A table's vector index serves all entities that name it, and sees the items of all others as well.
So the identity of an item, the two fields that say whose it is, is among the filters of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden.schema.spec import AttributeSpec, EntitySpec, SearchSpec
from leyden.types import type_of

MOST_INDEXES: Final = 5
"""How many vector indexes a table may have."""

MOST_FILTERS: Final = 18
"""How many filters a vector index may have, those on the identity included."""

MOST_PROJECTED: Final = 20
"""How many fields a vector index holds beside keys: the vector, its filters, those projected."""

FILTER_KINDS: Final[Mapping[str, str]] = {"S": "text", "N": "a number", "B": "binary"}
"""DynamoDB's types of the fields that a vector index is parted and filtered by."""


@frozen
class VectorUse:
    """A vector index as one entity uses it: fields and their types, not attributes.

    `kinds` has the type of the partition field and of each filter, the identity's included.
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
    """What an access pattern asks of its index; None where it names what is not there."""
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
    """All uses of vector indexes that can be understood, by index."""
    found: dict[str, list[VectorUse]] = {}
    for entity in entities:
        for search in entity.searches.values():
            use = use_of(entity, search)
            if use is not None:
                found.setdefault(search.index, []).append(use)
    return found


def filters_of(uses: Iterable[VectorUse]) -> tuple[str, ...]:
    """The filters of an index with these uses, each once."""
    return tuple(dict.fromkeys(field for use in uses for field in use.filters))


def projection_of(uses: Iterable[VectorUse], key: Iterable[str]) -> str | tuple[str, ...]:
    """What an index with these uses holds, beside what it holds anyhow.

    That is the table's own `key`, the vector, the partition field and the filters.
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
    """In what two uses of one index differ: the option, and what it is for each of them."""

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
    """The entities, each with what the vector indexes of all of them ask of its items.

    An index sees every item of the table, so what it cannot take no entity may write.
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
