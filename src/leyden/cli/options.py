"""Options that many commands share, gathered into objects.

`@target_options` gives a command `target`, which service on which table; `@output_options` gives
it `output`, how to print. Both add `--debug` once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import jmespath
from attrs import frozen
from jmespath.exceptions import JMESPathError

from leyden.cli.running import set_debugging

F = TypeVar("F", bound=Callable[..., Any])

FOLDER: Final = click.Path(exists=True, path_type=Path)
"""A folder of schemas; a single file is taken as well."""


@frozen
class Target:
    """Which service, on which table, reached how. None: as table.yaml or the AWS rules say."""

    folder: Path
    table: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    hooks: str | None = None


@frozen
class Output:
    """How to print: for people, or as JSON; `query` is applied to the JSON."""

    json: bool = False
    query: Any = None

    @property
    def is_json(self) -> bool:
        """Whether a program reads the output. `--query` implies it."""
        return self.json or self.query is not None


def target_options(command: F) -> F:
    """Add FOLDER and the options that name a table and how to reach it."""

    @functools.wraps(command)
    def with_target(
        *args: Any,
        folder: Path,
        table: str | None,
        endpoint_url: str | None,
        region: str | None,
        profile: str | None,
        hooks: str | None,
        **kwargs: Any,
    ) -> Any:
        target = Target(folder, table, endpoint_url, region, profile, hooks)
        return command(*args, target=target, **kwargs)

    decorated: F = apply(
        with_target,
        click.argument("folder", type=FOLDER),
        click.option("--table", metavar="NAME", help="The table; default: the one in table.yaml."),
        click.option("--endpoint-url", metavar="URL", help="Another endpoint than AWS's own."),
        click.option("--region", metavar="NAME", help="The AWS region."),
        click.option("--profile", metavar="NAME", help="A profile of the AWS configuration."),
        hooks_option,
        debug_option,
    )
    return decorated


def output_options(command: F) -> F:
    """Add `--json` and `--query`."""

    @functools.wraps(command)
    def with_output(*args: Any, as_json: bool, query: Any, **kwargs: Any) -> Any:
        return command(*args, output=Output(as_json, query), **kwargs)

    decorated: F = apply(
        with_output,
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option(
            "--query",
            metavar="JMESPATH",
            callback=_compiled,
            help="Print what this JMESPath expression finds in the JSON.",
        ),
    )
    return decorated


hooks_option: Final = click.option(
    "--hooks",
    metavar="MODULE:NAME",
    help="A dict of the functions that {call: NAME} names, importable from here.",
)

debug_option: Final = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=set_debugging,
    help="Show the traceback of an error.",
)


def _compiled(_: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    try:
        return jmespath.compile(value)
    except JMESPathError as error:
        raise click.BadParameter(f"this is no JMESPath expression: {error}") from error


def apply(function: Any, *decorators: Callable[[Any], Any]) -> Any:
    """The function with decorators, the first one outermost, so that help lists them in order."""
    for decorator in reversed(decorators):
        function = decorator(function)
    return function
