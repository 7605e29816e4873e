"""Who a model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leyden.porting.errors import ModelError
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD

__all__ = ["Identity", "read_identity"]


@frozen
class Identity:
    """Entity, version and service. `beta` marks the form of models before ElectroDB 1."""

    entity: str
    version: str
    service: str
    beta: bool = False
    versioned: bool = True
    """Whether the model says its version."""
    fields: tuple[str, str] = (ENTITY_FIELD, VERSION_FIELD)
    """The item fields that hold the entity's name and its version."""


def read_identity(model: Mapping[str, Any]) -> Identity:
    """Who the model is. Raises ModelError for what is no model."""
    inner = model.get("model")
    if isinstance(inner, Mapping) and isinstance(inner.get("entity"), str) and inner["entity"]:
        return Identity(
            inner["entity"], _text(inner, "version", "model"), _text(inner, "service", "model")
        )
    if isinstance(model.get("entity"), str) and model["entity"]:
        version = model.get("version")
        return Identity(
            entity=model["entity"],
            version=version if isinstance(version, str) else "1",
            service=_text(model, "service", ""),
            beta=True,
            versioned=isinstance(version, str),
        )
    raise ModelError(
        "this is no ElectroDB model: it has neither model.entity nor entity", place="model"
    )


def _text(options: Mapping[str, Any], name: str, where: str) -> str:
    value = options.get(name)
    if not isinstance(value, str):
        raise ModelError("must be text", place=".".join(filter(None, (where, name))))
    return value
