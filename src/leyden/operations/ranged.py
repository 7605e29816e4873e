"""Ranges of sort keys: the verbs that queries and collection queries share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Never, Self

from leyden._attrs import field, frozen
from leyden.arguments import fitting, misplaced
from leyden.errors import ArgumentError, InvalidExpressionError
from leyden.keys import IndexKeys
from leyden.operations.explain import Explanation, show
from leyden.operations.options import Options
from leyden.operations.read_many import ReadMany
from leyden.operations.sort_condition import Range
from leyden.program import Params


@frozen(eq=False, repr=False)
class Ranged(ReadMany):
    """A query that takes one range, behind the sort-key attributes that are given as equal."""

    values: Mapping[str, Any] = field(kw_only=True)
    """The accepted values of the key attributes that are given as equal."""
    range: Range | None = field(default=None, kw_only=True)

    def begins(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Items whose sort keys start with these values; the last may be the start of a value."""
        return self._within("begins", attributes, wrong=wrong)

    @fitting('.between({"task_id": "a"}, {"task_id": "f"})')
    def between(self, start: Mapping[str, Any], end: Mapping[str, Any]) -> Self:
        """Items from `start` to `end`, both included.

        Each attribute compares by the order of its type: numbers as numbers, times as times, text
        as the key holds it. Of several attributes, the first that differs decides; the two ends
        may name different numbers of them.

        >>> task.query.project(project_id="p1").between(             # doctest: +SKIP
        ...     {"task_id": "a"}, {"task_id": "f"})
        """
        return self._within("between", start, end)

    def gt(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Items above these values: `gt(priority=3)` leaves out all of priority 3."""
        return self._within("gt", attributes, wrong=wrong)

    def gte(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Items from these values on."""
        return self._within("gte", attributes, wrong=wrong)

    def lt(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Items below these values."""
        return self._within("lt", attributes, wrong=wrong)

    def lte(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Items up to these values: `lte(priority=3)` has all of priority 3."""
        return self._within("lte", attributes, wrong=wrong)

    def _within(
        self,
        operator: str,
        start: Mapping[str, Any],
        end: Mapping[str, Any] | None = None,
        wrong: Sequence[Never] = (),
    ) -> Self:
        with self._naming():
            if wrong:
                form = f".{operator}({self._next_name()}=...)"
                raise misplaced(operator, form, len(wrong))
            if self.range is not None:
                raise InvalidExpressionError(
                    f"there is a range already, by .{self.range.operator}(), and a query takes "
                    f"one; use .between(), or filter with .where() instead of .{operator}()"
                )
            if operator == "between":
                self._refuse_no_limits(start, end)
            return self._ranged(operator, start, end)

    def _refuse_no_limits(self, *limits: Any) -> None:
        for limit in limits:
            if not isinstance(limit, Mapping):
                name = self._next_name()
                raise ArgumentError(
                    f".between() takes its two ends as mappings, not as {type(limit).__name__}; "
                    f'write .between({{"{name}": ...}}, {{"{name}": ...}})'
                )

    def _next_name(self) -> str:
        """The attribute that a range would be of."""
        sort = self._read_from().spec.sk
        left = [n for n in (sort.composite if sort else ()) if n not in self.values]
        return left[0] if left else "name"

    def _is_exact(self, options: Options) -> bool:
        """Whether there is a range that means its attributes, not the text of the key."""
        limits = self.range
        return limits is not None and limits.operator != "begins" and options.compare is None

    def _begun(self, keys: IndexKeys) -> Params:
        """The request up to the index that it reads."""
        params: Params = {"TableName": self.entity.table}
        if keys.spec.index is not None:
            params["IndexName"] = keys.spec.index
        return params

    def _explanation(self, params: Params, read_by: str, notes: Sequence[str]) -> Explanation:
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            self._read_from().spec.index,
            read_by,
            False,
            show(params["KeyConditionExpression"], params),
            show(params.get("FilterExpression", ""), params),
            tuple(notes),
        )

    @abstractmethod
    def _ranged(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Self: ...
