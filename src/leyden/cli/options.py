"""Options that many commands share, and the service that they open.

`@target_options` passes `target` to a command: which service, on which table. `@output_options`
passes `output`: how to print. A command with a FOLDER has the class `TargetCommand`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from leyden._shell import word
from leyden._text import did_you_mean
from leyden.cli.application import debug_option
from leyden.cli.folders import SchemasPath, left_out_note, other_schemas_note
from leyden.cli.hooks import hooks_of, keys_of
from leyden.cli.output import SCHEMAS, Output, for_the_command_line

if TYPE_CHECKING:
    from leyden import Entity, Service

F = TypeVar("F", bound=Callable[..., Any])

FOLDER: Final = SchemasPath()
"""A folder of schemas, or a single file."""


class Target(NamedTuple):
    """Which service, on which table, and how to reach it.

    None means the value in table.yaml, or what AWS's own rules find.
    """

    folder: Path
    table: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    hooks: str | None = None
    encryption_keys: str | None = None

    @property
    def words(self) -> str:
        """The folder and the table as arguments for another command."""
        table = "" if self.table is None else f" --table {word(self.table)}"
        return f"{word(self.folder)}{table}"

    @contextmanager
    def opened(
        self,
        *,
        needs_table: bool = True,
        tells: bool = False,
        migrating_from: Path | None = None,
    ) -> Iterator[Service]:
        """Open the service that a command works on, and close it at the end.

        Without `needs_table`, a service without a table name uses its own name instead, for
        commands that send nothing. With `tells`, a note says so, if the output shows the name.
        `migrating_from` is the file of a migration in progress.
        """
        import leyden
        from leyden.schema import DANGERS, load_checked

        ctx = click.get_current_context(silent=True)
        hooks = hooks_of(self.hooks, ctx)
        spec, noted = load_checked(self.folder, hooks=hooks)
        table = self.table or spec.table.table
        if table is None and needs_table:
            raise click.UsageError(
                f"{self.folder} does not name the table: pass --table NAME, or write "
                f"`table: NAME` in its table.yaml{other_schemas_note(ctx)}"
            )
        if table is None and tells:
            click.secho(
                f'note: the schemas do not name the table, so "{spec.service}" stands in for it; '
                "pass --table NAME",
                err=True,
                dim=True,
            )
        service = leyden.bind(
            spec,
            table=table or spec.service,
            endpoint_url=self.endpoint_url,
            region=self.region,
            profile=self.profile,
            hooks=hooks,
            encryption_keys=keys_of(self.encryption_keys, ctx),
            migrating_from=migrating_from,
        )
        for fault in noted:
            if fault.code in DANGERS:
                click.echo(f"warning: {for_the_command_line(str(fault))}", err=True)
        with service:
            yield service


def refuse_together(used: Mapping[str, bool]) -> None:
    """Raise click's UsageError if more than one of these options is used."""
    if sum(used.values()) > 1:
        *others, last = used
        raise click.UsageError(f"use only one of {', '.join(others)} and {last}")


def entity_named(service: Service, name: str) -> Entity:
    """Return the entity with this alias, or with this name in the table."""
    if name in service.entities:
        return service.entities[name]
    found = next((e for e in service.entities.values() if e.name == name), None)
    if found is None:
        message = f'"{service.name}" has no entity "{name}"'
        raise unknown(message, name, service.entities, hint="ENTITY", more=left_out_note(name))
    return found


def unknown(
    message: str,
    name: str,
    known: Iterable[str],
    *,
    hint: str,
    leading: str = "it has",
    more: str = "",
) -> click.BadParameter:
    """Return a usage error about an unknown name, with the closest known one, or all of them."""
    listed = ", ".join(known)
    meant = did_you_mean(name, known) or (f"; {leading} {listed}" if listed else "")
    return click.BadParameter(message + meant + more, param_hint=hint)


def target_options(command: F) -> F:
    """Add FOLDER and the options that name a table and how to reach it."""

    @functools.wraps(command)
    def with_target(**given: Any) -> Any:
        # An empty text overrides a configured value.
        chosen: dict[str, Any] = {name: given.pop(name) or None for name in Target._fields}
        target = Target(**chosen)
        click.get_current_context().meta[SCHEMAS] = target.words
        return command(target=target, **given)

    made: F = decorated(
        with_target,
        click.argument("folder", metavar="[FOLDER]", type=FOLDER),
        click.option("--table", metavar="NAME", help="The table; default: the one in table.yaml."),
        click.option("--endpoint-url", metavar="URL", help="An endpoint other than AWS's own."),
        click.option("--region", metavar="NAME", help="The AWS region."),
        click.option("--profile", metavar="NAME", help="A profile of the AWS configuration."),
        hooks_option,
        click.option(
            "--encryption-keys",
            metavar="MODULE:NAME",
            help="The dict of keys for encrypted attributes, or a function that returns it.",
        ),
        debug_option,
    )
    return made


def output_options(command: F) -> F:
    """Add `--json` and `--query`."""

    @functools.wraps(command)
    def with_output(*args: Any, as_json: bool, query: Any, **given: Any) -> Any:
        return command(*args, output=Output(as_json, query), **given)

    made: F = decorated(
        with_output,
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option(
            "--query",
            metavar="JMESPATH",
            callback=_compiled,
            help="Print what this JMESPath expression finds in the JSON.",
        ),
    )
    return made


def _compiled(_: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(value)
    except JMESPathError as error:
        raise click.BadParameter(f"this is not a valid JMESPath expression: {error}") from error


hooks_option: Final = click.option(
    "--hooks",
    metavar="MODULE:NAME",
    help="The dict with the Python functions that schemas name with {call: NAME}.",
)


def decorated(function: Any, *decorators: Callable[[Any], Any]) -> Any:
    """Apply the decorators in such an order that help lists the options as given here."""
    for decorator in reversed(decorators):
        function = decorator(function)
    return function
