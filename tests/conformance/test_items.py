"""One item: written, read, changed, deleted, on real tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    ItemTooLargeError,
    KeyCollisionError,
    MissingCompositeError,
    RequiredAttributeError,
    TableNotFoundError,
    ValidationError,
)
from tests.conformance.shop import SHOP

EVERYTHING: dict[str, Any] = {
    "price": 12.5,
    "stock": 3,
    "weight": Decimal("0.12345678901234567890123456789012345678"),
    "fresh": True,
    "photo": b"\x00\xff",
    "size": "small",
    "labels": frozenset({"a", "ü"}),
    "primes": frozenset({2, 3, 10**30}),
    "steps": ["one", ""],
    "box": {"width": 3, "notes": ["n"]},
    "anything": {"deep": [1, 2.5, None, {"x": "y"}]},
    "document": {"format": 2, "parts": [{"text": "93 °C"}], "null": None},
    "made_at": datetime(2026, 2, 3, 9, 15, 0, 123000, tzinfo=UTC),
    "gone_at": datetime(2030, 1, 1, tzinfo=UTC),
    "maker": "Ann",
}


@pytest.fixture
def product(open_service: Any) -> leyden.Entity:
    found: leyden.Entity = open_service(SHOP).entities.product
    return found


def test_every_type_comes_back_as_it_went(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", secret="x", **EVERYTHING).go()
    record = product.get(shelf="s", code="c").go(consistent=True)
    assert {name: getattr(record, name) for name in EVERYTHING} == EVERYTHING
    assert not hasattr(record, "secret")
    assert isinstance(record.first_seen, datetime)


def test_an_item_that_is_not_there_reads_as_none(product: leyden.Entity) -> None:
    assert product.get(shelf="s", code="no").go() is None


def test_create_refuses_what_exists_and_put_replaces_it(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", stock=1).go()
    with pytest.raises(ConditionFailedError) as caught:
        product.create(shelf="s", code="c", stock=2).go()
    assert not isinstance(caught.value, KeyCollisionError)
    assert caught.value.item is not None
    assert caught.value.operation == "product.create"
    old = product.put(shelf="s", code="c", stock=3).go(response="all_old")
    assert old.stock == 1
    assert product.get(shelf="s", code="c").go().stock == 3


def test_ids_that_differ_in_case_do_not_overwrite_each_other(product: leyden.Entity) -> None:
    product.put(shelf="s", code="abc", stock=1).go()
    for write in (
        product.put(shelf="s", code="ABC", stock=2),
        product.create(shelf="s", code="ABC"),
        product.upsert(shelf="s", code="ABC"),
        product.update(shelf="s", code="ABC").set(stock=2),
        product.patch(shelf="S", code="abc").set(stock=2),
        product.delete(shelf="s", code="ABC"),
        product.remove(shelf="s", code="ABC"),
    ):
        with pytest.raises(KeyCollisionError, match="another item is stored under the same key"):
            write.go()
    assert product.get(shelf="s", code="ABC").go() is None
    assert product.get(shelf="s", code="ABC").go(ignore_ownership=True).stock == 1
    assert product.get(shelf="s", code="abc").go().stock == 1
    assert product.query.shelf(shelf="S").go().items == ()
    assert product.query.shelf(shelf="s", code="ABC").go().items == ()
    assert len(product.query.shelf(shelf="s").go()) == 1


def test_update_changes_with_every_operator(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", **EVERYTHING).go()
    record = (
        product.update(shelf="s", code="c")
        .set({"box.width": 4, "box.notes[0]": "m"}, size="large")
        .add(stock=2, labels={"z"})
        .append(steps=["three"])
        .delete(primes={2})
        .remove("weight")
        .if_not_exists(photo=b"other", secret="set")
        .where(product.attr.stock < 9, product.attr.box["width"] == 3)
        .go(response="all_new")
    )
    assert record.stock == 5
    assert record.labels == {"a", "ü", "z"}
    assert record.steps == ["one", "", "three"]
    assert record.primes == {3, 10**30}
    assert record.weight is None
    assert record.photo == b"\x00\xff"
    assert record.box == {"width": 4, "notes": ["m"]}
    assert record.size == "large"
    assert (
        product.update(shelf="s", code="c").subtract(stock=7).go(response="updated_new").stock == -2
    )


def test_update_makes_an_item_and_patch_does_not(product: leyden.Entity) -> None:
    product.update(shelf="s", code="new").set(stock=1).go()
    assert product.get(shelf="s", code="new").go().stock == 1
    with pytest.raises(ConditionFailedError):
        product.patch(shelf="s", code="none").set(stock=1).go()
    with pytest.raises(ConditionFailedError):
        product.remove(shelf="s", code="none").go()
    assert product.delete(shelf="s", code="none").go(response="all_old") is None
    assert product.get(shelf="s", code="none").go() is None


def test_a_condition_that_does_not_hold_changes_nothing(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", stock=1).go()
    with pytest.raises(ConditionFailedError) as caught:
        product.update(shelf="s", code="c").set(stock=5).where(product.attr.stock > 3).go()
    assert not isinstance(caught.value, KeyCollisionError)
    with pytest.raises(ConditionFailedError):
        product.delete(shelf="s", code="c").where(product.attr.maker.exists()).go()
    assert product.get(shelf="s", code="c").go().stock == 1


def test_upsert_keeps_read_only_attributes_and_others_that_are_stored(
    product: leyden.Entity,
) -> None:
    first = product.create(shelf="s", code="c", maker="Ann", price=1).go()
    change = product.upsert(shelf="s", code="c").set(price=2, maker="Bob").add(stock=4)
    with pytest.raises(MissingCompositeError) as caught:
        change.go()
    assert caught.value.missing == ("fresh",)
    change.composite(fresh=None).go()
    record = product.get(shelf="s", code="c").go()
    assert (record.maker, record.price, record.stock) == ("Bob", 2, 4)
    assert record.first_seen == first.first_seen


def test_index_keys_follow_what_an_update_sets(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", maker="Ann", price=5, fresh=True).go()
    assert [r.code for r in product.query.by_price(maker="Ann").gte(price=5)] == ["c"]
    assert [r.code for r in product.query.on_sale(maker="Ann")] == ["c"]
    product.patch(shelf="s", code="c").set(price=50).go()
    assert [r.code for r in product.query.by_price(maker="Ann").lt(price=50)] == []
    assert [r.code for r in product.query.by_price(maker="Ann", price=50)] == ["c"]
    # What is not fresh is not on sale, whoever made it.
    product.patch(shelf="s", code="c").set(fresh=False).go()
    assert [r.code for r in product.query.on_sale(maker="Ann")] == []
    with pytest.raises(MissingCompositeError) as caught:
        product.patch(shelf="s", code="c").set(fresh=True).go()
    assert caught.value.missing == ("maker",)
    product.patch(shelf="s", code="c").set(fresh=True).composite(maker="Ann").go()
    assert [r.code for r in product.query.on_sale(maker="Ann")] == ["c"]
    product.patch(shelf="s", code="c").set(fresh=False).go()
    assert [r.code for r in product.query.on_sale(maker="Ann")] == []
    product.patch(shelf="s", code="c").remove("maker").go()
    assert [r.code for r in product.query.by_price(maker="Ann")] == []


def test_composite_is_a_condition_on_the_stored_item(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", maker="Ann", fresh=True).go()
    with pytest.raises(ConditionFailedError):
        product.patch(shelf="s", code="c").set(fresh=False).composite(maker="Bob").go()


def test_responses_are_what_was_asked_for(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", stock=1).go()
    change = product.update(shelf="s", code="c").set(stock=2)
    by_default = change.go()
    assert (by_default.shelf, by_default.code) == ("s", "c")
    assert not hasattr(by_default, "stock")
    assert change.go(response="none") is None
    assert change.go(response="all_old").stock == 2
    assert change.go(response="all_new", data="include_keys")["pk"] == "$shop#shelf_s"
    assert change.go(response="all_new", data="raw")["stock"] == {"N": "2"}
    assert change.go(response="all_new", select="stock") == 2
    result = change.go(response="all_new", data="result")
    assert result.item.stock == 2
    assert result.consumed > 0


def test_a_projection_reads_what_is_asked_for_and_still_knows_whose_item_it_is(
    product: leyden.Entity,
) -> None:
    product.create(shelf="s", code="c", stock=1, maker="Ann").go()
    record = product.get(shelf="s", code="c").go(attributes=["stock"])
    assert record.stock == 1
    assert not hasattr(record, "maker")
    assert not hasattr(record, "code")
    assert product.get(shelf="s", code="C").go(attributes=["stock"]) is None
    page = product.query.shelf(shelf="s").go(attributes=["maker"])
    assert [r.maker for r in page] == ["Ann"]
    assert product.query.shelf(shelf="S").go(attributes=["maker"]).items == ()


def test_parse_reads_a_raw_item_back(open_service: Any) -> None:
    app = open_service(SHOP)
    product = app.entities.product
    product.create(shelf="s", code="c", **EVERYTHING).go()
    raw = product.get(shelf="s", code="c").go(data="raw")
    assert app.parse(raw) == product.get(shelf="s", code="c").go()
    with pytest.raises(leyden.errors.DecodeError, match='no entity of "shop"'):
        app.parse({**raw, "__edb_e__": {"S": "others"}})


def test_bad_input_is_refused_before_anything_is_sent(product: leyden.Entity) -> None:
    with pytest.raises(RequiredAttributeError):
        product.create(shelf="s").go()
    with pytest.raises(ValidationError):
        product.create(shelf="s", code="c", size="huge").go()
    with pytest.raises(ItemTooLargeError, match=r'"anything" with 420,000 bytes'):
        product.create(shelf="s", code="c", anything="x" * 420_000).go()
    with pytest.raises(ItemTooLargeError, match=r'the key field "sk" has 1,117 bytes'):
        product.create(shelf="s", code="c" * 1100).go()
    with pytest.raises(ItemTooLargeError, match=r'the key field "pk" has 2,112 bytes'):
        product.get(shelf="s" * 2100, code="c").go()
    assert list(product.scan) == []


def test_a_table_that_is_not_there_is_named(open_service: Any) -> None:
    app = open_service(SHOP, create=False)
    with pytest.raises(TableNotFoundError, match=app.table):
        app.entities.product.get(shelf="s", code="c").go()


def test_the_pynamodb_model_reads_and_writes_the_same_items(product: leyden.Entity) -> None:
    product.create(shelf="s", code="c", stock=1, maker="Ann", price=2).go()
    found = list(product.model.query("$shop#shelf_s", filter_condition=product.attr.stock == 1))
    assert [(item.code, item.price) for item in found] == [("c", 2)]
    product.model(shelf="s", code="d", stock=7, maker="Ann", price=3).save()
    record = product.get(shelf="s", code="d").go()
    assert (record.stock, record.maker) == (7, "Ann")
    assert [r.code for r in product.query.by_price(maker="Ann")] == ["c", "d"]
