"""Deleting everything of a domain of the store."""

from __future__ import annotations

from leyden import Service
from leyden.program import Program
from leyden.store import given
from leyden.store.dynamodb.settings import DOMAINS
from leyden.store.dynamodb.vectors import VECTORS, vector_schemas


def clear(app: Service, domain: str, *, concurrency: int) -> Program[None]:
    """Delete all items of a domain. Reads the whole table once for each of its entities.

    The vectors of messages go with the messages, whatever their dimensions are. What is written
    meanwhile may stay. Safe to run again.
    """
    chosen = given.choice(domain, "domain", tuple(DOMAINS))
    entities = [app.entities[alias] for alias in DOMAINS[chosen]]
    if "message" in DOMAINS[chosen]:
        # They are deleted by their keys, in which dimensions are not.
        entities.insert(0, app.beside(vector_schemas(1, "any")).entities[VECTORS])
    for entity in entities:
        names = [name for name in entity.spec.primary.composites if name != "entity"]
        cursor: str | None = None
        while True:
            found = yield from entity.scan.program(attributes=names, cursor=cursor)
            # Only what is read is known to be there; the rest of the table is read afterwards.
            keys = [{name: getattr(record, name) for name in names} for record in found]
            if keys:
                yield from entity.delete(keys).program(concurrency=concurrency)
            cursor = found.cursor
            if cursor is None:
                break
