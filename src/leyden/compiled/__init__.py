"""Compiled schemas: the specs and code in a module that `leyden types --compiled` made.

A process that loads such a module neither reads YAML nor compiles codecs. `writing` makes the
module's source; this module is used at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leyden._attrs import frozen
from leyden._code import add_ready

if TYPE_CHECKING:
    from leyden.schema.faults import Fault
    from leyden.schema.spec import ServiceSpec

__all__ = ["Compiled", "add_ready"]


@frozen
class Compiled:
    """The schemas of a service, read and checked ahead of time.

    `noted` are the faults that loading warns of, `hooks` the names of the functions that the
    schemas call.
    """

    spec: ServiceSpec
    noted: tuple[Fault, ...]
    hooks: tuple[str, ...]

    def fits(self, hooks: Mapping[str, Any]) -> bool:
        """Return whether `hooks` has all functions that the schemas call."""
        return all(callable(hooks.get(name)) for name in self.hooks)
