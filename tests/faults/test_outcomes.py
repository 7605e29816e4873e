"""Whatever the faults and whatever the call: the table is what its outcome said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.errors import AwsError, BatchIncompleteError, ConditionFailedError, LeydenError
from leyden.schema import load_service
from tests.conformance.notes import small_limits
from tests.conftest import _new_table_name
from tests.faults.bank import Bank, open_bank
from tests.faults.conftest import TRANSPORTS
from tests.faults.proxy import CutShort, Fault, Forward, Refuse, Reset, broken, throttled
from tests.faults.shop import SHOP, check_deed, several, single

TRANSACT = "TransactWriteItems"
IN_PROGRESS = Refuse("TransactionInProgressException", only=TRANSACT)
BEGUN = Refuse("TransactionInProgressException", only=TRANSACT, forward=True)
LOST = Refuse("InternalServerError", 500, forward=True)

FAULTS: st.SearchStrategy[Fault] = st.sampled_from(
    [
        *(Forward(), Reset(True), Reset(), CutShort(), LOST, broken(), throttled()),
        *(IN_PROGRESS, BEGUN, Refuse("ValidationException")),
    ]
)
PLANS = st.tuples(
    st.integers(0, 3).flatmap(
        lambda good: st.lists(FAULTS, max_size=3).map(lambda bad: [Forward()] * good + bad)
    ),
    st.one_of(st.just(Forward()), FAULTS),
)
SINGLE = st.tuples(
    st.sampled_from(["basket", "buyer", "manual"]),
    st.sampled_from(["put", "create", "upsert", "patch", "update", "change", "delete", "remove"]),
    st.integers(1, 40),
    st.sampled_from(["default", "none", "all_old", "all_new"]),
)
SEVERAL = st.tuples(st.sampled_from(["together", "guarded", "batched"]), st.integers(1, 60))


@pytest.fixture(scope="session", params=TRANSPORTS)
def one_shop(engine: Any, request: pytest.FixtureRequest) -> Iterator[Bank]:
    name = _new_table_name(f"faultyshop-{request.param}")
    with open_bank(engine, name, request.param, load_service(SHOP)) as shop:
        yield shop


@pytest.fixture
def shop(one_shop: Bank, monkeypatch: pytest.MonkeyPatch) -> Bank:
    small_limits(monkeypatch)
    one_shop.renew()
    return one_shop


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(deeds=st.lists(st.tuples(st.one_of(SINGLE, SEVERAL), PLANS), min_size=1, max_size=4))
def test_the_table_is_what_the_outcome_said(shop: Bank, deeds: list[Any]) -> None:
    shop.renew()
    for alias in ("basket", "buyer", "manual"):
        shop.direct.entities[alias].put(id="0", count=1).go()
    for what, (plan, otherwise) in deeds:
        deed = (single if len(what) == 4 else several)(shop.app, *what)
        shop.proxy.play(*plan, otherwise=otherwise)
        check_deed(shop, deed)


def failing(shop: Bank, deed: Any, *plan: Fault, otherwise: Fault | None = None) -> LeydenError:
    """The error of a deed under these faults, whose outcome was checked."""
    shop.proxy.play(*plan, otherwise=otherwise)
    error = check_deed(shop, deed)
    assert error is not None
    return error


def test_a_transaction_that_happened_is_written_though_its_item_cannot_be_read_back(
    shop: Bank,
) -> None:
    shop.direct.entities.buyer.put(id="1", count=1, email="e").go()
    # It reads the stored item, writes, and then cannot read.
    deed = single(shop.app, "buyer", "change", 3, "all_new")
    error = failing(shop, deed, Forward(), Forward(), otherwise=Reset())
    assert isinstance(error, AwsError)
    assert not error.unsure
    assert {write.action for write in error.outcome.written} == {"update", "put", "delete"}
    assert "writes of the call were made" in str(error)


@pytest.mark.parametrize("alias", ["basket", "buyer", "manual"])
def test_a_removal_is_unsure_that_was_refused_after_a_lost_answer(shop: Bank, alias: str) -> None:
    shop.direct.entities[alias].put(id="1", count=1).go()
    reads = [Forward()] if alias == "buyer" else []
    deed = single(shop.app, alias, "remove", 1, "none")
    error = failing(shop, deed, *reads, Reset(True), Forward(), otherwise=Reset())
    assert error.unsure
    assert "nothing was" not in str(error).lower()


@pytest.mark.parametrize("alias", ["basket", "buyer", "manual"])
def test_a_second_look_that_fails_leaves_the_write_unsure(shop: Bank, alias: str) -> None:
    shop.direct.entities[alias].put(id="1", count=1).go()
    reads = [Forward()] if alias == "buyer" else []
    deed = single(shop.app, alias, "remove", 1, "none")
    error = failing(
        shop, deed, *reads, Reset(True), Refuse("InternalServerError", 500), otherwise=throttled()
    )
    assert error.unsure


@pytest.mark.parametrize("otherwise", [IN_PROGRESS, BEGUN])
@pytest.mark.parametrize("kind", ["together", "guarded"])
def test_a_transaction_still_in_progress_is_unsure(
    shop: Bank, kind: str, otherwise: Refuse
) -> None:
    error = failing(shop, several(shop.app, kind, 7), otherwise=otherwise)
    assert error.unsure
    assert error.outcome.unsure
    assert "may or may not have" in str(error)


@pytest.mark.parametrize("alias", ["buyer", "manual"])
def test_no_other_transaction_is_begun_beside_one_in_progress(shop: Bank, alias: str) -> None:
    deed = single(shop.app, alias, "create", 7, "none")
    error = failing(shop, deed, otherwise=BEGUN)
    assert error.unsure
    tokens = {seen.params["ClientRequestToken"] for seen in shop.proxy.seen if seen.api == TRANSACT}
    assert len(tokens) <= 1


def test_what_is_refused_behind_one_in_progress_is_unsure(shop: Bank) -> None:
    # First it looks at the stored item.
    deed = several(shop.app, "together", 7)
    error = failing(shop, deed, Forward(), BEGUN, otherwise=throttled())
    assert error.unsure


@pytest.mark.parametrize("alias", ["basket", "buyer", "manual"])
def test_a_condition_that_holds_no_more_after_a_lost_answer_is_unsure(
    shop: Bank, alias: str
) -> None:
    entity = shop.app.entities[alias]
    more = {"email": "e"} if alias == "buyer" else {}
    shop.direct.entities[alias].put(id="1", count=1, **more).go()
    write = entity.patch(id="1").set(count=5, **more).where(entity.attr.count < 2)
    # Where a unique value may change, it looks at the stored item first.
    shop.proxy.play(*([Forward()] if more else []), Reset(True))
    with pytest.raises((ConditionFailedError, AwsError)) as caught:
        write.go()
    assert caught.value.unsure
    assert "nothing was" not in str(caught.value).lower()
    assert shop.direct.entities[alias].get(id="1").go().count == 5


def test_entries_that_were_never_sent_are_unprocessed(shop: Bank) -> None:
    basket, manual = shop.app.entities.basket, shop.app.entities.manual
    # A look at the stored text comes first, and fails.
    batch = shop.app.batch_write([manual.put(id="0", text="short"), basket.put(id="1")])
    shop.proxy.play(otherwise=Reset())
    with pytest.raises(BatchIncompleteError) as caught:
        batch.go()
    error = caught.value
    assert set(shop.proxy.apis) == {"BatchGetItem"}
    assert not error.unsure
    assert not error.outcome
    assert len(error.result.unprocessed) == 2
    assert error.result.items == (None, None)
