"""`leyden query`: the items of one partition of an access pattern."""

from __future__ import annotations

from typing import Any, Final

import click

from leyden import Entity
from leyden._text import did_you_mean
from leyden.cli.collections import (
    COLLECTIONS,
    collection_query,
    member_with,
    print_collection,
)
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.reading import Reading, read_and_print, reading_options
from leyden.cli.values.pairs import RANGE, read_limits, read_pairs, split_pair

RANGES: Final = ("begins", "gt", "gte", "lt", "lte")


@click.command()
@target_options
@click.argument("pattern", metavar="ENTITY.PATTERN")
@click.argument("key", metavar="KEY=VALUE...", nargs=-1)
@click.option("--begins", multiple=True, metavar="A=B", help="Sort keys that start so.")
@click.option("--gt", multiple=True, metavar="A=B", help="Sort keys after this.")
@click.option("--gte", multiple=True, metavar="A=B", help="Sort keys from this on.")
@click.option("--lt", multiple=True, metavar="A=B", help="Sort keys before this.")
@click.option("--lte", multiple=True, metavar="A=B", help="Sort keys up to this.")
@click.option(
    "--between", multiple=True, metavar=f"A=B{RANGE}C", help="Sort keys from B to C, both included."
)
@click.option("--order", type=click.Choice(("asc", "desc")), help="The order of sort keys.")
@reading_options
@output_options
def query(
    target: Target,
    pattern: str,
    key: tuple[str, ...],
    between: tuple[str, ...],
    order: str | None,
    reading: Reading,
    output: Output,
    **ranges: tuple[str, ...],
) -> None:
    """Print items by an access pattern, in the order of their sort keys.

    KEY=VALUE are the attributes of the partition key, and as many of the sort key's as are known.
    One page is read, of at most 1 MB, unless --count or --all says otherwise; where there is more,
    the cursor of the next page is printed. collections.NAME reads a collection.

    \b
      leyden query schemas/taskapp task.assigned employee_id=e1 --begins project_id=p --order desc
      leyden query schemas/taskapp task.project project_id=p1 --between task_id=a..f
      leyden query schemas/taskapp collections.overview project_id=p1
      leyden query schemas/taskapp task.project project_id=p1 --where 'points > 3' --all --json

    \b
    --where takes comparisons (= != < <= > >=, between A and B, in (A, B)), exists(a), missing(a),
    contains(a, value), begins(a, text) and size(a) > 3, with and, or, not and parentheses.
    """
    alias, dot, name = pattern.partition(".")
    if not (alias and dot and name):
        raise click.BadParameter(
            "write it as ENTITY.PATTERN, as in task.assigned", param_hint="ENTITY.PATTERN"
        )
    given = {k: v for k, v in {**ranges, "between": between}.items() if v}
    with opened(target) as service:
        if alias == COLLECTIONS and alias not in service.entities:
            operation = collection_query(service, name, key, reading.where)
            operation = ranged(member_with(service, name, given), operation, given)
            print_collection(service, name, operation, reading, output, order=order)
            return
        entity = entity_named(service, alias)
        operation = pattern_of(entity, name)(**read_pairs(entity, key, hint="KEY=VALUE"))
        operation = ranged(entity, operation, given)
        read_and_print(entity, operation, reading, output, order=order)


def pattern_of(entity: Entity, name: str) -> Any:
    """The start of a query by an access pattern."""
    if name not in entity.spec.indexes:
        known = ", ".join(entity.spec.indexes)
        hint = did_you_mean(name, entity.spec.indexes) or f"; it has {known}"
        raise click.BadParameter(
            f'"{entity.spec.alias}" has no access pattern "{name}"{hint}',
            param_hint="ENTITY.PATTERN",
        )
    return entity.query[name]


def ranged(entity: Entity, operation: Any, ranges: dict[str, tuple[str, ...]]) -> Any:
    """The query with the one range that was given, if any."""
    if len(ranges) > 1:
        raise click.UsageError(
            f"a query takes one range; {' and '.join(f'--{name}' for name in ranges)} are two"
        )
    for name, arguments in ranges.items():
        if name == "between":
            return operation.between(*read_limits(entity, arguments, hint="--between"))
        if name == "begins":
            # A beginning is text, not a whole value of the attribute.
            return operation.begins(**beginnings(entity, arguments))
        return getattr(operation, name)(**read_pairs(entity, arguments, hint=f"--{name}"))
    return operation


def beginnings(entity: Entity, arguments: tuple[str, ...]) -> dict[str, Any]:
    """The values of `begins`: text for attributes that are text in keys, else whole values."""
    values: dict[str, Any] = {}
    for argument in arguments:
        name, text = split_pair(argument, hint="--begins")
        if name in values:
            raise click.BadParameter(f'"{name}" is given twice', param_hint="--begins")
        attribute = entity.spec.attributes.get(name)
        if attribute is not None and attribute.type in ("string", "enum", "timestamp"):
            values[name] = text
        else:
            values |= read_pairs(entity, (argument,), hint="--begins")
    return values
