"""Versioned records: every write counts, and none is made over a version that was not seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    InputError,
    TransactionCanceledError,
    VersionConflictError,
)

NOTES = """
entity: notes
alias: note
version: "1"
service: pad
attributes:
  id: {type: string, required: true}
  text: string
  count: {type: integer, default: 0}
  revision: {type: integer, field: rev}
version_attribute: revision
indexes:
  notes:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


@pytest.fixture
def pad(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(NOTES)
    return service


@pytest.fixture
def note(pad: leyden.Service) -> leyden.Entity:
    return pad.entities.note


def revision(note: leyden.Entity) -> int | None:
    found = note.get(id="n").go(consistent=True)
    return None if found is None else found.revision


def test_every_kind_of_write_counts_the_version_up(note: leyden.Entity) -> None:
    assert note.create(id="n").go().revision == 1
    note.patch(id="n").set(text="a").go()
    assert revision(note) == 2
    note.update(id="n").add(count=1).go()
    assert revision(note) == 3
    note.upsert(id="n", text="b").go()
    assert revision(note) == 4
    assert note.put(id="n", text="c").go().revision == 5
    assert revision(note) == 5
    note.delete(id="n").go()
    assert note.put(id="n").go().revision == 1
    note.delete(id="n").go()
    note.update(id="n").set(text="made by an update").go()
    assert revision(note) == 1


def test_an_item_from_before_versions_starts_to_count(note: leyden.Entity) -> None:
    note.put(id="n").go()
    _strip(note)
    note.patch(id="n").set(text="a").go()
    assert revision(note) == 1
    _strip(note)
    assert note.put(id="n").go().revision == 1
    _strip(note)
    seen = note.get(id="n").go(consistent=True)
    assert seen.revision is None
    note.patch(id="n").set(text="b").expecting(seen).go()
    with pytest.raises(VersionConflictError):
        note.patch(id="n").set(text="c").expecting(seen).go()
    with pytest.raises(VersionConflictError):
        note.patch(id="n").set(text="c").expecting(0).go()


def _strip(note: leyden.Entity) -> None:
    """Make the stored item one that nobody has counted."""
    from leyden.program import Request

    whole = note.patch(id="n").set(text="x").params()
    request = Request(
        "UpdateItem",
        {"TableName": whole["TableName"], "Key": whole["Key"], "UpdateExpression": "REMOVE rev"},
    )

    def program() -> Any:
        yield request

    note._bound.runner.run(program())


@pytest.mark.parametrize("verb", ["patch", "update", "delete", "remove", "put", "upsert"])
def test_a_write_over_another_version_is_refused_with_what_is_stored(
    note: leyden.Entity, verb: str
) -> None:
    seen = note.create(id="n", text="first").go()
    note.patch(id="n").set(text="second").go()
    chains: dict[str, Any] = {
        "patch": lambda: note.patch(id="n").set(text="mine").expecting(seen),
        "update": lambda: note.update(id="n").set(text="mine").expecting(1),
        "delete": lambda: note.delete(id="n").expecting(seen),
        "remove": lambda: note.remove(id="n").expecting(seen),
        "put": lambda: note.put(id="n", text="mine").expecting(seen),
        "upsert": lambda: note.upsert(id="n", text="mine").expecting(seen),
    }
    with pytest.raises(VersionConflictError) as caught:
        chains[verb]().go()
    error = caught.value
    assert error.code == "version.conflict"
    assert (error.operation, error.entity) == (f"note.{verb}", "notes")
    assert (error.stored.text, error.stored.revision) == ("second", 2)
    assert error.item is not None
    assert error.item["rev"] == {"N": "2"}
    assert "second" not in str(error)
    assert note.get(id="n").go(consistent=True) == error.stored


@pytest.mark.parametrize("verb", ["patch", "update", "delete", "remove", "put", "upsert"])
def test_a_write_over_the_version_that_was_seen_happens(note: leyden.Entity, verb: str) -> None:
    seen = note.create(id="n").go()
    chains: dict[str, Any] = {
        "patch": lambda: note.patch(id="n").set(text="mine").expecting(seen),
        "update": lambda: note.update(id="n").set(text="mine").expecting(seen),
        "delete": lambda: note.delete(id="n").expecting(seen),
        "remove": lambda: note.remove(id="n").expecting(1),
        "put": lambda: note.put(id="n", text="mine").expecting(seen),
        "upsert": lambda: note.upsert(id="n", text="mine").expecting(seen),
    }
    chains[verb]().go()
    found = note.get(id="n").go(consistent=True)
    if verb in ("delete", "remove"):
        assert found is None
    else:
        assert (found.text, found.revision) == ("mine", 2)


def test_a_record_that_is_put_back_replaces_only_what_was_read(note: leyden.Entity) -> None:
    seen = note.create(id="n", text="first").go()
    again = note.put(seen, text="second").go()
    assert (again.text, again.revision) == ("second", 2)
    with pytest.raises(VersionConflictError):
        note.put(seen, text="lost").go()
    with pytest.raises(VersionConflictError):
        note.upsert(seen, text="lost").go()
    note.upsert(again, text="third").go()
    assert note.get(id="n").go(consistent=True).text == "third"
    note.delete(id="n").go()
    with pytest.raises(VersionConflictError, match="no item with that version any more") as caught:
        note.put(again).go()
    assert caught.value.stored is None
    assert note.put(again, revision=None).go().revision == 1


def test_a_condition_of_the_callers_is_told_from_a_conflict(note: leyden.Entity) -> None:
    seen = note.create(id="n", count=1).go()
    with pytest.raises(ConditionFailedError) as caught:
        note.patch(id="n").set(text="x").expecting(seen).where(note.attr.count > 5).go()
    assert type(caught.value) is ConditionFailedError
    with pytest.raises(ConditionFailedError) as caught:
        note.put(id="n").where(note.attr.count > 5).go()
    assert type(caught.value) is ConditionFailedError
    assert note.put(id="n", text="y").where(note.attr.count == 1).go().revision == 2


def test_zero_says_that_nothing_may_be_there_yet(note: leyden.Entity) -> None:
    note.put(id="n", text="mine").expecting(0).go()
    with pytest.raises(VersionConflictError):
        note.put(id="n", text="too late").expecting(0).go()
    assert note.get(id="n").go(consistent=True).text == "mine"


def test_transactions_carry_expectations(pad: leyden.Service, note: leyden.Entity) -> None:
    seen = note.create(id="n").go()
    pad.transact_write(
        [
            note.patch(id="n").set(text="a").expecting(seen),
            note.create(id="m"),
        ]
    ).go()
    with pytest.raises(TransactionCanceledError) as caught:
        pad.transact_write(
            [
                note.check(id="n").expecting(seen),
                note.put(id="new"),
            ]
        ).go()
    assert [(r.position, r.reason) for r in caught.value.rejections] == [(0, "version")]
    assert note.get(id="new").go() is None
    pad.transact_write([note.put(note.get(id="m").go(consistent=True), text="b")]).go()
    assert note.get(id="m").go(consistent=True).revision == 2
    result = pad.transact_write([note.put(id="m", text="c"), note.put(id="new")]).go()
    assert [record.revision for record in result] == [3, 1]
    assert note.get(id="m").go(consistent=True) == result[0]


def test_a_batch_refuses_what_it_could_not_keep(note: leyden.Entity) -> None:
    with pytest.raises(InputError, match="has a condition, which a batch cannot carry"):
        note.put([{"id": "a"}]).go()
    note.put([{"id": "a"}, {"id": "b"}]).go(guard=True)
    assert [record.revision for record in note.scan] == [1, 1]
    note.put([{"id": "a"}]).go(guard=True)
    assert {record.id: record.revision for record in note.scan} == {"a": 2, "b": 1}
    note.delete([{"id": "a"}, {"id": "b"}]).go()
    assert list(note.scan) == []


def test_no_update_is_lost_among_many_writers(note: leyden.Entity) -> None:
    note.create(id="n").go()

    def bump(_: int) -> int:
        for attempt in range(200):
            seen = note.get(id="n").go(consistent=True)
            try:
                note.put(seen, count=seen.count + 1).go()
            except VersionConflictError:
                continue
            return attempt
        raise AssertionError("never got through")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(bump, range(10)))
    found = note.get(id="n").go(consistent=True)
    assert (found.count, found.revision) == (10, 11)


def test_puts_without_an_expectation_all_count(note: leyden.Entity) -> None:
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda n: note.put(id="n", count=n).go().revision, range(12)))
    assert sorted(seen) == list(range(1, 13))
