"""How the schema's types are stored: which kind of AttributeValue each one becomes."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from leyden.schema.spec import AttributeSpec

AttributeValue: TypeAlias = dict[str, Any]
"""One typed value as DynamoDB's low-level API has it: `{"S": "a"}`, `{"N": "1"}`."""

Item: TypeAlias = dict[str, AttributeValue]
"""A stored item: typed values by field name."""

MAX_DEPTH: Final = 32
"""How many lists and maps DynamoDB lets stand inside each other."""

_KIND: Final = {
    "string": "S",
    "enum": "S",
    "json": "S",
    "timestamp": "S",
    "number": "N",
    "integer": "N",
    "decimal": "N",
    "ttl": "N",
    "boolean": "BOOL",
    "binary": "B",
    "list": "L",
    "map": "M",
}


def wire_kind(spec: AttributeSpec) -> str:
    """`S`, `N`, `BOOL`, `B`, `L`, `M`, `SS`, `NS` or `BS`; empty where the value decides."""
    if spec.type == "set":
        return f"{_KIND[spec.items.type]}S" if spec.items is not None else ""
    return _KIND.get(spec.type, "")
