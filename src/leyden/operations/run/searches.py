"""The program behind every search by meaning."""

from __future__ import annotations

import time
from typing import Final

from leyden.errors import (
    AwsError,
    DecodeError,
    HookError,
    IndexNotReadyError,
    TableError,
    TableNotFoundError,
)
from leyden.operations.bound import item_id
from leyden.operations.companions.overflow.reading import join_items
from leyden.operations.plan.reads import attempt_to
from leyden.operations.plan.searches import SearchPlan
from leyden.operations.run.sending import get_items, pause_before
from leyden.program import Item, Program, Request, Response
from leyden.results import Match, Matches, add_units, bytes_searched

_UNTOLD: Final = 5.0
"""Seconds that a search goes on where nobody tells whether its index is there."""


def search(plan: SearchPlan) -> Program[Matches]:
    """Search, and give what was found in the form that was asked for, the nearest first."""
    options, operation = plan.options, plan.request.operation
    response, requests = yield from _answer(plan)
    hits = response.get("SearchResults", ())
    kept: list[tuple[Item, float]] = [
        (hit["Item"], float(hit["Score"])) for hit in hits if plan.is_ours(hit["Item"])
    ]
    dropped = len(hits) - len(kept)
    consumed: float | None = None
    if options.hydrate and kept:
        table: str = plan.request.params["TableName"]
        keys = [{field: item[field] for field in plan.key_fields} for item, _ in kept]
        found, consumed, sent = yield from get_items(
            table, keys, options, operation, reader=plan.request.reader
        )
        requests += sent
        whole = [found.get(item_id(table, key)) for key in keys]
        kept = [
            (now, number)
            for now, (_, number) in zip(whole, kept, strict=True)
            if now is not None and plan.is_still(now)
        ]
    meeting = [entry for entry in kept if plan.is_met(entry[0])]
    left_out = len(kept) - len(meeting)
    unreadable: tuple[DecodeError | HookError, ...] = ()
    if plan.joining is not None:
        joined = yield from join_items(plan.joining, [item for item, _ in meeting])
        consumed, requests = add_units(consumed, joined.consumed), requests + joined.requests
        # Those that were gone when their values were read are left out.
        pairs = zip(joined.items, meeting, strict=True)
        meeting = [(item, number) for item, (_, number) in pairs if item is not None]
        unreadable = joined.unreadable
    matches: list[Match] = []
    for item, number in meeting:
        record, error = attempt_to(plan.shape, item, options, operation)
        if error is None:
            matches.append(Match(record, *plan.rate(number)))
        else:
            unreadable += (error,)
    return Matches(
        tuple(matches),
        consumed,
        bytes_searched(response),
        requests,
        unreadable,
        dropped,
        left_out,
        len(hits),
    )


def _answer(plan: SearchPlan) -> Program[tuple[Response, int]]:
    """The answer to a search, and how many requests it took.

    An index may be ready, as DescribeTable says, and the table still answer that it has none of
    that name, or that it is backfilling: for a while the parts of the service do not agree. Such a
    search is sent again until `budget` seconds have passed. Where the index is not there, or not
    ready, nothing is gained by that. Raises TableNotFoundError, IndexNotReadyError.
    """
    began = time.monotonic()
    attempt, bound = 0, 0.0
    while True:
        try:
            response = yield plan.request
        except (TableNotFoundError, IndexNotReadyError) as error:
            attempt += 1
            if attempt == 1:
                is_told = yield from _look(plan.request, error)
                budget = plan.options.budget
                bound = budget if is_told else min(budget, _UNTOLD)
            if time.monotonic() - began >= bound:
                raise
        else:
            # Beside the searches one request looked for the index.
            return response, attempt + 1 + bool(attempt)
        yield pause_before(attempt)


def _look(request: Request, refused: TableError) -> Program[bool]:
    """Look for the index of a refused search: whether somebody tells that it is there and ready.

    Raises TableNotFoundError and IndexNotReadyError where it is not.
    """
    table, wanted = request.params["TableName"], request.params["IndexName"]
    asking = Request("DescribeTable", {"TableName": table}, request.operation, request.entity)
    try:
        answer = yield asking
    except TableNotFoundError:
        raise refused from None
    except AwsError:
        # Who may search need not be allowed to look.
        return False
    indexes = answer["Table"].get("VectorIndexes") or ()
    index = next((index for index in indexes if index["IndexName"] == wanted), None)
    if index is None:
        raise TableNotFoundError(
            f'the table "{table}" has no vector index "{wanted}"; add it with '
            "app.add_vector_indexes(), or check table=, region= and endpoint_url=",
            operation=request.operation,
            entity=request.entity,
        ) from refused
    status = index.get("IndexStatus", "ACTIVE")
    if status != "ACTIVE" or index.get("Backfilling"):
        state = "backfilling" if index.get("Backfilling") else status.lower()
        raise IndexNotReadyError(
            f'the vector index "{wanted}" of the table "{table}" is {state}, and cannot be '
            "searched before it is ready: app.add_vector_indexes() waits for that",
            operation=request.operation,
            entity=request.entity,
        ) from refused
    return True
