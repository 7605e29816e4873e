"""Keeps account of what the requests of a program wrote, so that its errors can say it.

Drivers keep a ledger for every call. Operations that write, and those that run several programs at
once, keep one for each of their programs. An error that leaves the program then says what had been
written, whichever request failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from threading import Lock
from typing import Any, Final, Literal

from leyden._attrs import evolve
from leyden._steps import Gather, Program, Request, Step, T
from leyden.errors import LeydenError
from leyden.outcomes import ItemWrite, Outcome, told

WRITING_APIS: Final = frozenset(
    {"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}
)
"""The API calls that can change items."""

_ACTIONS: Final[Mapping[str, Literal["put", "update", "delete"]]] = {
    "PutItem": "put",
    "Put": "put",
    "UpdateItem": "update",
    "Update": "update",
    "DeleteItem": "delete",
    "Delete": "delete",
}
EARLIER_UNANSWERED: Final = "EarlierUnanswered"
"""A key of `ResponseMetadata`: an earlier attempt got no clear answer, so it may have written."""

THROTTLED_ATTEMPTS: Final = "LeydenThrottledAttempts"
"""A key of `ResponseMetadata`: how many attempts before the last one were throttled."""

SERVER_FAULT: Final = 500

IN_PROGRESS: Final = "TransactionInProgressException"
"""A transaction with the same token is in progress, so it may still succeed."""

CANCELED: Final = "TransactionCanceledException"
"""A transaction was refused, and so were earlier attempts with the same token."""

_MOST: Final = 1000
"""How many requests a ledger keeps, because a sweep over a table can make any number of them."""

_lock: Final = Lock()


class Ledger:
    """The writing requests of one program, each with its answer or its error."""

    __slots__ = ("_earlier", "_entries")

    def __init__(self) -> None:
        self._entries: list[tuple[Request, Any]] = []
        self._earlier = 0

    @property
    def requests(self) -> int:
        """The number of requests that have certainly written."""
        return self._earlier + sum(_has_written(answer) for _, answer in self._entries)

    def take(self, step: Step | None, result: Any) -> None:
        """Note the result of a step, or the error that it raised."""
        if isinstance(step, Request):
            if step.api in WRITING_APIS:
                self.note(step, result)
        elif isinstance(step, Gather):
            if isinstance(result, LeydenError):
                result = [result] * len(step.requests)
            for request, answer in zip(step.requests, result, strict=True):
                if isinstance(request, Request) and request.api in WRITING_APIS:
                    self.note(request, answer)

    def note(self, request: Request, answer: Any) -> None:
        """Note the answer to a writing request, or its error. Several threads may call it."""
        if request.restates:
            return
        if isinstance(answer, LeydenError) and not answer.unsure:
            token = _token(request)
            if token is not None and getattr(answer, "aws_code", None) == CANCELED:
                # If a retry with the same token was refused, the first attempt wrote nothing.
                self._entries = [one for one in self._entries if _token(one[0]) != token]
            return
        self._entries.append((request, answer))
        if len(self._entries) <= 2 * _MOST:
            return
        with _lock:
            # Drop the oldest requests that have written, and keep those in doubt.
            over = len(self._entries) - _MOST
            kept = []
            for entry in self._entries:
                if over > 0 and _has_written(entry[1]):
                    over -= 1
                    self._earlier += 1
                else:
                    kept.append(entry)
            self._entries = kept

    def tell(self, error: LeydenError) -> None:
        """Add to an error what had been written when it was raised."""
        if not self._entries:
            return
        outcome = self.outcome()
        if outcome.item is None and error.outcome.item is not None:
            outcome = evolve(outcome, item=error.outcome.item)
        error.outcome = outcome
        if outcome.unsure and not error.unsure and not error.tells_outcome:
            error.unsure = True

    def mark(self, ended: BaseException) -> None:
        """Add a note of what had been written to another exception, such as KeyboardInterrupt."""
        outcome = self.outcome()
        if outcome:
            ended.add_note(told("the call was broken off", outcome, doubted=False))

    def outcome(self) -> Outcome:
        """Return what has been written so far, and what may have been."""
        written: list[ItemWrite] = []
        doubts: list[tuple[ItemWrite, str | None]] = []
        item: Mapping[str, Any] | None = None
        for request, answer in self._entries:
            writes, token = list(_writes(request)), _token(request)
            if not _has_written(answer):
                doubts += [(write, token) for write in writes]
                continue
            if token is not None:
                # A retry of the same transaction, so the lost answer no longer matters.
                doubts = [one for one in doubts if one[1] != token]
            if not isinstance(answer, LeydenError):
                item = answer.get("Attributes") or item
                left = list(_batched(answer.get("UnprocessedItems") or {}))
                writes = [write for write in writes if not _is_among(write, left)]
            if doubts:
                # If the same put or delete was repeated and succeeded, it is no longer in doubt.
                whole = [write for write in writes if write.action != "update"]
                doubts = [one for one in doubts if one[0] not in whole]
            written += writes
        unsure = tuple(write for write, _ in doubts)
        return Outcome(tuple(written), unsure, item, self._earlier)


def accounted(program: Program[T]) -> Program[T]:
    """Run the program with a ledger of its own, so that its errors say what it had written."""
    ledger = Ledger()
    try:
        step = next(program)
        while True:
            try:
                result = yield step
            except LeydenError as error:
                ledger.take(step, error)
                step = program.throw(error)
            else:
                ledger.take(step, result)
                step = program.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
    except LeydenError as error:
        ledger.tell(error)
        raise
    finally:
        program.close()


def has_happened(error: LeydenError) -> None:
    """Note that a request whose error said `unsure` has written, as a second look has shown."""
    error.unsure = False
    error.happened = True


def _has_written(answer: Any) -> bool:
    return not isinstance(answer, LeydenError) or answer.happened


def _token(request: Request) -> str | None:
    token = request.params.get("ClientRequestToken")
    return None if token is None else str(token)


def _writes(request: Request) -> Iterator[ItemWrite]:
    """Yield the writes of a request, as far as its parameters have the right shape."""
    params = request.params
    if request.api == "BatchWriteItem":
        yield from _batched(params.get("RequestItems", {}))
    elif request.api == "TransactWriteItems":
        for part in params.get("TransactItems", ()):
            for kind, body in part.items():
                if kind in _ACTIONS:
                    yield _write(kind, body)
    else:
        yield _write(request.api, params)


def _write(kind: str, body: Mapping[str, Any]) -> ItemWrite:
    action = _ACTIONS[kind]
    raw = body.get("Item" if action == "put" else "Key", {})
    return ItemWrite(action, str(body.get("TableName")), raw)


def _batched(items: Mapping[str, Any]) -> Iterator[ItemWrite]:
    for table, entries in items.items():
        for entry in entries:
            if "PutRequest" in entry:
                yield ItemWrite("put", table, entry["PutRequest"]["Item"])
            else:
                yield ItemWrite("delete", table, entry["DeleteRequest"]["Key"])


def _is_among(write: ItemWrite, left: Iterable[ItemWrite]) -> bool:
    """Return whether a batch returned the write as unprocessed, perhaps with numbers respelled."""
    return any(
        (one.action, one.table) == (write.action, write.table) and same_item(one.raw, write.raw)
        for one in left
    )


def may_have_written(response: Mapping[str, Any] | None) -> bool:
    """Return whether a write may have happened although the last attempt failed.

    `response` is the answer to the last attempt, None if there was none.
    """
    if response is None:
        return True
    metadata = response.get("ResponseMetadata", {})
    fault = metadata.get("HTTPStatusCode", 0) >= SERVER_FAULT
    return bool(fault or metadata.get(EARLIER_UNANSWERED))


def same_item(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two raw items are equal, however their numbers and sets are written."""
    return bool(_settled({"M": one}) == _settled({"M": other}))


def _settled(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return kind, {name: _settled(inner) for name, inner in content.items()}
        case "L":
            return kind, [_settled(inner) for inner in content]
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case _:
            return kind, content
