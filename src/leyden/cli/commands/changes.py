"""`leyden update` and `leyden delete`: change or delete existing items."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from leyden.cli.chains import UPSERT_STEPS, key_and_rest, step_options, stepped
from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, entity_named, output_options, target_options
from leyden.cli.output import Output, cell, print_json, print_record
from leyden.cli.reading import narrowed, where_option
from leyden.cli.values import plain_record, read_pairs
from leyden.errors import ItemNotFoundError, MissingCompositeError

if TYPE_CHECKING:
    from leyden import Entity

_RESPONSES = ("all_new", "updated_new", "all_old", "updated_old", "none")


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.argument("attributes", metavar="KEY=VALUE... [PATH=VALUE...]", nargs=-1)
@step_options
@where_option("Only if the item matches, as in 'points > 3 and exists(tags)'; may be repeated.")
@click.option("--upsert", is_flag=True, help="Create the item if there is none.")
@click.option(
    "--response",
    type=click.Choice(_RESPONSES),
    default=_RESPONSES[0],
    show_default=True,
    help="What to print: the whole item or what was updated, as it is or as it was.",
)
@output_options
def update(
    target: Target,
    entity: str,
    attributes: tuple[str, ...],
    steps: dict[str, tuple[str, ...]],
    where: tuple[str, ...],
    upsert: bool,
    response: str,
    output: Output,
) -> None:
    """Change a part of an item, which must exist.

    KEY=VALUE are the attributes of its key. All others are set, as with --set. Values are written
    as for `leyden put`; you can repeat each option. The keys of indexes follow by themselves. Where
    one needs an attribute that you do not change, the command reads it first, and writes only if it
    is still the same. With --composite or --absent you say what it is, which saves the read.

    If there is no such item, the command writes nothing and exits with 1, so that a typo in a
    key creates no item. With --upsert it creates the item, unless something required is missing.

    \b
      leyden update schemas/taskapp task project_id=p1 task_id=t1 title='Paint it' --add points=2
      leyden update schemas/taskapp task project_id=p1 task_id=t1 --set detail.effort=3 \\
          --remove body --where 'status = open'
      leyden update schemas/taskapp task project_id=p1 task_id=t1 --append 'history=["seen"]' --json
    """
    with target.opened() as service:
        found = entity_named(service, entity)
        key, changed = key_and_rest(found, attributes)
        given = {**steps, "set": (*changed, *steps.get("set", ()))}
        if not any(given.values()):
            raise click.UsageError(
                "there is nothing to change: add PATH=VALUE, or an option such as --set or --remove"
            )
        for step in steps if upsert else ():
            if step not in UPSERT_STEPS:
                raise click.UsageError(f"--{step} cannot be used with --upsert")
        values = read_pairs(found, key, hint="KEY=VALUE")

        def begun(**stored: Any) -> Any:
            operation = found.upsert(**values) if upsert else found.patch(**values)
            operation = narrowed(stepped(found, operation, given), where, found)
            return operation.composite(**stored) if stored else operation

        operation = begun() if upsert else _informed(found, values, begun)
        record = operation.go(response=response)
        shown = None if record is None else plain_record(found, record)
    if shown is not None:
        print_record(shown, output)
    elif output.is_json:
        print_json(None, output)
    elif response != "none":
        click.echo(f"there was no {found.spec.alias} with this key before", err=True)


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.argument("key", metavar="KEY=VALUE...", nargs=-1)
@where_option("Only if the item matches, as in 'status = closed'; may be repeated.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_options
@click.pass_context
def delete(
    ctx: click.Context,
    target: Target,
    entity: str,
    key: tuple[str, ...],
    where: tuple[str, ...],
    yes: bool,
    output: Output,
) -> None:
    """Delete the item with a key, and print it.

    On a terminal, the command shows the item and asks; elsewhere it needs --yes. The exit code is 1
    if there is no such item, or if your answer is no.

    \b
      leyden delete schemas/taskapp task project_id=p1 task_id=t1
      leyden delete schemas/taskapp task project_id=p1 task_id=t2 --where 'status = closed' --yes
    """
    if not yes and not can_ask():
        raise click.UsageError("there is no terminal to ask on: pass --yes to delete the item")
    with target.opened() as service:
        found = entity_named(service, entity)
        values = read_pairs(found, key, hint="KEY=VALUE")
        operation: Any = narrowed(found.remove(**values), where, found)
        # Raise any error of the arguments before the question.
        operation.params()
        record = None
        try:
            if not yes:
                operation = _asked(found, values, operation)
            record = operation.go(response="all_old")
        except ItemNotFoundError:
            pass
        else:
            print_record(plain_record(found, record), output)
            click.secho(f"deleted this {found.spec.alias}", err=True, dim=True)
    if record is None:
        if output.is_json:
            print_json(None, output)
        click.echo(f"there is no {found.spec.alias} with this key", err=True)
        ctx.exit(1)


def _informed(entity: Entity, key: dict[str, Any], begun: Callable[..., Any]) -> Any:
    """Return the change, after reading stored values that it needs.

    These values become conditions, so the change fails if somebody else has changed them meanwhile.
    """
    stored: dict[str, Any] = {}
    item: dict[str, Any] | None = None
    while True:
        try:
            operation = begun(**stored)
            operation.params()
            return operation
        except MissingCompositeError as error:
            needed = {*error.missing} - {*stored, *entity.spec.primary.composites}
            if not needed:
                raise
            if item is None:
                raw = entity.get(**key).go(consistent=True, data="raw")
                if raw is None:
                    raise ItemNotFoundError(
                        "the item does not exist; nothing was changed. "
                        ".create() makes it, .upsert() writes it either way",
                        operation=f"{entity.spec.alias}.patch",
                        entity=entity.name,
                    ) from None
                item = entity.decode(raw)
            stored |= {name: item.get(name) for name in needed}


def can_ask() -> bool:
    """Return whether a person at a terminal can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(entity: Entity, key: dict[str, Any], operation: Any) -> Any:
    """Show the item, ask, and return the deletion if the answer is yes.

    Raises ItemNotFoundError if there is no such item.
    """
    seen = entity.get(**key).go(consistent=True)
    if seen is None:
        raise ItemNotFoundError("there is no such item", entity=entity.name)
    for name, value in plain_record(entity, seen).items():
        click.echo(f"  {name}: {cell(value)}", err=True)
    if not click.confirm(f"Delete this {entity.spec.alias}?", err=True):
        click.echo("nothing was deleted", err=True)
        click.get_current_context().exit(1)
    # With a version attribute, make sure that the deleted item is the one shown.
    counted = entity.spec.version_attribute is not None
    return operation.expecting(seen) if counted else operation
