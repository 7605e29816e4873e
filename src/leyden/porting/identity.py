"""Who a model is, and keys that the schema language does not build by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from leyden.porting.errors import ModelError
from leyden.porting.keys import Half

if TYPE_CHECKING:
    from leyden.porting.indexes import Attribute, Pattern

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

    def spelled_out(
        self, pattern: Pattern, attributes: Mapping[str, Attribute]
    ) -> list[tuple[str, Half]]:
        """The keys of a pattern as templates, where nothing else gives the same text.

        That is so in beta models, whose version stands in the partition key, and where a label
        is empty. Empty where the keys are built as always.
        """
        if pattern.type == "composite":
            return []
        blank = any(
            attributes[name].label == ""
            for _, half in pattern.halves
            if half.template is None
            for name in half.composite
        )
        if not self.beta and not blank:
            return []
        fields = {name: attribute.field for name, attribute in attributes.items()}
        entity = ("#" if pattern.collection else "$") + self.entity
        if not self.beta:
            entity += f"_{self.version}"
        collection = "".join(
            ("#" if i else "$") + name for i, name in enumerate(pattern.collection)
        )
        clustered = pattern.type == "clustered"
        partition = f"${self.service}" + (f"_{self.version}" if self.beta else "")
        if pattern.sk is None:
            partition += entity
        if pattern.scope is not None:
            partition += f"_{pattern.scope}"
        found = [("pk", _spelled(pattern.pk, partition, "", attributes, fields))]
        if pattern.sk is not None:
            start, end = (collection, entity) if clustered else (collection + entity, "")
            found.append(("sk", _spelled(pattern.sk, start, end, attributes, fields)))
        return found


def _spelled(
    half: Half,
    start: str,
    end: str,
    attributes: Mapping[str, Attribute],
    fields: Mapping[str, str],
) -> Half:
    if half.template is not None or half.is_lone(fields) or half.cast == "number":
        return half
    parts = []
    for i, name in enumerate(half.composite):
        parts.append(((start if i == 0 else "") + f"#{attributes[name].label}_", name))
    closing = end if parts else start + end
    if closing:
        parts.append((closing, ""))
    return evolve(half, template=tuple(parts))


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
