"""What filters mean, written down as plainly as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leyden.memory.filters import Condition


def same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: true is not 1."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def fits(conditions: Sequence[Condition], metadata: Mapping[str, Any]) -> bool:
    """Whether metadata meets all conditions; a list does so with any of its members."""
    for condition in conditions:
        value = metadata.get(condition.field)
        members = value if isinstance(value, (list, tuple)) else [value]
        if not any(same(member, wanted) for member in members for wanted in condition.values):
            return False
    return True
