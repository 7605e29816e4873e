"""Transactions under faults: all or nothing, once, and what is not known is not claimed."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    LeydenError,
    ThrottledError,
    TransactionCanceledError,
)
from tests.faults.bank import Bank, Clock
from tests.faults.proxy import Forward, Refuse, Reset, Silence, broken, canceled, throttled

IN_PROGRESS = Refuse("TransactionInProgressException")


@pytest.fixture
def funded(bank: Bank) -> Bank:
    bank.fill(2, balance=10)
    return bank


def payment(bank: Bank) -> Any:
    """Four from account 0 to account 1, and a record of it."""
    account, transfer = bank.app.entities.account, bank.app.entities.transfer
    return bank.app.transact_write(
        [
            account.patch(owner="o", number=0).subtract(balance=4).where(account.attr.balance >= 4),
            account.patch(owner="o", number=1).add(balance=4),
            transfer.create(owner="o", transfer_id="t", amount=4),
        ]
    )


def payments_made(bank: Bank) -> int:
    """How often the payment was made; fails where it was made in part."""
    account, transfer = bank.direct.entities.account, bank.direct.entities.transfer
    first, second = (account.get(owner="o", number=n).go(consistent=True) for n in (0, 1))
    made, rest = divmod(10 - first.balance, 4)
    assert rest == 0
    assert second.balance == 10 + 4 * made
    recorded = transfer.get(owner="o", transfer_id="t").go(consistent=True)
    assert (recorded is not None) is (made > 0)
    return made


@pytest.mark.parametrize(
    "faults",
    [
        (Reset(forward=True),),
        (Reset(),),
        (broken(), Reset(forward=True)),
        (throttled(), throttled("ThrottlingException")),
        (Reset(forward=True), IN_PROGRESS),
        (canceled("TransactionConflict", "None", "None"),),
        (canceled("None", "ThrottlingError", "TransactionConflict"), Reset(forward=True)),
        (canceled("ProvisionedThroughputExceeded", "None", "None"), broken()),
    ],
    ids=lambda faults: "-".join(getattr(f, "code", type(f).__name__) for f in faults),
)
def test_a_transaction_that_gets_through_in_the_end_happens_once(
    funded: Bank, faults: tuple[Any, ...]
) -> None:
    funded.proxy.play(*faults)
    result = payment(funded).go()
    assert result[2].amount == 4
    assert payments_made(funded) == 1
    assert len(funded.proxy.seen) == len(faults) + 1


def test_attempts_of_one_request_carry_one_token(funded: Bank) -> None:
    funded.proxy.play(Reset(forward=True), broken())
    payment(funded).go()
    tokens = {seen.params["ClientRequestToken"] for seen in funded.proxy.seen}
    assert len(funded.proxy.seen) == 3
    assert len(tokens) == 1


def test_the_given_token_is_used_for_all_attempts(funded: Bank) -> None:
    funded.proxy.play(canceled("TransactionConflict", "None", "None"), Reset(forward=True))
    # An engine remembers a token for all of its tables.
    token = f"pays-once-{funded.transport}"
    payment(funded).go(token=token)
    tokens = [seen.params["ClientRequestToken"] for seen in funded.proxy.seen]
    assert tokens == [token] * 3
    assert payments_made(funded) == 1


def test_a_transaction_that_is_in_progress_is_not_made_twice(funded: Bank) -> None:
    account = funded.app.entities.account
    write = funded.app.transact_write([account.patch(owner="o", number=0).add(balance=1)])
    # The first attempt goes through, but its answer is lost, and it counts as under way.
    funded.proxy.play(Reset(forward=True), *[IN_PROGRESS] * 5)
    write.go()
    stored = funded.direct.entities.account.get(owner="o", number=0).go(consistent=True)
    assert stored.balance == 11


@pytest.mark.parametrize(
    ("fault", "kind", "made"),
    [
        (Reset(forward=True), ConnectionFailedError, 1),
        (Reset(), ConnectionFailedError, 0),
        (broken(), AwsError, 0),
        (throttled(), ThrottledError, 0),
        (throttled("ThrottlingException"), ThrottledError, 0),
        (IN_PROGRESS, AwsError, 0),
        (Refuse("ValidationException"), AwsError, 0),
    ],
)
def test_a_transaction_that_does_not_get_through_fails_with_its_cause(
    funded: Bank, fault: Any, kind: type[LeydenError], made: int
) -> None:
    funded.proxy.play(otherwise=fault)
    with pytest.raises(kind) as caught:
        payment(funded).go()
    assert caught.value.operation == "transact_write"
    assert caught.value.__cause__ is not None
    assert payments_made(funded) == made


@pytest.mark.parametrize("fault", [Reset(forward=True), broken()])
def test_a_write_that_may_have_happened_is_said_to(funded: Bank, fault: Any) -> None:
    funded.proxy.play(otherwise=fault)
    for write in (payment(funded), funded.app.entities.account.put(owner="o", number=5)):
        with pytest.raises(AwsError, match="may or may not have happened"):
            write.go()


def test_a_transaction_without_an_answer_may_have_happened(funded: Bank) -> None:
    funded.be_impatient(0.5)
    funded.proxy.play(otherwise=Silence(forward=True))
    with pytest.raises(ConnectionFailedError, match="may or may not have happened"):
        payment(funded).go()
    funded.proxy.wait_until_met(2)
    assert payments_made(funded) == 1


def test_a_conflict_that_does_not_pass_is_told_after_growing_pauses(
    funded: Bank, clock: Clock
) -> None:
    funded.proxy.play(otherwise=canceled("None", "TransactionConflict", "None"))
    with pytest.raises(TransactionCanceledError) as caught:
        payment(funded).go()
    (rejection,) = caught.value.rejections
    assert (rejection.position, rejection.operation) == (1, "account.patch")
    assert (rejection.reason, rejection.aws_code) == ("conflict", "TransactionConflict")
    assert isinstance(caught.value.__cause__, AwsError)
    assert len(clock.pauses) == len(funded.proxy.seen) - 1 == 5
    assert all(0 <= wait <= 0.05 * 2**n for n, wait in enumerate(clock.pauses, start=1))
    assert payments_made(funded) == 0


def test_a_condition_that_does_not_hold_is_not_tried_again(funded: Bank, clock: Clock) -> None:
    funded.proxy.play(canceled("ConditionalCheckFailed", "TransactionConflict", "None"))
    with pytest.raises(TransactionCanceledError) as caught:
        payment(funded).go()
    assert [r.reason for r in caught.value.rejections] == ["condition", "conflict"]
    # The refusal brought no item along, which is looked at once to say what did not hold.
    assert [seen.api for seen in funded.proxy.seen] == ["TransactWriteItems", "GetItem"]
    assert clock.pauses == []
    assert payments_made(funded) == 0


@pytest.mark.parametrize(
    "fault",
    [Reset(), broken(), throttled(), canceled("TransactionConflict", "None"), IN_PROGRESS],
)
def test_items_are_read_together_or_an_error_says_why_not(funded: Bank, fault: Any) -> None:
    account = funded.app.entities.account
    read = funded.app.transact_get(
        [account.get(owner="o", number=n) for n in (1, 7)],
    )
    funded.proxy.play(fault, Forward())
    found = read.go()
    assert found[0].balance == 10
    assert found[1] is None
    funded.proxy.play(otherwise=fault)
    with pytest.raises(LeydenError) as caught:
        read.go()
    assert caught.value.operation == "transact_get"
    assert caught.value.__cause__ is not None


def test_a_check_by_itself_is_answered_truly(funded: Bank) -> None:
    check = funded.app.entities.account.check(owner="o", number=0)
    funded.proxy.play(Reset(), Reset(forward=True), throttled())
    assert check.go().number == 0
    assert len(funded.proxy.seen) == 4
