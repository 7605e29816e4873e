"""Collection queries: `app.collections.NAME(...)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leyden.errors import InvalidExpressionError, LeydenError
from leyden.operations.chains.reads import Ranged
from leyden.operations.plan.collection import CollectionReading
from leyden.operations.plan.key_condition import Range
from leyden.operations.plan.reads import ReadPlan
from leyden.operations.run.pages import read_pages
from leyden.program import Program
from leyden.results import CollectionPage, Page


class CollectionQuery(Ranged):
    """`app.collections.NAME(...)`: the members' items in one partition, in key order."""

    __slots__ = ()

    _said: CollectionReading

    def _range(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Range:
        said = self._said
        if operator == "begins" and said.source.spec.type == "isolated":
            raise InvalidExpressionError(
                f'"{said.collection.name}" is on an isolated index, where the sort keys of '
                "each entity begin with its name; .begins() works on clustered ones, .between() "
                "and .gte() on both"
            )
        return said.collection.read_range(said.values, operator, start, end)

    def _pages(self, plan: ReadPlan) -> Program[CollectionPage]:
        try:
            page = yield from read_pages(plan)
        except LeydenError as error:
            if isinstance(error.page, Page):
                error.page = self._collected(error.page)
            raise
        return self._collected(page)

    def _collected(self, page: Page) -> CollectionPage:
        aliases = tuple(member.alias for member in self._said.collection)
        return CollectionPage(
            page.items,
            aliases,
            page.cursor,
            page.consumed,
            page.scanned,
            page.requests,
            page.unreadable,
        )

    def _record(self, found: Any) -> Any:
        return found[1]
