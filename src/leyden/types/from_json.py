"""Converts JSON values to values of attributes: the inverse of `json_writer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leyden.types.base import refuse, type_of
from leyden.types.union import variant_spec

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec


def value_from_json(spec: AttributeSpec, value: Any, path: str | None = None) -> Any:
    """Convert a JSON value to a value of an attribute.

    It converts only what JSON has no type for, and leaves it to the entity to check the value.
    Raises ValidationError for text that it cannot convert.
    """
    path = path or spec.name
    if value is None:
        return None
    if spec.type in ("list", "set") and isinstance(value, list) and spec.items is not None:
        element = spec.items
        return [value_from_json(element, v, f"{path}[{i}]") for i, v in enumerate(value)]
    spec = variant_spec(spec, value) or spec
    if spec.type == "map" and isinstance(value, dict) and spec.properties is not None:
        parts: Mapping[str, AttributeSpec] = spec.properties
        return {
            name: value_from_json(parts[name], v, f"{path}.{name}") if name in parts else v
            for name, v in value.items()
        }
    try:
        return type_of(spec).from_json(value)
    except ValueError as error:
        raise refuse(path, str(error)) from None
