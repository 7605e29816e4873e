"""`leyden iam`: print the IAM policy for a program that works on the table."""

from __future__ import annotations

from typing import Final

import click

from leyden.cli.folders import TargetCommand
from leyden.cli.options import Target, output_options, target_options
from leyden.cli.output import Output, print_json
from leyden.cli.values import json_text

_FORMATS: Final = ("json", "cloudformation", "terraform")


@click.command(cls=TargetCommand)
@target_options
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="json", help="Default: json."
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(("application", "memory", "migrate", "doctor", "table")),
    default="application",
    help="What the policy is for; default: application, all operations on items.",
)
@click.option("--read-only", is_flag=True, help="Allow no writes.")
@click.option("--no-scan", is_flag=True, help="Allow nothing that reads the whole table.")
@click.option(
    "--tenant", metavar="ATTRIBUTE", help="Allow only the items of the caller's own tenant."
)
@click.option(
    "--tenant-value",
    metavar="TEXT",
    help="The tenant's name; default: ${aws:PrincipalTag/ATTRIBUTE}, the caller's session tag.",
)
@click.option(
    "--searches",
    is_flag=True,
    help="With --tenant: allow searches by meaning, which reach the vectors of all tenants.",
)
@click.option(
    "--role", type=click.Choice(("lambda",)), help="Print the role of a Lambda function, too."
)
@click.option("--account", metavar="ID", help="The AWS account; default: any, in JSON.")
@click.option(
    "--vectors",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="With schemas/memory: also the index of messages by meaning, for N dimensions.",
)
@output_options
def iam(
    target: Target,
    form: str,
    purpose: str,
    read_only: bool,
    no_scan: bool,
    tenant: str | None,
    tenant_value: str | None,
    searches: bool,
    role: str | None,
    account: str | None,
    vectors: int | None,
    output: Output,
) -> None:
    """Print the IAM policy that a program on the table needs.

    It allows what the operations of these schemas send, on the table and the indexes that they
    use. --for asks for what other programs need: `memory` is the store of schemas/memory,
    `migrate` and `doctor` are commands, `table` creates and changes the table. With --tenant, a
    caller reaches only keys that begin with its own tenant's name; schemas whose keys cannot keep
    tenants apart are refused, with the reasons.

    \b
      leyden iam schemas/taskapp --table tasks --region eu-west-1
      leyden iam schemas/taskapp --read-only --no-scan
      leyden iam schemas/taskapp --format cloudformation --role lambda
    """
    if account is not None and form != "json":
        raise click.UsageError(f"--account is for --format json; {form} knows its account")
    if output.is_json and form == "terraform":
        raise click.UsageError("--format terraform cannot be used with --json or --query")
    with target.opened(needs_table=False, tells=True) as service:
        spec = service.spec
        if vectors is not None:
            from leyden.memory import with_vectors

            spec = with_vectors(spec, vectors)
        from leyden.provision import (
            cloudformation_yaml,
            iam_cloudformation,
            iam_json,
            iam_terraform,
            permissions,
        )

        allowed = permissions(
            spec,
            service.table,
            purpose=purpose,
            read_only=read_only,
            scan=not no_scan,
            tenant=tenant,
            tenant_value=tenant_value,
            searches=searches,
        )
    for note in allowed.notes:
        click.secho(f"note: {note}", err=True, dim=True)
    if form == "terraform":
        click.echo(iam_terraform(allowed, role=role), nl=False)
        return
    if form == "cloudformation":
        document = iam_cloudformation(allowed, role=role)
        if not output.is_json:
            click.echo(cloudformation_yaml(document), nl=False)
            return
    else:
        document = iam_json(allowed, region=target.region, account=account, role=role)
    if output.is_json:
        print_json(document, output)
    else:
        click.echo(json_text(document, indent=2))
