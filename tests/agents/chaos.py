"""Deaths: an adapter whose process ends between any two requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from leyden.agents.backend import Backend
from leyden.errors import LeydenError
from leyden.program import Gather, Program, Request


class Dead(BaseException):
    """The process has ended."""


@contextmanager
def dies_after(backend: Backend, requests: int, seed: int = 0) -> Iterator[None]:
    """Let what runs on a backend die once it has sent so many requests.

    Of requests that may go side by side, some are sent, in any order.
    """
    left = [requests]
    chance = random.Random(seed)

    def mortal(program: Program[Any]) -> Program[Any]:
        answer: Any = None
        error: LeydenError | None = None
        while True:
            try:
                step = program.send(answer) if error is None else program.throw(error)
            except StopIteration as end:
                return end.value
            answer = error = None
            if isinstance(step, Gather):
                answer = [None] * len(step.requests)
                for n in chance.sample(range(len(step.requests)), len(step.requests)):
                    try:
                        answer[n] = yield from one(step.requests[n])
                    except LeydenError as failure:
                        answer[n] = failure
                continue
            try:
                answer = yield from one(step)
            except LeydenError as failure:
                error = failure

    def one(step: Any) -> Program[Any]:
        if isinstance(step, Request):
            if left[0] == 0:
                raise Dead
            left[0] -= 1
        return (yield step)

    alive = backend._named
    backend._named = lambda program, method: mortal(alive(program, method))  # type: ignore[method-assign]
    try:
        yield
    finally:
        del backend._named


def each_death(
    backend: Backend, begin: Callable[[], object], act: Callable[[], object]
) -> Iterator[bool]:
    """Begin, and act up to one request more each time; yields whether it died, after each.

    It ends after the first time that it did not die.
    """
    for requests in range(1000):
        begin()
        died = False
        try:
            with dies_after(backend, requests, requests):
                act()
        except Dead:
            died = True
        yield died
        if not died:
            return
    raise AssertionError("it takes more than 1000 requests")
