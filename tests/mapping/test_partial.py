"""Records of a part of an item: what they show, and that they know what they do not show."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Final

import attrs
import pytest

import leyden
from leyden.errors import InputError, LeydenError, NotReadError, ValidationError
from leyden.mapping.lack import WHOLE, Lack, lack_of, narrow
from leyden.types.lacking import LackingList, LackingMap, excerpt

SOURCE: Final = """
entity: notes
alias: note
version: "1"
service: parts
attributes:
  id: {type: string, required: true}
  kind: string
  tags: {type: list, items: string}
  detail: {type: map, properties: {effort: integer, inner: {type: map, properties: {a: string}}}}
  revision: integer
version_attribute: revision
indexes:
  notes:
    pk: {field: pk, composite: [id]}
"""
note: Final = leyden.load(SOURCE, table="t")["note"]


def whole(**values: Any) -> Any:
    item = note.put(**{"id": "1", "kind": "a", **values}).params()["Item"]
    return note.parse(item)


def part(*slots: str, **values: Any) -> Any:
    return narrow(whole(**values), frozenset(slots))


def test_what_was_not_read_raises_and_is_not_there() -> None:
    record = part("id")
    assert record.id == "1"
    with pytest.raises(NotReadError, match='"kind" was not read: this record shows id') as caught:
        record.kind  # noqa: B018 - reading is what is refused
    error = caught.value
    assert isinstance(error, LeydenError)
    assert isinstance(error, AttributeError)
    assert (error.code, error.attribute, error.entity) == ("record.not_read", "kind", "notes")
    assert not hasattr(record, "kind")
    assert getattr(record, "kind", 0) == 0
    with pytest.raises(AttributeError, match="has no attribute 'kid'") as other:
        record.kid  # noqa: B018 - reading is what is refused
    assert not isinstance(other.value, NotReadError)


def test_a_part_is_a_record_and_shows_what_was_read() -> None:
    record = part("id", "tags")
    assert isinstance(record, note.record)
    assert repr(record) == "Note(id='1')"
    assert attrs.asdict(record) == {"id": "1", "tags": None}
    assert attrs.astuple(record) == ("1", None)
    assert attrs.fields(type(record)).tags.name == "tags"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.id = "2"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.kind = "2"


def test_parts_compare_by_what_they_show() -> None:
    assert part("id", "kind") == part("id", "kind")
    assert part("id") == part("id", kind="b")
    assert part("id") != part("id", "kind")
    assert part("id", "kind") != whole()
    assert whole() != part("id", "kind")
    assert hash(part("id")) == hash(part("id", kind="b"))
    assert part("id") != "1"
    assert whole() != "1"
    assert whole() == whole()
    assert len({whole(), whole(), part("id"), part("id")}) == 2


@pytest.mark.parametrize(
    "remake", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_copies_and_pickles_know_it_too(remake: Any) -> None:
    again = remake(part("id", "tags"))
    assert again == part("id", "tags")
    assert not hasattr(again, "kind")
    assert lack_of(again) == Lack(read=frozenset({"id", "tags"}))
    assert lack_of(remake(whole())) is WHOLE


def test_evolving_keeps_a_part_a_part_and_may_add_to_it() -> None:
    evolved = attrs.evolve(part("id"), id="2")
    assert (evolved.id, hasattr(evolved, "kind")) == ("2", False)
    more = attrs.evolve(part("id"), kind="b")
    assert (more.id, more.kind, hasattr(more, "tags")) == ("1", "b", False)
    with pytest.raises(TypeError, match='has no attribute "kid"'):
        attrs.evolve(part("id"), kid="b")


def test_writes_refuse_a_part() -> None:
    for write in (note.put, note.create, note.upsert, lambda record: note.put([record])):
        with pytest.raises(InputError, match="shows id of its item"):
            write(part("id"))
        with pytest.raises(InputError, match="shows nothing of its item"):
            write(part())


def test_a_part_without_its_version_expects_nothing() -> None:
    chain = note.patch(id="1").set(kind="b")
    with pytest.raises(InputError, match='"revision" was not read with this record'):
        chain.expecting(part("id"))
    assert chain.expecting(part("revision")).params() == chain.expecting(1).params()


def test_fields_that_the_schema_does_not_know_are_known_to_be_there() -> None:
    item = {**note.put(id="1", kind="a").params()["Item"], "nick": {"S": "x"}, "gsi9": {"S": "y"}}
    record = note.parse(item)
    assert record == whole()
    assert whole() == record
    assert hash(record) == hash(whole())
    for again in (record, attrs.evolve(record, kind="b"), pickle.loads(pickle.dumps(record))):
        lack = lack_of(again)
        assert lack is not None
        assert attrs.evolve(lack, changed=frozenset()) == Lack(fields=("gsi9", "nick"))
        with pytest.raises(InputError, match=r"does not know \(gsi9, nick\), which .put\(\) would"):
            note.put(again)
    assert "nick" not in str(note.upsert(record).params())


def test_maps_know_what_was_left_out_of_them() -> None:
    item = note.put(id="1", detail={"effort": 1, "inner": {"a": "b"}}).params()["Item"]
    item["detail"]["M"]["inner"]["M"]["z"] = {"S": "x"}
    record = note.parse(item)
    assert record.detail == {"effort": 1, "inner": {"a": "b"}}
    assert lack_of(record) == Lack(inside=("detail.inner.z",))
    for detail in (record.detail, copy.deepcopy(record.detail), dict(record.detail)):
        with pytest.raises(ValidationError, match=r'"detail\.inner" was read without "z"'):
            note.patch(id="1").set(detail=detail)
    assert note.put(record, detail={"effort": 2}).params()["Item"]["detail"]["M"].keys() == {
        "effort"
    }


def test_what_a_map_lacks_survives_copies_until_it_is_put_in() -> None:
    lacking = LackingMap({"a": 1}, ["b"])
    for again in (
        copy.copy(lacking),
        copy.deepcopy(lacking),
        lacking.copy(),
        pickle.loads(pickle.dumps(lacking)),
        lacking | {"c": 2},
        {"c": 2} | lacking,
    ):
        assert again.left_out == ("b",)
    lacking["b"] = 2
    assert lacking.left_out == ()
    assert isinstance(excerpt([1]).copy(), LackingList)
    assert pickle.loads(pickle.dumps(excerpt({"a": 1}))).left_out is None
    assert excerpt("text") == "text"
