"""Batches of writes: what they send and what they give back."""

from __future__ import annotations

import pytest

import leyden
from leyden.errors import AwsError, BatchIncompleteError, InputError, ValidationError

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
