"""Deleting everything of a domain."""

from __future__ import annotations

from typing import Any, Final

from leyden.program import Program
from leyden.service.entity import Entity
from leyden.service.service import Service
from leyden.store import given

DOMAINS: Final = {
    # Messages first: a thread is what tells that they are not all gone yet.
    "memory": ("message", "thread", "resource"),
    "workflows": ("workflow_snapshot",),
    "scores": ("score",),
    "traces": ("trace",),
    "evals": ("eval",),
}
"""The entities of each domain."""


def clear(app: Service, domain: Any, *, concurrency: int) -> Program[None]:
    """Delete all items of a domain. Reads the whole table once for each of its entities.

    What is written meanwhile may stay. Safe to run again.
    """
    for alias in DOMAINS[given.choice(domain, "domain", tuple(DOMAINS))]:
        yield from _clear_entity(app.entities[alias], concurrency)


def _clear_entity(entity: Entity, concurrency: int) -> Program[None]:
    key = entity.spec.primary.composites
    names = [name for name in key if name != "entity"]
    cursor: str | None = None
    while True:
        found = yield from entity.scan.program(attributes=names, cursor=cursor)
        # Only what is read is known to be there; the rest of the table is read afterwards.
        keys = [{name: getattr(record, name) for name in names} for record in found]
        if keys:
            yield from entity.delete(keys).program(concurrency=concurrency)
        cursor = found.cursor
        if cursor is None:
            return
