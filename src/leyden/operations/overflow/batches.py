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
from leyden.operations.options import DEFAULT, Options
from leyden.operations.overflow.format import read_manifest
from leyden.operations.plan.writes import ResolvedWrite
from leyden.operations.run.writing import write_one
from leyden.program import Item, Params, Program, outcomes_of
from leyden.results import BatchResult, add_units
from leyden.schema.spec import OVERFLOW_FIELD

_GET_LIMIT: Final = 100


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
    operation: str, writes: Sequence[ResolvedWrite], options: Options
) -> Program[Split]:
    """Find the entries that are, or would be, spread over several items.

    A batch carries no condition, so it would leave the parts of stored values behind. Whether
    there are any is therefore read first, for entities that may have them.
    """
    large = {n for n, write in enumerate(writes) if write.siblings}
    asked = [n for n, write in enumerate(writes) if write.laid is not None and n not in large]
    if not asked:
        return Split(tuple(n for n in range(len(writes)) if n not in large), tuple(sorted(large)))
    bodies: list[Params] = []
    for some in chunks(asked, _GET_LIMIT):
        tables: dict[str, Any] = {}
        for n in some:
            plan = writes[n].plan
            shared = tables.setdefault(plan.table, _asking(plan.key))
            shared["Keys"].append(plan.key)
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
    large |= {n for n in asked if item_id(writes[n].plan.table, writes[n].plan.key) in spread}
    return Split(
        tuple(n for n in range(len(writes)) if n not in large),
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
    split: Split, writes: Sequence[ResolvedWrite], sent: Sent, options: Options
) -> Program[Sent]:
    """Write the entries that go by themselves; gives the account of the whole batch."""
    requests = sent.requests + split.requests
    consumed = add_units(sent.consumed, split.consumed)
    failures, unsure = list(sent.failures), list(sent.unsure)
    programs = (write_one(writes[n].plan, DEFAULT) for n in split.apart)
    results = yield from outcomes_of(programs, options.concurrency)
    for n, result in zip(split.apart, results, strict=True):
        requests += 1
        if isinstance(result, LeydenError):
            failures.append(result)
            unsure.append({writes[n].plan.table: [raw_write(writes[n].plan.params)]})
        else:
            consumed = add_units(consumed, result.consumed)
    return evolve(
        sent,
        consumed=consumed,
        requests=requests,
        failures=tuple(failures),
        unsure=tuple(unsure),
    )


def raw_write(params: Params) -> Params:
    """A put or a delete as a batch carries it."""
    if "Item" in params:
        return {"PutRequest": {"Item": params["Item"]}}
    return {"DeleteRequest": {"Key": params["Key"]}}
