"""count(), first() and one() say what all records say, and read no more than that needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import leyden
from leyden.errors import InvalidOptionError, MultipleResultsError, NoResultError
from leyden.events import RequestSent
from tests.conformance.conftest import Open

SERVICE = """
entity: tickets
alias: ticket
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  number: {type: integer, required: true}
  status: {type: string, default: open}
  weight: integer
  note: string
indexes:
  all:
    collection: desk
    type: clustered
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [number]}
  by_status:
    index: gsi1
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [status, weight]}
  narrow:
    index: gsi2
    projection: keys_only
    pk: {field: gsi2pk, composite: [status]}
    sk: {field: gsi2sk, composite: [org, number]}
---
entity: people
alias: person
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  name: {type: string, required: true}
indexes:
  all:
    collection: desk
    type: clustered
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [name]}
---
entity: bare
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  name: {type: string, required: true}
indexes:
  all:
    pk: {field: pk, template: "ORG#${org}"}
    sk: {field: sk, template: "BARE#${name}"}
"""
TABLE = """
---
table: desk
indexes:
  gsi2: {projection: keys_only}
"""


@pytest.fixture
def app(open_service: Open) -> leyden.Service:
    app = open_service(SERVICE + TABLE)
    ticket, person, bare = app["ticket"], app["person"], app["bare"]
    note = "x" * 300
    for org in ("acme", "ACME"):
        ticket.put(
            [
                {
                    "org": org,
                    # The orgs share a partition, which folds their case.
                    "number": n + (100 if org == "ACME" else 0),
                    "status": ("open", "Open", "solved")[n % 3],
                    "weight": n,
                    "note": note,
                }
                for n in range(1, 13)
            ]
        ).go()
    person.put([{"org": "acme", "name": name} for name in "abc"]).go()
    bare.put([{"org": "acme", "name": name} for name in "xyz"]).go()
    return app


def reads_of_many(app: leyden.Service) -> Iterator[Any]:
    ticket = app["ticket"]
    weight = ticket.attr.weight
    of_acme = ticket.query.all(org="acme")
    by_status = ticket.query.by_status(org="acme")
    yield from (
        of_acme,
        of_acme.where(weight > 8),
        of_acme.gt(number=5),
        of_acme.between({"number": 3}, {"number": 11}),
        ticket.query.all(org="acme", number=7),
        ticket.query.all(org="nobody"),
        by_status,
        by_status.begins(status="o"),
        ticket.query.by_status(org="acme", status="open"),
        ticket.query.by_status(org="acme", status="open").gt(weight=10),
        ticket.query.by_status(org="acme", status="open").lte(weight=10).where(weight > 2),
        ticket.query.narrow(status="open"),
        ticket.query.narrow(status="open", org="ACME"),
        ticket.match(org="acme", note="x" * 300),
        ticket.match(weight=3),
        ticket.find(org="acme"),
        ticket.scan,
        ticket.scan.where(weight <= 4),
        ticket.scan.index("narrow"),
        app["bare"].query.all(org="acme"),
        app["bare"].scan,
        app.collections.desk(org="acme"),
        app.collections.desk(org="acme").where(weight > 8),
        app.collections.desk(org="nobody"),
    )


def test_a_count_is_the_number_of_records(app: leyden.Service) -> None:
    plant_foreign_items(app)
    for chain in reads_of_many(app):
        records = list(chain)
        assert chain.count() == len(records), chain
        assert chain.count(limit=9) == len(records), chain
        assert type(chain.count()) is int
    assert app["ticket"].scan.count(segments=3) == 24
    assert app["ticket"].query.all(org="acme").count(consistent=True) == 12


def test_the_first_is_the_first_of_all(app: leyden.Service) -> None:
    plant_foreign_items(app)
    for chain in reads_of_many(app):
        records = list(chain)
        assert chain.first() == (records[0] if records else None), chain
    backwards = app["ticket"].query.all(org="acme")
    assert backwards.first(order="desc") == next(iter(backwards.iter(order="desc")))
    assert backwards.first(select="number") == next(iter(backwards)).number
    assert app.collections.desk(org="acme").first(order="desc") is not None


def test_one_is_the_only_one(app: leyden.Service) -> None:
    plant_foreign_items(app)
    for chain in reads_of_many(app):
        records = list(chain)
        if len(records) == 1:
            assert chain.one() == records[0]
            continue
        with pytest.raises(MultipleResultsError if records else NoResultError) as caught:
            chain.one()
        assert f"<{caught.value.operation}>" == repr(chain)
        assert caught.value.message == (
            "more than one record was found, and .one() needs exactly one; .first() returns the "
            "first of several"
            if records
            else "no record was found, and .one() needs exactly one; .first() returns None then"
        )


def test_little_is_read(app: leyden.Service) -> None:
    ticket = app["ticket"]
    sent: list[RequestSent] = []

    def note(event: Any) -> None:
        if isinstance(event, RequestSent):
            sent.append(event)

    strict = ticket.query.all(org="acme").where(ticket.attr.weight > 11)
    with app.driver.listen(note):
        for call, wanted in (
            # DynamoDB counts where it can tell, and sends no items.
            (lambda: ticket.query.all(org="acme").count(), [("COUNT", None)]),
            (lambda: ticket.scan.count(), [("COUNT", None)]),
            (lambda: app.collections.desk(org="acme").count(), [("COUNT", None)]),
            (lambda: ticket.scan.index("narrow").count(), [(None, None)]),
            (lambda: app["bare"].query.all(org="acme").first(), [(None, 1)]),
            (lambda: app["bare"].query.all(org="acme", name="x").one(), [(None, 2)]),
        ):
            sent.clear()
            call()
            assert [
                (event.params.get("Select"), event.params.get("Limit")) for event in sent
            ] == wanted
        sent.clear()
        assert strict.first().weight == 12
        assert sent[0].params["Limit"] == 8
    assert len(sent) == 2


def test_options_that_have_no_meaning_are_refused(app: leyden.Service) -> None:
    query = app["ticket"].query.all(org="acme")
    for call in (
        lambda: query.count(pages=2),
        lambda: query.count(cursor="x"),
        lambda: query.first(limit=3),
        lambda: query.one(count=1),
        lambda: app["ticket"].scan.first(segments=2),
    ):
        with pytest.raises(InvalidOptionError, match="no option"):
            call()


def plant_foreign_items(app: leyden.Service) -> None:
    """Items of others in the same partitions, which every read leaves out."""
    model = app["ticket"].put(org="acme", number=99, weight=1).params()["Item"]
    strange = {**model, "__edb_e__": {"S": "strangers"}}
    nameless = {n: v for n, v in model.items() if not n.startswith("__edb_")}
    for n, item in enumerate((strange, nameless)):
        kept = {**item, "sk": {"S": f"a-foreign-key-{n}"}, "gsi1sk": {"S": f"foreign-{n}"}}
        kept["gsi2sk"] = {"S": f"foreign-{n}"}
        app.driver.run(_put(app.table, kept))


def _put(table: str, item: dict[str, Any]) -> Any:
    from leyden.program import Request

    return (yield Request("PutItem", {"TableName": table, "Item": item}))
