"""Sending batches: what is unprocessed again, and what is left over said aloud."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, TypeVar

from attrs import frozen

from leyden.errors import BatchIncompleteError, InputError, LeydenError
from leyden.operations.options import Options
from leyden.operations.outcome import add_units, consumed_units
from leyden.operations.request import Gather, Item, Params, Pause, Program, Request, Response

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 5.0

T = TypeVar("T")
RequestItems = Mapping[str, Any]


@frozen
class BatchResult(Sequence[Any]):
    """What a batch read, in the order of its entries; None for an item that is not there.

    After a write, the entries that were put as records, and None for those deleted.
    `unprocessed` holds what the service had not taken up after all retries, in raw form; it is
    empty unless `unprocessed="return"` was asked for.
    """

    items: tuple[Any, ...]
    unprocessed: tuple[Any, ...]
    consumed: float | None
    requests: int

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen
class Sent:
    """What came of the requests of a batch."""

    responses: tuple[Response, ...]
    unprocessed: tuple[RequestItems, ...]
    unsure: tuple[RequestItems, ...]
    failures: tuple[LeydenError, ...]
    consumed: float | None
    requests: int


def send_all(
    api: str, operation: str, bodies: Sequence[Params], options: Options, *, left_in: str
) -> Program[Sent]:
    """Send all requests, `concurrency` at a time, and again what comes back unprocessed.

    Waits longer before each round, with full jitter, until `budget` seconds have passed.
    A request that fails does not stop the others.
    """
    deadline = time.monotonic() + options.budget
    responses: list[Response] = []
    unsure: list[RequestItems] = []
    failures: list[LeydenError] = []
    consumed: float | None = None
    requests = done = 0
    waiting: list[RequestItems] = [body["RequestItems"] for body in bodies]
    total = sum(map(_count, waiting))
    rounds = 0
    while waiting:
        left: list[RequestItems] = []
        for start in range(0, len(waiting), options.concurrency):
            group = waiting[start : start + options.concurrency]
            sent = tuple(Request(api, {"RequestItems": dict(part)}, operation) for part in group)
            answers = yield Gather(sent, options.concurrency)
            requests += len(sent)
            for part, answer in zip(group, answers, strict=True):
                if isinstance(answer, LeydenError):
                    failures.append(answer)
                    unsure.append(part)
                    continue
                responses.append(answer)
                consumed = add_units(consumed, consumed_units(answer))
                remaining = answer.get(left_in) or {}
                if remaining:
                    left.append(remaining)
                done += _count(part) - _count(remaining)
            if options.progress is not None:
                options.progress(done, total)
        waiting = left
        if not waiting or time.monotonic() >= deadline:
            break
        yield Pause(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**rounds)))
        rounds += 1
    return Sent(
        tuple(responses), tuple(waiting), tuple(unsure), tuple(failures), consumed, requests
    )


def settle(sent: Sent, result: BatchResult, options: Options, operation: str) -> BatchResult:
    """The result, or BatchIncompleteError where something failed or was left unprocessed."""
    kept_back = result.unprocessed and options.unprocessed != "return"
    if not sent.failures and not kept_back:
        return result
    said = []
    if result.unprocessed:
        said.append(
            f"{len(result.unprocessed)} entries were not taken up within {options.budget:g} "
            "seconds of retries"
        )
    if sent.failures:
        count = sum(map(_count, sent.unsure))
        said.append(
            f"{count} entries were in requests that failed ({sent.failures[0].message}), and a "
            "write may or may not have happened"
        )
    raise BatchIncompleteError(
        f"the batch is incomplete: {'; '.join(said)}",
        result=result,
        unsure=sent.unsure,
        failures=sent.failures,
        operation=operation,
    ) from (sent.failures[0] if sent.failures else None)


def _count(items: RequestItems) -> int:
    return sum(len(e["Keys"]) if isinstance(e, Mapping) else len(e) for e in items.values())


@contextmanager
def entry_named(position: int) -> Iterator[None]:
    """Says in errors which entry of a batch is meant; the first is 0."""
    try:
        yield
    except LeydenError as error:
        error.message = f"entry {position}: {error.message}"
        raise


def chunks(entries: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """The entries in runs of at most `size`."""
    return (entries[start : start + size] for start in range(0, len(entries), size))


def refuse_duplicates(operation: str, keys: Iterable[tuple[str, Item]]) -> None:
    """Raise InputError where two entries name one item of one table."""
    seen: dict[str, int] = {}
    for position, (table, key) in enumerate(keys):
        first = seen.setdefault(key_text(table, key), position)
        if first != position:
            raise InputError(
                f"entries {first} and {position} have the same key, and each item can be in "
                "there once (keys fold the case of letters unless told otherwise)",
                operation=operation,
            )


def key_text(table: str, key: Item) -> str:
    """A text that is the same for the same key of the same table."""
    parts = []
    for name, value in sorted(key.items()):
        ((kind, content),) = value.items()
        # The service writes numbers out in digits of its own.
        parts.append((name, kind, Decimal(content).normalize() if kind == "N" else content))
    return repr((table, parts))


Progress = Callable[[int, int], object]
