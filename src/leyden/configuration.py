"""The configuration of tools: `[tool.leyden]` of pyproject.toml, and `LEYDEN_*` variables.

The command line and the pytest plugin read it; `leyden.load` does not. An option of a command
overrides an environment variable, which overrides the file. An empty variable or option unsets the
value below it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError

__all__ = [
    "OF_SCHEMAS",
    "SETTINGS",
    "Setting",
    "configured",
    "misspelt_variables",
    "schemas_path",
    "variable_of",
]

SETTINGS: Final[dict[str, str]] = {
    "schemas": "The folder of the schemas, or one file.",
    "table": "The name of the table.",
    "region": "The AWS region.",
    "endpoint_url": "An endpoint other than AWS's own.",
    "profile": "A profile of the AWS configuration.",
    "hooks": "The dict of functions for {call: NAME}, as MODULE:NAME.",
    "encryption_keys": "The keys of encrypted attributes, as MODULE:NAME.",
}
"""The settings and their meanings. To add a setting, add a line here and read its value."""

OF_SCHEMAS: Final = frozenset({"table", "hooks", "encryption_keys"})
"""Settings that belong to the configured schemas, and do not apply to other schemas."""

_FILE: Final = "pyproject.toml"
_SECTION: Final = "[tool.leyden]"
_PREFIX: Final = "LEYDEN_"
_TYPO: Final = 0.85
"""How similar to one of Leyden's variables another one must be to count as a misspelling."""


class Setting(NamedTuple):
    """A configured value and its origin: `pyproject.toml`, or an environment variable."""

    value: str
    origin: str
    folder: Path
    """The folder that a path in the value is relative to."""


def configured() -> dict[str, Setting]:
    """Return all settings for the current folder; a variable overrides the file.

    Raises InvalidOptionError if pyproject.toml, or its section, is not valid.
    """
    here = Path.cwd()
    found = _of_project(here)
    for name in SETTINGS:
        variable = variable_of(name)
        value = os.environ.get(variable)
        if value is not None:
            found[name] = Setting(value, variable, here)
    return {name: setting for name, setting in found.items() if setting.value}


def variable_of(name: str) -> str:
    """Return the environment variable of a setting: `LEYDEN_TABLE`."""
    return _PREFIX + name.upper()


def misspelt_variables() -> list[str]:
    """Return a note for each environment variable whose name is nearly one of Leyden's."""
    known = {variable_of(name) for name in SETTINGS}
    strange = (name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    meant = {name: did_you_mean(name, known, closeness=_TYPO) for name in strange}
    return [f"Leyden does not read {name}{hint}" for name, hint in meant.items() if hint]


def schemas_path(setting: Setting) -> str:
    """Return the path of the configured schemas, relative to the current folder."""
    place = setting.folder / Path(setting.value).expanduser()
    try:
        return os.path.relpath(place)
    except ValueError:  # on another drive
        return str(place)


def _of_project(folder: Path) -> dict[str, Setting]:
    """Return the settings of the nearest pyproject.toml with some, here or in a parent folder."""
    for place in (folder, *folder.parents):
        file = place / _FILE
        try:
            data = file.read_bytes()
        except OSError:
            # It does not exist, or this user may not read it.
            continue
        if b"leyden" not in data:
            continue
        section = _section(file, data)
        if section is not None:
            return _settings(file, section)
    return {}


def _section(file: Path, data: bytes) -> Any:
    try:
        tool = tomllib.loads(data.decode()).get("tool")
    except ValueError as error:
        raise InvalidOptionError(f"{_shown(file)} cannot be read as TOML: {error}") from error
    return tool.get("leyden") if isinstance(tool, Mapping) else None


def _settings(file: Path, section: Any) -> dict[str, Setting]:
    shown = _shown(file)
    if not isinstance(section, Mapping):
        raise InvalidOptionError(f"{shown}: tool.leyden must be a table, written as {_SECTION}")
    faults = []
    for name, value in section.items():
        if name not in SETTINGS:
            near = did_you_mean(name, SETTINGS) or f"; it takes {', '.join(SETTINGS)}"
            faults.append(f'{shown}: {_SECTION} has no key "{name}"{near}')
        elif not isinstance(value, str):
            kind = _TYPES.get(type(value), type(value).__name__)
            faults.append(f'{shown}: "{name}" in {_SECTION} must be a string, not {kind}')
    if faults:
        raise InvalidOptionError("\n".join(faults))
    origin = f"{_SECTION} of {shown}"
    return {name: Setting(value, origin, file.parent) for name, value in section.items()}


_TYPES: Final = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    list: "an array",
    dict: "a table",
}


def _shown(file: Path) -> str:
    try:
        return os.path.relpath(file)
    except ValueError:
        return str(file)
