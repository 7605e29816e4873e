"""Reading pages: the program behind every query and scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve, frozen
from leyden.errors import DecodeError, HookError, LeydenError
from leyden.operations.cursor import read_cursor, write_cursor
from leyden.operations.hydration import hydrate
from leyden.operations.options import Options
from leyden.operations.overflow.reading import Joined, Joining, join_items
from leyden.operations.shape import attempt_to
from leyden.program import Gather, Item, Params, Program, Request
from leyden.results import Page, add_units, consumed_units, join_pages

Keep: TypeAlias = Callable[[Item], bool]
Shape: TypeAlias = Callable[[Item], Any]

_MOST_AT_ONCE: Final = 64
"""How many segments are read at the same time; more than this in turn."""


@frozen
class PagePlan:
    """How to read: the first request, what to keep, and what to make of it.

    `key_fields` are the fields of a cursor: the table's own key and the index's.
    """

    request: Request
    options: Options
    key_fields: Sequence[str]
    primary_fields: Sequence[str]
    keep: Keep
    shape: Shape
    joining: Joining | None = None
    """How to read the values that are stored outside of the items."""
    asked: str = ""
    """What is asked beside the request, for cursors."""
    keep_whole: Keep | None = None
    """What hydrated items to keep, where that is more than `keep` says."""


@frozen
class SegmentsRead:
    """One page of each segment of a scan, together, and where the unfinished ones go on.

    `found` and `scanned` count from the beginning of the scan.
    """

    page: Page
    positions: Mapping[int, Item | None]
    found: int
    scanned: int


def read_pages(plan: PagePlan) -> Program[Page]:
    """Read as many pages as the options ask for, as one `Page`.

    One page of the service by default; `pages` of them, or all; with `count`, on until that
    many items were kept. The cursor goes on behind the last item that is given. An error after
    the first page, or behind a cursor, has what was read before, and where to go on, in `page`.
    """
    options = plan.options
    wanted = options.count
    most = options.pages if options.pages is not None else ("all" if wanted else 1)
    params = dict(plan.request.params)
    start = None
    if options.cursor is not None:
        foreign = options.cursor_from == "electrodb"
        start = read_cursor(options.cursor, params, plan.key_fields, plan.asked, foreign=foreign)
    kept: list[Item] = []
    consumed: float | None = None
    scanned = requests = 0
    while True:
        try:
            response = yield _at(plan.request, params, start)
        except LeydenError as error:
            if start:
                there = write_cursor(start, params, plan.asked)
                so_far = Page((), there, consumed, scanned, requests)
                error.page = yield from _salvaged(plan, kept, so_far)
            raise
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
    cursor = write_cursor(start, params, plan.asked) if start else None
    return (yield from _given(plan, kept, Page((), cursor, consumed, scanned, requests)))


def _salvaged(plan: PagePlan, kept: list[Item], page: Page) -> Program[Page | None]:
    """What was read before a request failed; None where that cannot be completed now."""
    # One error is enough: what cannot be read stands beside the good items.
    plan = evolve(plan, options=evolve(plan.options, unreadable="collect"))
    try:
        return (yield from _given(plan, kept, page))
    except LeydenError:
        return None


def _given(plan: PagePlan, kept: list[Item], page: Page) -> Program[Page]:
    """The page with the items that were kept, in the form that was asked for."""
    consumed, requests = page.consumed, page.requests
    if plan.options.hydrate and kept:
        kept, cost, sent = yield from _hydrated(plan, kept)
        consumed = add_units(consumed, cost)
        requests += sent
    joined = yield from join_items(plan.joining, kept)
    consumed, requests = add_units(consumed, joined.consumed), requests + joined.requests
    items, unreadable = _shaped(plan, joined)
    return Page(items, page.cursor, consumed, page.scanned, requests, unreadable)


def segments_at_start(count: int) -> SegmentsRead:
    """A scan in `count` segments before its first page."""
    return SegmentsRead(Page((), None, None, 0, 0), dict.fromkeys(range(count)), 0, 0)


def read_all_segments(plan: PagePlan) -> Program[Page]:
    """Read all segments of a scan to their end, as one `Page`."""
    assert plan.options.segments is not None
    read = segments_at_start(plan.options.segments)
    pages = []
    while read.positions:
        read = yield from read_segments(plan, read)
        pages.append(read.page)
    return join_pages(pages)


def read_segments(plan: PagePlan, before: SegmentsRead) -> Program[SegmentsRead]:
    """Read the next page of each unfinished segment of a scan, at the same time.

    Tells `progress` how many items were found and read so far.
    """
    positions = before.positions
    total = plan.options.segments
    assert total is not None
    sent = []
    for segment, start in positions.items():
        part = {**plan.request.params, "Segment": segment, "TotalSegments": total}
        sent.append(_at(plan.request, part, start))
    answers = yield Gather(tuple(sent), min(len(sent), _MOST_AT_ONCE))
    kept: list[Item] = []
    consumed: float | None = None
    scanned = 0
    left: dict[int, Item | None] = {}
    for segment, answer in zip(positions, answers, strict=True):
        if isinstance(answer, LeydenError):
            raise answer
        consumed = add_units(consumed, consumed_units(answer))
        scanned += answer.get("ScannedCount", 0)
        kept += filter(plan.keep, answer.get("Items", ()))
        if answer.get("LastEvaluatedKey"):
            left[segment] = answer["LastEvaluatedKey"]
    page = yield from _given(plan, kept, Page((), None, consumed, scanned, len(sent)))
    found = before.found + len(page)
    if plan.options.progress is not None:
        plan.options.progress(found, before.scanned + scanned)
    return SegmentsRead(page, left, found, before.scanned + scanned)


def _shaped(
    plan: PagePlan, joined: Joined
) -> tuple[tuple[Any, ...], tuple[DecodeError | HookError, ...]]:
    """What is made of the items, and the errors of those that cannot be read.

    Those that were gone when their values were read are in neither.
    """
    found = (item for item in joined.items if item is not None)
    if plan.options.unreadable != "collect":
        return tuple(map(plan.shape, found)), ()
    operation = plan.request.operation
    tried = [attempt_to(plan.shape, item, plan.options, operation) for item in found]
    good = tuple(shaped for shaped, error in tried if error is None)
    bad = (error for _, error in tried if error is not None)
    return good, (*joined.unreadable, *bad)


def _hydrated(plan: PagePlan, kept: list[Item]) -> Program[tuple[list[Item], float | None, int]]:
    """The whole items; those that are another's after all are left out."""
    table = plan.request.params["TableName"]
    name = plan.request.operation
    whole, consumed, requests = yield from hydrate(
        name, table, plan.primary_fields, kept, plan.options
    )
    return list(filter(plan.keep_whole or plan.keep, whole)), consumed, requests


def _at(request: Request, params: Params, start: Item | None) -> Request:
    sent = dict(params)
    if start:
        sent["ExclusiveStartKey"] = start
    return Request(request.api, sent, request.operation, request.entity, request.reader)


def _position(item: Item, fields: Sequence[str]) -> Item:
    return {field: item[field] for field in fields}
