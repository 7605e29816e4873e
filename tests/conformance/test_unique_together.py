"""Unique values and versions in larger transactions, which read first what they depend on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import leyden
from leyden.errors import InputError, InvalidOptionError, TransactionCanceledError
from leyden.program import Request
from tests.conformance.test_unique import USERS, consistent, guards, stored

COUNTED = USERS.replace("  name: string\n", "  name: string\n  revision: integer\n", 1).replace(
    "unique: ", "version_attribute: revision\nunique: ", 1
)


@pytest.fixture
def shop(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(USERS)
    return service


@pytest.fixture
def user(shop: leyden.Service) -> leyden.Entity:
    return shop.entities.user


def emails(user: leyden.Entity) -> dict[str, str]:
    return {record.id: record.email for record in user.scan.iter(consistent=True)}


def after_read(act: Any) -> Any:
    """Calls `act` once, when the first single item has been read: between two requests."""
    done: list[bool] = []

    def hear(event: leyden.events.Event) -> None:
        read = isinstance(event, leyden.events.ResponseReceived) and event.api == "GetItem"
        if read and not done:
            done.append(True)
            act()

    return leyden.events.listen(hear)


def behind_the_back(shop: leyden.Service, key: Any) -> None:
    """Delete an item as the time to live does, which takes no guards along."""

    def program() -> Any:
        yield Request("DeleteItem", {"TableName": shop.table, "Key": key})

    shop.driver.run(program())


def test_every_verb_moves_guards_in_a_transaction(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    for name in "abcdef":
        user.create(id=name, email=name).go()
    result = shop.transact_write(
        [
            user.put(id="a", email="a2", name="A"),
            user.patch(id="b").set(email="b2"),
            user.update(id="c").remove("email"),
            user.upsert(id="d", email="d2"),
            user.delete(id="e"),
            user.remove(id="f").where(user.attr.email == "f"),
            user.put(id="g", email="a"),
            shop.entities.guest.put(id="guest"),
        ]
    ).go()
    assert result[0] == user.record(id="a", email="a2", name="A")
    assert result.attempts == 1
    assert emails(user) == {"a": "a2", "b": "b2", "c": None, "d": "d2", "g": "a"}
    assert guards(shop) == {"email#a2": "a", "email#b2": "b", "email#d2": "d", "email#a": "g"}
    assert consistent(shop)


@pytest.mark.parametrize("told", [False, True])
def test_items_swap_their_values(shop: leyden.Service, user: leyden.Entity, told: bool) -> None:
    user.create(id="a", email="x").go()
    user.create(id="b", email="y").go()
    one, two = user.patch(id="a").set(email="y"), user.patch(id="b").set(email="x")
    if told:
        one, two = one.composite(email="x"), two.composite(email="y")
        assert len(shop.transact_write([one, two]).params()["TransactItems"]) == 4
    shop.transact_write([one, two]).go()
    assert emails(user) == {"a": "y", "b": "x"}
    assert guards(shop) == {"email#y": "a", "email#x": "b"}


def test_a_value_goes_from_a_deleted_item_to_a_new_one(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    user.create(id="a", email="x").go()
    shop.transact_write([user.delete(id="a"), user.create(id="b", email="x")]).go()
    assert emails(user) == {"b": "x"}
    assert guards(shop) == {"email#x": "b"}


def test_a_strangers_value_refuses_the_whole_transaction(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    user.create(id="a", email="x").go()
    user.create(id="b", email="y").go()
    with pytest.raises(TransactionCanceledError) as caught:
        shop.transact_write([user.delete(id="b"), user.put(id="c", email="x")]).go()
    (rejection,) = caught.value.rejections
    assert (rejection.position, rejection.reason) == (1, "unique")
    assert (rejection.attributes, rejection.key) == (("email",), {"id": "c"})
    with pytest.raises(InputError, match=r"operations 1 and 2 would both"):
        shop.transact_write(
            [user.delete(id="a"), user.put(id="c", email="x"), user.put(id="d", email="x")]
        ).go()
    assert emails(user) == {"a": "x", "b": "y"}
    assert consistent(shop)


def test_a_condition_that_does_not_hold_is_not_tried_again(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    user.create(id="a", email="x", name="A").go()
    for chain, reason in (
        (user.put(id="a", email="y").where(user.attr.name == "B"), "condition"),
        (user.remove(id="nobody"), "not_found"),
        (user.patch(id="nobody").set(email="y"), "not_found"),
    ):
        with pytest.raises(TransactionCanceledError) as caught:
            shop.transact_write([chain]).go()
        assert [r.reason for r in caught.value.rejections] == [reason]
    assert guards(shop) == {"email#x": "a"}


def test_what_changes_after_it_was_read_is_read_again(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    user.create(id="a", email="x").go()
    with after_read(lambda: user.patch(id="a").set(email="theirs").go()):
        result = shop.transact_write([user.put(id="a", email="mine")]).go()
    assert result.attempts == 2
    assert guards(shop) == {"email#mine": "a"}
    with after_read(lambda: user.delete(id="a").go()):
        shop.transact_write([user.put(id="a", email="again")]).go()
    assert guards(shop) == {"email#again": "a"}
    with after_read(lambda: user.patch(id="a").set(email="late").go()):
        shop.transact_write([user.delete(id="a")]).go()
    assert stored(shop) == []


def test_guards_that_were_left_behind_are_taken_over(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    user.create(id="a", email="x", tenant="t", handle="h").go()
    behind_the_back(shop, user.delete(id="a").params()["Key"])
    shop.transact_write([user.create(id="b", email="x"), user.put(id="c", badge=1)]).go()
    assert guards(shop)["email#x"] == "b"
    shop.transact_write([user.put(id="c", tenant="t", handle="h"), user.put(id="a", badge=2)]).go()
    assert guards(shop)["h,tenant#h#t"] == "c"
    assert consistent(shop)


def test_a_token_is_for_requests_that_do_not_depend_on_what_is_stored(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    with pytest.raises(InvalidOptionError, match=r"operation 1, user\.put, depends on what"):
        shop.transact_write([user.create(id="a", email="x"), user.put(id="b")]).go(token="t")
    shop.transact_write([user.create(id="a", email="x")]).go(token="t")
    shop.transact_write([user.patch(id="a").set(email="y").composite(email="x")]).go(token="u")
    assert guards(shop) == {"email#y": "a"}


def test_versions_and_constraints_go_together_in_transactions(open_service: Any) -> None:
    app = open_service(COUNTED)
    user = app.entities.user
    first = user.create(id="a", email="x").go()
    (second,) = app.transact_write([user.put(first, email="y")]).go()
    assert second.revision == 2
    with pytest.raises(TransactionCanceledError) as caught:
        app.transact_write([user.put(first, email="z"), user.put(id="b")]).go()
    (rejection,) = caught.value.rejections
    assert (rejection.reason, rejection.item) == ("version", second)
    with after_read(lambda: user.patch(id="a").set(name="theirs").go()):
        result = app.transact_write([user.put(id="a", email="w"), user.put(id="b")]).go()
    assert [record.revision for record in result] == [4, 1]
    assert guards(app) == {"email#w": "a"}


def test_many_transactions_leave_guards_and_items_in_agreement(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    def work(number: int) -> None:
        one, two = "abcd"[number % 4], "abcd"[(number + 1 + number // 4 % 3) % 4]
        chains: list[Any] = [
            [user.put(id=one, email=f"m{number % 3}"), user.delete(id=two)],
            [user.update(id=one).set(email=two), user.update(id=two).set(email=one)],
            [user.upsert(id=one, email=two), user.put(id=two, tenant="t", handle=one)],
        ]
        try:
            shop.transact_write(chains[number % 3]).go()
        except TransactionCanceledError:
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(36)))
    assert consistent(shop)


def test_a_guarded_batch_goes_to_the_table_that_is_named(open_service: Any) -> None:
    app, other = open_service(USERS), open_service(USERS)
    user = app.entities.user
    batch = user.put([{"id": "a", "email": "x"}, {"id": "b"}])
    batch.go(guard=True, table=other.table)
    assert stored(app) == []
    assert emails(other.entities.user) == {"a": "x", "b": None}
    assert guards(other) == {"email#x": "a"}
    creates = app.batch_write([user.create(id="c", email="y")])
    (request,) = creates.params(guard=True, table=other.table)
    tables = {body["TableName"] for part in request["TransactItems"] for body in part.values()}
    assert tables == {other.table}


def test_a_guarded_batch_says_what_was_written_before_it_was_refused(
    shop: leyden.Service, user: leyden.Entity
) -> None:
    items = [{"id": name, "email": name} for name in "abcdefghijklmnopqrst"]
    same = [{"id": "v", "email": "same"}, {"id": "w", "email": "same"}]
    explained = user.put([*items, *same]).explain(guard=True)
    assert "22 writes in 3 requests" in explained.notes
    with pytest.raises(InputError, match=r"would both have .* The 20 entries before were written"):
        user.put([*items, *same]).go(guard=True)
    assert len(emails(user)) == 20
    assert consistent(shop)


@pytest.mark.parametrize("together", [False, True])
def test_a_value_that_was_anothers_for_a_moment_is_given_up(
    shop: leyden.Service, user: leyden.Entity, together: bool
) -> None:
    user.create(id="a", email="x").go()
    user.create(id="b").go()
    change = user.patch(id="a").set(email="y")
    program = (shop.transact_write([change]) if together else change).program()
    between = [
        # After the item was read, another one takes its value; then it gets the value back.
        [user.patch(id="a").set(email="w"), user.patch(id="b").set(email="x")],
        [user.patch(id="b").remove("email"), user.patch(id="a").set(email="x")],
    ]

    def act() -> None:
        for one in between.pop(0) if between else ():
            one.go()

    def acting() -> Any:
        result, error = None, None
        while True:
            try:
                step = program.send(result) if error is None else program.throw(error)
            except StopIteration:
                return
            writes = isinstance(step, Request) and step.api == "TransactWriteItems"
            if writes:
                act()
            try:
                result, error = (yield step), None
            except leyden.LeydenError as failure:
                error = failure
                act()

    shop.driver.run(acting())
    assert not between
    assert emails(user) == {"a": "y", "b": None}
    assert guards(shop) == {"email#y": "a"}
