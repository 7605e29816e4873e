"""Under which condition an item is in a sparse index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from leyden.compile.calling import hook_of
from leyden.compile.expressions import Expression
from leyden.compile.hooking import Hooks
from leyden.compile.preparing import Preparation
from leyden.schema.spec import IndexSpec, Judge

__all__ = ["SparseCondition", "sparse_condition"]

Values = Mapping[str, Any]


class SparseCondition:
    """The condition under which an item is in a sparse index."""

    __slots__ = ("_holds", "needed", "roots")

    def __init__(
        self,
        needed: frozenset[str],
        roots: frozenset[str] | None,
        holds: Callable[[Values], bool],
    ) -> None:
        self.needed = needed
        """The attributes of which the key is made, and those that the condition reads."""
        self.roots = roots
        """The attributes that the condition reads; None where it reads the whole item."""
        self._holds = holds

    def holds(self, values: Values) -> bool:
        """Whether an item with these accepted values is in the index."""
        return self._holds(values)


def sparse_condition(entity: Preparation, index: IndexSpec, hooks: Hooks) -> SparseCondition:
    """The condition of an index that has one, an expression or a function."""
    if isinstance(index.when, Judge):
        reads = frozenset(index.when.reads)
        asked = hook_of(hooks, index.when, "when", index.name)

        def judged(values: Values) -> bool:
            # It sees what it says it reads and nothing else, so no write can miss a change.
            seen = {n: value for n, value in values.items() if n in reads and value is not None}
            return bool(asked(MappingProxyType(entity.as_read(seen))))

        return SparseCondition(reads.union(index.composites), reads, judged)
    assert index.when is not None
    expression = Expression(index.when.text)
    roots = expression.roots
    read = entity.attributes if roots is None else roots

    def holds(values: Values) -> bool:
        if entity.key_texts:
            values = entity.as_read(values)
        return expression.holds(entity.plain(values, roots), f"when of {index.name}")

    return SparseCondition(frozenset({*index.composites, *read}), roots, holds)
