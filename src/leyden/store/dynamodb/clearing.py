"""Deleting everything in a domain of the store."""

from __future__ import annotations

from leyden import Service
from leyden.program import Program
from leyden.store import given
from leyden.store.dynamodb.settings import DOMAINS
from leyden.store.dynamodb.vectors import VECTORS, vector_schemas


def clear(app: Service, domain: str, *, concurrency: int) -> Program[None]:
    """Delete all items of a domain, reading the whole table once for each of its entities.

    The vectors of messages go with the messages, whatever their dimensions. Items that are written
    meanwhile may stay. It is safe to run this again.
    """
    chosen = given.choice(domain, "domain", tuple(DOMAINS))
    entities = [app.entities[alias] for alias in DOMAINS[chosen]]
    if "message" in DOMAINS[chosen]:
        # Any dimensions will do: vectors are deleted by their keys, which do not contain them.
        entities.insert(0, app.beside(vector_schemas(1, "any")).entities[VECTORS])
    for entity in entities:
        names = [name for name in entity.spec.primary.composites if name != "entity"]
        cursor: str | None = None
        while True:
            found = yield from entity.scan.program(attributes=names, cursor=cursor)
            keys = [{name: getattr(record, name) for name in names} for record in found]
            if keys:
                yield from entity.delete(keys).program(concurrency=concurrency)
            cursor = found.cursor
            if cursor is None:
                break
