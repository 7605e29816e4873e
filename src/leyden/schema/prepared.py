"""Schemas that do not come from files, but for example from a generated module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leyden.schema.faults import Fault
    from leyden.schema.spec import ServiceSpec


class Prepared(ABC):
    """A source that `leyden.load` takes in place of a folder, and asks for its schemas."""

    @abstractmethod
    def checked(
        self, hooks: Mapping[str, Callable[..., Any]] | None
    ) -> tuple[ServiceSpec, tuple[Fault, ...]]:
        """Return the service and its warnings, as `load_checked` does. Raises SchemaError."""
