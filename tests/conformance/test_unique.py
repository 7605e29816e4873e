"""Unique constraints: two items never have the same values, whoever writes when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    DecodeError,
    InputError,
    ItemExistsError,
    ItemNotFoundError,
    TransactionCanceledError,
    UniqueConstraintError,
)
from leyden.operations.companions.backfill import Adoption, adopt_unique
from leyden.program import Item, Request

USERS = """
entity: users
alias: user
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  email: string
  tenant: string
  handle: {type: string, field: h}
  badge: integer
  name: string
unique: [[email], [tenant, handle], [badge]]
indexes:
  users:
    collection: everyone
    pk: {field: pk, composite: []}
    sk: {field: sk, composite: [id]}
---
entity: guests
alias: guest
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  email: string
indexes:
  guests:
    collection: everyone
    pk: {field: pk, composite: []}
    sk: {field: sk, composite: [id]}
"""


@pytest.fixture
def shop(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(USERS)
    return service


@pytest.fixture
def user(shop: leyden.Service) -> leyden.Entity:
    return shop.entities.user


def stored(shop: leyden.Service) -> list[Item]:
    def program() -> Any:
        response = yield Request("Scan", {"TableName": shop.table, "ConsistentRead": True})
        return response["Items"]

    items: list[Item] = shop.driver.run(program())
    return items


def guards(shop: leyden.Service) -> dict[str, str]:
    """The guards in the table: the last part of each key, and whose it is."""
    return {
        item["pk"]["S"].partition("#1#")[2]: item["__leyden_owner__"]["M"]["sk"]["S"][-1]
        for item in stored(shop)
        if item["__edb_e__"] == {"S": "users#unique"}
    }


def consistent(shop: leyden.Service) -> bool:
    """Whether the guards are exactly those that the items call for."""
    expected: dict[str, str] = {}
    for record in shop.entities.user.scan.iter(consistent=True):
        if record.email is not None:
            assert expected.setdefault(f"email#{record.email}", record.id) == record.id
        if record.tenant is not None and record.handle is not None:
            text = f"h,tenant#{record.handle}#{record.tenant}"
            assert expected.setdefault(text, record.id) == record.id
    return expected == {n: v for n, v in guards(shop).items() if not n.startswith("badge")}


def test_a_second_create_with_the_same_value_is_refused(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", email="x").go()
    with pytest.raises(UniqueConstraintError) as caught:
        user.create(id="b", email="x").go()
    error = caught.value
    assert error.code == "unique.violated"
    assert error.attributes == ("email",)
    assert (error.operation, error.entity) == ("user.create", "users")
    assert error.owner == user.delete(id="a").params()["Key"]
    assert '"email"' in str(error)
    assert user.get(id="b").go() is None
    user.create(id="c", email="X").go()
    assert guards(shop) == {"email#x": "a", "email#X": "c"}


def test_a_create_over_an_item_is_no_violation(user: leyden.Entity) -> None:
    user.create(id="a", email="x").go()
    with pytest.raises(ConditionFailedError) as caught:
        user.create(id="a", email="y").go()
    assert type(caught.value) is ItemExistsError
    user.create(id="b", email="y").go()


def test_values_are_unique_together_and_absent_ones_claim_nothing(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", tenant="t", handle="h").go()
    user.create(id="b", tenant="t", handle="h2").go()
    user.create(id="c", tenant="t").go()
    user.create(id="d", tenant="t").go()
    with pytest.raises(UniqueConstraintError) as caught:
        user.patch(id="c").set(handle="h").go()
    assert caught.value.attributes == ("tenant", "handle")
    user.create(id="e", tenant="t#h", handle="").go()
    user.create(id="f", tenant="t", handle="#h").go()
    assert len(guards(shop)) == 4


def test_guards_follow_every_kind_of_write(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.put(id="a", email="1", badge=7).go()
    assert guards(shop) == {"email#1": "a", "badge#15007": "a"}
    user.patch(id="a").set(email="2").go()
    assert guards(shop) == {"email#2": "a", "badge#15007": "a"}
    user.update(id="a").set(email="2", name="same").go()
    user.patch(id="a").remove("badge").go()
    assert guards(shop) == {"email#2": "a"}
    user.upsert(id="a", email="3").go()
    assert guards(shop) == {"email#3": "a"}
    user.put(id="a", name="no email").go()
    assert guards(shop) == {}
    user.update(id="b").set(email="4").go()
    user.patch(id="a").if_not_exists(email="5").go()
    user.patch(id="b").if_not_exists(email="6").go()
    assert guards(shop) == {"email#4": "b", "email#5": "a"}
    user.remove(id="b").go()
    user.delete(id="a").go()
    user.delete(id="never there").go()
    assert stored(shop) == []


@pytest.mark.parametrize("verb", ["put", "upsert", "update", "patch"])
def test_no_write_takes_a_value_that_another_has(shop: leyden.Service, verb: str) -> None:
    user = shop.entities.user
    user.create(id="a", email="x").go()
    user.create(id="b", email="y", name="B").go()
    chains: dict[str, Any] = {
        "put": lambda: user.put(id="b", email="x"),
        "upsert": lambda: user.upsert(id="b", email="x"),
        "update": lambda: user.update(id="b").set(email="x"),
        "patch": lambda: user.patch(id="b").set(email="x"),
    }
    with pytest.raises(UniqueConstraintError):
        chains[verb]().go()
    assert user.get(id="b").go(consistent=True) == user.record(id="b", email="y", name="B")
    assert guards(shop) == {"email#x": "a", "email#y": "b"}


def test_responses_are_what_they_are_elsewhere(user: leyden.Entity) -> None:
    user.create(id="a", email="x", name="A").go()
    by_default = user.patch(id="a").set(email="y").go()
    assert by_default.id == "a"
    assert not hasattr(by_default, "email")
    after = user.patch(id="a").set(email="z").go(response="all_new")
    assert after == user.record(id="a", email="z", name="A")
    assert user.patch(id="a").set(email="w").go(response="all_old") == after
    assert user.put(id="a", email="v").go(response="all_old").email == "w"
    assert user.put(id="b", email="u").go(response="all_old") is None
    result = user.delete(id="a").go(response="all_old", data="result")
    assert result.item.email == "v"
    assert result.consumed is None or result.consumed > 0
    assert user.create(id="c", email="t").go(response="none") is None


def test_guards_are_nobodys_items(shop: leyden.Service) -> None:
    user, guest = shop.entities.user, shop.entities.guest
    user.create(id="a", email="x", tenant="t", handle="h", badge=1).go()
    guest.create(id="g", email="x").go()
    assert len(stored(shop)) == 5
    assert [record.id for record in user.scan] == ["a"]
    assert [record.id for record in guest.scan] == ["g"]
    assert [record.id for record in user.query.users()] == ["a"]
    page = shop.collections.everyone().go()
    assert (len(page.user), len(page.guest), len(page)) == (1, 1, 2)
    found = [i for i in stored(shop) if i["__edb_e__"]["S"].endswith("#unique")]
    assert len(found) == 3
    for guard in found:
        assert not user.owns(guard)
        with pytest.raises(DecodeError, match="belongs to no entity"):
            shop.parse(guard)


def test_conditions_are_kept_and_change_no_guard(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", email="x", name="A").go()
    for chain, expected in (
        (user.patch(id="a").set(email="y").where(user.attr.name == "B"), ConditionFailedError),
        (user.delete(id="a").where(user.attr.name == "B"), ConditionFailedError),
        (user.put(id="a", email="y").where(user.attr.name == "B"), ConditionFailedError),
        (user.patch(id="nobody").set(email="y"), ItemNotFoundError),
        (user.remove(id="nobody"), ItemNotFoundError),
    ):
        with pytest.raises(ConditionFailedError) as caught:
            chain.go()
        assert type(caught.value) is expected
    assert guards(shop) == {"email#x": "a"}


def test_a_guard_that_was_left_behind_is_taken_over(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", email="x", badge=1).go()
    user.create(id="b", email="y").go()
    _behind_the_back(shop, "DeleteItem", user.delete(id="a").params()["Key"])
    user.create(id="c", email="x", badge=1).go()
    assert guards(shop) == {"email#x": "c", "email#y": "b", "badge#15001": "c"}
    key = user.delete(id="b").params()["Key"]
    _behind_the_back(shop, "UpdateItem", key, UpdateExpression="REMOVE email")
    user.patch(id="c").set(email="y").go()
    assert guards(shop) == {"email#y": "c", "badge#15001": "c"}


def _behind_the_back(shop: leyden.Service, api: str, key: Item, **params: Any) -> None:
    def program() -> Any:
        yield Request(api, {"TableName": shop.table, "Key": key, **params})

    shop.driver.run(program())


def test_transactions_keep_constraints(shop: leyden.Service) -> None:
    user, guest = shop.entities.user, shop.entities.guest
    shop.transact_write(
        [user.create(id="a", email="x"), user.create(id="b"), guest.create(id="g")]
    ).go()
    with pytest.raises(TransactionCanceledError) as caught:
        shop.transact_write([guest.create(id="h"), user.create(id="c", email="x")]).go()
    (rejection,) = caught.value.rejections
    assert (rejection.position, rejection.reason) == (1, "unique")
    assert rejection.attributes == ("email",)
    assert "operation 1, user.create: another item has the same values" in str(caught.value)
    assert guest.get(id="h").go() is None
    shop.transact_write(
        [user.patch(id="a").set(email="y").composite(email="x"), user.patch(id="b").set(name="B")]
    ).go()
    assert guards(shop) == {"email#y": "a"}
    with pytest.raises(TransactionCanceledError, match="condition did not hold"):
        shop.transact_write([user.patch(id="a").set(email="z").composite(email="x")]).go()
    for chain in (
        user.patch(id="a").set(email="z"),
        user.put(id="a", email="z"),
        user.delete(id="a"),
    ):
        with pytest.raises(InputError, match=r"\.go\(\) reads it first"):
            shop.transact_write([chain]).params()
    with pytest.raises(InputError, match=r'operations 0 and 1 would both .* unique "email"'):
        shop.transact_write([user.create(id=n, email="same") for n in "de"]).go()
    with pytest.raises(InputError, match="60 operations and 60 guards"):
        shop.transact_write([user.create(id=f"{n}", badge=n) for n in range(60)]).go()
    assert consistent(shop)


def test_batches_keep_constraints_or_refuse(shop: leyden.Service) -> None:
    user = shop.entities.user
    for batch in (user.put([{"id": "a"}]), user.delete([{"id": "a"}])):
        with pytest.raises(InputError, match="whose guards a batch cannot keep"):
            batch.go()
    creates = [user.create(id=f"u{n}", badge=n) for n in range(60)]
    result = shop.batch_write(creates).go(guard=True)
    assert (len(result), result.requests) == (60, 2)
    assert len(guards(shop)) == 60
    again = user.put([{"id": f"u{n}", "badge": n + 30} for n in range(30, 60)]).go(guard=True)
    assert (len(again), {record.badge for record in again}) == (30, {*range(60, 90)})
    assert len(guards(shop)) == 60
    user.delete([{"id": f"u{n}"} for n in range(60)]).go(guard=True)
    assert stored(shop) == []


def test_one_of_many_creates_with_the_same_value_wins(shop: leyden.Service) -> None:
    user = shop.entities.user

    def attempt(number: int) -> bool:
        try:
            user.create(id=f"{number:02}", email="same").go()
        except UniqueConstraintError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(attempt, range(20)))
    assert sum(won) == 1
    assert [record.id for record in user.scan] == [f"{won.index(True):02}"]
    assert len(stored(shop)) == 2


def test_guards_and_items_agree_after_many_writers(shop: leyden.Service) -> None:
    user = shop.entities.user

    def work(number: int) -> None:
        name, email = "abcd"[number % 4], f"m{number % 3}"
        chains: list[Any] = [
            user.put(id=name, email=email),
            user.update(id=name).set(email=email),
            user.delete(id=name),
            user.upsert(id=name, email=email, tenant="t", handle=email),
            user.update(id=name).remove("email"),
        ]
        try:
            chains[number % 5].go()
        except (UniqueConstraintError, TransactionCanceledError):
            return

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(60)))
    assert consistent(shop)


def test_existing_data_is_brought_under_a_constraint(open_service: Any) -> None:
    before = open_service(USERS.replace("unique: [[email], [tenant, handle], [badge]]\n", ""))
    items = [{"id": f"u{n}", "email": f"m{n}", "badge": n} for n in range(30)]
    before.entities.user.put(items).go()
    before.entities.user.put([{"id": "v", "email": "m3"}, {"id": "w"}]).go()
    after = open_service(USERS, table=before.table, create=False)
    user = after.entities.user
    user.patch(id="u4").set(email="m4new").go()
    calls: list[Adoption] = []
    done = after.driver.run(adopt_unique(user._bound, progress=calls.append))
    assert (done.checked, done.adopted, done.kept, done.cursor) == (32, 59, 1, None)
    assert calls[-1] == done
    (duplicate,) = done.duplicates
    assert duplicate.attributes == ("email",)
    assert {duplicate.item["sk"]["S"][-2:], duplicate.owner["sk"]["S"][-2:]} == {"u3", "_v"}
    again = after.driver.run(adopt_unique(user._bound))
    assert (again.adopted, again.kept, len(again.duplicates)) == (0, 60, 1)
    with pytest.raises(UniqueConstraintError):
        user.create(id="z", email="m7").go()
    # Of two that had the same value one must go; the other's guard stays.
    user.delete(id="v").go()
    user.delete(id="u3").go()
    user.create(id="z", email="m3").go()


def test_versions_and_constraints_go_together(open_service: Any) -> None:
    app = open_service(
        USERS.replace("  badge: integer\n", "  badge: integer\n  revision: integer\n", 1).replace(
            "indexes:", "version_attribute: revision\nindexes:", 1
        )
    )
    user = app.entities.user
    first = user.create(id="a", email="x").go()
    second = user.put(first, email="y").go()
    assert (first.revision, second.revision) == (1, 2)
    assert user.put(id="a", email="z").go().revision == 3
    for chain in (
        user.put(second, email="w"),
        user.patch(id="a").set(email="w").expecting(second),
        user.delete(id="a").expecting(second),
    ):
        with pytest.raises(leyden.errors.VersionConflictError) as caught:
            chain.go()
        assert caught.value.stored.revision == 3
    assert guards(app) == {"email#z": "a"}


def _after_reads(act: Any, number: int) -> Any:
    """Calls `act` once, when this many single items have been read: between two requests."""
    seen = 0

    def hear(event: leyden.events.Event) -> None:
        nonlocal seen
        if isinstance(event, leyden.events.ResponseReceived) and event.api == "GetItem":
            seen += 1
            if seen == number:
                act()

    return leyden.events.listen(hear)


@pytest.mark.parametrize("verb", ["put", "upsert", "update", "patch", "delete", "remove"])
@pytest.mark.parametrize("same", [False, True])
def test_a_value_that_changes_after_it_was_read_leaves_no_wrong_guard(
    shop: leyden.Service, verb: str, same: bool
) -> None:
    user = shop.entities.user
    user.create(id="a", email="x").go()
    wanted = "x" if same else "mine"
    chains: dict[str, Any] = {
        "put": lambda: user.put(id="a", email=wanted),
        "upsert": lambda: user.upsert(id="a", email=wanted),
        "update": lambda: user.update(id="a").set(email=wanted),
        "patch": lambda: user.patch(id="a").set(email=wanted),
        "delete": lambda: user.delete(id="a"),
        "remove": lambda: user.remove(id="a"),
    }
    with _after_reads(lambda: user.patch(id="a").set(email="theirs").go(), 1):
        chains[verb]().go()
    left = user.get(id="a").go(consistent=True)
    if verb in ("delete", "remove"):
        assert left is None
        assert guards(shop) == {}
    else:
        assert left.email == wanted
        assert guards(shop) == {f"email#{wanted}": "a"}


def test_an_item_that_goes_after_it_was_read_leaves_no_guard(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", email="x").go()
    with (
        _after_reads(lambda: user.delete(id="a").go(), 1),
        pytest.raises(ConditionFailedError),
    ):
        user.patch(id="a").set(email="y").go()
    assert stored(shop) == []
    user.create(id="a", email="x").go()
    with _after_reads(lambda: user.delete(id="a").go(), 1):
        user.update(id="a").set(email="y").go()
    assert guards(shop) == {"email#y": "a"}


def test_a_guard_is_not_taken_over_from_an_owner_that_comes_back(shop: leyden.Service) -> None:
    user = shop.entities.user
    user.create(id="a", email="x").go()
    item = {**user.put(id="a", email="x").params()["Item"]}
    _behind_the_back(shop, "DeleteItem", user.delete(id="a").params()["Key"])

    def come_back() -> None:
        def program() -> Any:
            yield Request("PutItem", {"TableName": shop.table, "Item": item})

        shop.driver.run(program())

    # The reads after a refused create: its owner, where the refusal brought the guard along.
    with _after_reads(come_back, 1), pytest.raises(UniqueConstraintError):
        user.create(id="b", email="x").go()
    assert [record.id for record in user.scan] == ["a"]
    assert guards(shop) == {"email#x": "a"}
