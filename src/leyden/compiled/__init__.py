"""What a module carries that `leyden types --compiled` made: specs and code, as Python source.

A process that loads such a module neither reads YAML nor compiles codecs. `writing` makes the
source; what is here takes it at run time.
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
    """The schemas of a service as they were read and checked.

    `noted` are the faults that loading warns of, `hooks` the names of the functions that the
    schemas call.
    """

    spec: ServiceSpec
    noted: tuple[Fault, ...]
    hooks: tuple[str, ...]

    def fits(self, hooks: Mapping[str, Any]) -> bool:
        """Whether all functions were handed in that the schemas call."""
        return all(callable(hooks.get(name)) for name in self.hooks)
