"""Programs: work of several steps, written as generators that any driver can run.

A program yields steps and is sent their results. A step is a `Request`, a `Pause`, a `Gather` of
several requests, or the `Work` of another client. A program performs no I/O of its own, so a
blocking and an asynchronous `Runner` run the same programs. `run_together` makes one program of
many.

>>> def touch(task):                                                  # doctest: +SKIP
...     found = yield from task.get(task_id="t1").program()
...     yield Pause(0.1)
...     return found
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from leyden._attrs import define, field
from leyden._ledger import Ledger
from leyden._steps import (
    AttributeValue,
    Gather,
    Item,
    Params,
    Pause,
    Program,
    Request,
    Response,
    Step,
    Work,
)
from leyden.errors import LeydenError

__all__ = [
    "AttributeValue",
    "Gather",
    "Item",
    "Params",
    "Pause",
    "Program",
    "Request",
    "Response",
    "Runner",
    "Step",
    "Work",
    "gathered",
    "is_asynchronous",
    "outcomes_of",
    "run_together",
]

T = TypeVar("T")


class Runner(Protocol):
    """Runs programs: it sends what a program yields, and returns what the program returns."""

    def run(self, program: Program[T]) -> T:
        """Run a program and return its result. Errors of DynamoDB arrive as `LeydenError`.

        An asynchronous runner, whose `asynchronous` is True, returns an awaitable.
        """
        ...


def is_asynchronous(runner: Runner) -> bool:
    """Return whether you must await what the runner returns."""
    return bool(getattr(runner, "asynchronous", False))


def gathered(step: Gather, answer: Callable[[Request | Work], T]) -> list[T | LeydenError]:
    """Answer each request and work of a `Gather`, on as many threads as its `concurrency`.

    This is for blocking runners. `answer` sends one request. If it raises a LeydenError, the list
    has that error. Any other exception propagates, and requests that have not begun are not sent.
    """

    def outcome(one: Request | Work) -> T | LeydenError:
        try:
            return answer(one)
        except LeydenError as error:
            return error

    threads = min(step.concurrency, len(step.requests))
    if threads <= 1:
        return [outcome(one) for one in step.requests]
    # Programs that send one request at a time need no threads, and should not import them.
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    # Context variables of the caller, such as the current trace, apply on each thread.
    contexts = [copy_context() for _ in step.requests]
    pool = ThreadPoolExecutor(threads, thread_name_prefix="leyden")
    try:
        return list(pool.map(lambda own, one: own.run(outcome, one), contexts, step.requests))
    finally:
        pool.shutdown(cancel_futures=True)


def run_together(programs: Iterable[Program[T]], concurrency: int) -> Program[list[T]]:
    """Run programs concurrently, `concurrency` requests at once, and return their results in order.

    The first error ends all of them. Use `outcomes_of` if the others should go on.

    >>> both = yield from run_together([a.program(), b.program()], 8)     # doctest: +SKIP
    """
    tasks = _Tasks(programs, concurrency)
    try:
        yield from tasks.run(stop=True)
    finally:
        tasks.close()
    return [task.result for task in tasks.all]


def outcomes_of(programs: Iterable[Program[T]], concurrency: int) -> Program[list[T | LeydenError]]:
    """Run programs concurrently, each to its own end, and return their results in order.

    The result of a program that raised a LeydenError is that error.
    """
    tasks = _Tasks(programs, concurrency)
    try:
        yield from tasks.run(stop=False)
    finally:
        tasks.close()
    return [task.error or task.result for task in tasks.all]


@define(eq=False)
class _Task(Generic[T]):
    """One program and its state."""

    program: Program[T]
    step: Step | None = None
    """The step that it waits for; None before its first step and after its end."""
    ready_at: float = 0.0
    """The end of its pause, on the monotonic clock."""
    done: bool = False
    error: LeydenError | None = None
    ledger: Ledger = field(factory=Ledger)
    _results: list[T] = field(factory=list)

    def go_on(self, answer: Any = None, error: LeydenError | None = None) -> None:
        """Resume the program until its next step."""
        self.ledger.take(self.step, answer if error is None else error)
        try:
            if error is None:
                self.step = self.program.send(answer)
            else:
                self.step = self.program.throw(error)
        except StopIteration as end:
            self.step, self.done = None, True
            self._results.append(end.value)
        except LeydenError as failure:
            self.step, self.done = None, True
            self.ledger.tell(failure)
            self.error = failure
        if isinstance(self.step, Pause):
            self.ready_at = time.monotonic() + self.step.seconds

    @property
    def result(self) -> T:
        """The value that it returned, once it has ended."""
        return self._results[0]


class _Tasks(Generic[T]):
    """Programs in lockstep: each round sends the requests of all of them together."""

    def __init__(self, programs: Iterable[Program[T]], concurrency: int) -> None:
        self.all = [_Task(program) for program in programs]
        self._waiting = iter(self.all)
        self._concurrency = concurrency
        self._active: list[_Task[T]] = []

    def run(self, *, stop: bool) -> Program[None]:
        """Run until all programs have ended; with `stop`, raise the first error."""
        while True:
            self._fill()
            failed = next((task.error for task in self.all if task.error is not None), None)
            if stop and failed is not None:
                raise failed
            if not self._active:
                return
            asking = [task for task in self._active if not isinstance(task.step, Pause)]
            if asking:
                yield from self._round(asking)
            self._end_pauses()
            if not asking:
                left = min(task.ready_at for task in self._active) - time.monotonic()
                if left > 0:
                    yield Pause(left)
                self._end_pauses()
            self._active = [task for task in self._active if not task.done]

    def close(self) -> None:
        """Close the programs that have not ended."""
        for task in self.all:
            task.program.close()

    def _fill(self) -> None:
        """Start programs while there is room. Programs that pause do not take up room."""
        asking = sum(not isinstance(task.step, Pause) for task in self._active)
        while asking < self._concurrency:
            task = next(self._waiting, None)
            if task is None:
                return
            task.go_on()
            if not task.done:
                self._active.append(task)
                asking += not isinstance(task.step, Pause)

    def _round(self, asking: list[_Task[T]]) -> Program[None]:
        requests: list[Request | Work] = []
        for task in asking:
            if isinstance(task.step, Gather):
                requests += task.step.requests
            elif isinstance(task.step, Request | Work):
                requests.append(task.step)
        answers: Iterator[Any] = iter(
            (yield Gather(tuple(requests), self._concurrency)) if requests else ()
        )
        for task in asking:
            if isinstance(task.step, Gather):
                task.go_on([next(answers) for _ in task.step.requests])
                continue
            answer = next(answers)
            failed = isinstance(answer, LeydenError)
            task.go_on(None if failed else answer, answer if failed else None)

    def _end_pauses(self) -> None:
        now = time.monotonic()
        for task in self._active:
            if isinstance(task.step, Pause) and task.ready_at <= now:
                task.go_on()
