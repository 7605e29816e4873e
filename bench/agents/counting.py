"""Count requests, capacity and processor time, of Leyden and of packages on boto3.

Both are asked for the same: botocore's events add ReturnConsumedCapacity to requests that lack it,
and Leyden's events have it. Transactions are computed; of the packages, only Leyden sends any.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from threading import Lock
from typing import Any

from attrs import define, field

from leyden import events
from leyden.operations.plan.costs import write_units
from leyden.operations.plan.expressions import item_size


def is_write(api: str) -> bool:
    """Return whether a call of DynamoDB takes write units."""
    return any(word in api for word in ("Put", "Update", "Delete", "Write"))


def transaction_units(params: Any) -> int:
    """Return the write units of a transaction: two for each started KB of each item.

    DynamoDB Local says 4 for any transaction. What is deleted or updated counts as one KB.
    """
    items = (body.get("Item", {}) for entry in params["TransactItems"] for body in entry.values())
    return sum(2 * write_units(item_size(item)) for item in items)


@define
class Spent:
    """Requests, those of them that failed, read and write units, and processor time in ms."""

    requests: int = 0
    failed: int = 0
    reads: float = 0.0
    writes: float = 0.0
    cpu: float = 0.0
    _lock: Any = field(factory=Lock, repr=False)

    def send(self, count: int = 1) -> None:
        """Count requests."""
        with self._lock:
            self.requests += count

    def fail(self, count: int = 1) -> None:
        """Count requests that failed, also if another attempt did not."""
        with self._lock:
            self.failed += count

    def consume(self, api: str, units: float) -> None:
        """Count the capacity of a request."""
        with self._lock:
            if is_write(api):
                self.writes += units
            else:
                self.reads += units

    def each(self, times: int) -> dict[str, float]:
        """Return what one of so many calls took."""
        return {
            "requests": round(self.requests / times, 2),
            "reads": round(self.reads / times, 2),
            "writes": round(self.writes / times, 2),
            "cpu": round(self.cpu / times, 3),
        }


def middle(rounds: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    found = [*rounds]
    return {name: round(median(one[name] for one in found), 3) for name in found[0]}


def share(own: Iterable[dict[str, float]], other: Iterable[dict[str, float]]) -> float:
    """Return Leyden's share of another's processor time: the median over the rounds."""
    return round(median(a["cpu"] / b["cpu"] for a, b in zip(own, other, strict=True)), 3)


class Meter:
    """Counts while `counted` is open. Sessions of botocore are registered with `hook`."""

    def __init__(self) -> None:
        self._open: list[Spent] = []

    def hook(self, session: Any) -> Any:
        """Let a session of botocore or aiobotocore report what its clients send."""
        session.register("before-parameter-build.dynamodb", self._ask)
        session.register("before-send.dynamodb", self._send)
        session.register("after-call.dynamodb", self._answer)
        return session

    @contextmanager
    def counted(self) -> Iterator[Spent]:
        """Count what is sent meanwhile, and the processor time of this process."""
        spent = Spent()
        self._open.append(spent)
        try:
            with events.listen(lambda event: self._hear(spent, event)):
                began = time.process_time()
                yield spent
                spent.cpu = (time.process_time() - began) * 1000
        finally:
            self._open.remove(spent)

    @staticmethod
    def _hear(spent: Spent, event: events.Event) -> None:
        if isinstance(event, events.RequestSent):
            spent.send()
            if event.api == "TransactWriteItems":
                spent.consume(event.api, transaction_units(event.params))
        elif isinstance(event, events.ResponseReceived):
            spent.send(event.retries)
            spent.fail(event.retries)
            if event.api != "TransactWriteItems":
                spent.consume(event.api, event.consumed or 0)
        else:
            spent.send(event.retries)
            spent.fail(1 + event.retries)

    @staticmethod
    def _ask(params: Any, model: Any, **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params.setdefault("ReturnConsumedCapacity", "TOTAL")

    def _send(self, **_: Any) -> None:
        for spent in self._open:
            spent.send()

    def _answer(self, parsed: Any, model: Any, **_: Any) -> None:
        failed = parsed.get("ResponseMetadata", {}).get("RetryAttempts", 0) + ("Error" in parsed)
        for spent in self._open:
            spent.fail(failed)
        consumed = parsed.get("ConsumedCapacity") or []
        for one in consumed if isinstance(consumed, list) else [consumed]:
            for spent in self._open:
                spent.consume(model.name, one["CapacityUnits"])
