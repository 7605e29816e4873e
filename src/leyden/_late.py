"""Modules that are imported when the first of their names is asked for.

A process comes to its first answer sooner without what most processes never use. An `except` clause
names its classes only once something was raised, so `except aws.SSLError` imports nothing before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


class Late:
    """Stands for a module. A type checker is shown the module itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found


def imported(name: str) -> Any:
    """The module of that name if it is imported to its end, else None.

    While one thread imports a module, the others find it in `sys.modules` without most of its
    names.
    """
    module = sys.modules.get(name)
    if module is None or getattr(module.__spec__, "_initializing", False):
        return None
    return module


def from_modules(package: str, **names: str) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose modules are imported when their names are asked for.

    Each argument is a module of it with its public names, in one text. A type checker is shown
    the imports themselves.
    """
    places = {name: module for module, text in names.items() for name in text.split()}

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find
