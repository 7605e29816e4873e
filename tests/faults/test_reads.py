"""Reads under faults: the full truth, or an error; never less than there is."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import (
    BatchIncompleteError,
    ConnectionFailedError,
    InputError,
    LeydenError,
    ThrottledError,
)
from tests.faults.bank import Bank
from tests.faults.proxy import (
    CutShort,
    Fault,
    Forward,
    Partly,
    Refuse,
    Reset,
    Silence,
    broken,
    throttled,
)

PASSING: list[Fault] = [throttled(), broken(), Reset(forward=True)]


@pytest.fixture
def filled(bank: Bank) -> Bank:
    """Twenty-five accounts of one owner, and three of another."""
    bank.fill(25)
    bank.fill(3, owner="other")
    return bank


def numbers(records: Any) -> list[int]:
    return [record.number for record in records]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_not_seen_by_a_reader(filled: Bank, fault: Fault) -> None:
    account = filled.app.entities.account
    query = account.query.owner(owner="o")
    filled.proxy.play(fault)
    assert account.get(owner="o", number=3).go().number == 3
    filled.proxy.play(fault)
    assert account.get(owner="o", number=99).go() is None
    filled.proxy.play(Forward(), fault, Forward(), fault, fault)
    assert numbers(query.go(limit=7, pages="all")) == [*range(25)]
    filled.proxy.play(fault, Forward(), fault)
    assert numbers(query.iter(limit=7)) == [*range(25)]
    filled.proxy.play(Forward(), fault)
    assert len(account.scan.go(limit=9, pages="all")) == 28
    filled.proxy.play(Forward(), fault)
    assert numbers(query.go(limit=5, count=12)) == [*range(12)]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_lasts_is_raised_with_its_cause(filled: Bank, fault: Fault) -> None:
    account = filled.app.entities.account
    kind = (
        ThrottledError
        if isinstance(fault, Refuse) and fault.status == 400
        else ConnectionFailedError
        if isinstance(fault, Reset)
        else LeydenError
    )
    reads = {
        "account.get": account.get(owner="o", number=3),
        "account.query.owner": account.query.owner(owner="o"),
        "account.scan": account.scan,
    }
    for name, read in reads.items():
        filled.proxy.play(otherwise=fault)
        with pytest.raises(kind) as caught:
            read.go()
        assert caught.value.operation == name
        assert caught.value.entity == "accounts"
        assert caught.value.__cause__ is not None
    filled.proxy.play(otherwise=fault)
    with pytest.raises(BatchIncompleteError) as incomplete:
        account.get([{"owner": "o", "number": 1}]).go(budget=0)
    assert incomplete.value.__cause__ is not None


def test_a_reader_gives_up_on_a_silent_service(filled: Bank) -> None:
    filled.be_impatient(0.15)
    account = filled.app.entities.account
    filled.proxy.play(otherwise=Silence())
    with pytest.raises(ConnectionFailedError, match="no answer"):
        account.get(owner="o", number=3).go()
    filled.proxy.wait_until_met(2)


def test_a_service_that_answers_late_once_is_asked_again(bank: Bank) -> None:
    bank.fill(3)
    # The second answer must come in time on a busy machine as well.
    bank.be_impatient(1.0)
    bank.proxy.play(Silence(forward=True))
    assert bank.app.entities.account.get(owner="o", number=2).go().number == 2
    assert len(bank.proxy.seen) == 2


@pytest.mark.parametrize("declared", [True, False])
def test_half_an_answer_is_no_answer(filled: Bank, declared: bool) -> None:
    account = filled.app.entities.account
    reads: list[Any] = [
        account.get(owner="o", number=3),
        account.query.owner(owner="o"),
        account.scan,
        account.get([{"owner": "o", "number": 1}]),
        filled.app.transact_get([account.get(owner="o", number=1)]),
    ]
    for read in reads:
        filled.proxy.play(CutShort(declared))
        found = read.go()
        assert found is not None
        assert len(getattr(found, "items", (found,))) > 0
        filled.proxy.play(otherwise=CutShort(declared))
        with pytest.raises(LeydenError) as caught:
            read.go()
        assert caught.value.__cause__ is not None


def test_a_page_that_fails_in_the_middle_ends_an_iteration_with_its_error(filled: Bank) -> None:
    query = filled.app.entities.account.query.owner(owner="o")
    filled.proxy.play(Forward(), Forward(), otherwise=throttled())
    records = query.iter(limit=7)
    seen = [next(records).number for _ in range(14)]
    with pytest.raises(ThrottledError) as caught:
        next(records)
    assert seen == [*range(14)]
    assert caught.value.operation == "account.query.owner"
    # It would look like the end of the records.
    with pytest.raises(InputError, match="failed with ThrottledError"):
        next(records)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_after_a_failing_page_the_last_cursor_gives_the_rest_exactly_once(
    filled: Bank, order: str
) -> None:
    query = filled.app.entities.account.query.owner(owner="o")
    found: list[int] = []
    cursor: str | None = None
    failures = 0
    # Each page fails once for good, then is read.
    while True:
        filled.proxy.play(otherwise=Reset(forward=True))
        with pytest.raises(ConnectionFailedError):
            query.go(order=order, limit=6, cursor=cursor)
        failures += 1
        filled.proxy.play()
        page = query.go(order=order, limit=6, cursor=cursor)
        found += numbers(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert failures == 5
    assert found == (list(range(25)) if order == "asc" else list(range(24, -1, -1)))


def test_all_pages_or_an_error_never_some(filled: Bank) -> None:
    query = filled.app.entities.account.query.owner(owner="o")
    for reading in ({"pages": "all"}, {"count": 20}, {"pages": 3}):
        filled.proxy.play(Forward(), Forward(), otherwise=broken())
        with pytest.raises(LeydenError):
            query.go(limit=6, **reading)


@pytest.mark.parametrize("reading", [{"pages": "all"}, {"count": 20}, {"pages": 3}])
def test_what_was_read_before_a_page_failed_is_on_the_error_with_its_cursor(
    filled: Bank, reading: dict[str, Any]
) -> None:
    query = filled.app.entities.account.query.owner(owner="o")
    filled.proxy.play(Forward(), Forward(), otherwise=broken())
    with pytest.raises(LeydenError) as caught:
        query.go(limit=6, **reading)
    before = caught.value.page
    assert before is not None
    assert numbers(before) == [*range(12)]
    assert (before.scanned, before.requests) == (12, 2)
    # A reading that fails at once gives the cursor that it was given.
    with pytest.raises(LeydenError) as again:
        query.go(limit=6, cursor=before.cursor, **reading)
    assert again.value.page is not None
    assert (len(again.value.page), again.value.page.cursor) == (0, before.cursor)
    filled.proxy.play()
    assert numbers(query.go(cursor=before.cursor, pages="all")) == [*range(12, 25)]


def test_an_iteration_that_fails_tells_where_to_go_on(filled: Bank) -> None:
    query = filled.app.entities.account.query.owner(owner="o")
    filled.proxy.play(Forward(), Forward(), otherwise=broken())
    seen: list[int] = []
    with pytest.raises(LeydenError) as caught:
        seen += (record.number for record in query.iter(limit=6))
    assert caught.value.page is not None
    filled.proxy.play()
    rest = query.iter(cursor=caught.value.page.cursor)
    assert [record.number for record in rest] == [*range(12, 25)]


def test_the_first_page_that_fails_has_nothing_to_go_on_from(filled: Bank) -> None:
    filled.proxy.play(otherwise=broken())
    with pytest.raises(LeydenError) as caught:
        filled.app.entities.account.query.owner(owner="o").go(pages="all")
    assert caught.value.page is None


def test_keys_that_are_unprocessed_are_read_in_the_next_round(filled: Bank) -> None:
    account = filled.app.entities.account
    keys = [{"owner": "o", "number": n} for n in [*range(24, -1, -1), 99]]
    filled.proxy.play(Partly(10), Partly(0), Partly(5))
    found = account.get(keys).go(consistent=True)
    assert [record and record.number for record in found] == [*range(24, -1, -1), None]
    assert found.unprocessed == ()
    assert found.requests == 4
    tables = [seen.params["RequestItems"][filled.table.name] for seen in filled.proxy.seen]
    assert all(table["ConsistentRead"] for table in tables)
    assert [len(table["Keys"]) for table in tables] == [26, 16, 16, 11]


def test_keys_that_stay_unprocessed_are_reported(filled: Bank) -> None:
    account = filled.app.entities.account
    batch = account.get([{"owner": "o", "number": n} for n in range(8)])
    sent = batch.params()[0]["RequestItems"][filled.table.name]["Keys"]
    filled.proxy.play(Partly(3), otherwise=Partly(0))
    with pytest.raises(BatchIncompleteError, match="5 entries were still unprocessed") as caught:
        batch.go(budget=1)
    assert numbers(caught.value.result[:3]) == [0, 1, 2]
    assert [*caught.value.result.unprocessed] == sent[3:]
    filled.proxy.play(Partly(3), otherwise=Partly(0))
    result = batch.go(budget=1, unprocessed="return")
    assert [record and record.number for record in result] == [0, 1, 2, *[None] * 5]
    assert [*result.unprocessed] == sent[3:]


def test_a_batch_read_whose_request_fails_gives_the_others(filled: Bank) -> None:
    account = filled.app.entities.account
    batch = account.get([{"owner": "o", "number": n} for n in range(120)])
    filled.proxy.play(Forward(), otherwise=broken())
    with pytest.raises(BatchIncompleteError) as caught:
        batch.go(unprocessed="return")
    assert numbers(caught.value.result[:25]) == [*range(25)]
    (unsure,) = caught.value.unsure
    assert len(unsure[filled.table.name]["Keys"]) == 20
    assert caught.value.__cause__ is caught.value.failures[0]


def test_a_batch_read_that_is_throttled_as_a_whole_is_sent_again(filled: Bank) -> None:
    account = filled.app.entities.account
    filled.proxy.play(*[throttled()] * 12)
    found = account.get([{"owner": "o", "number": n} for n in range(5)]).go(budget=600)
    assert numbers(found) == [*range(5)]
