"""Counting what a read of many finds, and its first record or its only one.

DynamoDB counts without sending items, after its own filters. Some items are left out only after
reading: those of other entities, those whose folded keys are alike, those outside of a range that
keys cannot tell. A count is DynamoDB's where the request can say all of that in its filter;
elsewhere the items are read, in a small form, and counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leyden._attrs import evolve
from leyden.errors import MultipleResultsError, NoResultError
from leyden.operations.expression import Expressions, conjunction
from leyden.operations.options import Options
from leyden.operations.paging import PagePlan, read_pages
from leyden.program import Gather, Item, Params, Program, Request
from leyden.results import Page

_LIMITS: Final = (1, 8, 64, 512, None)
"""How many items are read at first to find one, and then: few as long as few will do."""

_MOST_AT_ONCE: Final = 64


def with_filter(params: Params, expressions: Expressions, added: str) -> Params:
    """The request with one more filter, whose names and values are in `expressions`."""
    filtered = dict(params)
    both = conjunction([params.get("FilterExpression", ""), added])
    if both:
        filtered["FilterExpression"] = both
    expressions.write_to(filtered)
    return filtered


def count_by_service(request: Request, segments: int | None) -> Program[int]:
    """Let DynamoDB count: all pages of a request, or of each segment of a scan."""
    params = {**request.params, "Select": "COUNT"}
    waiting: dict[int, Item | None] = dict.fromkeys(range(segments or 1))
    total = 0
    while waiting:
        asked = [
            evolve(request, reader=None, params=_at(params, segments, place, start))
            for place, start in waiting.items()
        ]
        if segments is None:
            answers = [(yield asked[0])]
        else:
            answers = yield Gather(tuple(asked), min(len(asked), _MOST_AT_ONCE))
        left: dict[int, Item | None] = {}
        for place, answer in zip(waiting, answers, strict=True):
            if isinstance(answer, Exception):
                raise answer
            total += answer["Count"]
            if answer.get("LastEvaluatedKey"):
                left[place] = answer["LastEvaluatedKey"]
        waiting = left
    return total


def _at(params: Params, segments: int | None, place: int, start: Item | None) -> Params:
    parts: Mapping[str, Any] = (
        {} if segments is None else {"Segment": place, "TotalSegments": segments}
    )
    return {**params, **parts, **({"ExclusiveStartKey": start} if start else {})}


def find_first(plan: PagePlan, wanted: int) -> Program[list[Any]]:
    """The first records, `wanted` of them at most, with no more reading than that takes."""
    is_filtered = "FilterExpression" in plan.request.params
    found: list[Any] = []
    for limit in _steps(wanted, is_filtered):
        options = evolve(plan.options, count=wanted - len(found), pages=1, limit=limit)
        params = {name: v for name, v in plan.request.params.items() if name != "Limit"}
        if limit is not None:
            params["Limit"] = limit
        else:
            options = evolve(options, pages="all")
        # What is cut off behind the last one is told by raw items, not by records.
        request = evolve(plan.request, params=params, reader=None)
        page: Page = yield from read_pages(evolve(plan, request=request, options=options))
        found += page.items
        if len(found) >= wanted or page.cursor is None:
            break
        plan = evolve(plan, options=evolve(plan.options, cursor=page.cursor))
    return found


def _steps(wanted: int, is_filtered: bool) -> tuple[int | None, ...]:
    # That there is no second one is known at the end only: a filter must be read to it.
    if is_filtered and wanted > 1:
        return (None,)
    first = [one for one in _LIMITS if one is None or one >= wanted]
    return tuple(first[1:]) if is_filtered else (wanted, *first[1:])


def only_one(found: list[Any], operation: str, entity: str) -> Any:
    """The one record. Raises NoResultError, MultipleResultsError."""
    if not found:
        raise NoResultError(
            "there is no such record, and .one() needs exactly one; .first() gives None then",
            operation=operation,
            entity=entity,
        )
    if len(found) > 1:
        raise MultipleResultsError(
            "there is more than one such record, and .one() needs exactly one; .first() gives the "
            "first of several",
            operation=operation,
            entity=entity,
        )
    return found[0]


def counting_options(options: Options, name: str | None) -> Options:
    """The options under which items are read only to be counted: raw, and few fields of them."""
    attributes = () if name is None else (name,)
    return evolve(options, data="raw", attributes=attributes, pages=None)
