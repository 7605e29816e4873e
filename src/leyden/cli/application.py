"""The `leyden` application: list the commands, run one, and turn errors into lines and exit codes.

A command is a function in a module of `commands/`, and a line in `SECTIONS` with its place and its
summary. To add a command, write both.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from leyden_command import INTERRUPTED

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from leyden.errors import LeydenError

FAILED: Final = 1
PIPE_CLOSED: Final = 141
"""The exit code that shells show for a program whose reader closed the pipe."""

_DEBUGGING: Final = "leyden.debug"
"""The key under which a context stores that tracebacks are wanted."""


_HERE: Final = "leyden.cli.commands"

SECTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "To begin": {
        "init": (
            f"{_HERE}.init:init",
            "Begin a project: entities, a test, a small app.",
        ),
    },
    "Schemas (nothing is sent)": {
        "check": (f"{_HERE}.schemas:check", "Report every fault with its file, line and column."),
        "schema": (
            f"{_HERE}.schemas:schema",
            "Print the JSON Schema of schema files, for editors.",
        ),
        "patterns": (f"{_HERE}.schemas:patterns", "List or draw every access pattern."),
        "keys": (f"{_HERE}.keys:keys", "Show the keys that an item gets in each access pattern."),
        "explain": (f"{_HERE}.explain:explain", "Show what an operation would read or write."),
        "types": (f"{_HERE}.types:types", "Write a typed module, for editors and type checkers."),
        "diff": (f"{_HERE}.diff:diff", "Say what a change of schemas does to items and code."),
        "import-electrodb": (
            f"{_HERE}.import_electrodb:import_electrodb",
            "Convert ElectroDB models into schema files.",
        ),
        "import-pynamodb": (
            f"{_HERE}.import_pynamodb:import_pynamodb",
            "Draft schema files from PynamoDB models.",
        ),
    },
    "The table": {
        "table": (
            f"{_HERE}.table:table",
            "Print, create or compare the table that the schemas need.",
        ),
        "iam": (f"{_HERE}.iam:iam", "Print the IAM policy that a program on the table needs."),
        "doctor": (
            f"{_HERE}.doctor:doctor",
            "Compare a live table and its items with the schemas.",
        ),
    },
    "Items": {
        "get": (f"{_HERE}.items:get", "Print the item with a key."),
        "create": (f"{_HERE}.items:create", "Write a new item, or the new items of a file."),
        "put": (f"{_HERE}.items:put", "Write an item, or the items of a file."),
        "update": (f"{_HERE}.changes:update", "Change a part of an item, which must exist."),
        "delete": (f"{_HERE}.changes:delete", "Delete the item with a key, and print it."),
        "query": (f"{_HERE}.items:query", "Print items by an access pattern."),
        "search": (f"{_HERE}.search:search", "Print items by meaning, the nearest to a vector."),
        "scan": (f"{_HERE}.items:scan", "Print items by reading the whole table."),
    },
    "Whole tables": {
        "export": (f"{_HERE}.transfer:export_items", "Write a table to a file of JSON lines."),
        "import": (f"{_HERE}.transfer:import_items", "Write a file of JSON lines into a table."),
        "migrate": (
            f"{_HERE}.migrate:migrate",
            "Move the items of a table into the form of changed schemas.",
        ),
        "adopt": (
            f"{_HERE}.table:adopt",
            "Write the missing guards of unique values for existing items.",
        ),
    },
    "An agent's memory": {
        "reindex": (
            f"{_HERE}.memory:reindex",
            "Rebuild the index by which an agent's messages are found.",
        ),
        "agents": (
            f"{_HERE}.agents:agents",
            "Move what other packages stored for agent frameworks.",
        ),
    },
    "Around them": {
        "local": (
            f"{_HERE}.local:local",
            "Run DynamoDB on this machine, for development.",
        ),
        "completion": (f"{_HERE}.completion:completion", "Print the script for a shell's Tab key."),
        "config": (f"{_HERE}.config:config", "Show the configuration, and where each value is."),
    },
    "To look around": {
        "demo": ("leyden.demo:demo", "Show what Leyden does, on an engine inside this process."),
    },
}
"""The commands in the sections of `leyden --help`."""


_MEANT: Final = {
    **dict.fromkeys(("validate", "lint"), "check"),
    **dict.fromkeys(("add", "insert", "new"), "create"),
    **dict.fromkeys(("patch", "set", "upsert"), "update"),
    **dict.fromkeys(("remove", "rm"), "delete"),
    **dict.fromkeys(("find", "select"), "query"),
    **dict.fromkeys(("list", "ls", "count"), "scan"),
    **dict.fromkeys(("dump", "backup"), "export"),
    **dict.fromkeys(("load", "restore"), "import"),
    **dict.fromkeys(("policy", "permissions"), "iam"),
    **dict.fromkeys(("diagnose", "health", "verify"), "doctor"),
    **dict.fromkeys(("serve", "start", "server"), "local"),
}
"""What other tools call these commands."""

_FOR_QUERIES: Final = frozenset(
    f"--{one}" for one in ("gt", "gte", "lt", "lte", "begins", "between")
)


class StoppedError(Exception):
    """Ctrl-C in a command that can continue later; the text says how."""


class Application(click.Group):
    """The group of all commands, listed in sections, with one way to end in an error.

    It imports a command's module only when that command runs, so that `leyden --help` is fast.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in order."""
        return [name for commands in SECTIONS.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; return None if there is no such command."""
        for commands in SECTIONS.values():
            if cmd_name in commands:
                module, _, name = commands[cmd_name][0].partition(":")
                command: click.Command = getattr(import_module(module), name)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the line calls.

        Raises click's UsageError, which suggests a similar command.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from leyden._text import did_you_mean

            word = args[0]
            meant = f'; did you mean "{_MEANT[word]}"?' if word in _MEANT else ""
            hint = meant or did_you_mean(word, self.list_commands(ctx)) or "; see `leyden --help`"
            raise click.UsageError(f"No such command '{word}'{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands section by section."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin with `incomplete`; import no command."""
        from click.shell_completion import CompletionItem

        named = [
            CompletionItem(name, help=summary)
            for commands in SECTIONS.values()
            for name, (_, summary) in commands.items()
            if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and end with the matching exit code."""
        from leyden.errors import LeydenError

        if os.environ.get("NO_COLOR"):
            ctx.color = False
        elif os.environ.get("FORCE_COLOR"):
            ctx.color = True
        try:
            try:
                result = super().invoke(ctx)
            except click.exceptions.Exit:
                sys.stdout.flush()
                raise
            # Flush here, so that a closed pipe is noticed now and not at exit.
            sys.stdout.flush()
            return result
        except click.NoSuchOption as error:
            said = _explained(error)
            if not said:
                raise
            raise click.UsageError(said, error.ctx) from error
        except LeydenError as error:
            _report(ctx, error)
            ctx.exit(FAILED)
        except (StoppedError, KeyboardInterrupt) as stopped:
            click.echo(f"\n{stopped if isinstance(stopped, StoppedError) else 'stopped'}", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Send what is still buffered nowhere, so that Python does not complain at exit.
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)


def _explained(error: click.NoSuchOption) -> str:
    """Say what to write instead of an unknown option; return "" if click knows as much."""
    name = error.option_name
    if name in ("--desc", "--asc"):
        return f"No such option '{name}'; write --order {name[2:]}"
    if name in _FOR_QUERIES:
        return (
            f"No such option '{name}'; a range is over the sort key of a query, and --where "
            "'points > 3' filters on any attribute"
        )
    takes = error.ctx.command.params if error.ctx is not None else []
    if error.possibilities or not any("=VALUE" in (one.metavar or "") for one in takes):
        return ""
    return f"No such option '{name}'; an attribute has no dashes: {name.lstrip('-')}=VALUE"


def _report(ctx: click.Context, error: LeydenError) -> None:
    from leyden.cli.output import for_the_command_line, plural, print_faults
    from leyden.errors import MissingCompositeError, SchemaError

    if ctx.meta.get(_DEBUGGING):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, SchemaError):
        print_faults(error.faults, err=True)
        errors = sum(fault.severity == "error" for fault in error.faults)
        message = f"the schemas have {plural(errors, 'error')}"
    else:
        command = leyden.get_command(ctx, ctx.invoked_subcommand or "")
        options = {option for one in (command.params if command else ()) for option in one.opts}
        message = for_the_command_line(str(error), options)
        if isinstance(error, MissingCompositeError) and message.endswith(" as well"):
            message += f": {' '.join(f'{name}=VALUE' for name in error.missing)}"
        message += _configured(ctx, error)
    code = click.style(f" [{error.code}] ", dim=True)
    click.echo(f"{click.style('error', fg='red', bold=True)}{code}{message}", err=True)


def _configured(ctx: click.Context, error: LeydenError) -> str:
    """Say which settings lead requests to their target, for errors on the way there."""
    if not error.code.startswith(("aws.", "table.not_found")):
        return ""
    from leyden.cli.folders import READ

    settings = ctx.meta.get(READ, {})
    said = [
        f"{name} is from {settings[name].origin}"
        for name in ("table", "endpoint_url", "region", "profile")
        if name in settings
    ]
    return f" (configured: {', '.join(said)})" if said else ""


def _set_debugging(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from leyden._calls import FULL, VARIABLE

        os.environ.setdefault(VARIABLE, FULL)
        ctx.meta[_DEBUGGING] = True


debug_option: Final = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_set_debugging,
    help="Show the traceback of an error.",
)


@click.group(
    cls=Application,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A FOLDER holds a service: one YAML file for each entity, and table.yaml. The help of "
    "each command ends with examples: leyden COMMAND --help",
)
@click.version_option(package_name="leyden", prog_name="leyden")
@debug_option
def leyden() -> None:
    """Work with single-table DynamoDB services that are described in YAML.

    \b
      leyden check schemas/taskapp
      leyden table schemas/taskapp --create --endpoint-url http://127.0.0.1:8000
      leyden put schemas/taskapp task project_id=p1 task_id=t1 employee_id=e1
      leyden query schemas/taskapp task.assigned employee_id=e1 --order desc --json

    Answers go to standard output and everything else to standard error. The exit code is 0, or
    1 for an error, 2 for wrong usage, 130 after Ctrl-C.
    """
