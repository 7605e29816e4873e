"""`leyden local`: run the embedded engine as a server, with the tables of the schemas."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from leyden._shell import word
from leyden.cli.application import debug_option
from leyden.cli.folders import TargetCommand, settings_of
from leyden.cli.hooks import Hooks, hooks_of, keys_of
from leyden.cli.options import FOLDER
from leyden.cli.output import Output, for_the_command_line, print_json, waiting
from leyden.errors import TableMismatchError

if TYPE_CHECKING:
    from leyden import LocalEngine
    from leyden.schema import ServiceSpec

_PORT: Final = 8000


class _Table(NamedTuple):
    name: str
    service: str
    created: bool
    lacks: tuple[str, ...] = ()


@click.command(cls=TargetCommand)
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=FOLDER)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port on 127.0.0.1; 0 picks a free one.",
)
@click.option(
    "--data",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep tables and items in this file between runs.",
)
@click.option("--table", metavar="NAME", help="The table; default: the one in table.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Print where it listens as JSON.")
@debug_option
@click.pass_context
def local(
    ctx: click.Context,
    folders: tuple[Path, ...],
    port: int,
    data: Path | None,
    table: str | None,
    as_json: bool,
) -> None:
    """Run DynamoDB on this machine, for development.

    The server is Leyden's embedded engine. It takes any region and any credentials, from every AWS
    SDK. The command makes the tables of the schemas that are configured or given, prints the
    variables that point clients to it, and runs until Ctrl-C.

    With --data, tables and items are in FILE when it starts again. Each write is in the file before
    it is answered. Without --data, everything is gone at the end.

    \b
      leyden local
      leyden local schemas/taskapp --port 8001 --data .leyden.jsonl
    """
    services = [_Service.at(folder, table, ctx) for folder in folders]
    if table and len({service.spec.service for service in services}) > 1:
        raise click.UsageError("--table names the table of one service, and there are several")
    stopped = threading.Event()
    with ExitStack() as stack:
        with waiting("starting the engine") as tell:
            engine = stack.enter_context(_started(port, data, tell))
            tables = [service.made(engine) for service in services]
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        region = _region(ctx) or engine.region
        if as_json:
            said = {
                "endpoint_url": engine.endpoint_url,
                "region": region,
                "tables": [{**each._asdict(), "lacks": list(each.lacks)} for each in tables],
            }
            print_json(said, Output(json=True))
        else:
            _tell(engine, region, tables, data)
        for each in tables:
            _tell_lacking(each)
        sys.stdout.flush()
        # On Windows, Python runs signal handlers only between waits.
        while not stopped.wait(1.0):
            pass
    click.echo("stopped", err=True)


class _Service(NamedTuple):
    """A service whose table the command creates."""

    spec: ServiceSpec
    table: str
    hooks: Hooks

    @classmethod
    def at(cls, folder: Path, table: str | None, ctx: click.Context) -> _Service:
        from leyden.schema import load_service

        hooks = hooks_of(None, ctx)
        spec = load_service(folder, hooks=hooks)
        return cls(spec, table or spec.table.table or spec.service, hooks)

    def made(self, engine: LocalEngine) -> _Table:
        """Create the table, or report what an existing one lacks."""
        import leyden

        spec, name, hooks = self
        # This reads and writes no items, so it needs no key for encrypted attributes.
        keys = keys_of(None, None)
        options: dict[str, Any] = {"table": name, "hooks": hooks, "encryption_keys": keys}
        with leyden.bind(spec, engine=engine, **options) as service:
            try:
                return _Table(name, spec.service, service.create_table().created)
            except TableMismatchError as error:
                return _Table(name, spec.service, False, tuple(error.differences))


def _started(port: int, data: Path | None, tell: Callable[[str], object]) -> LocalEngine:
    from leyden import local as start

    def progress(read: int, total: int) -> None:
        tell(f"reading {data}: {read / total:.0%} of {total / 1e6:,.1f} MB")

    return start(port, data=data, one_region=True, progress=progress)


def _region(ctx: click.Context) -> str | None:
    """Return the region that clients are configured for, so that the printed variables agree."""
    settings = settings_of(ctx)
    if "region" in settings:
        return settings["region"].value
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _tell(engine: LocalEngine, region: str, tables: Sequence[_Table], data: Path | None) -> None:
    click.echo(f"DynamoDB listens at {engine.endpoint_url}. Ctrl-C stops it.")
    for table in tables:
        made = "created" if table.created else "was there already"
        click.echo(f"  table {table.name}: {made}")
    if data is not None:
        click.echo(f"  kept in {data}")
    click.echo("\nCopy these lines into another terminal, and every AWS SDK finds it:\n")
    key, secret = engine.credentials.access_key_id, engine.credentials.secret_access_key
    for name, value in (
        ("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint_url),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ):
        line = f'$env:{name} = "{value}"' if os.name == "nt" else f"export {name}={word(value)}"
        click.echo(f"  {line}")


def _tell_lacking(table: _Table) -> None:
    from leyden.tables import Difference

    in_place = 0
    for difference in table.lacks:
        said = for_the_command_line(difference)
        click.secho(f"warning: the table {table.name}: {said}", err=True, fg="yellow")
        remedy = difference.remedy if isinstance(difference, Difference) else ""
        if remedy.startswith("aws "):
            click.echo(f"  to change that: {remedy}", err=True)
            in_place += 1
    if len(table.lacks) > in_place:
        click.echo(
            "`leyden table --add-indexes` adds indexes. For other differences in indexes or keys, "
            "move the items into a new table: `leyden export --to items.jsonl`, start again with "
            "another --data, `leyden import items.jsonl`",
            err=True,
        )
