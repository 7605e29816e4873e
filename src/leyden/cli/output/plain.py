"""Values as JSON has them.

Times become ISO text, sets sorted lists, bytes base64 text. A Decimal stays one: `json_text`
writes its digits as they are.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from leyden import Entity
from leyden.keys.text import timestamp_text


def plain(value: Any) -> Any:
    """A value of any type, with the keys of its maps sorted."""
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return [plain(member) for member in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value)}
    return value


def plain_record(entity: Entity, record: Any) -> dict[str, Any]:
    """A record by attribute name, in the schema's order, without what is absent or not read."""
    slots = entity.conversions.entity.compiled.slots
    values = {name: getattr(record, slot, None) for name, slot in slots.items()}
    attributes = entity.spec.attributes
    return {
        # A `json` value keeps the order in which its text has it.
        name: value if attributes[name].type == "json" else plain(value)
        for name, value in values.items()
        if value is not None
    }


def searchable(value: Any) -> Any:
    """A plain value for JMESPath, which knows no Decimal: an int or a float where one is exact."""
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        if whole == value:
            return int(whole)
        nearest = float(value)
        return nearest if Decimal(repr(nearest)) == value else value
    if isinstance(value, list):
        return [searchable(item) for item in value]
    if isinstance(value, dict):
        return {key: searchable(item) for key, item in value.items()}
    return value
