"""The pace of work over a table: a budget of capacity units, kept, and less on throttles."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden._ledger import THROTTLED_ATTEMPTS
from leyden.errors import AwsError, InputError, LeydenError, ThrottledError
from leyden.operations.run.pacing import Pace, paced
from leyden.program import Gather, Pause, Program, Request, Response, Work


class Table:
    """A table with a clock of its own. A request takes `latency` seconds, and costs what it says.

    It has `capacity` units a second and throttles what is above it, as DynamoDB does: a request is
    let in while there is anything left.
    """

    def __init__(self, capacity: float = float("inf"), latency: float = 0.01) -> None:
        self.now = 0.0
        self.capacity = capacity
        self.latency = latency
        self.left = min(capacity, 1e9)
        self.served: list[tuple[float, float]] = []
        self.used = 0.0
        self.refused = 0
        self.largest = 0
        self.latest = 0.0
        """The units of what went out together last."""
        self.broken: Callable[[Request], LeydenError | None] = lambda _: None

    def clock(self) -> float:
        return self.now

    def run(self, program: Program[Any]) -> Any:
        try:
            step = next(program)
            while True:
                step = program.send(self.answers(step))
        except StopIteration as end:
            return end.value

    def answers(self, step: Any) -> Any:
        if isinstance(step, Pause):
            assert step.seconds > 0
            self.pass_by(step.seconds)
            return None
        assert isinstance(step, Gather)
        self.largest = max(self.largest, len(step.requests))
        before = self.used
        answers = []
        for start in range(0, len(step.requests), step.concurrency):
            some = step.requests[start : start + step.concurrency]
            answers += [self.answer(one) for one in some]
            self.pass_by(self.latency)
        self.latest = self.used - before
        return answers

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.left = min(self.left + seconds * self.capacity, self.capacity)

    def answer(self, request: Request | Work) -> Response | LeydenError:
        if isinstance(request, Work):
            return request.blocking()  # type: ignore[no-any-return]
        error = self.broken(request)
        if error is not None:
            return error
        if self.left <= 0:
            self.refused += 1
            return ThrottledError("too much")
        units = float(request.params["units"])
        self.left -= units
        self.served.append((self.now, units))
        self.used += units
        return {"ConsumedCapacity": {"CapacityUnits": units}, "said": request.operation}


def put(units: float, name: str = "") -> Request:
    return Request("PutItem", {"units": units}, name)


def one_by_one(costs: list[float]) -> Program[int]:
    for units in costs:
        yield put(units)
    return len(costs)


def all_at_once(costs: list[float], group: int = 40) -> Program[int]:
    for start in range(0, len(costs), group):
        requests = tuple(map(put, costs[start : start + group]))
        answers = yield Gather(requests, 8)
        assert [answer["ConsumedCapacity"]["CapacityUnits"] for answer in answers] == [
            request.params["units"] for request in requests
        ]
    return len(costs)


@given(
    rate=st.floats(5, 2000),
    costs=st.lists(st.sampled_from([0.5, 1.0, 2.0, 6.0, 25.0]), min_size=1, max_size=9),
    work=st.sampled_from([one_by_one, all_at_once]),
    latency=st.floats(0.0005, 0.01),
)
def test_over_time_the_pace_is_the_rate_exactly(
    rate: float, costs: list[float], work: Callable[[list[float]], Program[int]], latency: float
) -> None:
    table = Table(latency=latency)
    pace = Pace(rate, clock=table.clock)
    # Twenty seconds' worth; only what the requests' own time does not allow is beyond the pace.
    many = costs * (int(20 * rate / sum(costs)) + 1)
    assert table.run(paced(work(many), pace)) == len(many)
    assert pace.consumed == pytest.approx(table.used) == pytest.approx(sum(many))
    # The debt of those that went out last need not be paid, nor what a pause is too short for.
    assert table.used <= rate * (table.now + 0.001) + table.latest + 1e-6
    if sum(costs) / len(costs) / latency > rate * 1.2:
        assert table.used >= rate * table.now * 0.97


def test_no_second_sees_more_than_the_rate_and_what_went_out_together() -> None:
    table = Table(latency=0.002)
    table.run(paced(all_at_once([1.0] * 3000, 500), Pace(100, clock=table.clock)))
    for start in range(int(table.now)):
        assert sum(units for at, units in table.served if start <= at < start + 1) <= 126
    assert table.largest <= 26


def test_without_a_rate_nothing_waits_and_what_goes_together_stays_together() -> None:
    table = Table(latency=0.0)
    table.run(paced(all_at_once([1.0] * 400, 100), Pace(clock=table.clock)))
    assert (table.now, table.largest) == (0.0, 100)


def test_what_a_slow_answer_left_over_is_used_for_a_second_and_no_longer() -> None:
    table = Table(latency=5.0)
    pace = Pace(10, clock=table.clock)
    table.run(paced(one_by_one([1.0]), pace))
    table.latency = 0.0
    table.run(paced(one_by_one([1.0] * 31), pace))
    # One second's worth was saved up; the last request is not waited for.
    assert table.now == pytest.approx(5.0 + (30 - 10) / 10, abs=0.2)


@pytest.mark.parametrize("rate", [None, 400.0])
def test_a_table_that_has_less_is_used_as_far_as_it_goes_and_most_is_let_in(
    rate: float | None,
) -> None:
    table = Table(capacity=50, latency=0.005)
    pace = Pace(rate, clock=table.clock)
    assert table.run(paced(all_at_once([1.0] * 6000), pace)) == 6000
    assert table.used == 6000
    assert 6000 / table.now > 50 * 0.5, "at least half of what the table has"
    assert table.refused < 6000 * 0.5
    assert pace.throttles == table.refused


def test_after_a_hard_time_the_rate_is_reached_again() -> None:
    table = Table(capacity=10, latency=0.005)
    pace = Pace(100, clock=table.clock)
    table.run(paced(all_at_once([1.0] * 300), pace))
    assert pace.allowed < 20
    table.capacity = 1000
    table.run(paced(all_at_once([1.0] * 3000), pace))
    assert pace.allowed == 100


def test_one_throttle_in_ten_is_no_reason_to_slow_down() -> None:
    table = Table(latency=0.001)
    dice = random.Random(7)
    table.broken = lambda _: ThrottledError("now and then") if dice.random() < 0.1 else None
    pace = Pace(200, clock=table.clock)
    table.run(paced(all_at_once([1.0] * 6000), pace))
    assert 6000 / table.now > 200 * 0.85


def test_attempts_that_the_driver_has_sent_again_count_too() -> None:
    pace = Pace(100, clock=lambda: 0.0)
    for _ in range(20):
        pace.note(put(1), {"ResponseMetadata": {THROTTLED_ATTEMPTS: 3}})
    assert pace.throttles == 60
    assert pace.allowed < 100


def test_a_transaction_that_is_refused_for_its_units_counts_as_throttled() -> None:
    pace = Pace(100, clock=lambda: 0.0)
    response = {"CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}]}
    error = AwsError("no", aws_code="TransactionCanceledException", response=response)
    pace.note(Request("TransactWriteItems", {}), error)
    assert pace.throttles == 1


def test_a_request_that_is_throttled_is_sent_again_by_itself() -> None:
    table = Table()
    failing = {"b": 2}

    def broken(request: Request) -> LeydenError | None:
        if failing.get(request.operation, 0):
            failing[request.operation] -= 1
            return ThrottledError("too much")
        return None

    table.broken = broken

    def three() -> Program[list[str]]:
        answers = yield Gather(tuple(put(1, name) for name in "abc"), 8)
        return [answer["said"] for answer in answers]

    assert table.run(paced(three(), Pace(clock=table.clock))) == ["a", "b", "c"]
    assert len(table.served) == 3


def test_patience_ends_and_a_write_in_doubt_is_not_sent_again() -> None:
    table = Table()
    table.broken = lambda _: ThrottledError("too much")
    with pytest.raises(ThrottledError):
        table.run(paced(one_by_one([1.0]), Pace(patience=30, clock=table.clock)))
    assert 30 <= table.now < 40
    sent = []

    def in_doubt(request: Request) -> LeydenError:
        sent.append(request)
        error = ThrottledError("too much")
        error.unsure = True
        return error

    table.broken = in_doubt
    with pytest.raises(ThrottledError):
        table.run(paced(one_by_one([1.0]), Pace(clock=table.clock)))
    assert len(sent) == 1


def test_other_errors_reach_the_program_at_once_and_it_may_go_on() -> None:
    table = Table()
    table.broken = lambda request: InputError("no") if request.operation == "bad" else None

    def tries() -> Program[str]:
        try:
            yield put(1, "bad")
        except InputError:
            answer = yield put(1, "good")
            return str(answer["said"])
        return "nothing was wrong"

    assert table.run(paced(tries(), Pace(5, clock=table.clock))) == "good"


def test_the_work_of_other_clients_costs_nothing() -> None:
    table = Table(latency=0.0)

    def works() -> Program[list[str]]:
        answers = yield Gather(tuple(Work(lambda: "done") for _ in range(50)), 8)
        return list(answers)

    assert table.run(paced(works(), Pace(1, clock=table.clock))) == ["done"] * 50
    assert table.now == 0.0


def test_a_program_is_closed_when_the_paced_one_is() -> None:
    closed = []

    def long() -> Program[None]:
        try:
            yield put(1)
        finally:
            closed.append(True)

    program = paced(long(), Pace(clock=lambda: 0.0))
    next(program)
    program.close()
    assert closed == [True]
