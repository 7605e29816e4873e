"""Several programs at the same time: each is sent its own answers, whatever the others do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import InputError, LeydenError
from leyden.program import Gather, Pause, Program, Request, outcomes_of, run_together


class Recorder:
    """Answers each request with its own name; those named `bad...` fail."""

    def __init__(self) -> None:
        self.rounds: list[int] = []
        self.pauses: list[float] = []

    def run(self, program: Program[Any]) -> Any:
        try:
            step = program.send(None)
            while True:
                step = program.send(self.answer(step))
        except StopIteration as end:
            return end.value

    def answer(self, step: Any) -> Any:
        if isinstance(step, Pause):
            self.pauses.append(step.seconds)
            return None
        assert isinstance(step, Gather), "requests are always gathered"
        self.rounds.append(len(step.requests))
        return [
            LeydenError(request.operation)
            if request.operation.startswith("bad")
            else {"name": request.operation}
            for request in step.requests
        ]


def ask(name: str) -> Request:
    return Request("GetItem", {}, name)


def counting(name: str, steps: int) -> Program[list[str]]:
    heard = []
    for number in range(steps):
        answer = yield ask(f"{name}{number}")
        heard.append(answer["name"])
    return heard


def test_each_program_hears_the_answers_to_its_own_requests() -> None:
    recorder = Recorder()
    result = recorder.run(run_together([counting("a", 3), counting("b", 1), counting("c", 2)], 8))
    assert result == [["a0", "a1", "a2"], ["b0"], ["c0", "c1"]]
    assert recorder.rounds == [3, 2, 1]


def test_programs_begin_as_others_end_so_that_no_more_than_asked_are_under_way() -> None:
    recorder = Recorder()
    programs = [counting(f"p{number}-", 2) for number in range(5)]
    result = recorder.run(run_together(programs, 2))
    assert result == [[f"p{number}-0", f"p{number}-1"] for number in range(5)]
    assert recorder.rounds == [2, 2, 2, 2, 1, 1]


def test_what_a_program_gathers_comes_back_to_it_as_one_list() -> None:
    def gathering() -> Program[list[str]]:
        answers = yield Gather((ask("x"), ask("bad"), ask("y")), 3)
        return [str(getattr(answer, "message", None) or answer["name"]) for answer in answers]

    result = Recorder().run(run_together([gathering(), counting("a", 1), gathering()], 8))
    assert result == [["x", "bad", "y"], ["a0"], ["x", "bad", "y"]]


def test_a_program_can_catch_the_error_of_its_own_request() -> None:
    def careful() -> Program[str]:
        try:
            yield ask("bad")
        except LeydenError as error:
            return f"caught {error.message}"
        return "nothing"

    assert Recorder().run(run_together([careful(), counting("a", 2)], 2)) == [
        "caught bad",
        ["a0", "a1"],
    ]


def test_the_first_error_ends_all_and_closes_those_that_wait() -> None:
    closed = []

    def waiting() -> Program[None]:
        try:
            while True:
                yield ask("on")
        finally:
            closed.append(True)

    def failing() -> Program[None]:
        yield ask("bad")

    with pytest.raises(LeydenError, match="bad"):
        Recorder().run(run_together([waiting(), failing()], 2))
    assert closed == [True]


def test_outcomes_have_every_result_and_every_error() -> None:
    def failing() -> Program[None]:
        yield ask("bad")

    def refusing() -> Program[None]:
        raise InputError("not so")
        yield ask("never")

    outcomes = Recorder().run(outcomes_of([counting("a", 2), failing(), refusing()], 2))
    assert outcomes[0] == ["a0", "a1"]
    assert [type(outcome) for outcome in outcomes[1:]] == [LeydenError, InputError]


def test_a_bug_is_raised_and_closes_the_others() -> None:
    closed = []

    def waiting() -> Program[None]:
        try:
            yield ask("on")
            yield ask("on")
        finally:
            closed.append(True)

    def broken() -> Program[None]:
        yield ask("on")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Recorder().run(outcomes_of([waiting(), broken()], 2))
    assert closed == [True]


def test_a_pause_holds_up_nobody_else() -> None:
    def pausing() -> Program[str]:
        yield Pause(0.0)
        answer = yield ask("after")
        return str(answer["name"])

    def sleeping() -> Program[str]:
        yield Pause(0.02)
        return "slept"

    recorder = Recorder()
    result = recorder.run(run_together([sleeping(), counting("a", 2), pausing()], 4))
    assert result == ["slept", ["a0", "a1"], "after"]
    assert recorder.pauses, "the pause is waited for once there is nothing else to do"
    assert all(0 < seconds <= 0.02 for seconds in recorder.pauses)


def test_no_programs_at_all_is_an_empty_list() -> None:
    assert Recorder().run(run_together([], 4)) == []
    assert Recorder().run(outcomes_of([], 4)) == []


@given(st.lists(st.integers(0, 4), max_size=12), st.integers(1, 5))
def test_results_are_those_of_running_one_after_the_other(
    steps: list[int], concurrency: int
) -> None:
    recorder = Recorder()
    result = recorder.run(
        run_together([counting(f"{n}-", count) for n, count in enumerate(steps)], concurrency)
    )
    assert result == [[f"{n}-{k}" for k in range(count)] for n, count in enumerate(steps)]
    assert all(size <= concurrency for size in recorder.rounds)
