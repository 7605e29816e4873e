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
"""Seconds that a search is retried where it cannot be found out whether its index exists."""


def search(plan: SearchPlan) -> Program[Matches]:
    """Search, and return the matches in the form that was asked for, the nearest first."""
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
        # Items that were deleted before their values were read are left out.
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
    """Return the answer to a search, and how many requests it took.

    DescribeTable may call an index active while searches are still refused because the index is
    missing or backfilling, since the parts of DynamoDB disagree for a while. Such a search is
    retried until `budget` seconds have passed. If DescribeTable says that the index does not exist
    or is not ready, the search is not retried. Raises TableNotFoundError, IndexNotReadyError.
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
            # Besides the searches, one request looked for the index.
            return response, attempt + 1 + bool(attempt)
        yield pause_before(attempt)


def _look(request: Request, refused: TableError) -> Program[bool]:
    """Ask for the index of a refused search. Returns whether the answer says that it is ready.

    Raises TableNotFoundError or IndexNotReadyError where it is not.
    """
    table, wanted = request.params["TableName"], request.params["IndexName"]
    asking = Request("DescribeTable", {"TableName": table}, request.operation, request.entity)
    try:
        answer = yield asking
    except TableNotFoundError:
        raise refused from None
    except AwsError:
        # The permission to search does not include the permission to describe the table.
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
            "searched before it is ready; app.add_vector_indexes() waits for that",
            operation=request.operation,
            entity=request.entity,
        ) from refused
    return True
