"""`leyden explain`: what an operation would send, in words."""

from __future__ import annotations

from typing import Any, Final

import attrs
import click

from leyden import Entity
from leyden.cli.commands.items import RANGES, pattern_query, ranged
from leyden.cli.commands.search import search_pattern
from leyden.cli.folders import COLLECTIONS, TargetCommand
from leyden.cli.options import Target, entity_named, output_options, target_options, unknown
from leyden.cli.output import Output, print_json
from leyden.cli.reading import collection_query, narrowed
from leyden.cli.values import (
    json_text,
    read_json,
    read_pairs,
    split_pairs,
    value_from_text,
)
from leyden.types import json_ready

_READ_STEPS: Final = (*RANGES, "between")
_UPSERT_STEPS: Final = ("set", "add", "subtract", "append", "if_not_exists")
_UPDATE_STEPS: Final = (*_UPSERT_STEPS[:4], "delete", "if_not_exists", "remove", "composite")
_STEPS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("get", "create", "put"), ()),
    "upsert": _UPSERT_STEPS,
    **dict.fromkeys(("update", "patch"), _UPDATE_STEPS),
    **dict.fromkeys(("delete", "remove", "scan", "match", "find"), ()),
}
"""The operations, each with the steps that it takes; `query.NAME` takes ranges."""

_WHOLE_NUMBERS: Final = frozenset({"limit", "count", "pages", "concurrency", "top_k"})
_TRUTHS: Final = {"true": True, "false": False}


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.argument("operation")
@click.argument("arguments", metavar="[STEP:]ATTRIBUTE=VALUE...", nargs=-1)
@click.option("--where", multiple=True, metavar="CONDITION", help="As in `leyden query --help`.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of go().")
@click.option("--params", is_flag=True, help="Print the exact request as well.")
@output_options
def explain(
    target: Target,
    entity: str,
    operation: str,
    arguments: tuple[str, ...],
    where: tuple[str, ...],
    options: tuple[str, ...],
    params: bool,
    output: Output,
) -> None:
    """Show what an operation would read or write.

    The command names the index that serves the operation, and sends nothing.

    OPERATION is get, create, put, upsert, update, patch, delete, remove, scan, match, find,
    query.PATTERN, or search.PATTERN, whose vector is a stand-in. A query takes a range as a step
    (begins:, gt:, gte:, lt:, lte:, between:a=b..c); an update takes set:, add:, subtract:, append:,
    delete:, if_not_exists:, composite: and remove:PATH. With `collections` as ENTITY, OPERATION
    names a collection.

    \b
      leyden explain schemas/taskapp task query.assigned employee_id=e1 begins:project_id=p \\
          --option order=desc
      leyden explain schemas/taskapp task patch project_id=p1 task_id=t1 set:title=New --params
      leyden explain schemas/taskapp task match status=open
      leyden explain schemas/taskapp collections overview project_id=p1
    """
    with target.opened(needs_table=False, tells=True) as service:
        if entity == COLLECTIONS and entity not in service.entities:
            chain = collection_query(service, operation, arguments, where)
        else:
            found = entity_named(service, entity)
            chain = _chain(found, operation, arguments)
            if where and not hasattr(chain, "where"):
                raise click.UsageError(f"{operation} takes no --where")
            chain = narrowed(chain, where, found)
        given = dict(_option(argument) for argument in options)
        explanation = chain.explain(**given)
        # In its own order, and with bytes as base64.
        request = {n: json_ready(v) for n, v in chain.params(**given).items()} if params else None
    if output.is_json:
        said = {**attrs.asdict(explanation), "notes": list(explanation.notes)}
        print_json({**said, "params": request} if params else said, output)
        return
    click.echo(str(explanation))
    if params:
        click.echo(json_text(request, indent=2))


def _chain(entity: Entity, operation: str, arguments: tuple[str, ...]) -> Any:
    verb, dot, pattern = operation.partition(".")
    if verb == "query" and dot:
        attributes, steps = _sorted_out(operation, arguments, _READ_STEPS)
        return ranged(entity, pattern_query(entity, pattern, attributes), steps)
    if verb == "search" and dot:
        attributes, _ = _sorted_out(operation, arguments, ())
        spec = entity.spec.searches.get(pattern)
        size = (spec and entity.spec.attributes[spec.attribute].dimensions) or 1
        return search_pattern(entity, pattern, [1, *[0] * (size - 1)], attributes)
    if operation not in _STEPS:
        searches = (f"search.{name}" for name in entity.spec.searches)
        known = (*_STEPS, *(f"query.{name}" for name in entity.spec.indexes), *searches)
        message = f'"{operation}" is not an operation'
        raise unknown(message, operation, known, hint="OPERATION", leading="choose from")
    attributes, steps = _sorted_out(operation, arguments, _STEPS[operation])
    values = read_pairs(entity, attributes, hint="ATTRIBUTE=VALUE")
    if operation == "scan":
        if values:
            raise click.UsageError("scan takes no attributes; use --where, or match")
        return entity.scan
    chain = getattr(entity, operation)(**values)
    for step, given in steps.items():
        if step == "remove":
            chain = chain.remove(*given)
            continue
        paths = {}
        for path, text in split_pairs(given, hint=f"{step}:ATTRIBUTE=VALUE").items():
            leaf = entity.mapping.resolve(path).leaf
            paths[path] = value_from_text(leaf.spec, text, path)
        chain = getattr(chain, step)(**paths)
    return chain


def _sorted_out(
    operation: str, arguments: tuple[str, ...], known: tuple[str, ...]
) -> tuple[list[str], dict[str, list[str]]]:
    """Plain `attribute=value` arguments, and those of each step."""
    plain_ones: list[str] = []
    steps: dict[str, list[str]] = {}
    for argument in arguments:
        step, colon, rest = argument.partition(":")
        if not colon or "=" in step:
            plain_ones.append(argument)
        elif step not in known:
            message = f'{operation} takes no step "{step}:"'
            hint = "STEP:ATTRIBUTE=VALUE"
            raise unknown(message, step, known, hint=hint, leading="it takes")
        else:
            steps.setdefault(step, []).append(rest)
    return plain_ones, steps


def _option(argument: str) -> tuple[str, Any]:
    ((name, text),) = split_pairs((argument,), hint="--option").items()
    if name in _WHOLE_NUMBERS and text.isdecimal():
        return name, int(text)
    if name in ("consistent", "ignore_ownership"):
        return name, _TRUTHS.get(text, text)
    if name == "attributes":
        return name, [part.strip() for part in text.split(",")]
    if name == "params":
        try:
            return name, read_json(text)
        except ValueError as error:
            raise click.BadParameter(f"params takes JSON: {error}", param_hint="--option") from None
    return name, text
