"""Vectors go through every verb, beside all else that an entity may have."""

from __future__ import annotations

import random
from array import array
from typing import Any, Final

import pytest

import leyden
from leyden.errors import (
    ItemExistsError,
    LeydenError,
    NotReadError,
    RequiredAttributeError,
    UniqueConstraintError,
    ValidationError,
    VersionConflictError,
)
from leyden.program import Request

DIMENSIONS: Final = 64
SOURCE: Final = """
entity: passages
alias: passage
version: "1"
service: search
unique: [[title]]
version_attribute: count
attributes:
  document: {type: string, required: true}
  number: {type: integer, required: true, padding: {length: 4, char: "0"}}
  title: string
  count: integer
  text: {type: string, overflow: chunk}
  near: {type: vector, dimensions: 64}
  far: {type: vector, dimensions: 64, deferred: true, required: true, field: f}
  secret: {type: vector, dimensions: 2, hidden: true}
  least: {type: number, derive: "near && min(near)"}
  parts: {type: list, items: {type: vector, dimensions: 2}}
  known: {type: map, properties: {at: {type: vector, dimensions: 2, required: true}}}
indexes:
  passages:
    collection: all
    pk: {field: pk, composite: [document]}
    sk: {field: sk, composite: [number]}
  titled:
    index: gsi1
    projection: [title, near, f, __edb_e__, __edb_v__]
    pk: {field: gsi1pk, composite: [title]}
    sk: {field: gsi1sk, composite: [number]}
"""
KEY: Final = {"document": "d", "number": 1}


def numbers(seed: int) -> tuple[float, ...]:
    """32-bit floats, as a model gives them."""
    like = random.Random(seed)
    return tuple(array("f", [like.gauss(0, 0.1) for _ in range(DIMENSIONS)]))


def single(values: Any) -> Any:
    """What an index works with."""
    return array("f", values)


@pytest.fixture
def app(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(SOURCE)
    return service


def stored(app: leyden.Service, key: Any = KEY) -> Any:
    found = app.entities.passage.get(**key).go(data="raw")
    assert isinstance(found["f"]["L"], list)
    return found


def test_a_put_and_every_read_give_the_same_record(app: leyden.Service) -> None:
    passage = app.entities.passage
    near, far = numbers(1), numbers(2)
    put = passage.put(**KEY, title="a", text="t", near=near, far=far, secret=[1, 2]).go()
    assert single(put.near) == single(near)
    assert put.least == pytest.approx(min(near))
    reads = {
        "get": passage.get(**KEY).go(),
        "consistent": passage.get(**KEY).go(consistent=True),
        "query": passage.query.passages(document="d").go()[0],
        "filtered": passage.query.passages(document="d").where(passage.attr.near.exists()).go()[0],
        "hydrated": passage.query.titled(title="a").go(hydrate=True)[0],
        "batch": passage.get([KEY]).go()[0],
        "transaction": app.transact_get([passage.get(**KEY)]).go()[0],
        "collection": app.collections.all(document="d").go().passage[0],
        "scan": passage.scan.go()[0],
        "segments": passage.scan.go(segments=2)[0],
        "match": passage.match(document="d", title="a").go()[0],
        "parse": passage.parse(stored(app)),
    }
    assert {name: record for name, record in reads.items() if record != put} == {}
    for record in (put, *reads.values()):
        with pytest.raises(NotReadError, match="the schema defers it"):
            record.far  # noqa: B018 - reading is what is refused
        assert not hasattr(record, "secret")
    named = ["near", "far"]
    for record in (
        passage.get(**KEY).go(attributes=named),
        passage.get([KEY]).go(attributes=named)[0],
        passage.query.passages(document="d").go(attributes=named)[0],
        passage.query.titled(title="a").go(attributes=named)[0],
        passage.query.titled(title="a").go(attributes=named, hydrate=True)[0],
        passage.scan.go(attributes=named)[0],
    ):
        assert record.near == put.near
        assert single(record.far) == single(far)
    narrow = passage.query.titled(title="a").go()[0]
    assert narrow.near == put.near
    with pytest.raises(NotReadError):
        narrow.far  # noqa: B018 - reading is what is refused


def test_raw_items_are_those_of_the_service(app: leyden.Service) -> None:
    passage = app.entities.passage
    passage.put(**KEY, near=[0.1] * DIMENSIONS, far=[2] * DIMENSIONS, title="a").go()
    item = stored(app)
    assert item["near"] == {"L": [{"N": "0.1"}] * DIMENSIONS}
    assert item["f"] == {"L": [{"N": "2"}] * DIMENSIONS}
    for found in (
        passage.query.passages(document="d").go(data="raw")[0],
        passage.get([KEY]).go(data="raw")[0],
        passage.scan.go(data="raw")[0],
        passage.query.titled(title="a").go(data="raw", hydrate=True)[0],
    ):
        assert found == item
        assert type(found["near"]["L"]) is list


def test_long_numbers_of_other_clients_are_read(app: leyden.Service) -> None:
    passage = app.entities.passage
    passage.put(**KEY, near=[0.1] * DIMENSIONS, far=[2] * DIMENSIONS).go()
    item = stored(app)
    item["near"] = {"L": [{"N": "0.10000000149011612"}] * DIMENSIONS}
    app.driver.send(Request("PutItem", {"TableName": app.table, "Item": item}, "raw"))
    for record in (
        passage.get(**KEY).go(),
        passage.query.passages(document="d").go()[0],
        passage.get([KEY]).go()[0],
    ):
        assert record.near == (0.10000000149011612,) * DIMENSIONS
        assert single(record.near) == single([0.1] * DIMENSIONS)


@pytest.mark.parametrize("value", [[1.0], "a", [True] * 64, [float("nan")] * 64, [1e39] * 64])
def test_what_is_no_vector_is_refused_by_every_write(app: leyden.Service, value: Any) -> None:
    passage = app.entities.passage
    for write in (
        lambda: passage.put(**KEY, far=value).go(),
        lambda: passage.create(**KEY, far=value).go(),
        lambda: passage.upsert(**KEY, far=value).go(),
        lambda: passage.put([{**KEY, "far": value}]).go(guard=True),
        lambda: passage.patch(**KEY).set(far=value).go(),
        lambda: passage.update(**KEY).set(far=value).go(),
        lambda: app.transact_write([passage.put(**KEY, far=value)]).go(),
    ):
        with pytest.raises(ValidationError, match='"far'):
            write()
    assert passage.scan.go().items == ()


def test_a_required_vector_is_required_though_it_is_deferred(app: leyden.Service) -> None:
    passage = app.entities.passage
    with pytest.raises(RequiredAttributeError, match='"far"'):
        passage.put(**KEY).go()
    passage.put(**KEY, far=numbers(1)).go()
    with pytest.raises(LeydenError, match="far"):
        passage.update(**KEY).remove("far").go()


def test_updates_set_vectors_as_a_whole(app: leyden.Service) -> None:
    passage = app.entities.passage
    passage.put(**KEY, near=numbers(1), far=numbers(2)).go()
    changed = passage.patch(**KEY).set(near=numbers(3)).go(response="all_new")
    assert single(changed.near) == single(numbers(3))
    assert not hasattr(changed, "far")
    assert changed.least == pytest.approx(min(numbers(3)))
    changed = passage.patch(**KEY).set(far=numbers(4)).go(response="updated_new")
    assert single(changed.far) == single(numbers(4))
    before = passage.patch(**KEY).remove("near").go(response="all_old")
    assert single(before.near) == single(numbers(3))
    record = passage.get(**KEY).go()
    assert (record.near, record.least) == (None, None)
    assert passage.get(**KEY).go(attributes=["far"]).far == changed.far
    for wrong in (
        lambda: passage.patch(**KEY).set({"near[0]": 1.0}),
        lambda: passage.patch(**KEY).append(near=[1.0]),
        lambda: passage.patch(**KEY).add(near=1),
        lambda: passage.attr.near[0],
    ):
        with pytest.raises(LeydenError):
            wrong()


def test_conditions_ask_whether_there_is_a_vector(app: leyden.Service) -> None:
    passage = app.entities.passage
    passage.put(**KEY, near=numbers(1), far=numbers(2)).go()
    passage.put(document="d", number=2, far=numbers(2)).go()
    query = passage.query.passages(document="d")
    attr = passage.attr
    assert [one.number for one in query.where(attr.near.exists()).go()] == [1]
    assert [one.number for one in query.where(attr.near.does_not_exist()).go()] == [2]
    assert [one.number for one in query.where(attr.far.exists()).go()] == [1, 2]
    assert [one.number for one in query.where(attr.near == numbers(1)).go()] == [1]


def test_what_an_array_holds_when_it_is_given_is_what_is_stored(app: leyden.Service) -> None:
    passage = app.entities.passage
    given = array("f", numbers(1))
    for write in (
        lambda: passage.put(**KEY, far=given),
        lambda: passage.put([{**KEY, "far": given}]),
        lambda: passage.upsert(**KEY, far=given),
        lambda: passage.patch(**KEY).set(far=given),
    ):
        chain = write()
        given[0] = 7
        chain.go(**({"guard": True} if isinstance(chain, leyden.BatchWrite) else {}))
        assert single(passage.get(**KEY).go(attributes=["far"]).far) == single(numbers(1))
        given[0] = numbers(1)[0]


def test_vectors_inside_of_lists_and_maps(app: leyden.Service) -> None:
    passage = app.entities.passage
    parts, known = [[0.5, 1], [2, 3]], {"at": [0.25, 1]}
    put = passage.put(**KEY, far=numbers(2), parts=parts, known=known).go()
    assert put.parts == [(0.5, 1.0), (2.0, 3.0)]
    assert put.known == {"at": (0.25, 1.0)}
    assert passage.get(**KEY).go() == put == passage.query.passages(document="d").go()[0]
    with pytest.raises(ValidationError, match=r'"parts\[1\]" must have 2 numbers, not 1'):
        passage.put(**KEY, far=numbers(2), parts=[[1, 2], [1]]).go()
    changed = passage.patch(**KEY).set({"parts[1]": [4, 5], "known.at": [6, 7]})
    changed.go()
    record = passage.get(**KEY).go()
    assert (record.parts[1], record.known["at"]) == ((4.0, 5.0), (6.0, 7.0))


def test_vectors_go_with_unique_versioned_and_large_values(app: leyden.Service) -> None:
    passage = app.entities.passage
    like = random.Random(1)
    text = "".join(str(like.random()) for _ in range(60_000))
    values = {"title": "a", "near": numbers(1), "far": numbers(2)}
    put = passage.put(**KEY, **values, text=text).go()
    found = passage.get(**KEY).go()
    assert found == put
    assert found.text == text
    assert passage.query.passages(document="d").go()[0] == put
    assert single(passage.get(**KEY).go(attributes=["far", "text"]).far) == single(numbers(2))
    other = {"document": "d", "number": 2, "far": numbers(3)}
    with pytest.raises(UniqueConstraintError):
        passage.create(**other, title="a").go()
    with pytest.raises(ItemExistsError):
        passage.create(**KEY, far=numbers(3)).go()
    passage.patch(found).set(far=numbers(5)).go()
    with pytest.raises(VersionConflictError):
        passage.patch(found).set(far=numbers(6)).go()
    assert single(passage.get(**KEY).go(attributes=["far"]).far) == single(numbers(5))
    passage.delete(**KEY).go()
    passage.create(**other, title="a").go()


def test_batches_and_transactions_carry_vectors(app: leyden.Service) -> None:
    passage = app.entities.passage
    rows = [{"document": "b", "number": n, "far": numbers(n), "near": numbers(n)} for n in range(5)]
    put = passage.put(rows).go(guard=True)
    assert [*passage.get([{"document": "b", "number": n} for n in range(5)]).go()] == [*put]
    done = app.transact_write(
        [
            passage.put(**KEY, far=numbers(1)),
            passage.patch(document="b", number=1).set(near=numbers(9)),
            passage.upsert(document="b", number=7, far=numbers(7)),
        ]
    ).go()
    assert done[0] == passage.get(**KEY).go()
    found = passage.get(document="b", number=1).go(attributes=["near", "far"])
    assert (single(found.near), single(found.far)) == (single(numbers(9)), single(numbers(1)))


def test_streams_say_what_changed_of_vectors(app: leyden.Service) -> None:
    passage = app.entities.passage
    passage.put(**KEY, near=numbers(1), far=numbers(2)).go()
    old = stored(app)
    passage.patch(**KEY).set(far=numbers(3)).go()
    new = stored(app)
    keys = {name: old[name] for name in ("pk", "sk")}
    images = {"Keys": keys, "OldImage": old, "NewImage": new}
    (change,) = app.parse_stream([{"eventName": "MODIFY", "dynamodb": images}])
    assert change.changed >= {"far"}
    assert "near" not in change.changed
    assert single(change.new.near) == single(numbers(1))
    assert not hasattr(change.new, "far")
    assert single(passage.decode(new)["far"]) == single(numbers(3))
