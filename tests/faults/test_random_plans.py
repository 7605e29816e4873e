"""Whatever the faults and whatever the batch: the table holds what was said."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.errors import BatchIncompleteError, LeydenError
from tests.faults.bank import Bank
from tests.faults.proxy import Fault, Forward, Partly, Refuse, Reset, broken, throttled
from tests.faults.truth import check_writes, raw_writes, said_by

FAULTS: st.SearchStrategy[Fault] = st.one_of(
    st.just(Forward()),
    st.builds(Partly, st.integers(0, 30)),
    st.sampled_from([throttled(), throttled("ThrottlingException"), broken(), broken(503)]),
    st.builds(Reset, st.booleans()),
    st.just(Refuse("ValidationException")),
)
PLANS = st.lists(FAULTS, max_size=14)
OTHERWISE = st.one_of(st.just(Forward()), FAULTS)
FEWER = settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def writes_of(bank: Bank, puts: set[int], deletes: set[int], transfers: int) -> Any:
    account, transfer = bank.app.entities.account, bank.app.entities.transfer
    return bank.app.batch_write(
        [
            *(account.put(owner="o", number=n, balance=n + 1) for n in sorted(puts)),
            *(account.delete(owner="o", number=n) for n in sorted(deletes - puts)),
            *(transfer.put(owner="o", transfer_id=f"t{n}", amount=n) for n in range(transfers)),
        ]
    )


@FEWER
@given(
    plan=PLANS,
    otherwise=OTHERWISE,
    puts=st.sets(st.integers(0, 30), max_size=25),
    deletes=st.sets(st.integers(0, 30), max_size=25),
    transfers=st.integers(0, 30),
    budget=st.sampled_from([0, 0.05, 1, 30]),
    concurrency=st.integers(1, 3),
    unprocessed=st.sampled_from(["raise", "return"]),
)
def test_after_a_batch_of_writes_the_table_holds_what_was_said(
    bank: Bank,
    plan: list[Fault],
    otherwise: Fault,
    puts: set[int],
    deletes: set[int],
    transfers: int,
    **options: Any,
) -> None:
    bank.renew()
    bank.fill(10, note="before")
    before = bank.table.items()
    batch = writes_of(bank, puts, deletes, transfers)
    bank.proxy.play(*plan, otherwise=otherwise)
    said = said_by(batch, **options)
    check_writes(before, bank.table.items(), raw_writes(batch), said)


@FEWER
@given(
    plan=PLANS,
    otherwise=OTHERWISE,
    wanted=st.lists(st.integers(0, 150), unique=True, max_size=120),
    budget=st.sampled_from([0, 1, 30]),
    unprocessed=st.sampled_from(["raise", "return"]),
)
def test_a_batch_read_gives_the_truth_of_every_key_it_does_not_name(
    bank: Bank, plan: list[Fault], otherwise: Fault, wanted: list[int], **options: Any
) -> None:
    bank.renew()
    bank.fill(30)
    account = bank.app.entities.account
    batch = account.get([{"owner": "o", "number": n} for n in wanted])
    bank.proxy.play(*plan, otherwise=otherwise)
    try:
        result, unsure = batch.go(**options), ()
    except BatchIncompleteError as error:
        result, unsure = error.result, error.unsure
    open_keys = [*result.unprocessed]
    open_keys += [key for part in unsure for table in part.values() for key in table["Keys"]]
    for number, record in zip(wanted, result, strict=True):
        key = account.get(owner="o", number=number).params()["Key"]
        if key in open_keys:
            assert record is None
        else:
            assert (record and record.number) == (number if number < 30 else None)


@FEWER
@given(plan=PLANS, limit=st.integers(4, 9), order=st.sampled_from(["asc", "desc"]))
def test_pages_read_on_from_the_last_cursor_give_every_item_once(
    bank: Bank, plan: list[Fault], limit: int, order: str
) -> None:
    bank.renew()
    bank.fill(25)
    query = bank.app.entities.account.query.owner(owner="o")
    bank.proxy.play(*plan)
    found: list[int] = []
    cursor: str | None = None
    for _ in range(100):
        try:
            page = query.go(limit=limit, order=order, cursor=cursor)
        except LeydenError:
            continue
        found += [record.number for record in page]
        cursor = page.cursor
        if cursor is None:
            break
    assert cursor is None
    assert found == sorted(range(25), reverse=order == "desc")
