"""The pace of work over a whole table: a budget of capacity units a second, less on throttles.

The cost of a request is known only after its answer. So the budget is a bucket that may go into
debt: a request is sent while the bucket is not empty, its cost is taken out afterwards, and the
next request waits until the debt is paid. Over time that gives exactly the rate, whatever requests
cost.

An occasional throttle is normal, and the driver's retries handle it. A table that throttles a
quarter of the attempts has less to give than was asked for. The pace then falls to half of what the
table has just delivered, which leaves room for others, and rises again by a tenth a second, up to
the rate. Without a rate the pace is unlimited until then.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from leyden._ledger import THROTTLED_ATTEMPTS
from leyden.errors import AwsError, InvalidOptionError, LeydenError, ThrottledError
from leyden.operations.run.sending import wait_before
from leyden.operations.run.verdicts import cancellation, code_of, verdict_of_code
from leyden.program import Gather, Pause, Program, Request, Work
from leyden.results import consumed_units

T = TypeVar("T")

PATIENCE: Final = 600.0
"""Seconds for which throttled requests are sent again and again."""

_SAVED: Final = 1.0
"""Seconds' worth of units that may be saved up while answers are slow."""

_AT_ONCE: Final = 0.25
"""Seconds' worth of units that may be sent together, so that a table sees an even load."""

_SHORTEST: Final = 0.001
"""Seconds; shorter pauses are skipped. The debt stays, so the rate holds."""

_LONGEST_WAIT: Final = 2.0
"""The longest wait in seconds before `meanwhile` gets a turn."""

_TOO_MANY: Final = 0.25
"""The share of throttled attempts at which the pace falls."""

_FALL: Final = 0.5
_RISE: Final = 1.1
_LEAST: Final = 1.0
"""The lowest pace, in units a second; no table has less."""

_AT_FIRST: Final = 50.0
"""The assumed capacity, in units a second, of a table that throttles the first requests."""

_UNSAID: Final = 1.0
"""The assumed cost of a request for which the engine reports none."""

_WINDOW: Final = 1.0
"""Seconds over which deliveries are measured. The pace falls at most once in this time."""

_OF_COSTS: Final = 0.2
_OF_SHARE: Final = 0.03
"""The weights of new values in the moving averages of costs and of the share of throttles."""

_LONGEST_RISE: Final = 60.0


def refuse_options(operation: str, *options: tuple[str, str, bool]) -> None:
    """Raise InvalidOptionError for the first wrong option. Each: name, rule, whether it fits."""
    for name, wanted, fits in options:
        if not fits:
            raise InvalidOptionError(f'the option "{name}" takes {wanted}', operation=operation)


def is_amount(value: object, least: float = 0) -> bool:
    """Whether an option is a number above 0, and not below `least`."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and value > 0
        and value >= least
    )


def is_count(value: object, most: float = math.inf) -> bool:
    """Whether an option is a whole number from 1 to `most`."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


class Pace:
    """A budget of capacity units a second, read and write units together.

    `rate` is the budget; None for as much as the table gives. `patience` is for how many seconds a
    throttled request is sent again. `meanwhile` returns a program that is run during waits, every
    few seconds; its requests are not paced or counted. Everything that shares a budget uses one
    pace, one program at a time; `run_together` combines several programs into one.

    >>> found = yield from paced(task.scan.program(pages="all"), Pace(25))    # doctest: +SKIP
    """

    def __init__(
        self,
        rate: float | None = None,
        *,
        patience: float = PATIENCE,
        meanwhile: Callable[[], Program[object]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        """The rate that was asked for."""
        self.allowed = math.inf if rate is None else float(rate)
        """The units a second that are used at most now: less than the rate after throttles."""
        self.consumed = 0.0
        """The units that were used so far."""
        self.requests = 0
        """How many requests were answered."""
        self.throttles = 0
        """How many attempts the table has throttled."""
        self._patience = patience
        self._meanwhile = meanwhile
        self._clock = clock
        self._balance = 0.0
        self._at = clock()
        self._costs: dict[str, float] = {}
        self._window = (self._at, self.consumed)
        self._delivered = 0.0
        self._share = 0.0
        self._fell = -math.inf

    def send(self, requests: Sequence[Request | Work], concurrency: int) -> Program[list[Any]]:
        """Send requests, `concurrency` at a time, as fast as the budget allows.

        Returns what a `Gather` returns. A throttled request is sent again after growing waits,
        unless it may have written.
        """
        answers: list[Any] = [None] * len(requests)
        waiting = [*range(len(requests))]
        began, rounds = self._clock(), 0
        while waiting:
            left: list[int] = []
            position = 0
            while position < len(waiting):
                seconds = self._owed()
                if seconds > 0:
                    yield from self._wait(seconds)
                    continue
                some = waiting[position : position + self._fitting(requests, waiting[position:])]
                position += len(some)
                sent = tuple(requests[n] for n in some)
                for n, answer in zip(some, (yield Gather(sent, concurrency)), strict=True):
                    answers[n] = answer
                    self.note(requests[n], answer)
                    if isinstance(answer, ThrottledError) and not answer.unsure:
                        left.append(n)
            rounds += 1
            waiting = left
            if not waiting or self._clock() - began >= self._patience:
                break
            yield from self._wait(wait_before(rounds))
        return answers

    def _wait(self, seconds: float) -> Program[None]:
        if self._meanwhile is None:
            yield Pause(seconds)
            return
        yield Pause(min(seconds, _LONGEST_WAIT))
        yield from self._meanwhile()

    def note(self, request: Request | Work, answer: Any) -> None:
        """Take the cost of a request out of the budget, and slow down on throttles."""
        if isinstance(request, Work):
            return
        now = self._pass()
        self.requests += 1
        if not isinstance(answer, LeydenError):
            units = consumed_units(answer)
            cost = _UNSAID if units is None else units
            self.consumed += cost
            self._balance -= cost
            before = self._costs.get(request.api, cost)
            self._costs[request.api] = before + _OF_COSTS * (cost - before)
            self._share -= _OF_SHARE * self._share
        throttles = _throttles_in(answer)
        for _ in range(throttles):
            self._share += _OF_SHARE * (1 - self._share)
        self.throttles += throttles
        if throttles and self._share > _TOO_MANY and now - self._fell >= _WINDOW:
            since, consumed = self._window
            lately = (self.consumed - consumed) / max(now - since, _WINDOW)
            delivered = max(self._delivered, lately) or min(self.allowed, _AT_FIRST)
            self.allowed = max(min(self.allowed, delivered * _FALL), _LEAST)
            self._balance = min(self._balance, 0.0)
            self._fell = now

    def _pass(self) -> float:
        """Account for the time that has passed: add units, and let the pace rise."""
        now = self._clock()
        passed, self._at = now - self._at, now
        if self.allowed < math.inf:
            self._balance = min(self._balance + passed * self.allowed, _SAVED * self.allowed)
            most = math.inf if self.rate is None else self.rate
            self.allowed = min(self.allowed * _RISE ** min(passed, _LONGEST_RISE), most)
        else:
            self._balance = 0.0
        since, before = self._window
        if now - since >= _WINDOW:
            self._delivered = (self.consumed - before) / (now - since)
            self._window = now, self.consumed
        return now

    def _owed(self) -> float:
        """Return the seconds until the next request may be sent."""
        self._pass()
        seconds = -self._balance / self.allowed
        return seconds if seconds > _SHORTEST else 0.0

    def _fitting(self, requests: Sequence[Request | Work], waiting: Sequence[int]) -> int:
        """Return how many requests may be sent at once, at least 1, by their usual cost."""
        room, count = self.allowed * _AT_ONCE, 0
        for n in waiting:
            one = requests[n]
            if isinstance(one, Request):
                # A request of unknown cost is sent alone.
                room -= self._costs.get(one.api, math.inf if room < math.inf else 0.0)
            if room < 0 and count:
                break
            count += 1
        return count


def paced(program: Program[T], pace: Pace) -> Program[T]:
    """Run the program, and send all its requests at this pace.

    A throttled request reaches the program as an error only when the pace's patience is used up, or
    when it may have written.

    >>> page = yield from paced(order.scan.program(), pace)                  # doctest: +SKIP
    """
    try:
        step = next(program)
        while True:
            try:
                result: Any
                if isinstance(step, Gather):
                    result = yield from pace.send(step.requests, step.concurrency)
                elif isinstance(step, Request):
                    (result,) = yield from pace.send((step,), 1)
                    if isinstance(result, LeydenError):
                        raise result
                else:
                    result = yield step
            except LeydenError as error:
                step = program.throw(error)
            else:
                step = program.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        program.close()


def _throttles_in(answer: Any) -> int:
    """Count the throttled attempts before a request got this answer or error."""
    if not isinstance(answer, LeydenError):
        return int(answer.get("ResponseMetadata", {}).get(THROTTLED_ATTEMPTS, 0))
    if isinstance(answer, ThrottledError):
        return 1
    reasons = (cancellation(answer) or ()) if isinstance(answer, AwsError) else ()
    return any(verdict_of_code(code_of(reason)) == "throttled" for reason in reasons)
