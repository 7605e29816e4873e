"""What is wrong about the shop, each at its line: `# error`, or `# error:` and who sees it."""

from decimal import Decimal

import attrs
import shop


def records(app: shop.Service) -> None:
    order = app.entities.order
    made = order.create(customer_id="c1", total=3).go()
    made.titel  # error
    made.total = Decimal(3)  # error
    made.total + "x"  # error
    made.status.upper()  # error
    shop.Order(customer_id="c1", order_id="o1")  # error
    shop.Order(customer_id="c1", order_id="o1", total=3, placed_at="", nope=3)  # error
    shop.Order(customer_id=3, order_id="o1", total=3, placed_at="")  # error
    shop.Nope  # error
    order.get(customer_id="c1", order_id="o1").go().total  # error
    attrs.evolve(made, ttal=4)  # error: mypy


def writes(app: shop.Service) -> None:
    order = app.entities.order
    order.create(customer_id="c1", total=3, nummber=1).go()  # error
    order.create(customer_id=3, total=3).go()  # error
    order.create(customer_id="c1", total="3").go()  # error
    order.create(customer_id="c1", total=1.5).go()  # error
    order.create(customer_id="c1").go()  # error
    order.create(total=3).go()  # error
    order.create(customer_id="c1", total=3, status="opne").go()  # error
    order.create(customer_id="c1", total=3, lines=[{"skuu": "jar"}]).go()  # error
    order.create(customer_id="c1", total=3, lines=[{"count": "2"}]).go()  # error
    order.create({"customer_id": "c1"}).go()  # error
    order.create({"customer_id": "c1", "total": 3, "nope": 3}).go()  # error
    order.put(customer_id="c1", total=3).go(respons="none")  # error
    order.put(customer_id="c1", total=3).go(response="al_new")  # error
    order.put([{"customer_id": "c1"}]).go()  # error
    order.upsert(customer_id="c1", order_id="o1", titel="x").go()  # error
    app.entities.customer.create(order).go()  # error
    app.entities.customer.put(order.create(customer_id="c1", total=3).go()).go()  # error


def updates(app: shop.Service) -> None:
    order = app.entities.order
    by_key = order.patch(customer_id="c1", order_id="o1")
    order.patch(customer_id="c1").go()  # error
    made = order.create(customer_id="c1", total=3).go()
    order.patch(made, titel="x").go()  # error
    order.patch(made, total="x").go()  # error
    order.patch(made, {"titel": "x"}).go()  # error
    order.patch(made, {"total": "x"}).go()  # error
    order.patch(made, made, made).go()  # error
    order.patch(made, app.entities.customer.record(customer_id="c1", name="Ada")).go()  # error
    order.patch({"customer_id": "c1", "order_id": "o1"}, total=3).go()  # error
    order.remove(made, total=3).go()  # error
    order.patch(customer_id="c1", order="o1").go()  # error
    order.delete(customer_id="c1").go()  # error
    order.get(order_id="o1").go()  # error
    order.get([{"customer_id": "c1"}]).go()  # error
    by_key.set(titel="x").go()  # error
    by_key.set(total="x").go()  # error
    by_key.set(status="opne").go()  # error
    by_key.set(customer_id="c2").go()  # error
    by_key.set(placed_at="2026-02-03T09:15:00Z").go()  # error
    by_key.add(status="open").go()  # error
    by_key.add(total="1").go()  # error
    by_key.subtract(lines=1).go()  # error
    by_key.append(total=[1]).go()  # error
    by_key.delete(total={1}).go()  # error
    by_key.composite(titel="x").go()  # error
    by_key.composite(total="x").go()  # error
    app.entities.customer.patch(customer_id="c1").remove("nme").go()  # error
    app.entities.customer.patch(customer_id="c1").add(name=1).go()  # error


def queries(app: shop.Service) -> None:
    order = app.entities.order
    order.query.by_stattus(status="open").go()  # error
    order.query.by_status(statsu="open").go()  # error
    order.query.by_status(status="opne").go()  # error
    order.query.by_status().go()  # error
    order.query.by_status(placed_at="2026-02-03T09:15:00Z").go()  # error
    order.query.by_status(status="open", total=3).go()  # error
    order.query.by_status(status="open").gt(total=3).go()  # error
    order.query.by_status(status="open").gt().go()  # error
    order.query.by_status(status="open").gt(placed_at=3).go()  # error
    order.query.by_status(status="open").begins(total="3").go()  # error
    order.query.by_status(status="open").between({"total": 3}, {"total": 4}).go()  # error
    order.query.orders(customer_id="c1", order_id="o1").gt(order_id="o1").go()  # error
    order.query.orders(customer_id="c1").gt(order_id="a").lt(order_id="f").go()  # error
    app.entities.customer.query.account(customer_id="c1").gt(name="A").go()  # error
    order.query.by_status(status="open").go(limt=3)  # error
    order.query.by_status(status="open").go(limit="3")  # error
    order.query.by_status(status="open").go(order="down")  # error
    order.query.by_status(status="open").go(data="rwa")  # error
    order.query.by_status(status="open").first(limit=3)  # error
    order.query.by_status(status="open").iter(pages=3)  # error
    order.query.by_status(status="open").count(order="desc")  # error
    order.query.by_status(status="open").explain(limt=3)  # error
    order.query.by_status(status="open").params(limt=3)  # error
    order.get(customer_id="c1", order_id="o1").go(limit=3)  # error
    order.scan.go(segmnts=3)  # error
    order.match(statsu="open").go()  # error
    order.query.by_status(status="open").go().items[0].titel  # error
    order.search.similar([1.0])  # error


def conditions(app: shop.Service) -> None:
    order = app.entities.order
    query = order.query.by_status(status="open")
    query.where(order.attr.statsu == "open")  # error
    query.where(order.attr.status == "opne")  # error
    query.where(order.attr.status.is_in("open", "opne"))  # error
    query.where(order.attr.total > "10")  # error
    query.where(order.attr.total == "10")  # error
    query.where(order.attr.total.begins("1"))  # error
    query.where(order.attr.total.between(1, "3"))  # error
    query.where((order.attr.status == "opne") & (order.attr.total > 3))  # error
    query.where((order.attr.total > 3) & (order.attr.status == "opne"))  # error
    query.where(order.attr.placed_at > 3)  # error
    query.where(order.attr.lines[0].skuu == "jar")  # error
    query.where(order.attr.lines[0].count == "1")  # error
    query.where(order.attr.customer_id > 3)  # error
    query.where("total > 3")  # error
    query.where(order.attr.total)  # error


def services(app: shop.Service) -> None:
    app.entities.ordr  # error
    app.entities["ordr"]  # error
    app.collections.nope(customer_id="c1")  # error
    app.collections.account(customer="c1")  # error
    app.collections.account()  # error
    app.collections.account(customer_id="c1").gt(name="A")  # error
    app.collections.account(customer_id="c1").go().orders  # error
    app.collections.account(customer_id="c1").go().order[0].titel  # error
    app.transact_write([app.entities.order.get(customer_id="c1", order_id="o1")])  # error
    app.batch_write([app.entities.order.patch(customer_id="c1", order_id="o1")])  # error
    app.transact_write([]).go(tokn="t1")  # error
    shop.load("schemas/shop")  # error
    shop.load(tabel="shop")  # error


async def awaited(app: shop.AsyncService) -> None:
    order = app.entities.order
    order.create(customer_id="c1", total=3).go()  # error: mypy pyright
    order.get(customer_id="c1", order_id="o1").go().total  # error
    order.query.by_status(status="open").go().items  # error
    for _ in order.query.by_status(status="open"):  # error
        pass
    await order.query.by_status(status="open").go(limt=3)  # error
    made = await order.create(customer_id="c1", total=3).go()
    made.titel  # error


def handed_on(app: shop.Service, other: shop.AsyncService) -> None:
    def takes(order: shop.OrderEntity) -> None: ...

    takes(app.entities.customer)  # error
    takes(other.entities.order)  # error


async def not_awaited(app: shop.Service) -> None:
    order = app.entities.order
    await order.get(customer_id="c1", order_id="o1").go()  # error
    async for _ in order.scan:  # error
        pass
