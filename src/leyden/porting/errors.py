"""What can go wrong before there is a schema to check."""

from __future__ import annotations

from leyden.errors import EngineError, InputError

__all__ = ["ModelError", "NodeError"]


class ModelError(InputError):
    """Something that is no ElectroDB model, or a file without one. `place` says where in it."""

    code = "porting.model"

    def __init__(self, message: str, *, place: str = "", entity: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message, entity=entity)
        self.place = place


class NodeError(EngineError):
    """Node.js is missing, or cannot run the module; the message says why."""

    code = "porting.node"
