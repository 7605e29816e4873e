"""How often operations retry, how long they wait, and how batches are sent.

All numbers of attempts are here. The transport has its own, which the AWS configuration may set.
These are for refusals with a passing cause: another write was under way, the item had changed, or
DynamoDB left a part of a batch unprocessed. A batch that stays incomplete names what is left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from leyden._attrs import evolve, frozen
from leyden._ledger import may_have_written
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    LeydenError,
    ThrottledError,
)
from leyden.operations.bound import BoundEntity, Identity, ItemId, error_context, item_id
from leyden.operations.options import Options
from leyden.program import Gather, Item, Params, Pause, Program, Request, Response
from leyden.results import BatchResult, add_units, bytes_written, consumed_units

if TYPE_CHECKING:
    from leyden.mapping.answers import Reader

WRITES: Final = 12
"""How often a write is planned and sent while its item keeps changing."""

READS: Final = 6
"""How often an item is read while its large value keeps changing."""

RESENDS: Final = 6
"""How often the same transaction is sent while only passing causes are in its way."""

SIZES: Final = 4
"""How often a write leaves more room in an item that DynamoDB says is too large."""

IMPORTS: Final = 10
"""How often an import sends an item that stays unprocessed."""

_FIRST: Final = 0.05
_LONGEST: Final = 1.6
_LONGEST_OF_BATCHES: Final = 5.0


def wait_before(attempt: int) -> float:
    """Return the seconds to wait after this many attempts: longer each time, with full jitter.

    The jitter keeps writers that met once from meeting again.
    """
    return _jittered(attempt, _LONGEST)


def pause_before(attempt: int) -> Pause:
    """Return the pause after this many attempts."""
    return Pause(wait_before(attempt))


def batch_wait_before(attempt: int) -> float:
    """Return the seconds to wait before unprocessed entries are sent again."""
    return _jittered(attempt - 1, _LONGEST_OF_BATCHES)


def _jittered(doublings: int, longest: float) -> float:
    return random.uniform(0, min(longest, _FIRST * 2**doublings))


GET_LIMIT: Final = 100
"""The most keys that DynamoDB takes in a batch of gets."""

T = TypeVar("T")
RequestItems = Mapping[str, Any]


@frozen
class Sent:
    """The outcome of the requests of a batch."""

    responses: tuple[Response, ...]
    unprocessed: tuple[RequestItems, ...]
    unsure: tuple[RequestItems, ...]
    failures: tuple[LeydenError, ...]
    consumed: float | None
    requests: int
    throttled: LeydenError | None = None
    """The last refusal of a whole request because it was throttled."""
    bytes_written: int | None = None

    @property
    def unread(self) -> tuple[Item, ...]:
        """The keys that batches of gets did not read."""
        entries = (entry for part in self.unprocessed for entry in part.values())
        return tuple(key for entry in entries for key in entry["Keys"])

    @property
    def cause(self) -> LeydenError | None:
        """The error behind what is missing, if there is one."""
        return self.failures[0] if self.failures else self.throttled


def send_all(
    api: str,
    operation: str,
    bodies: Sequence[Params],
    options: Options,
    *,
    left_in: str,
    attempts: int | None = None,
    reader: Reader | None = None,
) -> Program[Sent]:
    """Send all requests, `concurrency` at a time, and retry what comes back unprocessed.

    Waits longer before each round, with full jitter, until `budget` seconds have passed or
    `attempts` rounds were made. A request that is throttled counts as unprocessed as a whole. A
    request that fails does not stop the others.
    """
    deadline = time.monotonic() + options.budget
    responses: list[Response] = []
    unsure: list[RequestItems] = []
    failures: list[LeydenError] = []
    consumed: float | None = None
    requests = done = 0
    written: int | None = None
    throttled: LeydenError | None = None
    waiting = [_Part(body["RequestItems"]) for body in bodies]
    total = sum(_count(part.items) for part in waiting)
    rounds = 0
    while waiting:
        left: list[_Part] = []
        for start in range(0, len(waiting), options.concurrency):
            group = waiting[start : start + options.concurrency]
            sent = tuple(
                Request(api, {"RequestItems": dict(p.items)}, operation, reader=reader)
                for p in group
            )
            answers = yield Gather(sent, options.concurrency)
            requests += len(sent)
            for part, answer in zip(group, answers, strict=True):
                if isinstance(answer, ThrottledError):
                    throttled = answer
                    left.append(_Part(part.items, part.in_doubt or answer.unsure))
                    continue
                if isinstance(answer, LeydenError):
                    failures.append(answer)
                    unsure.append(part.items)
                    continue
                responses.append(answer)
                consumed = add_units(consumed, consumed_units(answer))
                written = add_units(written, bytes_written(answer))
                remaining = answer.get(left_in) or {}
                if remaining:
                    in_doubt = api == "BatchWriteItem" and may_have_written(answer)
                    left.append(_Part(remaining, part.in_doubt or in_doubt))
                done += _count(part.items) - _count(remaining)
            if options.progress is not None:
                options.progress(done, total)
        waiting = left
        remaining_time = deadline - time.monotonic()
        rounds += 1
        if not waiting or remaining_time <= 0 or rounds == attempts:
            break
        yield Pause(min(batch_wait_before(rounds), remaining_time))
    return Sent(
        tuple(responses),
        tuple(part.items for part in waiting if not part.in_doubt),
        (*unsure, *(part.items for part in waiting if part.in_doubt)),
        tuple(failures),
        consumed,
        requests,
        throttled,
        written,
    )


@frozen
class _Part:
    """Entries still to be sent; `in_doubt` where an attempt with them got no answer."""

    items: RequestItems
    in_doubt: bool = False


@frozen
class Wanted:
    """One of several items that are read by their keys."""

    entity: BoundEntity
    table: str
    key: Item
    identity: Identity
    old: Item | None = None
    """Its key in an earlier form; None where that is the same, or where there is no such form."""

    @property
    def id(self) -> ItemId:
        """The id of its key."""
        return item_id(self.table, self.key)


def found_in(
    responses: Iterable[Response], fields: Mapping[str, Iterable[str]]
) -> dict[ItemId, Item]:
    """Return the items in answers to batches of gets; `fields` are each table's key fields."""
    return {
        item_id(table, {name: item[name] for name in fields[table]}): item
        for response in responses
        for table, items in response.get("Responses", {}).items()
        for item in items
    }


def get_items(
    table: str,
    keys: Sequence[Item],
    options: Options,
    operation: str,
    *,
    consistent: bool = False,
    size: int = GET_LIMIT,
    reader: Reader | None = None,
) -> Program[tuple[dict[ItemId, Item], float | None, int]]:
    """Read items by their keys, `size` a request. Returns the items, the units, the requests.

    Raises BatchIncompleteError where some could not be read.
    """
    shared = {"ConsistentRead": True} if consistent else {}
    bodies = [
        {"RequestItems": {table: {**shared, "Keys": list(some)}}} for some in chunks(keys, size)
    ]
    options = evolve(options, progress=None, unprocessed="raise")
    sent = yield from send_all(
        "BatchGetItem", operation, bodies, options, left_in="UnprocessedKeys", reader=reader
    )
    settle(sent, BatchResult((), sent.unread, sent.consumed, sent.requests), options, operation)
    found = found_in(sent.responses, {table: [*keys[0]]} if keys else {})
    return found, sent.consumed, sent.requests


def settle(sent: Sent, result: BatchResult, options: Options, operation: str) -> BatchResult:
    """Return the result. Raises BatchIncompleteError where entries failed or are unprocessed."""
    kept_back = result.unprocessed and options.unprocessed != "return"
    if not sent.unsure and not kept_back:
        return result
    said = []
    if result.unprocessed:
        said.append(
            f"{len(result.unprocessed)} entries were still unprocessed after {options.budget:g} "
            "seconds of retries"
        )
    if sent.unsure:
        count = sum(map(_count, sent.unsure))
        why = sent.failures[0].message if sent.failures else "an attempt got no answer"
        writes = not all(isinstance(e, Mapping) for part in sent.unsure for e in part.values())
        # A request that was refused wrote nothing, and its message says why.
        refused = len(sent.failures) and not any(
            failure.unsure or (isinstance(failure, AwsError) and not failure.aws_code)
            for failure in sent.failures
        )
        doubt = ", and a write may or may not have happened" if writes and not refused else ""
        said.append(f"{count} entries were in requests that failed ({why}){doubt}")
    raise BatchIncompleteError(
        f"the batch is incomplete: {'; '.join(said)}",
        result=result,
        unsure=sent.unsure,
        failures=sent.failures,
        operation=operation,
    ) from sent.cause


def cause_of(error: BatchIncompleteError) -> LeydenError:
    """Return the error behind a batch of reads, or the BatchIncompleteError itself."""
    cause = error.failures[0] if error.failures else error.__cause__
    return cause if isinstance(cause, LeydenError) else error


def _count(items: RequestItems) -> int:
    return sum(len(e["Keys"]) if isinstance(e, Mapping) else len(e) for e in items.values())


def name_entry(error: LeydenError, position: int, operation: str, entity: BoundEntity) -> None:
    """Say in an error which entry of a batch is meant; the first is 0."""
    error.message = f"entry {position}: {error.message}"
    error_context(operation, entity).name(error)


def chunks(entries: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Split the entries into runs of at most `size`."""
    return (entries[start : start + size] for start in range(0, len(entries), size))
