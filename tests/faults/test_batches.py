"""Batches under faults: the table holds what the result or the error said, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import BatchIncompleteError, ConnectionFailedError, LeydenError, ThrottledError
from tests.faults.bank import Bank, Clock
from tests.faults.proxy import (
    Forward,
    Partly,
    Refuse,
    Reset,
    Silence,
    broken,
    entries_of,
    throttled,
)
from tests.faults.truth import Said, check_writes, key_of_write, raw_writes, said_by


def sixty_writes(bank: Bank) -> Any:
    """Puts over both entities and deletes of what is there: three requests."""
    account, transfer = bank.app.entities.account, bank.app.entities.transfer
    return bank.app.batch_write(
        [
            *(account.put(owner="o", number=n, balance=n) for n in range(20)),
            *(transfer.put(owner="o", transfer_id=f"t{n}", amount=n) for n in range(20)),
            *(account.delete(owner="o", number=n) for n in range(20, 40)),
        ]
    )


def attempts_of_one_request(bank: Bank) -> int:
    """How often a request is sent that never succeeds."""
    bank.proxy.play(otherwise=broken())
    with pytest.raises(LeydenError):
        bank.app.entities.account.get(owner="o", number=0).go()
    return len(bank.proxy.seen)


def test_what_is_unprocessed_is_sent_again_until_all_is_done(bank: Bank, clock: Clock) -> None:
    bank.fill(45, note="before")
    before = bank.table.items()
    batch = sixty_writes(bank)
    bank.proxy.play(Partly(20), Partly(0), Partly(3), Partly(1), Forward(), Partly(2))
    result = batch.go()
    assert len(result) == 60
    assert result.unprocessed == ()
    assert result.requests == len(bank.proxy.seen) == 8
    check_writes(before, bank.table.items(), raw_writes(batch), Said((), (), None))
    sent = [len(entries_of([seen.params["RequestItems"]])) for seen in bank.proxy.seen]
    assert sent == [25, 25, 10, 5, 25, 7, 4, 5]
    assert len(clock.pauses) == 2


def test_the_pauses_between_rounds_grow_and_differ(bank: Bank, clock: Clock) -> None:
    bank.proxy.play(otherwise=Partly(0))
    batch = bank.app.entities.account.put([{"owner": "o", "number": 1}])
    with pytest.raises(BatchIncompleteError):
        batch.go(budget=60)
    assert len(set(clock.pauses)) == len(clock.pauses) > 10
    assert all(0 <= wait <= 0.05 * 2**n for n, wait in enumerate(clock.pauses[:7]))
    assert max(clock.pauses) > 1
    assert all(wait <= 5 for wait in clock.pauses)


def test_what_is_left_over_when_the_budget_is_spent_is_reported(bank: Bank, clock: Clock) -> None:
    bank.fill(45, note="before")
    before, started = bank.table.items(), clock.now
    batch = sixty_writes(bank)
    bank.proxy.play(Partly(20), Partly(7), otherwise=Partly(0))
    said = said_by(batch, budget=3)
    assert isinstance(said.error, BatchIncompleteError)
    assert said.error.operation == "batch_write"
    assert said.error.failures == ()
    assert f"{len(said.unprocessed)} entries were still unprocessed after 3 seconds" in str(
        said.error
    )
    assert len(said.unprocessed) == 60 - 20 - 7
    assert clock.now - started >= 3
    check_writes(before, bank.table.items(), raw_writes(batch), said)


def test_a_budget_is_not_passed_by_a_pause(bank: Bank, clock: Clock) -> None:
    for _ in range(5):
        started = clock.now
        bank.proxy.play(otherwise=Partly(0))
        with pytest.raises(BatchIncompleteError):
            bank.app.entities.account.put([{"owner": "o", "number": 1}]).go(budget=8)
        assert clock.now - started == pytest.approx(8)


def test_a_budget_of_nothing_tries_once(bank: Bank, clock: Clock) -> None:
    bank.proxy.play(Partly(3))
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(5)])
    said = said_by(batch, budget=0)
    assert [key_of_write(write) for write in said.unprocessed] == [
        key_of_write(write) for write in raw_writes(batch)[3:]
    ]
    assert bank.proxy.apis == ["BatchWriteItem"]
    assert clock.pauses == []


def test_unprocessed_entries_are_returned_where_asked_for(bank: Bank) -> None:
    bank.fill(45, note="before")
    before = bank.table.items()
    batch = sixty_writes(bank)
    bank.proxy.play(Partly(20), Partly(7), otherwise=Partly(0))
    said = said_by(batch, budget=1, unprocessed="return")
    assert said.error is None
    assert len(said.unprocessed) == 33
    check_writes(before, bank.table.items(), raw_writes(batch), said)


@pytest.mark.parametrize(
    ("fault", "kind", "unprocessed"),
    [
        (broken(), LeydenError, "raise"),
        (broken(503), LeydenError, "return"),
        (Reset(), ConnectionFailedError, "raise"),
        (Reset(forward=True), ConnectionFailedError, "return"),
        (Refuse("ValidationException"), LeydenError, "raise"),
    ],
)
def test_a_request_that_fails_leaves_the_others_and_names_its_own_entries(
    bank: Bank, fault: Any, kind: type[LeydenError], unprocessed: str
) -> None:
    bank.fill(45, note="before")
    before = bank.table.items()
    batch = sixty_writes(bank)
    tries = 1 if fault == Refuse("ValidationException") else attempts_of_one_request(bank)
    bank.proxy.play(Forward(), *[fault] * tries, Forward())
    said = said_by(batch, unprocessed=unprocessed)
    assert isinstance(said.error, BatchIncompleteError)
    (failure,) = said.error.failures
    assert isinstance(failure, kind)
    assert said.error.__cause__ is failure
    assert failure.__cause__ is not None
    assert failure.operation == "batch_write"
    assert said.unprocessed == ()
    assert [*said.unsure] == raw_writes(batch)[25:50]
    assert bank.proxy.faults_left == 0
    check_writes(before, bank.table.items(), raw_writes(batch), said)
    # What the engine was asked to do before the connection broke has happened.
    happened = fault == Reset(forward=True)
    key = key_of_write(raw_writes(batch)[25])
    assert (key in bank.table.items()) is happened


def test_requests_that_fail_side_by_side_are_all_reported(bank: Bank) -> None:
    bank.fill(10)
    before = bank.table.items()
    account = bank.app.entities.account
    batch = account.put([{"owner": "p", "number": n} for n in range(100)])
    bank.proxy.play(otherwise=Reset(forward=True))
    said = said_by(batch, concurrency=4)
    assert isinstance(said.error, BatchIncompleteError)
    assert len(said.error.failures) == 4
    assert len(said.unsure) == 100
    check_writes(before, bank.table.items(), raw_writes(batch), said)
    assert len(bank.table.items()) == 110


@pytest.mark.parametrize("forward", [True, False])
def test_a_silent_service_is_given_up_after_the_read_timeout(bank: Bank, forward: bool) -> None:
    bank.be_impatient(0.15)
    before = bank.table.items()
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(3)])
    bank.proxy.play(otherwise=Silence(forward))
    said = said_by(batch)
    bank.proxy.wait_until_met(2)
    assert isinstance(said.error, BatchIncompleteError)
    assert isinstance(said.error.failures[0], ConnectionFailedError)
    assert "no answer" in str(said.error)
    assert len(said.unsure) == 3
    check_writes(before, bank.table.items(), raw_writes(batch), said)
    assert len(bank.table.items()) == (3 if forward else 0)


def test_a_lost_answer_is_made_up_for_by_asking_again(bank: Bank) -> None:
    bank.fill(45, note="before")
    before = bank.table.items()
    batch = sixty_writes(bank)
    bank.proxy.play(Reset(forward=True), Forward(), Reset(), throttled(), broken())
    said = said_by(batch)
    assert said == Said((), (), None)
    check_writes(before, bank.table.items(), raw_writes(batch), said)
    assert len(bank.proxy.seen) == 3 + 4


def test_what_an_unanswered_attempt_may_have_written_is_not_called_unprocessed(bank: Bank) -> None:
    before = bank.table.items()
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(4)])
    bank.proxy.play(Reset(forward=True), Partly(1), otherwise=Partly(0))
    said = said_by(batch, budget=0)
    assert len(bank.table.items()) == 4
    check_writes(before, bank.table.items(), raw_writes(batch), said)
    assert len(said.unsure) == 3


def test_what_only_throttled_attempts_came_before_stays_unprocessed(bank: Bank) -> None:
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(4)])
    bank.proxy.play(throttled(), Partly(1), otherwise=Partly(0))
    said = said_by(batch, budget=0)
    assert len(said.unprocessed) == 3
    assert said.unsure == ()


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ThrottlingException"])
def test_a_batch_that_is_throttled_as_a_whole_is_unprocessed(
    bank: Bank, clock: Clock, code: str
) -> None:
    before = bank.table.items()
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(30)])
    bank.proxy.play(*[throttled(code)] * 20)
    assert said_by(batch, budget=600) == Said((), (), None)
    assert len(bank.table.items()) == 30
    assert clock.pauses
    bank.table.clear()
    bank.proxy.play(otherwise=throttled(code))
    said = said_by(batch, budget=20)
    assert len(said.unprocessed) == 30
    assert said.unsure == ()
    assert isinstance(said.error, BatchIncompleteError)
    assert isinstance(said.error.__cause__, ThrottledError)
    check_writes(before, bank.table.items(), raw_writes(batch), said)


def test_the_result_of_an_incomplete_batch_gives_only_what_was_written(bank: Bank) -> None:
    account = bank.app.entities.account
    batch = account.put([{"owner": "o", "number": n} for n in range(5)])
    bank.proxy.play(Partly(3))
    result = batch.go(budget=0, unprocessed="return")
    assert [record and record.number for record in result] == [0, 1, 2, None, None]


def test_deletes_in_a_batch_are_reported_like_puts(bank: Bank) -> None:
    bank.fill(8)
    before = bank.table.items()
    batch = bank.app.entities.account.delete([{"owner": "o", "number": n} for n in range(6)])
    bank.proxy.play(Partly(2), Partly(1), otherwise=Partly(0))
    said = said_by(batch, budget=0.01)
    assert len(said.unprocessed) == 3
    check_writes(before, bank.table.items(), raw_writes(batch), said)


def test_the_progress_of_a_batch_counts_what_was_taken_up(bank: Bank) -> None:
    heard: list[tuple[int, int]] = []
    batch = bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(30)])
    bank.proxy.play(Partly(10), Forward(), Partly(5))
    batch.go(progress=lambda done, total: heard.append((done, total)))
    assert heard == [(10, 30), (15, 30), (20, 30), (30, 30)]


def test_messages_name_no_values(bank: Bank) -> None:
    batch = bank.app.entities.account.put([{"owner": "secret-owner", "number": 1, "note": "n0te"}])
    bank.proxy.play(otherwise=Partly(0))
    with pytest.raises(BatchIncompleteError) as caught:
        batch.go(budget=0)
    assert "secret-owner" not in str(caught.value)
    assert "n0te" not in str(caught.value)


def guarded(bank: Bank) -> Any:
    """A hundred and thirty puts: two transactions."""
    return bank.app.entities.account.put([{"owner": "o", "number": n} for n in range(130)])


def test_a_guarded_batch_is_done_once_under_faults(bank: Bank) -> None:
    bank.proxy.play(Reset(forward=True), throttled(), Forward(), broken(), Reset())
    result = guarded(bank).go(guard=True)
    assert len(result) == 130
    assert len(bank.table.items()) == 130


@pytest.mark.parametrize("fault", [Reset(forward=True), broken(), throttled()])
def test_a_guarded_batch_that_breaks_off_says_what_was_written(bank: Bank, fault: Any) -> None:
    before = bank.table.items()
    batch = guarded(bank)
    bank.proxy.play(Forward(), otherwise=fault)
    said = said_by(batch, guard=True)
    assert isinstance(said.error, BatchIncompleteError)
    assert said.error.operation == "account.batch_write"
    assert said.error.__cause__ is said.error.failures[0]
    assert len(said.unsure) == (0 if fault == throttled() else 30)
    assert len(said.unprocessed) == 30 - len(said.unsure)
    check_writes(before, bank.table.items(), raw_writes(batch), said)
