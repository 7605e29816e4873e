"""Modules that are imported when the first of their names is asked for.

A process comes to its first answer sooner without what most processes never use. An `except` clause
names its classes only once something was raised, so `except aws.SSLError` imports nothing before.
"""

from __future__ import annotations

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
