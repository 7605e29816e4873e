"""The table of a store: whether it is one that the store can use, and clearing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve

from leyden import Entity, Service
from leyden.errors import TableMismatchError, TableNotFoundError
from leyden.mapping.table import table_definition
from leyden.program import Program
from leyden.schema import ServiceSpec
from leyden.store import given
from leyden.store.dynamodb.settings import TtlRules
from leyden.tables import check_table

DOMAINS: Final = {
    # Messages first: a thread is what tells that they are not all gone yet.
    "memory": ("message", "thread", "resource"),
    "workflows": ("workflow_snapshot",),
    "scores": ("score",),
    "traces": ("trace",),
    "evals": ("eval",),
}
"""The entities of each domain."""

_OWN: Final = frozenset(alias for aliases in DOMAINS.values() for alias in aliases)
_SEE: Final = (
    "TABLE_SETUP.md has the table for the AWS command line and for CloudFormation, `leyden table` "
    "prints it for schemas of your own, and `store.app.create_table()` creates it"
)


def check(spec: ServiceSpec, ttl: TtlRules, table: str) -> Program[None]:
    """Compare the table with the schemas: its key, indexes, projections and time to live.

    The time to live must be on where something expires. Raises TableNotFoundError, or
    TableMismatchError with all differences, and says how to put them right.
    """
    definition = table_definition(spec)
    if not _expires(spec, ttl):
        definition = evolve(definition, ttl=None)
    try:
        yield from check_table(definition, table)
    except TableNotFoundError as error:
        error.message = f"{error.message}. {_SEE}"
        raise
    except TableMismatchError as error:
        error.message = f"{error.message}\n{_remedies(error.differences, table, definition.ttl)}"
        raise


def _expires(spec: ServiceSpec, ttl: TtlRules) -> bool:
    others = (entity for alias, entity in spec.entities.items() if alias not in _OWN)
    fields = {a.field for e in others for a in e.attributes.values() if a.type == "ttl"}
    return bool(ttl.rules) or spec.table.ttl in fields


def _remedies(differences: Iterable[str], table: str, ttl: str | None) -> str:
    lines = []
    if any("is missing" in line for line in differences):
        lines.append(
            "Add missing indexes one at a time: aws dynamodb update-table with "
            "--global-secondary-index-updates, as TABLE_SETUP.md shows their keys"
        )
    if any("time to live" in line for line in differences):
        lines.append(
            f"Turn on the time to live: aws dynamodb update-time-to-live --table-name {table} "
            f'--time-to-live-specification "Enabled=true, AttributeName={ttl}"'
        )
    lines.append(
        f"{_SEE}; the key of a table, and an index that is there, cannot be changed: make the "
        "index anew, or another table"
    )
    return "\n".join(lines)


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
