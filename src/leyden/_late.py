"""Modules that Python imports when you first use one of their names.

A process starts sooner without modules that most processes never use. Python evaluates the classes
of an `except` clause only after something was raised, so `except aws.SSLError` imports nothing
until then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


class Late:
    """A stand-in for a module. A type checker sees the module itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found


def imported(name: str) -> Any:
    """Return the module of that name if its import has finished, else None.

    While one thread imports a module, others find it in `sys.modules` with most of its names still
    missing.
    """
    module = sys.modules.get(name)
    if module is None or getattr(module.__spec__, "_initializing", False):
        return None
    return module


def from_modules(package: str, **names: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for a package, which imports modules when you use their names.

    Each argument is a module of the package; its value lists the public names, separated by spaces.
    A type checker sees the imports themselves.
    """
    places = {name: module for module, text in names.items() for name in text.split()}

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find
