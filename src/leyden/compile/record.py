"""Record classes: what a read gives back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import attrs

from leyden.compile.names import camel_case
from leyden.schema.spec import AttributeSpec, EntitySpec

__all__ = ["record_class"]

_PYTHON: Final[dict[str, type]] = {
    "string": str,
    "enum": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": bool,
    "binary": bytes,
    "timestamp": datetime,
    "ttl": datetime,
}


def python_type(spec: AttributeSpec) -> Any:
    """The Python type of an attribute's values in records, as an annotation."""
    if spec.type == "number":
        return int | float
    if spec.type == "list":
        return list[python_type(spec.items)] if spec.items else list[Any]  # type: ignore[misc]
    if spec.type == "set":
        if spec.items is None:
            return frozenset[Any]
        return frozenset[python_type(spec.items)]  # type: ignore[misc]
    if spec.type == "map":
        return dict[str, Any]
    return _PYTHON.get(spec.type, Any)


def record_class(spec: EntitySpec, slots: Mapping[str, str]) -> type[Any]:
    """A frozen attrs class with one slot for each entry of `slots` (attribute name: slot name).

    Every argument of its constructor is by keyword and None by default. Its repr leaves out
    what is None.
    """
    fields = {}
    for name, slot in slots.items():
        kind = python_type(spec.attributes[name])
        # The alias keeps attrs from stripping leading underscores off the argument's name.
        fields[slot] = attrs.field(
            default=None, kw_only=True, alias=slot, type=kind if kind is Any else kind | None
        )
    record: type[Any] = attrs.make_class(
        camel_case(spec.alias),
        fields,
        frozen=True,
        slots=True,
        weakref_slot=False,
        repr=False,
        class_body={"__doc__": _doc(spec, slots), "__repr__": _repr, "__module__": __name__},
    )
    return record


def _repr(record: Any) -> str:
    parts = []
    for part in attrs.fields(type(record)):
        value = getattr(record, part.name)
        if value is not None:
            parts.append(f"{part.name}={value!r}")
    return f"{type(record).__name__}({', '.join(parts)})"


def _doc(spec: EntitySpec, slots: Mapping[str, str]) -> str:
    lines = [
        spec.description or f'An item of the entity "{spec.entity}".',
        "",
        "Attributes (None where the item does not have them):",
        "",
    ]
    for name, slot in slots.items():
        attribute = spec.attributes[name]
        kind = " | ".join(attribute.values) if attribute.type == "enum" else attribute.type
        note = f": {attribute.description}" if attribute.description else ""
        lines.append(f"* `{slot}` ({kind}){note}")
    return "\n".join(lines) + "\n"
