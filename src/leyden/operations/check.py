"""Condition checks: parts of a transaction that write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from leyden._attrs import field, frozen
from leyden.operations.options import NoOptions, Options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.reads import read_key
from leyden.operations.plan.writes import WritePlan
from leyden.operations.refusal import Asked
from leyden.operations.transactions.writing import TransactWrite
from leyden.operations.write import Write, exists
from leyden.program import Params, Program


@frozen(eq=False, repr=False)
class Check(Write):
    """`task.check(...)`: a condition that a transaction depends on.

    What `.where()` says of the item must hold; without it the item must exist. So
    `.where(task.attr.task_id.does_not_exist())` depends on there being none. It changes nothing,
    and goes into `app.transact_write`; by itself, `go()` is a transaction of one.
    """

    _given: Mapping[str, Any] = field(factory=dict)

    _allowed: ClassVar[type] = NoOptions
    _verb: ClassVar[str] = "check"
    _api: ClassVar[str] = "TransactWriteItems"
    _part: ClassVar[str] = "ConditionCheck"

    @property
    def _asked(self) -> Asked:
        """What the check asks of the stored item: that it exists, or what `.where()` says."""
        return Asked("anything", where=True) if self._conditions else Asked("an item")

    def _prepare(self, options: Options) -> WritePlan:
        values = read_key(self._entity, self._given)
        key = self._entity.primary_key(values)
        params: Params = {"TableName": self._entity.table, "Key": key}
        expressions = Expressions()
        existence = "" if self._conditions else exists(key, expressions)
        kept = self._entity.compiled.encode_few(values)
        marks = self._seal(params, options, expressions, kept, existence=existence)
        return WritePlan(self, params, key, marks, kept, self._expected)

    def _program(self, options: Options) -> Program[Any]:
        def program() -> Program[Any]:
            result = yield from TransactWrite(self._entity.runner, [self]).program()
            return result[0]

        return program()

    def _notes(self, params: Params) -> tuple[str, ...]:
        return ("changes nothing; a transaction it is part of depends on it",)
