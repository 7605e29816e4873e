"""Counting what a query finds, without its items being sent."""

from __future__ import annotations

from typing import Any

from leyden._attrs import evolve, frozen
from leyden.operations.guard import query_marks
from leyden.operations.query import Query
from leyden.program import Program, Request
from leyden.results import add_units, consumed_units


@frozen
class Counted:
    """How many items a query finds, and what counting them cost."""

    count: int
    consumed: float | None
    requests: int


def count_found(query: Query) -> Program[Counted]:
    """Count the items of all pages of a query; capacity is consumed as for reading them.

    Where what the key lets through too much is left out after reading, the items are read.

    >>> counted = yield from count_found(task.query.project(project_id="p1"))  # doctest: +SKIP
    """
    if query.is_left_out_here:
        page = yield from query.program(pages="all")
        return Counted(len(page), page.consumed, page.requests)
    params: dict[str, Any] = _by_itself(query).params()
    params["Select"] = "COUNT"
    count = requests = 0
    consumed: float | None = None
    while True:
        response = yield Request(query.api, dict(params), query.name, query.entity.spec.entity)
        count += response["Count"]
        requests += 1
        consumed = add_units(consumed, consumed_units(response))
        start = response.get("LastEvaluatedKey")
        if not start:
            return Counted(count, consumed, requests)
        params["ExclusiveStartKey"] = start


def _by_itself(query: Query) -> Query:
    """The query, with a filter on what its folded keys do not tell apart."""
    attributes = query.entity.spec.attributes
    marks = query_marks(query.entity, query.keys, query.values)
    told = {name: value for name, value in query.values.items() if attributes[name].field in marks}
    return evolve(query, filters={**query.filters, **told})
