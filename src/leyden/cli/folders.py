"""The argument FOLDER, and the rules that decide whether a line leaves it out.

You may leave FOLDER out if schemas are configured. The first argument is FOLDER if it looks like a
path, with a slash or as a YAML file, and also if there would be one argument too many without it. A
bare word is an entity if the configured schemas have it, or else the folder of that name.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import click
from click.core import ParameterSource

from leyden._text import did_you_mean
from leyden.configuration import (
    OF_SCHEMAS,
    Setting,
    configured,
    misspelt_variables,
    schemas_path,
)
from leyden.errors import InvalidOptionError

COLLECTIONS: Final = "collections"
"""The word in place of the entity: `collections.overview`."""

_ORIGIN: Final = "leyden.schemas"
"""The context's key for the origin of the configured schemas, if FOLDER is left out."""
READ: Final = "leyden.settings"
"""The key under which a context stores the configuration, once a command has read it."""
_SUFFIXES: Final = (".yaml", ".yml")
_HOW_TO: Final = (
    'name the folder of the schemas, or configure it: `schemas = "FOLDER"` under [tool.leyden] in '
    "pyproject.toml, or LEYDEN_SCHEMAS"
)


class SchemasPath(click.Path):
    """A folder of schemas, or a single file. If it does not exist, the message has a hint.

    If there is none, `schemas/NAME` is the folder of that name that comes with Leyden.
    """

    def __init__(self) -> None:
        super().__init__(exists=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. If nothing is there, fail and say why the word counts as FOLDER."""
        if not os.path.exists(value):
            is_configured = ctx is not None and _ORIGIN in ctx.meta
            shipped = None if is_configured else _shipped(os.fspath(value))
            if shipped is not None:
                return shipped
            self.fail(_missing(os.fspath(value), ctx), param)
        return super().convert(value, param, ctx)


def _shipped(word: str) -> Path | None:
    """Return the folder of schemas that come with Leyden, and say that it is that one."""
    import leyden

    parent, _, name = word.rstrip("/" + os.sep).replace(os.sep, "/").partition("/")
    if parent != "schemas":
        return None
    try:
        folder = leyden.schemas_folder(name)
    except InvalidOptionError:
        return None
    click.secho(f"note: {word} is the folder that comes with Leyden", err=True, dim=True)
    return folder


def _missing(word: str, ctx: click.Context | None) -> str:
    if ctx is not None and _ORIGIN in ctx.meta:
        return (
            f'{ctx.meta[_ORIGIN]} names the schemas "{word}", but there is no such file or folder'
        )
    if ctx is not None and "schemas" in settings_of(ctx):
        rule = "leave it out to use the configured ones"
    else:
        rule = f"none are configured, so {_HOW_TO}"
    said = f'there is no file or folder "{word}"{_near_folder(word)}'
    return f"{said} (the first argument names the schemas: {rule})"


class TargetCommand(click.Command):
    """A command on schemas, which uses the configured ones if FOLDER is left out.

    The other settings are the defaults of the options with their names.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters. During completion, `ctx.obj` lists what they may be."""
        params = super().get_params(ctx)
        if not ctx.resilient_parsing or not callable(ctx.obj):
            return params
        offering = [copy.copy(param) for param in params]
        for param in offering:
            param.shell_complete = partial(ctx.obj, param)  # type: ignore[method-assign]
        return offering

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with the configuration as defaults."""
        if ctx.resilient_parsing and args and self._wants_value(args[-1]):
            # A line that ends in an option is about to get its value; click would refuse to parse
            # it.
            args = args[:-1]
        if not {"--help", "-h"} & {*args}:
            args = self._configured(ctx, args)
        return super().parse_args(ctx, args)

    def _wants_value(self, word: str) -> bool:
        options = (param for param in self.params if isinstance(param, click.Option))
        return any(word in each.opts and not (each.is_flag or each.count) for each in options)

    def _configured(self, ctx: click.Context, args: list[str]) -> list[str]:
        settings = settings_of(ctx)
        schemas = settings.get("schemas")
        arguments = [param for param in self.params if isinstance(param, click.Argument)]
        (folder,) = (each for each in arguments if isinstance(each.type, SchemasPath))
        others = arguments[arguments.index(folder) + 1 :]
        words = self._words(ctx, args)
        given = bool(words) if schemas is None else _is_given(words, others, schemas)
        if schemas is None and not words and folder.required and not ctx.resilient_parsing:
            raise click.UsageError(f"Missing argument 'FOLDER': {_HOW_TO}", ctx)
        if schemas is not None and not given:
            ctx.meta[_ORIGIN] = schemas.origin
            args = [schemas_path(schemas), *args]
        left_out = OF_SCHEMAS if given and not _is_same(words[0], schemas) else frozenset()
        ctx.default_map = {
            name: setting.value for name, setting in settings.items() if name not in left_out
        }
        return args

    def _words(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments that belong to no option."""
        options = [param for param in self.params if isinstance(param, click.Option)]
        rest = click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)
        parser = click.Command(self.name, params=[*options, rest]).make_parser(ctx)
        words = parser.parse_args(list(args))[0].get("rest")
        # click marks missing arguments with an object of its own.
        return list(words) if isinstance(words, (list, tuple)) else []


def configured_folder(ctx: click.Context) -> str:
    """Return the configured schemas for a missing NEW. Raises click's UsageError without any."""
    schemas = settings_of(ctx).get("schemas")
    if schemas is None:
        raise click.UsageError(f"Missing argument 'NEW': {_HOW_TO}", ctx)
    return schemas_path(schemas)


def setting_behind(ctx: click.Context | None, name: str) -> Setting | None:
    """Return the setting that an option's value comes from; None if the line has the option."""
    if ctx is None or ctx.get_parameter_source(name) is not ParameterSource.DEFAULT_MAP:
        return None
    return settings_of(ctx).get(name)


def left_out_note(word: str) -> str:
    """Return an addition to a message about an unknown entity, which may be a misspelled FOLDER."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or _ORIGIN not in ctx.meta:
        return ""
    near = _near_folder(word)
    return (
        f" (no folder was given, so the schemas are those of {ctx.meta[_ORIGIN]}; there is no "
        f'folder "{word}" either{near})'
    )


def other_schemas_note(ctx: click.Context | None) -> str:
    """Return an addition to a message about a setting that is only configured for other schemas."""
    if ctx is None:
        return ""
    settings = settings_of(ctx)
    unused = [
        f"`{name}` of {settings[name].origin} belongs to other schemas"
        for name in sorted(OF_SCHEMAS & settings.keys())
        if name not in (ctx.default_map or {})
    ]
    return f"; {', '.join(unused)}" if unused else ""


def settings_of(ctx: click.Context) -> dict[str, Setting]:
    """Return the configuration, read once a call."""
    if READ not in ctx.meta:
        ctx.meta[READ] = configured()
        for note in () if ctx.resilient_parsing else misspelt_variables():
            click.secho(f"note: {note}", err=True, dim=True)
    return cast(dict[str, Setting], ctx.meta[READ])


def _is_given(words: Sequence[str], others: Sequence[click.Argument], schemas: Setting) -> bool:
    """Return whether the first word is FOLDER."""
    if not words or not others:
        return bool(words)
    first = words[0]
    fixed = all(argument.nargs == 1 and argument.required for argument in others)
    if fixed and len(words) > len(others):
        return True
    if isinstance(others[0].type, click.Path):
        return False
    if _is_path(first):
        return True
    return (
        "=" not in first
        and _has_schemas(Path(first))
        and not _is_entity(first, schemas_path(schemas))
    )


def _is_path(word: str) -> bool:
    slashes = {"/", os.sep}
    before, _, _ = word.partition("=")
    return before in (".", "..") or before.endswith(_SUFFIXES) or bool(slashes & {*before})


def _has_schemas(place: Path) -> bool:
    try:
        return any(file.suffix in _SUFFIXES for file in place.iterdir())
    except OSError:
        return False


def _is_entity(word: str, schemas: str) -> bool:
    """Return whether the configured schemas have this entity, alone or before a pattern."""
    from leyden.schema import check_service

    service = check_service(schemas).service
    alias = word.partition(".")[0]
    entities = service.entities.values() if service else ()
    return alias == COLLECTIONS or any(alias in (each.alias, each.entity) for each in entities)


def _is_same(folder: str, schemas: Setting | None) -> bool:
    """Return whether FOLDER has the configured schemas; True if there are none."""
    try:
        return schemas is None or os.path.samefile(folder, schemas_path(schemas))
    except OSError:
        return False


def _near_folder(word: str) -> str:
    parent, name = os.path.split(word.rstrip("/" + os.sep))
    try:
        there = [each.name for each in os.scandir(parent or ".") if each.name[:1] != "."]
    except OSError:
        # The misspelling is in a folder further up.
        return _near_folder(parent) if parent and parent != word else ""
    near = did_you_mean(name, there)
    return near.replace('mean "', f'mean "{parent}/') if parent else near
