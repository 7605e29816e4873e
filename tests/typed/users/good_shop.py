"""What is right about the shop: none of it is an error to a type checker.

`assert_type` says what each call gives.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, assert_type

import attrs
import shop

import leyden
from leyden.program import Item
from leyden.results import BatchResult, Page, Result, TransactionResult


def loading() -> shop.Service:
    engine = leyden.local()
    app = shop.load(table="shop", engine=engine)
    app.create_table()
    with shop.load(endpoint_url="http://127.0.0.1:8000", region="eu-central-1", hooks={}) as other:
        assert_type(other.table, str)
    assert_type(app.entities["order"].get(customer_id="c1", order_id="o1").go(), shop.Order | None)
    return app


def records(app: shop.Service) -> None:
    order = app.entities.order
    made = order.create(customer_id="c1", order_id="o1", total=Decimal("19.90")).go()
    assert_type(made, shop.Order)
    assert_type(made.total, Decimal)
    assert_type(made.status, Literal["open", "paid", "sent"] | None)
    assert_type(made.placed_at, datetime)
    for line in made.lines or []:
        assert_type(line.get("count"), int | None)
    changed = attrs.evolve(made, total=Decimal(4), status="paid")
    assert_type(changed, shop.Order)
    assert_type(order.record, type[shop.Order])
    shop.Order(customer_id="c1", order_id="o1", total=5, placed_at="2026-02-03T09:15:00Z")
    order.create(shop.Order(customer_id="c1", total=5)).go()
    order.create(order.record(customer_id="c1", total=5)).go()
    print(made.placed_at.isoformat())
    match made:
        case shop.Order(status="open", total=total):
            assert_type(total, Decimal)
        case _:
            pass
    status: shop.OrderStatus = "open"
    order.query.by_status(status=status).go()


def writes(app: shop.Service) -> None:
    order, customer = app.entities.order, app.entities.customer
    now = datetime.now(UTC)
    assert_type(customer.create(customer_id="c1", name="Ada").go(), shop.Customer)
    order.put(customer_id="c1", total=5, status="paid", placed_at=now).go()
    order.put({"customer_id": "c1", "total": 5}, status="sent").go()
    record = order.create(
        customer_id="c1",
        total=5,
        lines=[{"sku": "jar", "count": 2}],
        placed_at="2026-02-03T09:15:00Z",
    ).go()
    order.put(record, total=Decimal(3)).go()
    order.upsert(customer_id="c1", order_id="o1", total=3).if_not_exists(status="open").go()
    order.upsert(customer_id="c1", order_id="o1").add(total=3).composite(placed_at=now).go()
    given: dict[str, Any] = {"customer_id": "c1", "total": 5}
    order.create(**given).go()
    assert_type(order.put(record).go(response="all_old"), shop.Order | None)
    assert_type(order.put(record).go(response="none"), None)
    assert_type(order.put(record).go(data="result"), Result[shop.Order])
    assert_type(order.put(record).go(data="raw"), Item | None)
    order.put(record).params(table="other")
    order.put(record).explain()


def updates(app: shop.Service) -> None:
    order = app.entities.order
    sent = (
        order.patch(customer_id="c1", order_id="o1")
        .set({"lines[0].count": 1}, status="paid")
        .subtract(total=Decimal("9.95"))
        .append(lines=[{"sku": "lid"}])
        .remove("lines[1]")
        .composite(placed_at=None)
        .where(order.attr.status == "open", (order.attr.total > 10) | ~order.attr.lines.exists())
        .go(response="all_new")
    )
    assert_type(sent, shop.Order)
    order.update(sent).set(total=order.attr.total + 1).go()
    assert_type(order.patch(sent, status="paid", lines=None).go(response="all_new"), shop.Order)
    order.patch(attrs.evolve(sent, status="sent")).go()
    order.patch(sent, shop.Order(customer_id="c1", total=1)).go()
    assert_type(
        order.patch(sent, {"status": "paid", "lines": None}, total=3).go(response="all_new"),
        shop.Order,
    )
    order.patch({"customer_id": "c1", "order_id": "o1"}).set(total=order.attr.total | 10).go()
    order.remove(customer_id="c1", order_id="o1").where(order.attr.total.between(1, 3)).go()
    assert_type(
        order.delete(customer_id="c1", order_id="o1").go(response="all_old"), shop.Order | None
    )


def conditions(app: shop.Service) -> None:
    attr = app.entities.order.attr
    app.entities.order.scan.where(
        attr.customer_id.begins("c"),
        attr.customer_id.contains("1"),
        attr.status.is_in("open", "paid"),
        attr.status != "sent",
        attr.total == Decimal("1.5"),
        attr.total >= 1,
        attr.placed_at > datetime(2026, 1, 1, tzinfo=UTC),
        attr.placed_at <= "2026-02-03T09:15:00Z",
        attr.lines[0].sku == "jar",
        attr.lines[0].count > 1,
        attr.lines.size() > 2,
        attr.total > attr.lines[0].count,
        attr["total"] > 3,
        attr.placed_at.does_not_exist(),
        attr.status.is_type("S"),
    ).go()


def reads(app: shop.Service) -> None:
    order = app.entities.order
    by_key = order.get(customer_id="c1", order_id="o1")
    assert_type(by_key.go(), shop.Order | None)
    assert_type(by_key.go(consistent=True, attributes=["total"]), shop.Order | None)
    assert_type(by_key.go(data="raw"), Item | None)
    assert_type(by_key.go(data="result"), Result[shop.Order | None])
    by_key.go(select="total")
    page = order.query.by_status(status="open").gte(placed_at="2026-02-04T00:00:00Z").go()
    assert_type(page, Page[shop.Order])
    assert_type(page.items, tuple[shop.Order, ...])
    assert_type(page[0], shop.Order)
    assert_type(page[:2], tuple[shop.Order, ...])
    assert_type(page.cursor, str | None)
    for found in order.query.orders(customer_id="c1").where(order.attr.total > 10):
        assert_type(found, shop.Order)
    for found in order.query.orders(customer_id="c1").iter(order="desc", limit=10):
        assert_type(found, shop.Order)
    order.query.orders(customer_id="c1", order_id="o1").go(limit=3, order="desc", pages="all")
    order.query.orders(customer_id="c1").between({"order_id": "a"}, {"order_id": "f"}).go()
    order.query.by_status(status="open").begins(placed_at="2026-02").go()
    assert_type(order.query.orders(customer_id="c1").count(), int)
    assert_type(order.query.orders(customer_id="c1").first(), shop.Order | None)
    assert_type(order.query.orders(customer_id="c1").one(), shop.Order)
    assert_type(order.query.orders(customer_id="c1").go(data="raw"), Page[Item])
    order.query.orders(customer_id="c1").explain(limit=10)
    order.query.orders(customer_id="c1").params(limit=10)["KeyConditionExpression"]
    assert_type(order.scan.go(limit=3), Page[shop.Order])
    assert_type(order.scan().index("by_status").first(), shop.Order | None)
    for found in order.match(status="open", customer_id="c1"):
        assert_type(found, shop.Order)
    order.find(status="open").go()


def together(app: shop.Service) -> None:
    order, customer = app.entities.order, app.entities.customer
    read = order.get([{"customer_id": "c1", "order_id": "o1"}]).go(concurrency=4)
    assert_type(read, BatchResult[shop.Order | None])
    kept = [one for one in read if one is not None]
    order.put(kept).go(guard=True)
    order.put([{"customer_id": "c1", "total": 3}]).go()
    order.delete(kept).go()
    both = app.batch_get(
        [order.get(customer_id="c1", order_id="o1"), customer.get(customer_id="c1")]
    ).go()
    for one in both:
        if isinstance(one, shop.Order):
            print(one.total + 1)
    app.batch_write([order.put(customer_id="c1", total=3), customer.delete(customer_id="c1")]).go()
    written = app.transact_write(
        [
            order.create(customer_id="c1", total=3),
            customer.patch(customer_id="c1").set(name="Ada"),
            customer.check(customer_id="c2").where(customer.attr.name == "Grace"),
        ]
    ).go(token="t1")
    assert written.attempts == 1
    assert_type(
        app.transact_get([order.get(customer_id="c1", order_id="o1")]).go(),
        TransactionResult[shop.Order | None],
    )


def collections(app: shop.Service) -> None:
    account = app.collections.account(customer_id="c1").go()
    assert_type(account, shop.AccountPage)
    assert_type(account.customer, list[shop.Customer])
    assert_type(account.order[0].total, Decimal)
    assert_type(account.items, tuple[shop.Customer | shop.Order, ...])
    app.collections.account(customer_id="c1").gt(order_id="o1").go(limit=3)
    app.collections.account(customer_id="c1", order_id="o1").go()
    for one in app.collections.account(customer_id="c1"):
        assert_type(one, shop.Customer | shop.Order)


async def awaited() -> None:
    async with await shop.load_async(table="shop") as app:
        order = app.entities.order
        assert_type(await order.create(customer_id="c1", total=3).go(), shop.Order)
        assert_type(await order.get(customer_id="c1", order_id="o1").go(), shop.Order | None)
        async for found in order.query.by_status(status="open").gt(placed_at="2026-02-04"):
            assert_type(found, shop.Order)
        page = await order.query.by_status(status="open").go(limit=3)
        assert_type(page, Page[shop.Order])
        await order.patch(customer_id="c1", order_id="o1").set(status="paid").go()
        assert_type(await order.query.orders(customer_id="c1").count(), int)
        account = await app.collections.account(customer_id="c1").go()
        assert_type(account.order, list[shop.Order])
        await app.transact_write([order.create(customer_id="c1", total=3)]).go()
        await order.put([{"customer_id": "c1", "total": 3}]).go()
        await app.create_table()


def helper(order: shop.OrderEntity) -> shop.Order | None:
    return order.query.by_status(status="open").first(order="desc")


async def awaiting_helper(order: shop.AsyncOrderEntity) -> shop.Order | None:
    return await order.query.by_status(status="open").first(order="desc")


async def handing_on(app: shop.AsyncService) -> None:
    assert_type(await awaiting_helper(app.entities.order), shop.Order | None)


def tools(app: shop.Service, item: Item) -> None:
    order = app.entities.order
    assert_type(order.parse(item), shop.Order)
    order.conversions.attributes_to_keys({"customer_id": "c1"}, partial=True)
    app.entity_of(item).owns(item)
    for entity in app.entities.values():
        assert_type(entity.name, str)
    takes_any(app)


def takes_any(app: leyden.Service) -> None:
    app.check_table()
