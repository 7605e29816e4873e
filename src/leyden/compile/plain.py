"""Values as JMESPath sees them: JSON types only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from leyden.compile.anything import plain_any
from leyden.compile.attribute import CompiledAttribute
from leyden.compile.times import epoch_milliseconds

__all__ = ["build_plain"]


def _same(value: Any) -> Any:
    return value


def _epoch_seconds(value: datetime) -> int:
    return epoch_milliseconds(value) // 1000


def build_plain(attribute: CompiledAttribute) -> Callable[[Any], Any]:
    """The function that turns an attribute's values into plain data.

    Timestamps become ISO text, a `ttl` seconds since 1970, a Decimal an int or a float, sets
    sorted lists, bytes base64 text.
    """
    kind = attribute.spec.type
    if kind in ("string", "enum", "boolean", "number", "integer"):
        return _same
    if kind == "ttl":
        return _epoch_seconds
    if attribute.items is not None:
        plain_item = attribute.items.plain
        if kind == "set":
            return lambda value: sorted(plain_item(item) for item in value)
        return lambda value: [None if item is None else plain_item(item) for item in value]
    properties = attribute.properties
    if properties is not None:
        return lambda value: {
            name: properties[name].plain(item) if name in properties else plain_any(item)
            for name, item in value.items()
            if item is not None
        }
    return plain_any
