"""Running commands: errors become lines on standard error and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import click

from leyden.cli.output.console import error_console
from leyden.cli.output.faults import print_faults
from leyden.cli.output.wording import for_the_command_line
from leyden.cli.output.words import plural
from leyden.errors import LeydenError, SchemaError
from leyden.tracebacks import FULL, VARIABLE
from leyden_command import INTERRUPTED, interruptible

FAILED: Final = 1
PIPE_CLOSED: Final = 141
"""What a shell sees of a program whose reader went away."""


class StoppedError(Exception):
    """Ctrl-C, in a command that can go on later; the text says how."""


class Application(click.Group):
    """The group of all commands, listed in sections, with one way to end in an error."""

    def __init__(
        self,
        *args: Any,
        sections: Mapping[str, Sequence[click.Command]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._sections = {
            title: tuple(command.name or "" for command in commands)
            for title, commands in (sections or {}).items()
        }
        for commands in (sections or {}).values():
            for command in commands:
                self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands section by section."""
        listed = {name for names in self._sections.values() for name in names}
        rest = tuple(name for name in self.list_commands(ctx) if name not in listed)
        for title, names in [*self._sections.items(), ("Others", rest)]:
            rows = [
                (name, self.commands[name].get_short_help_str(limit=80))
                for name in names
                if not self.commands[name].hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and end in the exit code that fits."""
        if ctx.params.get("debug"):
            os.environ.setdefault(VARIABLE, FULL)
        try:
            with interruptible():
                return _flushed(lambda: super(Application, self).invoke(ctx))
        except LeydenError as error:
            _report(error, debug=_debugging(ctx))
            ctx.exit(FAILED)
        except StoppedError as stopped:
            _say_stopped(str(stopped))
            ctx.exit(INTERRUPTED)
        except KeyboardInterrupt:
            _say_stopped("stopped")
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            _let_go_of_stdout()
            ctx.exit(PIPE_CLOSED)


def _flushed(run: Callable[[], Any]) -> Any:
    """Run a command; what is still buffered meets a closed pipe here, and not at exit."""
    try:
        result = run()
    except click.exceptions.Exit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return result


def set_debugging(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """Callback of the commands' own `--debug`."""
    if value:
        os.environ.setdefault(VARIABLE, FULL)
        ctx.find_root().meta["leyden.debug"] = True


def _debugging(ctx: click.Context) -> bool:
    return bool(ctx.params.get("debug")) or bool(ctx.meta.get("leyden.debug"))


def _report(error: LeydenError, *, debug: bool) -> None:
    console = error_console()
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, SchemaError):
        print_faults(console, error.faults)
        message = f"the schemas have {plural(len(error.faults), 'fault')}"
    else:
        message = for_the_command_line(str(error))
    console.print("error", style="bold red", end="")
    console.print(f" [{error.code}] ", style="dim", end="")
    console.print(message)


def _say_stopped(hint: str) -> None:
    click.echo(f"\n{hint}", err=True)


def _let_go_of_stdout() -> None:
    """Send what is still buffered nowhere, so that nothing complains at exit."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
