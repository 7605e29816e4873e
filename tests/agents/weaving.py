"""Callers that take turns request by request, lose answers, and die, on an engine that does not.

A seed decides who is next and what happens, so what is found is found again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from types import coroutine
from typing import Any, Final

from attrs import define, field

from leyden.errors import ConnectionFailedError, LeydenError
from leyden.program import Gather, Program, Request, Work

UNREPEATED: Final = "ADD "
"""What an update has that the driver does not repeat when its answer is lost."""


@coroutine
def stepwise(program: Program[Any], method: str = "") -> Generator[Any, Any, Any]:
    """In place of a backend's `arun`: gives its steps to whoever runs the coroutine."""
    return (yield from program)


@define(eq=False)
class Call:
    """A call of a caller: when it began and ended, by turns, and what it came to."""

    name: str
    given: Any
    began: int
    ended: int | None = None
    result: Any = None

    @property
    def died(self) -> bool:
        return self.ended is None


@define(eq=False)
class Caller:
    """One who makes calls, one after another."""

    script: list[tuple[str, Any]]
    call: Call | None = None
    program: Program[Any] | None = None
    step: Any = None
    pending: dict[int, Request] = field(factory=dict)
    """The requests of the step that have no answer yet, by their places."""
    answers: dict[int, Any] = field(factory=dict)
    lost: dict[int, Any] = field(factory=dict)
    """What came of requests whose answers were lost, and which are made once more."""


@define(eq=False)
class Weaving:
    """Callers of a service. `begin` makes a program of the name of a call and what it is given."""

    send: Callable[[Request], Any]
    begin: Callable[[str, Any], Program[Any]]
    chance: random.Random
    losing: float = 0.0
    dying: float = 0.0
    calls: list[Call] = field(factory=list)
    turn: int = 0

    def run(self, scripts: Sequence[Sequence[tuple[str, Any]]]) -> list[Call]:
        """Let callers make the calls of their scripts, until all have ended or died."""
        callers = [Caller([*script]) for script in scripts]
        while callers:
            self.turn += 1
            caller = self.chance.choice(callers)
            if not self._turn(caller):
                callers.remove(caller)
        return self.calls

    def _turn(self, caller: Caller) -> bool:
        """Make one request, or begin a call; says whether the caller goes on."""
        if caller.program is None:
            if not caller.script:
                return False
            name, given = caller.script.pop(0)
            caller.call = Call(name, given, self.turn)
            self.calls.append(caller.call)
            caller.program = self.begin(name, given)
            self._go_on(caller, None, None)
            return True
        if not self._request(caller):
            return False
        if not caller.pending:
            self._answer(caller)
        return True

    def _request(self, caller: Caller) -> bool:
        place = self.chance.choice([*caller.pending])
        if self.chance.random() < self.dying:
            return self._die(caller)
        outcome = self._outcome(caller, place)
        if self.chance.random() < self.dying:
            return self._die(caller)
        if place not in caller.lost and self.chance.random() < self.losing:
            if UNREPEATED not in caller.pending[place].params.get("UpdateExpression", ""):
                caller.lost[place] = outcome
                return True
            outcome = ConnectionFailedError("no answer", unsure=True)
        del caller.pending[place]
        caller.answers[place] = outcome
        return True

    def _outcome(self, caller: Caller, place: int) -> Any:
        request = caller.pending[place]
        if place in caller.lost and "ClientRequestToken" in request.params:
            # DynamoDB answers it as it did before.
            return caller.lost[place]
        try:
            return self.send(request)
        except LeydenError as error:
            if place in caller.lost and hasattr(error, "unsure"):
                error.unsure = True
            return error

    def _answer(self, caller: Caller) -> None:
        answers = [caller.answers[place] for place in sorted(caller.answers)]
        caller.answers, caller.lost = {}, {}
        if isinstance(caller.step, Gather):
            self._go_on(caller, answers, None)
            return
        (answer,) = answers
        if isinstance(answer, LeydenError):
            self._go_on(caller, None, answer)
        else:
            self._go_on(caller, answer, None)

    def _go_on(self, caller: Caller, answer: Any, error: LeydenError | None) -> None:
        """Take a caller's program to its next request, or to its end."""
        assert caller.program is not None
        assert caller.call is not None
        try:
            while True:
                step = caller.program.throw(error) if error else caller.program.send(answer)
                error = answer = None
                if isinstance(step, Request):
                    caller.pending = {0: step}
                    break
                if isinstance(step, Gather):
                    answers = {}
                    for place, one in enumerate(step.requests):
                        if isinstance(one, Work):
                            answers[place] = one.blocking()
                        else:
                            caller.pending[place] = one
                    if caller.pending:
                        caller.answers = answers
                        break
                    answer = [*answers.values()]
                if isinstance(step, Work):
                    answer = step.blocking()
            caller.step = step
        except StopIteration as end:
            caller.call.ended, caller.call.result = self.turn, end.value
            caller.program = None

    def _die(self, caller: Caller) -> bool:
        assert caller.program is not None
        caller.program.close()
        return False


@define(eq=False)
class Slow:
    """One caller, whose requests are sent when the test says so."""

    send: Callable[[Request], Any]
    program: Program[Any]
    ended: bool = False
    result: Any = None
    _step: Any = None
    _lost: bool = False

    def __attrs_post_init__(self) -> None:
        self._go_on(None, None)

    def go(self, requests: int = 1) -> None:
        """Send so many requests, and hear what comes of them."""
        for _ in range(requests):
            assert not self.ended
            self._answer(self._send)

    def lose(self) -> None:
        """Send the next request, whose answer gets lost, so that it is sent again at the next."""
        self._answer(self._send, heard=False)
        self._lost = True

    def end(self) -> Any:
        """Send all requests that are left; returns the result."""
        while not self.ended:
            self.go()
        return self.result

    def _send(self, request: Request) -> Any:
        try:
            return self.send(request)
        except LeydenError as error:
            if self._lost and hasattr(error, "unsure"):
                error.unsure = True
            return error

    def _answer(self, send: Callable[[Request], Any], *, heard: bool = True) -> None:
        step = self._step
        several = isinstance(step, Gather)
        answers = [send(one) for one in (step.requests if several else [step])]
        if not heard:
            return
        self._lost = False
        answer = answers if several else answers[0]
        failed = isinstance(answer, LeydenError)
        self._go_on(None if failed else answer, answer if failed else None)

    def _go_on(self, answer: Any, error: LeydenError | None) -> None:
        try:
            while True:
                step = self.program.throw(error) if error else self.program.send(answer)
                error = answer = None
                if isinstance(step, Request | Gather):
                    self._step = step
                    return
                if isinstance(step, Work):
                    answer = step.blocking()
        except StopIteration as end:
            self.ended, self.result = True, end.value
