"""The entries of a batch that a batch cannot write: those with large values outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from leyden._attrs import evolve, frozen
from leyden.errors import LeydenError
from leyden.operations.batches.sending import (
    Sent,
    chunks,
    send_all,
    settle,
)
from leyden.operations.item_id import item_id
from leyden.operations.options import Options
from leyden.operations.overflow.format import read_manifest
from leyden.operations.write import PreparedWrite, Write
from leyden.operations.write import Sent as SentWrite
from leyden.program import Item, Params, Program, outcomes_of
from leyden.results import BatchResult, add_units
from leyden.schema.spec import OVERFLOW_FIELD

_GET_LIMIT: Final = 100


@frozen
class PlannedWrite:
    """An entry: as it was prepared, and laid out over an item without values outside."""

    table: str
    entry: Write
    prepared: PreparedWrite
    laid: PreparedWrite


@frozen
class Split:
    """The places of the entries that go in a batch together, and of those that go by themselves.

    `consumed` and `requests` are what finding out took.
    """

    together: tuple[int, ...]
    apart: tuple[int, ...]
    consumed: float | None = None
    requests: int = 0


def split_batch(
    operation: str, planned: Sequence[PlannedWrite], options: Options
) -> Program[Split]:
    """Find the entries that are, or would be, spread over several items.

    A batch carries no condition, so it would leave the parts of stored values behind. Whether
    there are any is therefore read first, for entities that may have them.
    """
    large = {n for n, one in enumerate(planned) if one.laid.laid and one.laid.laid.siblings}
    asked = [n for n, one in enumerate(planned) if one.laid.spread is not None and n not in large]
    if not asked:
        return Split(tuple(n for n in range(len(planned)) if n not in large), tuple(sorted(large)))
    bodies: list[Params] = []
    for some in chunks(asked, _GET_LIMIT):
        tables: dict[str, Any] = {}
        for n in some:
            one = planned[n]
            shared = tables.setdefault(one.table, _asking(one.laid.key))
            shared["Keys"].append(one.laid.key)
        bodies.append({"RequestItems": tables})
    quiet = evolve(options, progress=None)
    sent = yield from send_all("BatchGetItem", operation, bodies, quiet, left_in="UnprocessedKeys")
    left = tuple(
        key for part in sent.unprocessed for entry in part.values() for key in entry["Keys"]
    )
    result = BatchResult((), left, sent.consumed, sent.requests)
    settle(sent, result, evolve(quiet, unprocessed="raise"), operation)
    spread = set()
    for response in sent.responses:
        for table, items in response.get("Responses", {}).items():
            for item in items:
                if any(entry.parts for entry in read_manifest(item).values()):
                    key = {name: value for name, value in item.items() if name != OVERFLOW_FIELD}
                    spread.add(item_id(table, key))
    large |= {n for n in asked if item_id(planned[n].table, planned[n].laid.key) in spread}
    return Split(
        tuple(n for n in range(len(planned)) if n not in large),
        tuple(sorted(large)),
        sent.consumed,
        sent.requests,
    )


def _asking(key: Item) -> dict[str, Any]:
    names = {f"#{n}": name for n, name in enumerate((*key, OVERFLOW_FIELD))}
    return {
        "Keys": [],
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


def write_apart(
    split: Split, planned: Sequence[PlannedWrite], sent: Sent, options: Options
) -> Program[Sent]:
    """Write the entries that go by themselves; gives the account of the whole batch."""
    requests = sent.requests + split.requests
    consumed = add_units(sent.consumed, split.consumed)
    failures, unsure = list(sent.failures), list(sent.unsure)
    single = Options(table=options.table)
    programs = (planned[n].entry.send_prepared(planned[n].prepared, single) for n in split.apart)
    results = yield from outcomes_of(programs, options.concurrency)
    for n, result in zip(split.apart, results, strict=True):
        requests += 1
        if isinstance(result, LeydenError):
            failures.append(result)
            unsure.append({planned[n].table: [raw_write(planned[n].prepared)]})
        else:
            assert isinstance(result, SentWrite)
            consumed = add_units(consumed, result.consumed)
    return evolve(
        sent,
        consumed=consumed,
        requests=requests,
        failures=tuple(failures),
        unsure=tuple(unsure),
    )


def raw_write(one: PreparedWrite) -> Params:
    """A put or a delete as a batch carries it."""
    if "Item" in one.params:
        return {"PutRequest": {"Item": one.params["Item"]}}
    return {"DeleteRequest": {"Key": one.key}}
