"""A write that has happened says so, whatever fails after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import leyden
from leyden.errors import (
    BatchIncompleteError,
    DecodeError,
    HookError,
    InvalidExpressionError,
    LeydenError,
)
from leyden.outcomes import Outcome
from leyden.program import Program, Request
from tests.conformance.notes import noise, raw_items, small_limits

SCHEMA = """
entity: visits
alias: visit
version: "1"
service: outcomes
attributes:
  id: {type: string, required: true}
  count: number
  seen: timestamp
  mood: {type: string, get: {call: cheer}}
indexes:
  visits:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
---
entity: members
alias: member
version: "1"
service: outcomes
attributes:
  id: {type: string, required: true}
  email: string
  count: number
  seen: timestamp
  revision: integer
unique: [[email]]
version_attribute: revision
indexes:
  members:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
---
entity: letters
alias: letter
version: "1"
service: outcomes
attributes:
  id: {type: string, required: true}
  count: number
  seen: timestamp
  text: {type: string, overflow: chunk}
indexes:
  letters:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


def cheer(value: Any, item: Any) -> Any:
    if value == "low":
        raise RuntimeError("no cheer")
    return value


@pytest.fixture
def app(open_service: Callable[..., leyden.Service], monkeypatch: Any) -> leyden.Service:
    small_limits(monkeypatch)
    return open_service(SCHEMA, hooks={"cheer": cheer})


def one(request: Request) -> Program[Any]:
    return (yield request)


def store(app: leyden.Service, entity: leyden.Entity, **values: Any) -> None:
    """Put an item whose `seen` cannot be read."""
    values = {"id": "1", "count": 1, **values}
    entity.put(**values).go()
    key = entity.get(id=values["id"]).params()["Key"]
    app.driver.run(
        one(
            Request(
                "UpdateItem",
                {
                    "TableName": app.table,
                    "Key": key,
                    "UpdateExpression": "SET seen = :s",
                    "ExpressionAttributeValues": {":s": {"S": "2024-01-01 00:00:00"}},
                },
            )
        )
    )


def stored(app: leyden.Service, name: str = "count") -> dict[str, str]:
    """The numbers in this field, by id."""
    items = [item for item in raw_items(app) if "id" in item]
    return {item["id"]["S"]: item[name]["N"] for item in items if name in item}


def failed(operation: Any, kind: type[LeydenError] = DecodeError, **options: Any) -> LeydenError:
    """The error of an operation, which must say that it has written."""
    with pytest.raises(kind) as caught:
        operation.go(**options)
    error = caught.value
    assert isinstance(error, LeydenError)
    assert error.outcome.written
    assert not error.outcome.unsure
    assert not error.unsure
    assert "made before this failed" in str(error)
    return error


PLAIN = ["visit", "member", "letter"]


@pytest.mark.parametrize("alias", PLAIN)
@pytest.mark.parametrize("response", ["all_new", "all_old"])
def test_an_answer_that_cannot_be_decoded_does_not_hide_a_change(
    app: leyden.Service, alias: str, response: str
) -> None:
    entity = app.entities[alias]
    store(app, entity)
    for count, verb in enumerate((entity.patch, entity.update), start=2):
        error = failed(verb(id="1").add(count=1), response=response)
        assert stored(app)["1"] == str(count)
        assert error.outcome.item is not None
        assert error.outcome.item["count"]["N"] == str(count - (response == "all_old"))
    failed(entity.upsert(id="1", count=7), response=response)
    assert stored(app)["1"] == "7"


@pytest.mark.parametrize("response", ["updated_new", "updated_old"])
def test_the_changed_part_that_cannot_be_decoded_does_not_hide_a_change(
    app: leyden.Service, response: str
) -> None:
    visit = app.entities.visit
    visit.put(id="1", count=1, mood="high").go()
    before, after = ("high", "low") if response == "updated_new" else ("low", "high")
    visit.patch(id="1").set(mood=before).go()
    failed(visit.patch(id="1").set(mood=after).add(count=1), HookError, response=response)
    assert stored(app)["1"] == "2"


@pytest.mark.parametrize("alias", PLAIN)
def test_what_was_replaced_or_deleted_is_gone_though_it_cannot_be_decoded(
    app: leyden.Service, alias: str
) -> None:
    entity = app.entities[alias]
    store(app, entity)
    error = failed(entity.put(id="1", count=2), response="all_old")
    assert error.outcome.item is not None
    assert error.outcome.item["seen"]["S"] == "2024-01-01 00:00:00"
    assert stored(app)["1"] == "2"
    for verb in (entity.delete, entity.remove):
        store(app, entity)
        error = failed(verb(id="1"), response="all_old")
        assert [write.action for write in error.outcome.written][:1] == ["delete"]
        assert stored(app) == {}


@pytest.mark.parametrize("data", ["include_keys", "result", "attributes"])
def test_no_form_of_the_answer_hides_a_change(app: leyden.Service, data: str) -> None:
    visit = app.entities.visit
    store(app, visit)
    failed(visit.patch(id="1").add(count=1), response="all_new", data=data)
    assert stored(app)["1"] == "2"


def test_an_expression_over_the_answer_that_fails_does_not_hide_a_change(
    app: leyden.Service,
) -> None:
    visit = app.entities.visit
    visit.put(id="1", count=1).go()
    failed(visit.patch(id="1").add(count=1), InvalidExpressionError, select="abs(id)")
    failed(
        visit.patch(id="1").add(count=1),
        InvalidExpressionError,
        response="all_new",
        select="abs(id)",
    )
    failed(visit.put(id="2", count=2), InvalidExpressionError, select="abs(id)")
    assert stored(app) == {"1": "3", "2": "2"}


def test_a_hook_that_fails_does_not_hide_a_write(app: leyden.Service) -> None:
    visit = app.entities.visit
    for number, verb in enumerate((visit.put, visit.create)):
        error = failed(verb(id=f"{number}", count=1, mood="low"), HookError)
        assert error.outcome.item is not None
        assert error.outcome.item["mood"] == {"S": "low"}
    assert stored(app) == {"0": "1", "1": "1"}
    failed(visit.patch(id="0").add(count=1), HookError, response="all_new")
    failed(visit.upsert(id="0", count=5), HookError, response="all_new")
    assert stored(app)["0"] == "5"


@pytest.mark.parametrize("guard", [False, True])
def test_records_that_cannot_be_made_do_not_hide_a_batch(app: leyden.Service, guard: bool) -> None:
    visit = app.entities.visit
    entries = [
        visit.put(id=f"{n}", count=n, mood="low" if n in (1, 130) else "high") for n in range(150)
    ]
    error = failed(app.batch_write(entries), HookError, guard=guard)
    assert len(error.outcome.written) == 150
    assert error.operation == "batch_write"
    assert len(stored(app)) == 150


def test_records_that_cannot_be_made_do_not_hide_a_transaction(app: leyden.Service) -> None:
    visit = app.entities.visit
    visit.put(id="1", count=1).go()
    writes = [visit.put(id="2", count=2, mood="low"), visit.patch(id="1").add(count=1)]
    error = failed(app.transact_write(writes), HookError)
    assert [write.action for write in error.outcome.written] == ["put", "update"]
    assert stored(app) == {"1": "2", "2": "2"}


def test_values_outside_that_cannot_be_read_do_not_hide_a_write(app: leyden.Service) -> None:
    letter = app.entities.letter
    letter.put(id="1", count=1, text=noise(9000)).go()
    parts = [item for item in raw_items(app) if "id" not in item]
    for item in parts:
        key = {"pk": item["pk"], "sk": item["sk"]}
        app.driver.run(one(Request("DeleteItem", {"TableName": app.table, "Key": key})))
    failed(letter.patch(id="1").add(count=1), response="all_new")
    assert stored(app)["1"] == "2"


def test_what_was_refused_has_written_nothing(app: leyden.Service) -> None:
    visit = app.entities.visit
    visit.put(id="1", count=1).go()
    for write in (
        visit.create(id="1"),
        visit.patch(id="none").add(count=1),
        visit.remove(id="none"),
        app.transact_write([visit.put(id="2"), visit.create(id="1")]),
        app.batch_write([visit.put(id="2"), visit.create(id="1")]),
    ):
        with pytest.raises(LeydenError) as caught:
            write.go(**({"guard": True} if write.__class__.__name__ == "BatchWrite" else {}))
        assert not caught.value.outcome
        assert caught.value.outcome == Outcome()
        assert not caught.value.unsure
        assert "made before" not in str(caught.value)
    assert stored(app) == {"1": "1"}


def test_the_parts_of_a_guarded_batch_before_a_refused_one_are_said(app: leyden.Service) -> None:
    visit = app.entities.visit
    visit.put(id="149", count=9).go()
    batch = app.batch_write([visit.create(id=f"{n}", count=n) for n in range(150)])
    with pytest.raises(LeydenError) as caught:
        batch.go(guard=True)
    assert not isinstance(caught.value, BatchIncompleteError)
    written = {write.raw["id"]["S"] for write in caught.value.outcome.written}
    assert written == stored(app).keys() - {"149"}
    assert len(written) == 100
    assert "nothing was written" not in str(caught.value)


def test_what_is_not_leydens_error_is_noted(app: leyden.Service) -> None:
    visit = app.entities.visit

    def program() -> Program[None]:
        yield from visit.put(id="1", count=1).program()
        raise KeyError("a bug")

    with pytest.raises(KeyError) as caught:
        app.driver.run(program())
    assert "the write was made" in caught.value.__notes__[-1]
