"""The programs behind every get, query and scan.

They read one item, or one page, or many pages, or the segments of a scan at the same time. They
also hydrate the items of a narrow index, find the first few items, and count.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, TypeAlias

from leyden._attrs import define, evolve
from leyden.errors import DecodeError, HookError, LeydenError
from leyden.operations.bound import item_id
from leyden.operations.companions.overflow.reading import join_items
from leyden.operations.plan.expressions import Expressions, conjunction
from leyden.operations.plan.reads import ReadPlan, attempt_to
from leyden.operations.run.cursor import read_cursor, write_cursor
from leyden.operations.run.sending import get_items
from leyden.program import (
    Gather,
    Item,
    Params,
    Program,
    Request,
)
from leyden.results import (
    Counted,
    Page,
    Result,
    add_units,
    consumed_units,
    join_pages,
)

Turns: TypeAlias = Generator[Program[Page], Page, None]
"""Programs, one for each page. Each result is sent in before the next program is made."""

_FIRST_FEW: Final = (1, 8, 64, 512, None)
"""How many items each step reads to find one: few, as long as few are enough."""

_MOST_AT_ONCE: Final = 64
"""How many segments are read at the same time."""


def read_item(plan: ReadPlan) -> Program[Any]:
    """Read one item. Returns it in the form that was asked for, or None."""
    if plan.reading is None:
        response = yield plan.request
    else:
        response = yield from plan.reading(plan)
    found, item = response.get("Item"), None
    apart: float | None = None
    if found and plan.keep(found):
        if plan.joining is not None:
            joined = yield from join_items(plan.joining, [found])
            apart = joined.consumed
            found = joined.items[0]
        item = None if found is None else plan.shape(found)
    if plan.options.data == "result":
        return Result(item, add_units(consumed_units(response), apart), response)
    return item


def read_pages(plan: ReadPlan) -> Program[Page]:
    """Read as many pages as the options ask for, as one `Page`.

    By default that is one page of DynamoDB's. With `pages` it is so many, or all. With `count` it
    reads until that many items were kept. The cursor continues after the last item that is
    returned. An error after the first page, or after a cursor, carries what was read and the cursor
    to continue with in `page`.
    """
    if plan.reading is not None:
        page: Page = yield from plan.reading(plan)
        return page
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
            response = yield request_at(plan.request, params, start)
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
    return (yield from complete(plan, kept, Page((), cursor, consumed, scanned, requests)))


def pages_of(plan: ReadPlan) -> Turns:
    """Return programs that read all pages in turn, or a page of each segment together."""
    if plan.options.segments is not None:
        scan = _Segments(plan, dict.fromkeys(range(plan.options.segments)))
        while scan.positions:
            yield scan.read()
        return
    while True:
        page = yield read_pages(plan)
        if page.cursor is None:
            return
        plan = evolve(plan, options=evolve(plan.options, cursor=page.cursor))


def _run_through(pages: Turns, take: Callable[[Page], object]) -> Program[None]:
    program = next(pages, None)
    while program is not None:
        page = yield from program
        take(page)
        try:
            program = pages.send(page)
        except StopIteration:
            return


def _salvaged(plan: ReadPlan, kept: list[Item], page: Page) -> Program[Page | None]:
    """Return what was read before a request failed; None where it cannot be completed now."""
    # One error is enough: items that cannot be read are collected beside the others.
    plan = evolve(plan, options=evolve(plan.options, unreadable="collect"))
    try:
        return (yield from complete(plan, kept, page))
    except LeydenError:
        return None


def complete(plan: ReadPlan, kept: list[Item], page: Page) -> Program[Page]:
    """Return the page with the items that were kept, in the form that was asked for.

    With `hydrate` it reads the whole items behind what an index returned, and keeps the index's
    order. It leaves out items that are gone by now or turn out to be another entity's. Raises
    BatchIncompleteError where some could not be read.
    """
    options, operation = plan.options, plan.request.operation
    consumed, requests = page.consumed, page.requests
    if options.hydrate and kept:
        table: str = plan.request.params["TableName"]
        keys = [_position(item, plan.primary_fields) for item in kept]
        found, cost, sent = yield from get_items(
            table, keys, options, operation, reader=plan.request.reader
        )
        whole = [found[one] for key in keys if (one := item_id(table, key)) in found]
        kept = [*filter(plan.keep_whole or plan.keep, whole)]
        consumed, requests = add_units(consumed, cost), requests + sent
    unreadable: tuple[DecodeError | HookError, ...] = ()
    if plan.joining is not None:
        joined = yield from join_items(plan.joining, kept)
        consumed, requests = add_units(consumed, joined.consumed), requests + joined.requests
        # Items that were deleted before their values were read are left out.
        kept, unreadable = [item for item in joined.items if item is not None], joined.unreadable
    if options.unreadable != "collect":
        shaped = [*map(plan.shape, kept)]
    else:
        tried = [attempt_to(plan.shape, item, options, operation) for item in kept]
        shaped = [one for one, error in tried if error is None]
        unreadable += tuple(error for _, error in tried if error is not None)
    return Page(tuple(shaped), page.cursor, consumed, page.scanned, requests, unreadable)


def read_all_segments(plan: ReadPlan) -> Program[Page]:
    """Read all segments of a scan to their end, as one `Page`."""
    read: list[Page] = []
    yield from _run_through(pages_of(plan), read.append)
    return join_pages(read)


@define
class _Segments:
    """A scan in segments: where the unfinished ones continue, and the counts so far."""

    plan: ReadPlan
    positions: dict[int, Item | None]
    found: int = 0
    scanned: int = 0

    def read(self) -> Program[Page]:
        """Read the next page of each unfinished segment at once, and call `progress`."""
        plan, options = self.plan, self.plan.options
        sent = [
            request_at(plan.request, plan.request.params, start, segment, options.segments)
            for segment, start in self.positions.items()
        ]
        answers = yield Gather(tuple(sent), min(len(sent), _MOST_AT_ONCE))
        kept: list[Item] = []
        consumed: float | None = None
        scanned = 0
        left: dict[int, Item | None] = {}
        for segment, answer in zip(self.positions, answers, strict=True):
            if isinstance(answer, LeydenError):
                raise answer
            consumed = add_units(consumed, consumed_units(answer))
            scanned += answer.get("ScannedCount", 0)
            kept += filter(plan.keep, answer.get("Items", ()))
            if answer.get("LastEvaluatedKey"):
                left[segment] = answer["LastEvaluatedKey"]
        page = yield from complete(plan, kept, Page((), None, consumed, scanned, len(sent)))
        self.positions = left
        self.found += len(page)
        self.scanned += scanned
        if options.progress is not None:
            options.progress(self.found, self.scanned)
        return page


def request_at(
    request: Request,
    params: Params,
    start: Item | None,
    segment: int = 0,
    segments: int | None = None,
) -> Request:
    """Return the request for what follows `start`; None for the beginning."""
    sent = dict(params)
    if segments is not None:
        sent.update(Segment=segment, TotalSegments=segments)
    if start:
        sent["ExclusiveStartKey"] = start
    return Request(request.api, sent, request.operation, request.entity, request.reader)


def _position(item: Item, fields: Sequence[str]) -> Item:
    return {field: item[field] for field in fields}


def with_filter(params: Params, expressions: Expressions, added: str) -> Params:
    """Return the request with one more filter, whose names and values are in `expressions`."""
    filtered = dict(params)
    both = conjunction([params.get("FilterExpression", ""), added])
    if both:
        filtered["FilterExpression"] = both
    expressions.write_to(filtered)
    return filtered


def count_by_service(request: Request, segments: int | None = None) -> Program[Counted]:
    """Let DynamoDB count all pages of a request, or of each segment of a scan."""
    request = evolve(request, reader=None)
    params = {**request.params, "Select": "COUNT"}
    waiting: dict[int, Item | None] = dict.fromkeys(range(segments or 1))
    total = requests = 0
    consumed: float | None = None
    while waiting:
        asked = [request_at(request, params, start, n, segments) for n, start in waiting.items()]
        if segments is None:
            answers = [(yield asked[0])]
        else:
            answers = yield Gather(tuple(asked), min(len(asked), _MOST_AT_ONCE))
        left: dict[int, Item | None] = {}
        for place, answer in zip(waiting, answers, strict=True):
            if isinstance(answer, Exception):
                raise answer
            total += answer["Count"]
            requests += 1
            consumed = add_units(consumed, consumed_units(answer))
            if answer.get("LastEvaluatedKey"):
                left[place] = answer["LastEvaluatedKey"]
        waiting = left
    return Counted(total, consumed, requests)


def count_by_reading(pages: Turns) -> Program[Counted]:
    """Count the items of all pages."""
    total = Counted(0)

    def add(page: Page) -> None:
        nonlocal total
        cost = add_units(total.consumed, page.consumed)
        total = Counted(total.count + len(page), cost, total.requests + page.requests)

    yield from _run_through(pages, add)
    return total


def find_first(plan: ReadPlan, wanted: int) -> Program[list[Any]]:
    """Return the first records, at most `wanted`, and read no more than that takes."""
    is_filtered = "FilterExpression" in plan.request.params
    found: list[Any] = []
    for limit in _steps(wanted, is_filtered):
        options = evolve(plan.options, count=wanted - len(found), pages=1, limit=limit)
        params = {name: v for name, v in plan.request.params.items() if name != "Limit"}
        if limit is not None:
            params["Limit"] = limit
        else:
            options = evolve(options, pages="all")
        # The cursor after the last item is made from a raw item, not from a record.
        request = evolve(plan.request, params=params, reader=None)
        page: Page = yield from read_pages(evolve(plan, request=request, options=options))
        found += page.items
        if len(found) >= wanted or page.cursor is None:
            break
        plan = evolve(plan, options=evolve(plan.options, cursor=page.cursor))
    return found


def _steps(wanted: int, is_filtered: bool) -> tuple[int | None, ...]:
    # Only the end of the query shows that there is no second match, so a filter reads to the end.
    if is_filtered and wanted > 1:
        return (None,)
    first = [one for one in _FIRST_FEW if one is None or one >= wanted]
    return tuple(first[1:]) if is_filtered else (wanted, *first[1:])
