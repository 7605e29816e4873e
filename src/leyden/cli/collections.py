"""Queries of a collection, whose items are of several entities."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Any, Final

import click

from leyden import CollectionPage, Entity, Service
from leyden._text import did_you_mean
from leyden.cli.options import Output
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.plain import plain_record
from leyden.cli.output.records import print_records
from leyden.cli.progress import reading
from leyden.cli.reading import Reading, page_json, print_end, tell_unreadable
from leyden.cli.values.pairs import read_pairs
from leyden.cli.where import read_condition
from leyden.errors import UnknownAttributeError

COLLECTIONS: Final = "collections"
"""What stands in place of the entity: `collections.overview`."""


def members_of(service: Service, name: str) -> list[Entity]:
    """The entities of a collection, in the order of the schemas."""
    members = [
        entity
        for entity in service.entities.values()
        if any(name in index.collection for index in entity.spec.indexes.values())
    ]
    if not members:
        known = ", ".join(service.collections)
        hint = did_you_mean(name, service.collections) or (f"; it has {known}" if known else "")
        raise click.BadParameter(
            f'"{service.name}" has no collection "{name}"{hint}', param_hint="ENTITY.PATTERN"
        )
    return members


def member_with(service: Service, name: str, ranges: Mapping[str, tuple[str, ...]]) -> Entity:
    """The member of a collection that has the attributes of `attribute=value` arguments."""
    names = {a.partition("=")[0] for arguments in ranges.values() for a in arguments}
    members = members_of(service, name)
    return next((m for m in members if names <= m.spec.attributes.keys()), members[0])


def collection_query(
    service: Service, name: str, key: tuple[str, ...], where: tuple[str, ...]
) -> Any:
    """The query of a collection by `attribute=value` arguments, with conditions."""
    members = members_of(service, name)
    values = read_pairs(members[0], key, hint="KEY=VALUE")
    operation = service.collections[name](**values)
    if not where:
        return operation
    conditions = [_condition(members, text) for text in where]
    return operation.where(functools.reduce(operator.and_, conditions))


def print_collection(
    service: Service, name: str, operation: Any, chosen: Reading, output: Output, **more: Any
) -> None:
    """Run the query of a collection, and print the page with each item's entity."""
    with reading(operation.name):
        page: CollectionPage = operation.go(**chosen.options(), **more)
    entries = [
        (alias, plain_record(service.entities[alias], record)) for alias, record in page.entries
    ]
    if output.is_json:
        items = [{"entity": alias, "record": record} for alias, record in entries]
        print_json(page_json(page, items), output)
        tell_unreadable(page.unreadable)
        return
    order = [n for member in members_of(service, name) for n in member.spec.attributes]
    rows = [{_COLUMN: alias, **record} for alias, record in entries]
    print_records(output_console(), rows, (_COLUMN, *dict.fromkeys(order)))
    print_end(page)
    tell_unreadable(page.unreadable)


# No attribute has a name with a space, so the column hides none.
_COLUMN: Final = "of entity"


def _condition(members: list[Entity], text: str) -> Any:
    """The condition, read for the first member that has its attributes."""
    first: UnknownAttributeError | None = None
    for member in members:
        try:
            return read_condition(member, text)
        except UnknownAttributeError as error:
            first = first or error
    assert first is not None
    raise first
