"""`leyden explain`: describe what an operation would send."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import click

from leyden.cli.chains import (
    RANGES,
    STEPS,
    UPSERT_STEPS,
    key_and_rest,
    pattern_query,
    range_options,
    ranged,
    ranged_collection,
    step_options,
    stepped,
)
from leyden.cli.commands.search import search_pattern
from leyden.cli.folders import COLLECTIONS, TargetCommand
from leyden.cli.options import Target, entity_named, output_options, target_options, unknown
from leyden.cli.output import Output, print_json
from leyden.cli.reading import Reading, narrowed, reading_options
from leyden.cli.values import json_text, read_json, read_pairs, split_pairs
from leyden.types import json_ready

if TYPE_CHECKING:
    from leyden import Entity

Steps: TypeAlias = Mapping[str, Sequence[str]]

_STEPS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("get", "create", "put"), ()),
    "upsert": UPSERT_STEPS,
    **dict.fromkeys(("update", "patch"), tuple(STEPS)),
    **dict.fromkeys(("delete", "remove", "scan", "match", "find"), ()),
}
"""The operations, each with the steps that it accepts."""

_WHOLE_NUMBERS: Final = frozenset({"limit", "count", "pages", "concurrency", "top_k"})
_TRUTHS: Final = {"true": True, "false": False}


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.argument("operation", required=False)
@click.argument("arguments", metavar="[ATTRIBUTE=VALUE...]", nargs=-1)
@range_options
@step_options
@click.option("--order", type=click.Choice(("asc", "desc")), help="The order of sort keys.")
@click.option("--index", metavar="PATTERN", help="Of a scan: the index of this access pattern.")
@click.option("--hydrate", is_flag=True, help="Read the whole items behind an index.")
@reading_options
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of go().")
@click.option("--params", is_flag=True, help="Print the exact request as well.")
@output_options
def explain(
    target: Target,
    entity: str,
    operation: str | None,
    arguments: tuple[str, ...],
    ranges: dict[str, tuple[str, ...]],
    steps: dict[str, tuple[str, ...]],
    order: str | None,
    index: str | None,
    hydrate: bool,
    reading: Reading,
    options: tuple[str, ...],
    params: bool,
    output: Output,
) -> None:
    """Show what an operation would read or write.

    The command names the index that serves the operation, and sends nothing.

    OPERATION is get, create, put, upsert, update, patch, delete, remove, scan, match, find,
    query.PATTERN, or search.PATTERN, whose vector is a stand-in; ENTITY.PATTERN alone is a query.
    The options are those of `leyden query` and `leyden update`. Ranges and steps can also stand
    among the arguments: begins:project_id=p, set:title=New, remove:body. With `collections` as
    ENTITY, OPERATION names a collection.

    \b
      leyden explain schemas/taskapp task.assigned employee_id=e1 --begins project_id=p --order desc
      leyden explain schemas/taskapp task patch project_id=p1 task_id=t1 --set title=New --params
      leyden explain schemas/taskapp task match status=open
      leyden explain schemas/taskapp collections.overview project_id=p1
    """
    first, dot, pattern = entity.partition(".")
    if dot and pattern:
        # The same form as in `leyden query`: the pattern, then its attributes.
        arguments = arguments if operation is None else (operation, *arguments)
        entity, operation = first, pattern if first == COLLECTIONS else f"query.{pattern}"
    if operation is None:
        raise click.UsageError(
            "Missing OPERATION: name one, such as get, or write ENTITY.PATTERN for a query"
        )
    given = {
        **reading.options(),
        **({"order": order} if order else {}),
        **({"hydrate": True} if hydrate else {}),
        **dict(_option(argument) for argument in options),
    }
    attributes, beside = _sorted_out(arguments)
    within, changes = _merged(ranges, beside, RANGES), _merged(steps, beside, STEPS)
    with target.opened(needs_table=False, tells=True) as service:
        if entity == COLLECTIONS and entity not in service.entities:
            _refuse_unfit(operation, changes, ())
            chain = ranged_collection(service, operation, attributes, reading.where, within)
        else:
            found = entity_named(service, entity)
            chain = _chain(found, operation, attributes, within, changes, index)
            if reading.where and not hasattr(chain, "where"):
                raise click.UsageError(f"{operation} takes no --where")
            chain = narrowed(chain, reading.where, found)
        explanation = chain.explain(**given)
        # Keep the request's own order, and show bytes as base64.
        request = {n: json_ready(v) for n, v in chain.params(**given).items()} if params else None
    if output.is_json:
        said = {**attrs.asdict(explanation), "notes": list(explanation.notes)}
        print_json({**said, "params": request} if params else said, output)
        return
    click.echo(str(explanation))
    if params:
        click.echo(json_text(request, indent=2))


def _chain(
    entity: Entity,
    operation: str,
    attributes: Sequence[str],
    ranges: Steps,
    steps: Steps,
    index: str | None,
) -> Any:
    verb, dot, pattern = operation.partition(".")
    reads = dot and verb in ("query", "search")
    if not reads and operation not in _STEPS:
        searches = (f"search.{name}" for name in entity.spec.searches)
        known = (*_STEPS, *(f"query.{name}" for name in entity.spec.indexes), *searches)
        message = f'"{operation}" is not an operation'
        raise unknown(message, operation, known, hint="OPERATION", leading="choose from")
    _refuse_unfit(operation, steps, _STEPS.get(operation, ()))
    _refuse_unfit(operation, ranges, tuple(RANGES) if verb == "query" else ())
    if index is not None and operation != "scan":
        raise click.UsageError(f"{operation} takes no --index; only a scan does")
    if verb == "query" and dot:
        return ranged(entity, pattern_query(entity, pattern, attributes), ranges)
    if verb == "search" and dot:
        spec = entity.spec.searches.get(pattern)
        size = (spec and entity.spec.attributes[spec.attribute].dimensions) or 1
        return search_pattern(entity, pattern, [1, *[0] * (size - 1)], attributes)
    if operation == "scan":
        if attributes:
            raise click.UsageError("scan takes no attributes; use --where, or match")
        return entity.scan if index is None else entity.scan.index(index)
    if operation in ("update", "patch"):
        attributes, changed = key_and_rest(entity, attributes)
        steps = {**steps, "set": (*changed, *steps.get("set", ()))}
    values = read_pairs(entity, attributes, hint="ATTRIBUTE=VALUE")
    return stepped(entity, getattr(entity, operation)(**values), steps)


def _refuse_unfit(operation: str, given: Steps, known: Sequence[str]) -> None:
    for step in given:
        if step not in known:
            takes = f"; it takes {', '.join(f'--{one}' for one in known)}" if known else ""
            message = f"{operation} takes no --{step}{takes}"
            raise click.UsageError(message.replace("_", "-") if "_" in step else message)


def _sorted_out(arguments: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Split the arguments into plain `attribute=value` ones and those of each step or range."""
    plain_ones: list[str] = []
    steps: dict[str, list[str]] = {}
    for argument in arguments:
        step, colon, rest = argument.partition(":")
        if not colon or "=" in step:
            plain_ones.append(argument)
        elif step not in RANGES and step not in STEPS:
            message = f'there is no step "{step}:"'
            raise unknown(message, step, (*RANGES, *STEPS), hint="STEP:ATTRIBUTE=VALUE")
        else:
            steps.setdefault(step, []).append(rest)
    return plain_ones, steps


def _merged(options: Steps, beside: Steps, known: Container[str]) -> Steps:
    """Merge the known steps of options and arguments, in the order of the arguments."""
    names = [name for name in dict.fromkeys((*beside, *options)) if name in known]
    return {name: (*options.get(name, ()), *beside.get(name, ())) for name in names}


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
