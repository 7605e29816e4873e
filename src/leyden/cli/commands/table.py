"""`leyden table` and `leyden adopt`: the table that a service needs, and guards for its items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leyden.cli.application import StoppedError
from leyden.cli.folders import TargetCommand
from leyden.cli.options import (
    Target,
    entity_named,
    output_options,
    refuse_together,
    target_options,
)
from leyden.cli.output import Output, capacity, plural, print_json, print_table, waiting
from leyden.program import Item

if TYPE_CHECKING:
    from leyden import Adoption, Service

_FORMATS = (
    *("cloudformation", "cloudformation-json", "sam", "json", "create-table-json", "boto3"),
    *("cdk-python", "cdk-typescript", "terraform", "markdown"),
)
_JSON = ("json", "create-table-json", "cloudformation-json")
_DUPLICATES = ("unique", "item without a guard", "item with the same values")


@click.command(cls=TargetCommand)
@target_options
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What to print; create-table-json is json.",
)
@click.option(
    "--dev",
    is_flag=True,
    help="With --format: no defaults for production; the table goes with its stack.",
)
@click.option("--create", is_flag=True, help="Create the table unless it exists; wait for it.")
@click.option("--check", "compare", is_flag=True, help="Compare the table with the schemas.")
@click.option("--add-indexes", "add", is_flag=True, help="Add the indexes that the table lacks.")
@click.option(
    "--vectors",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="With schemas/memory: also the index of messages by meaning, for N dimensions.",
)
@output_options
def table(
    target: Target,
    form: str | None,
    dev: bool,
    create: bool,
    compare: bool,
    add: bool,
    vectors: int | None,
    output: Output,
) -> None:
    """Print, create or compare the table that the schemas need.

    Without options it prints the input of `aws dynamodb create-table --cli-input-json`. What it
    prints has point-in-time recovery and deletion protection on, unless table.yaml says otherwise,
    and a template keeps the table when its stack is deleted. With --dev it has only what table.yaml
    declares, and the table goes with its stack.

    You can run --create again and again: it compares a table that exists, and never changes it.
    --add-indexes adds the global and the vector indexes that a table lacks, one after another, and
    waits until each is filled; run it again to go on waiting.

    \b
      leyden table schemas/taskapp --format cloudformation > template.yaml
      leyden table schemas/taskapp --create --endpoint-url http://127.0.0.1:8000
      leyden table schemas/taskapp --check
      leyden table schemas/memory --vectors 1536 --add-indexes
    """
    refuse_together(
        {
            "--format": form is not None,
            "--create": create,
            "--check": compare,
            "--add-indexes": add,
        }
    )
    if dev and (create or compare or add):
        raise click.UsageError("--dev is for what is printed; table.yaml says what --create makes")
    if output.is_json and form not in (None, *_JSON):
        raise click.UsageError(f"--format {form} cannot be used with --json or --query")
    with target.opened(needs_table=create or compare or add, tells=True) as service:
        if vectors is not None:
            from leyden.memory import with_vectors

            service = service.beside(with_vectors(service.spec, vectors))
        if create or compare or add:
            said, report = _done(service, create=create, compare=compare)
            if output.is_json:
                print_json({"table": service.table, **report}, output)
            else:
                click.echo(said)
            return
        source = target.words
        if vectors is not None:
            source += f" --vectors {vectors}"
        _print(service, source, form or "json", dev, output)


def _print(service: Service, source: str, form: str, dev: bool, output: Output) -> None:
    """Print the table in a format; name on stderr what table.yaml does not declare."""
    from leyden.provision import DOCUMENTS, Wanted, commands_after, unsaid, written

    form = "json" if form == "create-table-json" else form
    wanted = Wanted(service.spec, service.table, source=source, dev=dev)
    if output.is_json:
        print_json(DOCUMENTS[form](wanted), output)
    else:
        click.echo(written(form, wanted), nl=False)
    if form == "markdown":
        return
    said = unsaid(wanted.definition.settings, dev=dev)
    if said:
        click.echo(said, err=True)
    after = commands_after(wanted.definition, wanted.table, dev=dev)
    if form == "json" and after:
        click.echo("create-table does not take all of it; these commands do the rest:", err=True)
        for command in after:
            click.echo(f"  {command}", err=True)


def _done(service: Service, *, create: bool, compare: bool) -> tuple[str, dict[str, Any]]:
    """Create the table, compare it, or add its indexes; return the message and its data."""
    name = service.table
    if create:
        with waiting(f"waiting until the table {name} is ready"):
            created = service.create_table().created
        made = f"created the table {name}"
        said = made if created else f"the table {name} exists and matches the schemas"
        return said, {"created": created}
    if compare:
        with waiting(f"comparing the table {name}"):
            service.check_table()
        return f"the table {name} matches the schemas", {"fits": True}
    with waiting(f"adding indexes to the table {name}") as tell:
        added = service.add_indexes(
            progress=lambda step: tell(f"the index {step.index} is {step.state}")
        ).added
    made = f"added {', '.join(added)} to the table {name}"
    said = made if added else f"the table {name} has all indexes of the schemas"
    return said, {"added": list(added)}


@click.command(cls=TargetCommand)
@target_options
@click.argument("entity")
@click.option("--cursor", metavar="TEXT", help="Continue where an earlier run stopped.")
@click.option("--pages", type=click.IntRange(1), help="Stop after this many pages; default: all.")
@output_options
def adopt(
    target: Target,
    entity: str,
    cursor: str | None,
    pages: int | None,
    output: Output,
) -> None:
    """Write the missing guards of unique values for existing items.

    Use it after an entity got `unique:`. Deploy the constraint first, so that all new writes keep
    it. The command reads the whole table; you can run it beside writers, and repeat it. If two
    items already share values, it lists their keys, leaves them alone and exits with 1: change one
    of the two and run it again.

    \b
      leyden adopt schemas/taskapp employee
    """
    last: list[Adoption] = []
    with target.opened() as service:
        found = entity_named(service, entity)
        try:
            with waiting(f"adopting {found.spec.alias} in {service.table}", counting=True):
                done = found.adopt_unique(cursor=cursor, pages=pages, progress=last.append)
        except KeyboardInterrupt:
            if last and last[-1].cursor is not None:
                raise StoppedError(
                    f"stopped after {plural(last[-1].checked, 'item')}; continue with "
                    f"--cursor {last[-1].cursor}"
                ) from None
            raise StoppedError(
                "stopped; run the command again, the guards that it wrote are kept"
            ) from None
    duplicates = done.duplicates
    if output.is_json:
        report = {
            "entity": found.spec.alias,
            "checked": done.checked,
            "adopted": done.adopted,
            "kept": done.kept,
            "duplicates": [
                {"attributes": list(one.attributes), "item": one.item, "owner": one.owner}
                for one in duplicates
            ],
            "cursor": done.cursor,
            "consumed": done.consumed,
        }
        print_json(report, output)
    elif duplicates:
        rows = [[", ".join(one.attributes), _key(one.item), _key(one.owner)] for one in duplicates]
        print_table(_DUPLICATES, rows)
    parts = [
        f"checked {plural(done.checked, 'item')}",
        f"wrote {plural(done.adopted, 'guard')}",
        f"{plural(done.kept, 'guard')} existed before",
        *([f"left {plural(len(duplicates), 'duplicate')} alone"] if duplicates else []),
        *([] if done.consumed is None else [capacity(done.consumed)]),
        *([] if done.cursor is None else [f"continue with --cursor {done.cursor}"]),
    ]
    click.echo(", ".join(parts), err=True)
    if duplicates:
        click.get_current_context().exit(1)


def _key(key: Item) -> str:
    return " ".join(str(next(iter(value.values()))) for value in key.values())
