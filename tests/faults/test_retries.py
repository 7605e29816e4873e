"""How single requests are tried again: how often, after which waits, and what that may hide."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ConnectionFailedError,
    LeydenError,
    ThrottledError,
)
from tests.faults.bank import BANK, Bank, Clock
from tests.faults.proxy import Refuse, Reset, broken, throttled


def test_the_service_that_load_opens_gets_over_faults(bank: Bank, clock: Clock) -> None:
    with leyden.load(
        BANK,
        table=bank.table.name,
        endpoint_url=bank.proxy.url,
        region=bank.engine.region,
        credentials=bank.engine.credentials,
    ) as app:
        bank.proxy.play(throttled(), broken())
        app.entities.account.put(owner="o", number=1).go()
    assert len(bank.proxy.seen) == 3
    assert len(clock.retries) == 2
    assert len(bank.table.items()) == 1


@pytest.mark.parametrize("fault", [throttled(), broken(), Reset()])
def test_retries_wait_and_end(bank: Bank, clock: Clock, fault: Any) -> None:
    bank.proxy.play(otherwise=fault)
    with pytest.raises(LeydenError):
        bank.app.entities.account.get(owner="o", number=1).go()
    assert 3 <= len(bank.proxy.seen) <= 10
    assert len(clock.retries) == len(bank.proxy.seen) - 1
    assert all(wait >= 0 for wait in clock.retries)
    assert sum(clock.retries) > 0


@pytest.mark.parametrize("code", ["ValidationException", "ConditionalCheckFailedException"])
def test_what_no_retry_can_cure_is_not_tried_again(bank: Bank, clock: Clock, code: str) -> None:
    bank.proxy.play(otherwise=Refuse(code))
    with pytest.raises(LeydenError):
        bank.app.entities.account.put(owner="o", number=1).go()
    assert bank.proxy.apis.count("PutItem") == 1
    assert clock.retries == []
    assert bank.table.items() == {}


def test_the_number_of_attempts_of_the_surroundings_is_kept(bank: Bank) -> None:
    bank.be_impatient(read_timeout=20)
    bank.proxy.play(otherwise=broken())
    with pytest.raises(LeydenError):
        bank.app.entities.account.get(owner="o", number=1).go()
    assert len(bank.proxy.seen) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (throttled("ThrottlingException"), ThrottledError),
        (throttled(), ThrottledError),
        (broken(), AwsError),
        (broken(503), AwsError),
        (Reset(), ConnectionFailedError),
        (Reset(forward=True), ConnectionFailedError),
    ],
)
def test_single_writes_that_fail_are_told_apart(
    bank: Bank, fault: Any, kind: type[AwsError]
) -> None:
    account = bank.app.entities.account
    bank.fill(3)
    writes: list[Any] = [
        account.put(owner="o", number=10),
        account.create(owner="o", number=11),
        account.upsert(owner="o", number=12),
        account.patch(owner="o", number=0).set(note="n"),
        account.delete(owner="o", number=1),
    ]
    for write in writes:
        bank.proxy.play(otherwise=fault)
        # A create whose answer was lost finds itself.
        if fault == Reset(forward=True) and repr(write) == "<account.create>":
            continue
        with pytest.raises(kind) as caught:
            write.go()
        assert f"<{caught.value.operation}>" == repr(write)
        assert caught.value.__cause__ is not None
        assert caught.value.request is not None
    if fault != Reset(forward=True):
        assert len(bank.table.items()) == 3


def test_writes_that_may_be_repeated_get_over_a_lost_answer(bank: Bank) -> None:
    account = bank.app.entities.account
    bank.fill(3)
    for write in (
        account.put(owner="o", number=10, balance=1),
        account.upsert(owner="o", number=11, balance=2),
        account.patch(owner="o", number=0).set(note="n"),
        account.delete(owner="o", number=1),
    ):
        bank.proxy.play(Reset(forward=True))
        write.go()
    read = bank.direct.entities.account
    assert read.get(owner="o", number=10).go().balance == 1
    assert read.get(owner="o", number=11).go().balance == 2
    assert read.get(owner="o", number=0).go().note == "n"
    assert read.get(owner="o", number=1).go() is None


def test_a_create_whose_answer_was_lost_has_created(bank: Bank) -> None:
    account = bank.app.entities.account
    bank.proxy.play(Reset(forward=True))
    assert account.create(owner="o", number=1, balance=7).go().balance == 7
    assert bank.direct.entities.account.get(owner="o", number=1).go().balance == 7


def test_a_remove_whose_answer_was_lost_may_have_removed(bank: Bank) -> None:
    account = bank.app.entities.account
    bank.fill(2)
    bank.proxy.play(Reset(forward=True))
    with pytest.raises(ConditionFailedError, match="an earlier attempt"):
        account.remove(owner="o", number=1).go()
    assert bank.direct.entities.account.get(owner="o", number=1).go() is None


def test_an_addition_whose_answer_was_lost_is_not_made_again(bank: Bank) -> None:
    account = bank.app.entities.account
    bank.fill(1, balance=10)
    bank.proxy.play(Reset(forward=True))
    with pytest.raises(AwsError, match="may or may not have happened"):
        account.patch(owner="o", number=0).add(balance=1).go()
    assert bank.direct.entities.account.get(owner="o", number=0).go().balance == 11
