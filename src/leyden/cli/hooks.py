"""Hooks, the functions that `{call: NAME}` in the schemas names, and keys for encryption.

Few commands call hooks, so they are loaded late. Hooks named with `--hooks` are imported and
checked at once. Configured hooks are imported at the first call, since that runs the user's code,
and a command that only prints keys should not wait for it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from leyden._text import did_you_mean
from leyden.cli.folders import setting_behind
from leyden.configuration import Setting
from leyden.errors import InvalidOptionError

Hooks = Mapping[str, Callable[..., Any]]

_OPTION = "--hooks"


def hooks_of(place: str | None, ctx: click.Context | None) -> Hooks:
    """Return the hooks for a command: those at `place` (`module:name`), or stand-ins for them."""
    setting = setting_behind(ctx, "hooks")
    return _LateHooks(setting) if place is None or setting else load_hooks(place, ctx)


def load_hooks(place: str, ctx: click.Context | None) -> Hooks:
    """Import the dict at `module:name`, and check it."""
    setting = setting_behind(ctx, "hooks")
    return _checked(place, setting.folder if setting else Path.cwd())


def _checked(place: str, folder: Path) -> Hooks:
    found = object_at(place, _OPTION, "app.hooks:HOOKS", folder)
    if not isinstance(found, Mapping):
        raise click.BadParameter(f'"{place}" is not a dict', param_hint=_OPTION)
    if not all(isinstance(key, str) and callable(hook) for key, hook in found.items()):
        raise click.BadParameter(f'"{place}" must map names to functions', param_hint=_OPTION)
    return found


def keys_of(place: str | None, ctx: click.Context | None) -> Callable[[], Mapping[str, bytes]]:
    """Return a function that imports the keys at `place` (`module:name`) when they are needed.

    There is no option for a key itself, since it would end up in the shell's history.
    """

    def keys() -> Mapping[str, bytes]:
        if place is None:
            raise InvalidOptionError(
                "the schemas have encrypted attributes: name the dict of their keys with "
                '--encryption-keys MODULE:NAME, or with encryption_keys = "MODULE:NAME" under '
                "[tool.leyden] in pyproject.toml"
            )
        setting = setting_behind(ctx, "encryption_keys")
        folder = setting.folder if setting else Path.cwd()
        try:
            found = object_at(place, "--encryption-keys", "app.keys:KEYS", folder)
        except click.BadParameter as error:
            raise InvalidOptionError(f"--encryption-keys: {error.message}") from error
        given: Mapping[str, bytes] = found() if callable(found) else found
        return given

    return keys


class _LateHooks(Mapping[str, Callable[..., Any]]):
    """A mapping with a stand-in for every name, which imports the real function when called."""

    def __init__(self, setting: Setting | None) -> None:
        self._setting = setting
        self._found: Hooks | None = None
        self._asked: dict[str, Callable[..., Any]] = {}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._asked.setdefault(name, lambda *arguments: self._real(name)(*arguments))

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)

    def _real(self, name: str) -> Callable[..., Any]:
        if self._setting is None:
            raise InvalidOptionError(
                f'the schemas call the function "{name}" here: name the dict that has it with '
                '--hooks MODULE:NAME, or with hooks = "MODULE:NAME" under [tool.leyden] in '
                "pyproject.toml"
            )
        place, origin, folder = self._setting
        if self._found is None:
            try:
                self._found = _checked(place, folder)
            except click.BadParameter as error:
                raise InvalidOptionError(
                    f'{origin} names the functions "{place}": {error.message}'
                ) from error
        if name not in self._found:
            raise InvalidOptionError(
                f'the schemas call the function "{name}" here, which "{place}" of '
                f"{origin} does not have{did_you_mean(name, self._found)}"
            )
        return self._found[name]


def object_at(place: str, hint: str, example: str, folder: Path | None = None) -> Any:
    """Import the object at `module:name`, with a folder on the path (default: the current one).

    `hint` is what messages call the argument.
    """
    module_name, colon, name = place.partition(":")
    if not (module_name and colon and name):
        raise click.BadParameter(f"must be MODULE:NAME, as in {example}", param_hint=hint)
    here = str(folder or Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise click.BadParameter(
            f'cannot import the module "{module_name}": {error}', param_hint=hint
        ) from error
    found = getattr(module, name, None)
    if found is None:
        raise click.BadParameter(
            f'the module "{module_name}" has no "{name}"{did_you_mean(name, dir(module))}',
            param_hint=hint,
        )
    return found
