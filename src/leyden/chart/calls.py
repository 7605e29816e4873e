"""The Python that asks for what an access pattern serves."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from leyden.keys.text import epoch_seconds, timestamp_text
from leyden.schema.spec import AttributeSpec, EntitySpec

UNKNOWN = "..."
"""What stands for a value that no example has."""


def entity_text(alias: str) -> str:
    """How the entity is reached: `task` where that can be a variable."""
    return alias if _is_name(alias) else f"app[{_quoted(alias)}]"


def get_call(entity: EntitySpec, values: Mapping[str, Any] | None) -> str:
    """`task.get(project_id="apollo", task_id="task-1").go()`."""
    given = arguments(entity, entity.primary.composites, values)
    return f"{entity_text(entity.alias)}.get({given}).go()"


def query_call(
    entity: EntitySpec, pattern: str, names: Iterable[str], values: Mapping[str, Any] | None
) -> str:
    """`task.query.assigned(employee_id="ada").go()`."""
    start = f".{pattern}" if _is_name(pattern) else f"[{_quoted(pattern)}]"
    given = arguments(entity, names, values)
    return f"{entity_text(entity.alias)}.query{start}({given}).go()"


def collection_call(
    collection: str, entity: EntitySpec, names: Iterable[str], values: Mapping[str, Any] | None
) -> str:
    """`app.collections.overview(project_id="apollo").go()`."""
    given = arguments(entity, names, values)
    if _is_name(collection):
        return f"app.collections.{collection}({given}).go()"
    return f"getattr(app.collections, {_quoted(collection)})({given}).go()"


def arguments(entity: EntitySpec, names: Iterable[str], values: Mapping[str, Any] | None) -> str:
    """Attributes as arguments by keyword, without those that can have one value only."""
    given = {}
    for name in dict.fromkeys(names):
        attribute = entity.attributes[name]
        if attribute.type == "enum" and len(attribute.values) == 1:
            continue
        value = None if values is None else values.get(name)
        given[name] = UNKNOWN if value is None else _value(attribute, value)
    if all(_is_name(name) for name in given):
        return ", ".join(f"{name}={text}" for name, text in given.items())
    inner = ", ".join(f"{_quoted(name)}: {text}" for name, text in given.items())
    return f"**{{{inner}}}"


def _value(attribute: AttributeSpec, value: Any) -> str:
    if isinstance(value, datetime):
        if attribute.type == "ttl":
            return str(epoch_seconds(value))
        return _quoted(timestamp_text(value))
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    return repr(value)


def _quoted(text: str) -> str:
    # JSON's escapes are Python's, but for characters outside the first plane, which it leaves.
    return json.dumps(text, ensure_ascii=False)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)
