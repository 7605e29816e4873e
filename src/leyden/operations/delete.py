"""Deleting one item: delete, and remove, which insists that there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from leyden._attrs import field, frozen
from leyden.operations.options import Options
from leyden.operations.overflow.writing import Spread
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.reads import read_key
from leyden.operations.plan.writes import WritePlan
from leyden.operations.refusal import Needs
from leyden.operations.unended import end
from leyden.operations.uniqueness.claims import Effect
from leyden.operations.write import Write, exists
from leyden.program import Params


@frozen(eq=False, repr=False)
class Delete(Write):
    """`task.delete(...)`: delete the item with this key, if there is one.

    `go()` gives a record of its key attributes; with `response="all_old"` the whole record, or
    None where there was none.
    """

    _given: Mapping[str, Any] = field(factory=dict)

    _verb: ClassVar[str] = "delete"
    _api: ClassVar[str] = "DeleteItem"
    _part: ClassVar[str] = "Delete"
    _responses: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_old"})
    _must_exist: ClassVar[bool] = False

    def _prepare(self, options: Options) -> WritePlan:
        values = read_key(self._entity, self._given)
        key = self._entity.primary_key(values)
        params: Params = {"TableName": self._entity.table, "Key": key}
        expressions = Expressions()
        existence = exists(key, expressions) if self._must_exist else ""
        kept = self._entity.compiled.encode_few(values)
        marks = self._seal(params, options, expressions, kept, existence=existence)
        effect = Effect("delete") if self._entity.has_companions else None
        spread = Spread("delete", effect) if effect and self._entity.overflow else None
        return WritePlan(self, params, key, marks, kept, self._expected, False, effect, spread)

    def _bare(self) -> WritePlan:
        """The delete without a condition and by itself, as a batch carries it."""
        end(self)
        key = self._entity.primary_key(read_key(self._entity, self._given))
        return WritePlan(self, {"TableName": self._entity.table, "Key": key}, key, {}, key)

    def _notes(self, params: Params) -> tuple[str, ...]:
        return ()


@frozen(eq=False, repr=False)
class Remove(Delete):
    """`task.remove(...)`: delete the item with this key, which must exist.

    Raises ItemNotFoundError where there is none.
    """

    _verb: ClassVar[str] = "remove"
    _needs: ClassVar[Needs] = "an item"
    _must_exist: ClassVar[bool] = True
