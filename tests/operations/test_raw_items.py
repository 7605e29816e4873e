"""Raw items, which a program has from a stream, an export or `data="raw"`."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import (
    DecodeError,
    InvalidExpressionError,
    InvalidOptionError,
    UnknownAttributeError,
)
from leyden.operations.companions.overflow.format import OVERFLOW_FIELD, pack, write_manifest

NOTES = """
entity: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  title: string
  secret: {type: string, hidden: true}
  shown: {type: string, get: {call: shout}}
  body: {type: string, overflow: chunk}
indexes:
  main:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""
OTHER = NOTES.replace("entity: note", "entity: other").replace("body:", "text:")


def shout(value: Any, values: Any) -> Any:
    return f"{value}!"


@pytest.fixture(scope="module")
def app() -> Any:
    source = f"{NOTES}---{OTHER}"
    return leyden.load(source, table="notes", region="eu-west-1", hooks={"shout": shout})


def test_decode_gives_hidden_values_and_no_hook_has_run(app: Any) -> None:
    note = app.entities.note
    item = note.put(id="n1", title="T", secret="s", shown="x").params()["Item"]
    assert note.decode(item) == {"id": "n1", "title": "T", "secret": "s", "shown": "x"}
    assert note.parse(item).shown == "x!"
    with pytest.raises(DecodeError, match=r'^note.decode: the stored field "title"'):
        note.decode({**item, "title": {"N": "5"}})
    with pytest.raises(DecodeError):
        note.decode("x")


def test_unknown_fields_are_neither_attributes_nor_keys(app: Any) -> None:
    note = app.entities.note
    item = note.put(id="n1", title="T").params()["Item"]
    assert note.unknown_fields(item) == {}
    assert note.unknown_fields({**item, "more": {"S": "x"}}) == {"more": {"S": "x"}}


def test_stored_as_compares_the_stored_form(app: Any) -> None:
    note = app.entities.note
    item = note.put(id="n1", title="T").params()["Item"]
    condition = note.stored_as(item, ["title", "secret"])
    params = note.patch(id="n1").set(title="U").where(condition).params()
    names = {v: k for k, v in params["ExpressionAttributeNames"].items()}
    assert f"attribute_not_exists ({names['secret']})" in params["ConditionExpression"]
    assert {"S": "T"} in params["ExpressionAttributeValues"].values()
    with pytest.raises(UnknownAttributeError, match="did you mean"):
        note.stored_as(item, ["titel"])
    with pytest.raises(InvalidExpressionError, match="name of at least one attribute"):
        note.stored_as(item, [])


def test_parse_keeps_what_is_stored_apart_if_asked(app: Any) -> None:
    note = app.entities.note
    packed = pack({"S": "x" * 1000})
    item = note.put(id="n1").params()["Item"]
    item[OVERFLOW_FIELD] = write_manifest({"body": packed.entry(2, "a" * 32)})
    with pytest.raises(DecodeError, match="stored outside the item"):
        note.parse(item)
    assert isinstance(note.parse(item, apart="keep").body, leyden.StoredApart)
    assert isinstance(note.decode(item)["body"], leyden.StoredApart)
    with pytest.raises(InvalidOptionError, match="`apart` takes"):
        note.parse(item, apart="drop")


def test_a_part_of_a_large_value_is_owned_as_such(app: Any) -> None:
    note, other = app.entities.note, app.entities.other
    part = {"__edb_e__": {"S": "note$overflow"}, "__edb_v__": {"S": "1"}}
    assert not note.owns(part)
    assert (note.owns_part(part), other.owns_part(part)) == (True, False)
