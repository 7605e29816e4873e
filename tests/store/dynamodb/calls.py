"""A domain's programs, called as its methods are."""

from __future__ import annotations

from typing import Any

import leyden
from leyden.program import Program


class Calls:
    """Runs the programs of an object as methods."""

    def __init__(self, app: leyden.Service, programs: Any) -> None:
        self._app = app
        self._programs = programs

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            program: Program[Any] = getattr(self._programs, name)(*arguments, **options)
            return self._app.driver.run(program)

        return call
