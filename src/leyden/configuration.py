"""What tools need not be told: `[tool.leyden]` of pyproject.toml, under `LEYDEN_*`.

The command line and the pytest plugin read it; `leyden.load` does not. An option of a command
stands over a variable of the environment, which stands over the file. An empty text, in a variable
or an option, takes back what stands below it.
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
"""What can be configured, with its meaning; to add a setting, add a line, and read it."""

OF_SCHEMAS: Final = frozenset({"table", "hooks", "encryption_keys"})
"""Settings that belong to the configured schemas, and are not used with others."""

_FILE: Final = "pyproject.toml"
_SECTION: Final = "[tool.leyden]"
_PREFIX: Final = "LEYDEN_"
_TYPO: Final = 0.85
"""How like a variable of ours another one must be to be taken for a misspelling of it."""


class Setting(NamedTuple):
    """A configured value, and where it stands: `pyproject.toml`, or a variable."""

    value: str
    origin: str
    folder: Path
    """What a path in the value is relative to."""


def configured() -> dict[str, Setting]:
    """All settings that stand for the current folder, each from the place that counts.

    Raises InvalidOptionError for a file that cannot be used.
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
    """The variable of a setting: `LEYDEN_TABLE`."""
    return _PREFIX + name.upper()


def misspelt_variables() -> list[str]:
    """A note for each variable whose name is nearly one of ours."""
    known = {variable_of(name) for name in SETTINGS}
    strange = (name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    meant = {name: did_you_mean(name, known, closeness=_TYPO) for name in strange}
    return [f"Leyden does not read {name}{hint}" for name, hint in meant.items() if hint]


def schemas_path(setting: Setting) -> str:
    """The path of the configured schemas, as it is seen from the current folder."""
    place = setting.folder / Path(setting.value).expanduser()
    try:
        return os.path.relpath(place)
    except ValueError:  # on another drive
        return str(place)


def _of_project(folder: Path) -> dict[str, Setting]:
    """The settings of the nearest pyproject.toml that has some, here or in a folder above."""
    for place in (folder, *folder.parents):
        file = place / _FILE
        try:
            data = file.read_bytes()
        except OSError:
            # There is none, or it is not for us to read.
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
