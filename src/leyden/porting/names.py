"""Names in Python for what a model names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable

from leyden.schema.shapes import TAKEN_ALIASES
from leyden.schema.structure import is_name

__all__ = ["is_name", "python_alias", "python_names", "snake_case"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """A name in Python's style.

    >>> snake_case("employeeId"), snake_case("userID"), snake_case("HTTPStatus")
    ('employee_id', 'user_id', 'http_status')
    """
    return re.sub(r"_+", "_", _HUMP.sub("_", name)).lower()


def python_alias(wanted: str, snake: bool) -> str:
    """The name of an entity in Python: the wanted one, or one made of it."""
    if is_name(wanted, TAKEN_ALIASES):
        return wanted
    return python_names([wanted], snake=snake, taken=TAKEN_ALIASES)[wanted]


def python_names(
    names: Iterable[str], *, snake: bool, taken: Container[str] = ()
) -> dict[str, str]:
    """For each name one that Python takes; no two get the same.

    Names that Python takes are kept, unless `snake` asks for snake_case. Keywords and names in
    `taken` get an underscore behind them, characters that names do not have become underscores.
    """
    listed = list(names)
    # A name that stays as it is must not be taken by another one that becomes it.
    wanted = {name: _python_name(name, snake, taken) for name in listed}
    used = {name for name in listed if wanted[name] == name}
    found = {}
    for name in listed:
        candidate, number = wanted[name], 1
        while candidate != name and candidate in used:
            number += 1
            candidate = f"{wanted[name]}_{number}"
        used.add(candidate)
        found[name] = candidate
    return found


def _python_name(name: str, snake: bool, taken: Container[str]) -> str:
    if not snake and is_name(name, taken):
        return name
    python = snake_case(name) if snake else name
    python = re.sub(r"[^A-Za-z0-9_]", "_", python)
    if snake:
        python = re.sub(r"_+", "_", python).strip("_") or python.strip("_")
    if python.startswith("__"):
        python = "_" + python.lstrip("_")
    if not python.strip("_") or not re.match(r"[A-Za-z_]", python):
        python = f"a_{python.strip('_')}".rstrip("_")
    return f"{python}_" if keyword.iskeyword(python) or python in taken else python
