"""Operations in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from leyden._attrs import frozen
from leyden.program import Params

_PLACEHOLDER = re.compile(r"[#:]\w+")
# PynamoDB writes a space behind the names of functions.
_FUNCTION = re.compile(r"\b(attribute_\w+|contains|begins_with|size) \(")


@frozen
class Explanation:
    """What an operation does: `str()` gives it in words, the fields as data.

    `index` is None for the table's own key. `scans` is true where the whole table or index is
    read, whatever is found. `key` and `condition` show the expressions with their names in place.
    """

    operation: str
    api: str
    table: str
    index: str | None
    access_pattern: str | None
    """The access pattern, or the collection, that is read or written by."""
    scans: bool
    key: str
    condition: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f'index "{self.index}"' if self.index else "the table's own key"
        kind = "collection" if self.operation.startswith("collections.") else "access pattern"
        pattern = f' ({kind} "{self.access_pattern}")' if self.access_pattern else ""
        lines = [f'{self.operation}: {self.api} on table "{self.table}"']
        if self.scans:
            lines.append(f"  scans all of {place}{pattern}: the cost follows the table's size")
        else:
            lines.append(f"  served by {place}{pattern}")
        if self.key:
            lines.append(f"  key: {self.key}")
        if self.condition:
            reads = self.api in ("Query", "Scan")
            meaning = "filtered after reading" if reads else "only if"
            lines.append(f"  {meaning}: {self.condition}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


def show(expression: str, params: Params) -> str:
    """An expression with its placeholders replaced by names and values."""
    names: dict[str, str] = params.get("ExpressionAttributeNames", {})
    values: dict[str, Any] = params.get("ExpressionAttributeValues", {})
    known = {**names, **{placeholder: _literal(value) for placeholder, value in values.items()}}
    text = _PLACEHOLDER.sub(lambda found: known.get(found[0], found[0]), expression)
    return _FUNCTION.sub(r"\1(", text)


def show_key(key: Params) -> str:
    """A key as `pk = "..." and sk = "..."`."""
    return " and ".join(f"{field} = {_literal(value)}" for field, value in key.items())


def _literal(value: Any) -> str:
    ((kind, content),) = value.items()
    if kind == "S":
        return f'"{content}"'
    if kind in ("SS", "NS", "BS") and isinstance(content, Sequence):
        return "{" + ", ".join(map(str, content)) + "}"
    return str(content)
