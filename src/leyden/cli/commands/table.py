"""`leyden table`: the table that a service needs, printed, created or compared."""

from __future__ import annotations

import click

from leyden import Service
from leyden.cli.loading import opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import to_stderr
from leyden.cli.output.json_text import json_text, print_json
from leyden.cli.progress import waiting
from leyden.provision import cloudformation, cloudformation_yaml, create_table_json, markdown

_FORMATS = ("create-table-json", "cloudformation", "cloudformation-json", "markdown")


@click.command()
@target_options
@click.option("--format", "form", type=click.Choice(_FORMATS), help="What to print.")
@click.option("--create", is_flag=True, help="Create the table unless it exists; wait for it.")
@click.option("--check", "compare", is_flag=True, help="Compare the table with the schemas.")
@output_options
def table(target: Target, form: str | None, create: bool, compare: bool, output: Output) -> None:
    """Print the table that the schemas need, create it, or compare one that exists.

    Without options it prints the input of `aws dynamodb create-table --cli-input-json`. --create
    may be run again and again: a table that exists is compared and never changed.

    \b
      leyden table schemas/taskapp --format cloudformation > table.yaml
      leyden table schemas/taskapp --create --endpoint-url http://127.0.0.1:8000
      leyden table schemas/taskapp --check
    """
    if sum((form is not None, create, compare)) > 1:
        raise click.UsageError("give one of --format, --create and --check")
    if output.is_json and form not in (None, "create-table-json", "cloudformation-json"):
        raise click.UsageError(f"--json and --query do not go with --format {form}")
    with opened(target, needs_table=create or compare, tell=to_stderr) as service:
        if create:
            _create(service, output)
        elif compare:
            _compare(service, output)
        else:
            _print(service, form or "create-table-json", output)


def _create(service: Service, output: Output) -> None:
    with waiting(f"waiting until the table {service.table} is ready"):
        result = service.create_table()
    if output.is_json:
        print_json({"table": result.table, "created": result.created}, output)
    elif result.created:
        click.echo(f"created the table {result.table}")
    else:
        click.echo(f"the table {result.table} exists and fits the schemas")


def _compare(service: Service, output: Output) -> None:
    with waiting(f"comparing the table {service.table}"):
        service.check_table()
    if output.is_json:
        print_json({"table": service.table, "fits": True}, output)
    else:
        click.echo(f"the table {service.table} fits the schemas")


def _print(service: Service, form: str, output: Output) -> None:
    definition = service.table_definition
    if form == "markdown":
        click.echo(markdown(service.spec, service.table), nl=False)
    elif form == "cloudformation":
        click.echo(cloudformation_yaml(cloudformation(definition, service.table)), nl=False)
    else:
        cloud = form == "cloudformation-json"
        document = (cloudformation if cloud else create_table_json)(definition, service.table)
        if output.is_json:
            print_json(document, output)
        else:
            click.echo(json_text(document, indent=2))
