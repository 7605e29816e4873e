"""`leyden import-pynamodb`: draft schema files from PynamoDB models."""

from __future__ import annotations

import click

from leyden.cli.application import debug_option
from leyden.cli.hooks import object_at
from leyden.cli.options import output_options
from leyden.cli.output import Output
from leyden.cli.porting import STDOUT, show_port


@click.command("import-pynamodb")
@click.argument("models", metavar="MODULE:MODEL...", nargs=-1, required=True)
@click.option(
    "--to",
    "place",
    metavar="FOLDER|-",
    default=STDOUT,
    help="Where to write, one file for each entity; default: -, standard output.",
)
@click.option("--service", metavar="NAME", help="The service's name; default: the table's.")
@click.option(
    "--key",
    "keys",
    metavar="[MODEL.]FIELD=TEMPLATE",
    multiple=True,
    help="A key field that your code builds from other attributes; may be repeated.",
)
@click.option(
    "--timestamps",
    is_flag=True,
    help="Declare times as `timestamp`, which PynamoDB can no longer read.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@output_options
@debug_option
@click.pass_context
def import_pynamodb(
    ctx: click.Context,
    models: tuple[str, ...],
    place: str,
    service: str | None,
    keys: tuple[str, ...],
    timestamps: bool,
    force: bool,
    output: Output,
) -> None:
    """Draft schema files from PynamoDB models.

    The schemas read and write the items of the models, which share one table: fields, types, keys,
    indexes, time to live, the version attribute. A model with a discriminator stands for all of its
    registered subclasses. What the command cannot express
    becomes a comment in the files.

    Where your code puts a key together, such as pk=f"USER#{user_id}", say so with --key.

    \b
      leyden import-pynamodb app.models:User --to schemas/app
      leyden import-pynamodb app.models:User app.models:Order --key 'pk=USER#${user_id}'
    """
    from leyden.porting import port_pynamodb

    templates = {}
    for said in keys:
        field, equals, template = said.partition("=")
        if not (field and equals and template):
            raise click.BadParameter("must be FIELD=TEMPLATE", ctx=ctx, param_hint="--key")
        templates[field] = template
    classes = [object_at(one, "MODULE:MODEL", "app.models:User") for one in models]
    drafted = port_pynamodb(classes, service=service, keys=templates, timestamps=timestamps)
    show_port(ctx, drafted, place, force=force, output=output)
