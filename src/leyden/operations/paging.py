"""Reading pages: the program behind every query and scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from leyden.operations.cursor import read_cursor, write_cursor
from leyden.operations.options import Options
from leyden.operations.outcome import Page, add_units, consumed_units
from leyden.operations.request import Item, Params, Program, Request

Keep: TypeAlias = Callable[[Item], bool]
Shape: TypeAlias = Callable[[Item], Any]


@frozen
class PagePlan:
    """How to read: the first request, what to keep, and what to make of it.

    `key_fields` are the fields of a cursor: the table's own key and the index's.
    """

    request: Request
    options: Options
    key_fields: Sequence[str]
    keep: Keep
    shape: Shape


def read_pages(plan: PagePlan) -> Program[Page]:
    """Read as many pages as the options ask for, as one `Page`.

    One page of the service by default; `pages` of them, or all; with `count`, on until that
    many items were kept. The cursor goes on behind the last item that is given.
    """
    options = plan.options
    wanted = options.count
    most = options.pages if options.pages is not None else ("all" if wanted else 1)
    params = dict(plan.request.params)
    start = None
    if options.cursor is not None:
        start = read_cursor(options.cursor, params, plan.key_fields)
    kept: list[Item] = []
    consumed: float | None = None
    scanned = requests = 0
    while True:
        response = yield _at(plan.request, params, start)
        requests += 1
        consumed = add_units(consumed, consumed_units(response))
        scanned += response.get("ScannedCount", 0)
        kept += filter(plan.keep, response.get("Items", ()))
        start = response.get("LastEvaluatedKey")
        if wanted is not None and len(kept) >= wanted:
            if len(kept) > wanted:
                del kept[wanted:]
                start = _position(kept[-1], plan.key_fields)
            break
        if not start or (most != "all" and requests >= most):
            break
    cursor = write_cursor(start, params) if start else None
    return Page(tuple(map(plan.shape, kept)), cursor, consumed, scanned, requests)


def _at(request: Request, params: Params, start: Item | None) -> Request:
    sent = dict(params)
    if start:
        sent["ExclusiveStartKey"] = start
    return Request(request.api, sent, request.operation, request.entity)


def _position(item: Item, fields: Sequence[str]) -> Item:
    return {field: item[field] for field in fields}
