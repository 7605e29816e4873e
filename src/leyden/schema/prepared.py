"""Schemas that come from elsewhere than files, such as a generated module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leyden.schema.faults import Fault
    from leyden.schema.spec import ServiceSpec


class Prepared(ABC):
    """What `leyden.load` takes in place of a folder, and asks for its schemas."""

    @abstractmethod
    def checked(
        self, hooks: Mapping[str, Callable[..., Any]] | None
    ) -> tuple[ServiceSpec, tuple[Fault, ...]]:
        """The service and what is worth a warning, as `load_checked` gives them.

        Raises SchemaError.
        """
