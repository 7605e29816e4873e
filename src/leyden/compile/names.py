"""Python names for what schemas name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

__all__ = ["camel_case", "python_names"]


def camel_case(alias: str) -> str:
    """A class name: `thread_message` is `ThreadMessage`."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", alias) if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Record"
    return f"_{name}" if name[0].isdigit() else name


def python_names(names: Iterable[str], taken: Iterable[str] = ("self",)) -> dict[str, str]:
    """An identifier for each name: the name itself wherever that can be one.

    Keywords and names in `taken` get an underscore behind them; characters that identifiers do
    not have become underscores.
    """
    used = set(taken)
    found = {}
    for name in names:
        python = name if name.isidentifier() else re.sub(r"\W", "_", name)
        if not python.isidentifier() or (python.startswith("__") and python.endswith("__")):
            python = f"a_{python.strip('_')}"
        while keyword.iskeyword(python) or python in used:
            python += "_"
        used.add(python)
        found[name] = python
    return found
