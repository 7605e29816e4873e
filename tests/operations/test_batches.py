"""Batches of writes: what they send and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import leyden
from leyden.errors import AwsError, BatchIncompleteError, InputError, ValidationError
from leyden.operations.bound import item_id

VISITS = """
entity: visits
alias: visit
version: "1"
service: museum
attributes:
  id: {type: string, default: {generate: uuid4}}
  hall: {type: string, required: true}
  guests: {type: integer, min: 1}
indexes:
  visits:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


@pytest.fixture(scope="module")
def visit() -> leyden.Entity:
    return leyden.load(VISITS, table="museum").entities.visit


def test_what_a_guarded_batch_reports_is_what_it_sent(visit: leyden.Entity) -> None:
    program = visit.put([{"hall": "a"}, {"hall": "b"}]).program(guard=True)
    request = next(program)
    sent = [part["Put"]["Item"] for part in request.params["TransactItems"]]

    with pytest.raises(BatchIncompleteError) as caught:
        program.throw(AwsError("no answer came", unsure=True))

    (unsure,) = caught.value.unsure
    assert [write["PutRequest"]["Item"] for write in unsure["museum"]] == sent


def test_what_a_batch_gives_back_is_what_it_sent(visit: leyden.Entity) -> None:
    program = visit.put([{"hall": "a"}, {"hall": "b"}]).program()
    (request,) = next(program).requests
    sent = [write["PutRequest"]["Item"] for write in request.params["RequestItems"]["museum"]]

    with pytest.raises(StopIteration) as end:
        program.send([{"UnprocessedItems": {}}])

    assert [record.id for record in end.value.value] == [item["id"]["S"] for item in sent]


def test_an_error_names_the_entry_the_operation_and_the_entity(visit: leyden.Entity) -> None:
    with pytest.raises(ValidationError, match=r"entry 1: ") as caught:
        visit.put([{"hall": "a"}, {"hall": "b", "guests": 0}]).params()

    assert (caught.value.operation, caught.value.entity) == ("visit.batch_write", "visits")


def test_an_entry_that_a_batch_cannot_carry_is_refused_before_others_are_checked(
    visit: leyden.Entity,
) -> None:
    conditional = visit.put(hall="b").where(visit.attr.guests.does_not_exist())
    app = leyden.load(VISITS, table="museum")

    with pytest.raises(InputError, match=r"entry 1 .* has a condition"):
        app.batch_write([visit.put(hall="a", guests=0), conditional]).params()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": {"N": "100"}}, {"n": {"N": "1E+2"}}),
        ({"n": {"N": "0.5"}}, {"n": {"N": "0.50"}}),
        ({"n": {"N": "-0"}}, {"n": {"N": "0"}}),
        ({"a": {"B": b"k"}, "b": {"S": "x"}}, {"b": {"S": "x"}, "a": {"B": b"k"}}),
    ],
)
def test_a_key_names_one_item_however_it_is_written(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert item_id("t", one) == item_id("t", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": {"N": f"{10**37 + 1}"}}, {"n": {"N": f"{10**37 + 2}"}}),
        ({"n": {"N": "1"}}, {"n": {"S": "1"}}),
        ({"n": {"S": "k"}}, {"n": {"B": b"k"}}),
    ],
)
def test_different_keys_name_different_items(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert item_id("t", one) != item_id("t", other)
    assert item_id("t", one) != item_id("u", one)


TICKETS = """
entity: tickets
alias: ticket
version: "1"
service: museum
attributes:
  number: {type: integer, required: true}
indexes:
  tickets:
    pk: {field: number, composite: [number]}
"""


def test_keys_of_38_digits_are_told_apart() -> None:
    ticket = leyden.load(TICKETS, table="tickets")["ticket"]
    numbers = [10**37 + 1, 10**37 + 2]

    (request,) = ticket.put([{"number": number} for number in numbers]).params()

    assert len(request["RequestItems"]["tickets"]) == 2


def left_over(request: Any, table: str) -> Mapping[str, Any]:
    return {"UnprocessedItems": {table: request.params["RequestItems"][table]}}


def test_what_one_table_did_not_take_up_is_not_missing_from_another() -> None:
    here, there = (leyden.load(VISITS, table=name)["visit"] for name in ("here", "there"))
    tickets = leyden.load(TICKETS, table="tickets")["ticket"]
    puts = [here.put(id="1", hall="a"), there.put(id="1", hall="b"), tickets.put(number=3)]
    batch = leyden.load(VISITS, table="here").batch_write(puts)
    program = batch.program(budget=0, unprocessed="return")
    (request,) = next(program).requests

    with pytest.raises(StopIteration) as end:
        program.send([left_over(request, "there")])
    assert [record and type(record).__name__ for record in end.value.value] == [
        "Visit",
        None,
        "Ticket",
    ]


def test_a_guarded_batch_in_doubt_names_the_table_of_each_write() -> None:
    here, there = (leyden.load(VISITS, table=name)["visit"] for name in ("here", "there"))
    app = leyden.load(VISITS, table="here")
    program = app.batch_write([here.put(hall="a"), there.put(hall="b")]).program(guard=True)
    next(program)

    with pytest.raises(BatchIncompleteError) as caught:
        program.throw(AwsError("no answer came", unsure=True))

    (unsure,) = caught.value.unsure
    halls = {
        table: [write["PutRequest"]["Item"]["hall"]["S"] for write in writes]
        for table, writes in unsure.items()
    }
    assert halls == {"here": ["a"], "there": ["b"]}
