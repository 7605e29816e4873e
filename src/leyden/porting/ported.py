"""What porting gives: the schema, what has to be looked at, and what can go wrong before that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
from attrs import frozen

from leyden.errors import EngineError, InputError

__all__ = ["ModelError", "NodeError", "Note", "PortedModel", "PortedService"]


class ModelError(InputError):
    """Something that is no ElectroDB model, or a file without one. `place` says where in it."""

    code = "porting.model"

    def __init__(self, message: str, *, place: str = "", entity: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message, entity=entity)
        self.place = place


class NodeError(EngineError):
    """Node.js is missing, or cannot run the module; the message says why."""

    code = "porting.node"


def _frozen_mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


@frozen
class Note:
    """Something that was not carried over as it stood.

    `str()` gives `attributes.total.get: a callback; ...`.
    """

    place: str
    """Where it stands in the ElectroDB model: `attributes.total.get`."""
    path: tuple[str, ...]
    """Where that is in the schema; its last parts may have no counterpart there."""
    what: str
    """What it is."""
    todo: str
    """What to do about it."""
    kind: str = "adapt"
    """`hook`: to be written in Python. `adapt`: behaves otherwise. `lost`: not there any more."""
    source: str | None = None
    """The JavaScript that stood there."""

    @property
    def text(self) -> str:
        """What it is and what to do about it."""
        return f"{self.what}; {self.todo}"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@frozen
class PortedModel:
    """One entity in the dict form of a schema file, for `leyden.load` or `write_yaml`."""

    entity: Mapping[str, Any] = attrs.field(converter=_frozen_mapping)
    notes: tuple[Note, ...] = ()
    hooks: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping)
    """The functions that it calls, each with the JavaScript that it replaces."""
    names: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping)
    """The attributes' names in ElectroDB, each with its name here."""
    patterns: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping)
    """The access patterns' names in ElectroDB, each with its name here."""
    table: str | None = None
    """The table that the model itself names."""

    @property
    def alias(self) -> str:
        """The entity's name in Python."""
        alias: str = self.entity.get("alias", self.entity["entity"])
        return alias


@frozen
class PortedService:
    """Several entities of one table.

    `table` is what table.yaml says; empty where it has nothing to say.
    """

    models: tuple[PortedModel, ...]
    table: Mapping[str, Any] = attrs.field(factory=dict, converter=_frozen_mapping)

    @property
    def hooks(self) -> Mapping[str, str]:
        """All functions that the entities call, each with the JavaScript that it replaces."""
        return {name: source for model in self.models for name, source in model.hooks.items()}

    def as_dict(self) -> dict[str, Any]:
        """The dict form of the whole service, for `leyden.load`."""
        service: dict[str, Any] = {"entities": [dict(model.entity) for model in self.models]}
        if self.table:
            service["table"] = dict(self.table)
        return service
