"""Items that cannot be read: named by their key, and set aside where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import pytest

import leyden
from leyden.errors import DecodeError, HookError, InvalidOptionError
from leyden.program import Request

SOURCE: Final = """
entity: tickets
alias: ticket
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  number: {type: integer, required: true, min: 0, max: 9999, padding: {length: 4, char: "0"}}
  points: integer
  note: {type: string, get: {call: shout}}
  detail: {type: map, properties: {effort: integer}}
indexes:
  tickets:
    collection: desk
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [number]}
  others:
    index: gsi1
    projection: keys_only
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [number]}
---
entity: plains
alias: plain
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  count: integer
indexes:
  plains:
    collection: desk
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [id]}
---
entity: papers
alias: paper
version: "1"
service: desk
attributes:
  id: {type: string, required: true}
  text: {type: string, overflow: chunk}
indexes:
  papers:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


def shout(value: Any, values: Mapping[str, Any]) -> Any:
    if value == "bad":
        raise RuntimeError("no")
    return value


@pytest.fixture
def desk(open_service: Any) -> leyden.Service:
    """Five tickets, of which number 1 and 3 cannot be read, and a plain item."""
    app: leyden.Service = open_service(SOURCE, hooks={"shout": shout})
    ticket = app.entities.ticket
    for number in range(5):
        spoil(app, ticket.put(org="o", number=number, points=number), **SPOILT.get(number, {}))
    for id in ("a", "b"):
        spoil(
            app, app.entities.plain.put(org="o", id=id), **({"count": SECRET} if id == "a" else {})
        )
    return app


SECRET: Final = {"S": "hush"}
SPOILT: Final[Mapping[int, Mapping[str, Any]]] = {
    1: {"points": SECRET},
    3: {"detail": {"M": {"effort": SECRET}}},
}


def spoil(app: leyden.Service, put: Any, **fields: Any) -> None:
    """Store an item past Leyden, with fields that do not fit the schema."""
    item = {**put.params()["Item"], **fields}
    app.driver.send(Request("PutItem", {"TableName": app.table, "Item": item}, "raw"))


READS: Final[Mapping[str, Callable[[leyden.Service, Any], Any]]] = {
    "query": lambda app, more: app["ticket"].query.tickets(org="o").go(**more),
    "pages": lambda app, more: (
        app["ticket"].query.tickets(org="o").go(limit=2, pages="all", **more)
    ),
    "hydrated": lambda app, more: app["ticket"].query.others(org="o").go(hydrate=True, **more),
    "scan": lambda app, more: app["ticket"].scan.go(pages="all", **more),
    "segments": lambda app, more: app["ticket"].scan.go(segments=3, **more),
    "match": lambda app, more: app["ticket"].match(org="o").go(**more),
    "batch": lambda app, more: (
        app["ticket"].get([{"org": "o", "number": n} for n in range(6)]).go(**more)
    ),
    "batch of all": lambda app, more: app.batch_get(
        [app["ticket"].get(org="o", number=n) for n in range(6)]
    ).go(**more),
    "transaction": lambda app, more: app.transact_get(
        [app["ticket"].get(org="o", number=n) for n in range(6)]
    ).go(**more),
    "select": lambda app, more: (
        app["ticket"].query.tickets(org="o").go(select="{number: number, none: none}", **more)
    ),
}


@pytest.mark.parametrize("read", READS)
def test_one_unreadable_item_fails_a_read_and_is_named(desk: leyden.Service, read: str) -> None:
    with pytest.raises(DecodeError, match=r"the item pk=.*sk='\$.*number_000[13]'") as caught:
        READS[read](desk, {})
    error = caught.value
    assert error.field in ("points", "detail.effort")
    assert error.key is not None
    assert error.item is not None
    assert error.key.items() <= error.item.items()
    assert set(error.key) == {"pk", "sk"}
    assert "hush" not in str(error)
    assert error.operation is not None
    assert error.entity == "tickets"


@pytest.mark.parametrize("read", READS)
def test_unreadable_items_are_collected_beside_the_good_ones(
    desk: leyden.Service, read: str
) -> None:
    found = READS[read](desk, {"unreadable": "collect"})
    numbers = [
        one["number"] if isinstance(one, dict) else one.number for one in found if one is not None
    ]
    assert sorted(numbers) == [0, 2, 4]
    if "batch" in read or read == "transaction":
        assert [place for place, one in enumerate(found) if one is None] == [1, 3, 5]
    errors = sorted(found.unreadable, key=lambda error: error.field)
    assert [error.field for error in errors] == ["detail.effort", "points"]
    for error in errors:
        assert error.item["number"] == {"N": "1" if error.field == "points" else "3"}
        assert error.entity == "tickets"
        assert error.operation is not None
        assert "hush" not in str(error)


def test_all_readable_items_leave_nothing_aside(desk: leyden.Service) -> None:
    page = desk["ticket"].query.tickets(org="o").gt(number=3).go(unreadable="collect")
    assert ([one.number for one in page], page.unreadable) == ([4], ())


def test_the_quick_way_falls_back(desk: leyden.Service) -> None:
    page = desk["plain"].query.plains(org="o").go(unreadable="collect")
    assert [one.id for one in page] == ["b"]
    assert [error.item["id"] for error in page.unreadable] == [{"S": "a"}]
    with pytest.raises(DecodeError, match=r"sk='\$desk#plains_1#id_a'"):
        desk["plain"].query.plains(org="o").go()


def test_a_count_covers_what_is_set_aside(desk: leyden.Service) -> None:
    page = desk["ticket"].query.tickets(org="o").go(count=2, unreadable="collect")
    assert ([one.number for one in page], len(page.unreadable)) == ([0], 1)
    behind = desk["ticket"].query.tickets(org="o").go(cursor=page.cursor, unreadable="collect")
    assert [one.number for one in behind] == [2, 4]


def test_collections_set_aside_items_of_each_member(desk: leyden.Service) -> None:
    page = desk.collections.desk(org="o").go(unreadable="collect")
    assert [one.number for one in page.ticket] == [0, 2, 4]
    assert [one.id for one in page.plain] == ["b"]
    assert sorted(error.entity for error in page.unreadable) == ["plains", "tickets", "tickets"]
    records = desk.collections.desk(org="o").iter(limit=2, unreadable="collect")
    assert len(list(records)) == 4
    assert len(records.unreadable) == 3


def test_iterating_collects_page_after_page(desk: leyden.Service) -> None:
    records = desk["ticket"].query.tickets(org="o").iter(limit=2, unreadable="collect")
    assert next(records).number == 0
    assert len(records.unreadable) == 1
    assert [one.number for one in records] == [2, 4]
    assert [error.field for error in records.unreadable] == ["points", "detail.effort"]
    with pytest.raises(DecodeError, match="number_0001"):
        list(desk["ticket"].query.tickets(org="o"))


def test_an_item_whose_hook_fails_is_set_aside_as_well(desk: leyden.Service) -> None:
    ticket = desk["ticket"]
    ticket.put(org="o", number=4, note="bad").params()
    spoil(desk, ticket.put(org="o", number=4), note={"S": "bad"})
    page = ticket.query.tickets(org="o").go(unreadable="collect")
    assert [one.number for one in page] == [0, 2]
    (error,) = (error for error in page.unreadable if isinstance(error, HookError))
    assert error.item["note"] == {"S": "bad"}
    with pytest.raises(HookError, match="number_0004"):
        ticket.get(org="o", number=4).go()


def test_large_values_that_are_gone_are_set_aside(desk: leyden.Service) -> None:
    paper = desk["paper"]
    for id in ("1", "2"):
        paper.put(id=id, text=Random(1).randbytes(500_000).hex()).go()
    key = paper.get(id="1").params()["Key"]
    found = desk.driver.send(Request("GetItem", {"TableName": desk.table, "Key": key}, "raw"))[
        "Item"
    ]
    manifest = {**found, "__overflow__": {"S": "no manifest"}}
    for spoilt in (without_part(desk, found), manifest):
        desk.driver.send(Request("PutItem", {"TableName": desk.table, "Item": spoilt}, "raw"))
        for page in (
            paper.scan.go(unreadable="collect"),
            paper.get([{"id": "1"}, {"id": "2"}]).go(unreadable="collect"),
            desk.transact_get([paper.get(id="1"), paper.get(id="2")]).go(unreadable="collect"),
        ):
            assert [one.id for one in page if one is not None] == ["2"]
            assert [error.key for error in page.unreadable] == [key]
        with pytest.raises(DecodeError, match="id_1"):
            paper.scan.go()


def without_part(app: leyden.Service, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item, whose value is stored outside, after a part of that was deleted."""
    scanned = app.driver.send(Request("Scan", {"TableName": app.table}, "raw"))["Items"]
    (part, *_) = (one for one in scanned if one["pk"] == item["pk"] and one["sk"] != item["sk"])
    app.driver.send(
        Request(
            "DeleteItem",
            {"TableName": app.table, "Key": {name: part[name] for name in ("pk", "sk")}},
            "raw",
        )
    )
    return item


def test_single_reads_do_not_collect(desk: leyden.Service) -> None:
    with pytest.raises(InvalidOptionError, match='no option "unreadable"'):
        desk["ticket"].get(org="o", number=1).go(unreadable="collect")
    with pytest.raises(InvalidOptionError, match='"raise", "collect"'):
        desk["ticket"].scan.go(unreadable="skip")
    with pytest.raises(DecodeError, match="number_0001"):
        desk["ticket"].get(org="o", number=1).go()
    with pytest.raises(DecodeError, match="number_0001"):
        desk["ticket"].parse(desk["ticket"].get(org="o", number=1).go(data="raw"))


@pytest.mark.parametrize("verb", ["first", "one"])
def test_what_gives_a_record_alone_sets_nothing_aside(desk: leyden.Service, verb: str) -> None:
    ticket = desk.entities.ticket
    reads: list[Any] = [
        ticket.query.tickets(org="o", number=1),
        ticket.scan,
        desk.collections.desk(org="o"),
    ]
    for read in reads:
        with pytest.raises(InvalidOptionError, match=rf"\.{verb}\(\) returns a single record"):
            getattr(read, verb)(unreadable="collect")
    with pytest.raises(DecodeError):
        getattr(ticket.query.tickets(org="o", number=1), verb)(unreadable="raise")
