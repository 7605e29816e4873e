"""Several items in one request: batches and transactions, over several entities."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

import leyden
from leyden.errors import AwsError, InputError, InvalidOptionError, TransactionCanceledError

ACCOUNTS = """
entity: accounts
alias: account
version: "1"
service: bank
attributes:
  account_id: {type: string, required: true}
  balance: {type: integer, default: 0}
  note: string
indexes:
  account:
    pk: {field: pk, composite: [account_id]}
    sk: {field: sk, composite: []}
---
entity: transfers
alias: transfer
version: "1"
service: bank
attributes:
  account_id: {type: string, required: true}
  transfer_id: {type: string, required: true, default: {generate: uuid7}}
  amount: {type: integer, required: true}
indexes:
  transfers:
    pk: {field: pk, composite: [account_id]}
    sk: {field: sk, composite: [transfer_id]}
"""


@pytest.fixture
def bank(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(ACCOUNTS)
    return service


def test_a_transaction_happens_as_a_whole(bank: leyden.Service) -> None:
    account, transfer = bank.entities.account, bank.entities.transfer
    account.put([{"account_id": "a", "balance": 10}, {"account_id": "b"}]).go()
    result = bank.transact_write(
        [
            account.patch(account_id="a").subtract(balance=4).where(account.attr.balance >= 4),
            account.patch(account_id="b").add(balance=4),
            transfer.create(account_id="a", amount=4),
        ]
    ).go()
    assert result[2].amount == 4
    assert result[2].transfer_id
    assert result.attempts == 1
    assert result.consumed is None or result.consumed > 0
    assert account.get(account_id="a").go().balance == 6
    assert account.get(account_id="b").go().balance == 4
    assert len(transfer.query.transfers(account_id="a").go()) == 1


def test_a_canceled_transaction_says_which_operation_and_why(bank: leyden.Service) -> None:
    account, transfer = bank.entities.account, bank.entities.transfer
    account.put([{"account_id": "a", "balance": 1}, {"account_id": "b"}]).go()
    with pytest.raises(TransactionCanceledError) as caught:
        bank.transact_write(
            [
                account.patch(account_id="b").add(balance=4),
                account.patch(account_id="a").subtract(balance=4).where(account.attr.balance >= 4),
                account.check(account_id="nobody"),
                transfer.create(account_id="a", amount=4),
            ]
        ).go()
    first, second = caught.value.rejections
    assert (first.position, first.operation, first.reason) == (1, "account.patch", "condition")
    assert first.key == {"account_id": "a"}
    assert first.item is None or first.item.balance == 1
    assert (second.position, second.operation, second.reason) == (2, "account.check", "not_found")
    assert "operation 1, account.patch: its condition did not hold" in str(caught.value)
    assert account.get(account_id="b").go().balance == 0
    assert list(transfer.scan) == []


def test_a_collision_in_a_transaction_is_told_from_a_condition(bank: leyden.Service) -> None:
    account = bank.entities.account
    account.put(account_id="a").go()
    with pytest.raises(TransactionCanceledError) as caught:
        bank.transact_write([account.put(account_id="A"), account.put(account_id="c")]).go()
    (rejection,) = caught.value.rejections
    assert rejection.reason == "collision"
    assert account.get(account_id="c").go() is None


def test_a_token_makes_a_transaction_happen_once(bank: leyden.Service) -> None:
    account = bank.entities.account
    account.put(account_id="a").go()
    write = bank.transact_write([account.patch(account_id="a").add(balance=1)])
    token = str(uuid4())
    assert write.params(token=token)["ClientRequestToken"] == token
    write.go(token=token)
    write.go(token=token)
    assert account.get(account_id="a").go().balance == 1
    other = bank.transact_write([account.patch(account_id="a").add(balance=2)])
    with pytest.raises(AwsError) as caught:
        other.go(token=token)
    assert caught.value.aws_code == "IdempotentParameterMismatchException"
    assert account.get(account_id="a").go().balance == 1
    with pytest.raises(InvalidOptionError, match="1 to 36 characters"):
        write.go(token="x" * 37)


def test_a_transaction_that_was_refused_may_be_tried_again_under_its_token(
    bank: leyden.Service,
) -> None:
    account = bank.entities.account
    write = bank.transact_write([account.patch(account_id="a").add(balance=1)])
    token = str(uuid4())
    with pytest.raises(TransactionCanceledError):
        write.go(token=token)
    account.put(account_id="a").go()
    write.go(token=token)
    assert account.get(account_id="a").go().balance == 1


@pytest.mark.parametrize("count", [25, 26, 51, 100])
def test_a_transaction_reads_up_to_a_hundred_items(bank: leyden.Service, count: int) -> None:
    account = bank.entities.account
    account.put([{"account_id": str(n), "balance": n} for n in range(0, count, 2)]).go()
    read = bank.transact_get([account.get(account_id=str(n)) for n in range(count)]).go()
    found = [None if record is None else record.balance for record in read]
    assert found == [None if n % 2 else n for n in range(count)]
    assert read.consumed is not None
    assert read.consumed >= count


def test_a_check_by_itself_is_a_transaction_of_one(bank: leyden.Service) -> None:
    account = bank.entities.account
    account.put(account_id="a", balance=1).go()
    check = account.check(account_id="a").where(account.attr.balance == 1)
    assert check.go().account_id == "a"
    with pytest.raises(TransactionCanceledError):
        account.check(account_id="b").go()


def test_a_check_may_be_that_there_is_no_item(bank: leyden.Service) -> None:
    account, transfer = bank.entities.account, bank.entities.transfer
    absent = account.check(account_id="a").where(account.attr.account_id.does_not_exist())
    bank.transact_write([absent, transfer.create(account_id="a", amount=1)]).go()
    assert len(transfer.query.transfers(account_id="a").go()) == 1
    account.put(account_id="a").go()
    with pytest.raises(TransactionCanceledError):
        bank.transact_write([absent, transfer.create(account_id="a", amount=1)]).go()
    assert len(transfer.query.transfers(account_id="a").go()) == 1


def test_items_are_read_together_in_order(bank: leyden.Service) -> None:
    account, transfer = bank.entities.account, bank.entities.transfer
    account.put(account_id="a", balance=3).go()
    transfer.put(account_id="a", transfer_id="t", amount=1).go()
    found = bank.transact_get(
        [
            transfer.get(account_id="a", transfer_id="t"),
            account.get(account_id="no"),
            account.get(account_id="a"),
            account.get(account_id="A "),
        ]
    ).go()
    assert [type(item).__name__ for item in found] == [
        "Transfer",
        "NoneType",
        "Account",
        "NoneType",
    ]
    assert found[2].balance == 3


def test_batches_span_entities_and_any_number_of_items(bank: leyden.Service) -> None:
    account, transfer = bank.entities.account, bank.entities.transfer
    said: list[tuple[int, int]] = []
    writes: list[Any] = [account.put(account_id=f"a{n}", balance=n) for n in range(60)]
    writes += [transfer.put(account_id=f"a{n}", transfer_id="t", amount=n) for n in range(70)]
    done = bank.batch_write(writes).go(
        concurrency=3, progress=lambda now, of: said.append((now, of))
    )
    assert [record.account_id for record in done][:2] == ["a0", "a1"]
    assert said[-1] == (130, 130)
    reads: list[Any] = [account.get(account_id=f"a{n}") for n in range(0, 120, 2)]
    reads += [transfer.get(account_id=f"a{n}", transfer_id="t") for n in range(65)]
    found = bank.batch_get(reads).go(concurrency=2)
    assert [r.balance if r else None for r in found[:31]] == [*range(0, 60, 2), None]
    assert [r.amount for r in found[60:]] == [*range(65)]
    bank.batch_write([account.delete(account_id=f"a{n}") for n in range(60)]).go()
    assert list(account.scan) == []
    assert len(transfer.scan.go(pages="all")) == 70


def test_a_guarded_batch_does_not_overwrite_another_item(bank: leyden.Service) -> None:
    account = bank.entities.account
    account.put(account_id="a", balance=1).go()
    with pytest.raises(TransactionCanceledError, match="The 0 entries before were written"):
        account.put([{"account_id": "b"}, {"account_id": "A", "balance": 2}]).go(guard=True)
    assert account.get(account_id="a").go().balance == 1
    assert account.get(account_id="b").go() is None
    account.put([{"account_id": f"c{n}"} for n in range(130)]).go(guard=True)
    assert len(account.scan.go(pages="all")) == 131


def test_what_cannot_go_together_is_refused_before_anything_is_sent(bank: leyden.Service) -> None:
    account = bank.entities.account
    many = [account.put(account_id=f"a{n}") for n in range(101)]
    for entries, message in [
        ([], "at least one"),
        (many, "101 operations"),
        ([account.put(account_id="a"), account.delete(account_id="A")], "entries 0 and 1"),
        ([account.get(account_id="a")], "operation 0 is not a write"),
        ([account.put(account_id="a", note="x" * 399_000 + str(n)) for n in range(11)], "key"),
    ]:
        with pytest.raises(InputError, match=message):
            bank.transact_write(entries).go()
    large = [account.put(account_id=f"a{n}", note="x" * 399_000) for n in range(11)]
    with pytest.raises(leyden.errors.ItemTooLargeError, match="the transaction has 4,"):
        bank.transact_write(large).go()
    with pytest.raises(InputError, match=r"entry 0 \(account\.create\) has a condition"):
        bank.batch_write([account.create(account_id="a")]).go()
    with pytest.raises(InputError, match="is not a put or a delete"):
        bank.batch_write([account.patch(account_id="a")]).go()  # type: ignore[list-item]
    with pytest.raises(InputError, match="is not a get"):
        bank.batch_get([account.put(account_id="a")]).go()  # type: ignore[list-item]
    assert list(account.scan) == []
