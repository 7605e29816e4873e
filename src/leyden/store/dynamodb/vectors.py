"""The entity that stores the vectors of messages, in the table that has the messages."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from leyden import schemas_folder
from leyden.schema import ServiceSpec, load_service
from leyden.store.dynamodb.settings import TTL, living

VECTORS: Final = "message_vector"
"""The alias of the entity."""


def vector_schemas(
    dimensions: int, index: str, ttl: TTL | None = None, *, beside: ServiceSpec | None = None
) -> ServiceSpec:
    """Return the schemas of vectors with this many dimensions, which the named index searches.

    `ttl` is the messages' time to live, which their vectors share. With `beside`, the entity is
    added to other schemas of the same table.
    """
    service = load_service(schemas_folder("memory_vectors"))
    entity = service.entities[VECTORS]
    vector = evolve(
        entity.attributes["vector"], dimensions=dimensions, field=f"vector_{dimensions}"
    )
    search = evolve(entity.searches["by_meaning"], index=index)
    entity = evolve(
        entity,
        attributes={**entity.attributes, "vector": vector},
        searches={"by_meaning": search},
    )
    if ttl is not None:
        entity = living(entity, ttl.attribute)
    if beside is not None:
        return evolve(beside, entities={**beside.entities, VECTORS: entity})
    return evolve(service, entities={VECTORS: entity})
