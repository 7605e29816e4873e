"""Ranges of sort keys: the verbs that queries and collection queries share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from attrs import frozen

from leyden.operations.read_many import ReadMany


@frozen(eq=False, repr=False)
class Ranged(ReadMany):
    """A query that takes one range, behind the sort-key attributes that are given as equal."""

    def begins(self, **attributes: Any) -> Self:
        """Sort keys that start with these values; the last one may be the start of a value."""
        return self._within("begins", attributes)

    def between(self, start: Mapping[str, Any], end: Mapping[str, Any]) -> Self:
        """Sort keys from `start` to `end`, both included, as texts.

        Given the first attributes of several, the keys that go on behind `end` are not among
        them, unless the entity's keys are strict; the same holds for `lte` and `gt`.

        >>> task.query.project(project_id="p1").between(             # doctest: +SKIP
        ...     {"task_id": "a"}, {"task_id": "f"})
        """
        return self._within("between", start, end)

    def gt(self, **attributes: Any) -> Self:
        """Sort keys after these values."""
        return self._within("gt", attributes)

    def gte(self, **attributes: Any) -> Self:
        """Sort keys from these values on."""
        return self._within("gte", attributes)

    def lt(self, **attributes: Any) -> Self:
        """Sort keys before these values."""
        return self._within("lt", attributes)

    def lte(self, **attributes: Any) -> Self:
        """Sort keys up to these values."""
        return self._within("lte", attributes)

    def _within(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None = None
    ) -> Self:
        with self._naming():
            return self._ranged(operator, start, end)

    @abstractmethod
    def _ranged(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Self: ...
