"""The entity whose items are the vectors of messages, in the table that has the messages."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from leyden import schemas_folder
from leyden.schema import ServiceSpec, load_service
from leyden.store.dynamodb.settings import TTL, living

VECTORS: Final = "message_vector"
"""The entity's alias."""


def vector_schemas(
    dimensions: int, index: str, ttl: TTL | None = None, *, beside: ServiceSpec | None = None
) -> ServiceSpec:
    """The schemas of vectors with so many dimensions, which an index of this name finds.

    `ttl` is the time to live of the messages, which their vectors share. With `beside` they are
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
