"""`leyden get`: one item by its key."""

from __future__ import annotations

import click

from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.plain import plain_record
from leyden.cli.output.records import print_record
from leyden.cli.values.pairs import read_pairs


@click.command()
@target_options
@click.argument("entity")
@click.argument("key", metavar="KEY=VALUE...", nargs=-1)
@click.option("--consistent", is_flag=True, help="Read what was written just now, too.")
@output_options
@click.pass_context
def get(
    ctx: click.Context,
    target: Target,
    entity: str,
    key: tuple[str, ...],
    consistent: bool,
    output: Output,
) -> None:
    """Print the item with a key. The exit code is 1 where there is none.

    \b
      leyden get schemas/taskapp task project_id=p1 task_id=t1
      leyden get schemas/taskapp task project_id=p1 task_id=t1 --query status
    """
    with opened(target) as service:
        found = entity_named(service, entity)
        values = read_pairs(found, key, hint="KEY=VALUE")
        record = found.get(**values).go(consistent=consistent or None)
        if output.is_json:
            print_json(None if record is None else plain_record(found, record), output)
        elif record is not None:
            print_record(output_console(), plain_record(found, record))
    if record is None:
        click.echo(f"there is no {found.spec.alias} with this key", err=True)
        ctx.exit(1)
