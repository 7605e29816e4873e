"""Attributes, keys and cursors turned into each other, for an entity and for an access pattern."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import leyden
from leyden.errors import (
    DecodeError,
    InputError,
    InvalidCursorError,
    InvalidExpressionError,
    MissingCompositeError,
    UnknownAttributeError,
)
from tests.operations.conftest import TASKS

MULTI = """
entity: multis
alias: multi
version: "1"
service: app
attributes:
  id: {type: string, required: true}
  place: {type: string, field: p}
  rank: integer
  at: timestamp
indexes:
  main:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
  ranked:
    index: gsi1
    type: composite
    pk: {composite: [place]}
    sk: {composite: [rank, at]}
"""
AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "project_id": "p",
    "task_id": "t",
    "area": "north",
    "rank": 7,
    "made_at": AT,
}
OF_MULTI: dict[str, Any] = {"id": "1", "place": "x", "rank": 2, "at": AT}


@pytest.fixture(scope="module")
def task() -> leyden.Entity:
    return leyden.load(TASKS, table="t")["task"]


@pytest.fixture(scope="module")
def multi() -> leyden.Entity:
    return leyden.load(MULTI, table="t")["multi"]


@pytest.mark.parametrize("pattern", [None, "ranked"])
def test_attributes_make_keys_and_come_back(task: leyden.Entity, pattern: str | None) -> None:
    convert = task.conversions
    keys = convert.attributes_to_keys(WHOLE, pattern)
    assert set(keys) == {"pk", "sk", "gsi2pk", "gsi2sk"}
    assert convert.keys_to_attributes(keys, pattern) == WHOLE
    item = task.put(WHOLE).params()["Item"]
    assert {name: convert.item_to_keys(item)[name] for name in keys} == keys


def test_keys_of_indexes_are_made_where_the_attributes_suffice(task: leyden.Entity) -> None:
    convert = task.conversions
    assert set(convert.attributes_to_keys({"project_id": "p", "task_id": "t", "rank": 1})) == {
        "pk",
        "sk",
    }
    with pytest.raises(MissingCompositeError, match='"ranked" needs "area"'):
        convert.attributes_to_keys({"project_id": "p", "task_id": "t", "rank": 1}, "ranked")
    with pytest.raises(MissingCompositeError):
        convert.attributes_to_keys({"project_id": "p"})
    with pytest.raises(UnknownAttributeError, match='did you mean "project_id"'):
        convert.attributes_to_keys({"project_idd": "p"})
    with pytest.raises(InvalidExpressionError, match='did you mean "ranked"'):
        convert.attributes_to_keys(WHOLE, "rankd")


@pytest.mark.parametrize("pattern", ["project", "ranked"])
def test_cursors_hold_the_attributes_of_their_pattern(task: leyden.Entity, pattern: str) -> None:
    convert = task.conversions
    cursor = convert.attributes_to_cursor(WHOLE, pattern)
    assert convert.keys_to_cursor(convert.cursor_to_keys(cursor, pattern)) == cursor
    found = convert.cursor_to_attributes(cursor, pattern)
    assert found == {name: WHOLE[name] for name in found}
    assert set(found) == {"project_id", "task_id"} | (
        set() if pattern == "project" else {"area", "rank", "made_at"}
    )
    with pytest.raises(InvalidCursorError, match="does not fit"):
        convert.cursor_to_keys(cursor, "project" if pattern == "ranked" else "ranked")


def test_attributes_of_a_composite_index_are_its_keys(multi: leyden.Entity) -> None:
    convert = multi.conversions
    keys = convert.attributes_to_keys(OF_MULTI, "ranked")
    assert set(keys) == {"pk", "sk", "p", "rank", "at"}
    assert (keys["p"], keys["rank"]) == ("x", 2)
    assert convert.keys_to_attributes(keys, "ranked") == OF_MULTI
    assert set(convert.attributes_to_keys({"id": "1", "place": "x"})) == {"pk", "sk"}
    with pytest.raises(MissingCompositeError) as caught:
        convert.attributes_to_keys({"id": "1", "place": "x"}, "ranked")
    assert caught.value.missing == ("rank", "at")


def test_a_cursor_of_a_composite_index_goes_on_where_a_page_would() -> None:
    with leyden.local() as engine:
        app = leyden.load(MULTI, table="t", engine=engine)
        app.create_table()
        multi = app["multi"]
        multi.put([{**OF_MULTI, "id": str(n), "rank": n} for n in range(4)]).go()
        query = multi.query.ranked(place="x")
        page = query.go(limit=2)
        assert page.cursor is not None
        made = multi.conversions.attributes_to_cursor({**OF_MULTI, "id": "1", "rank": 1}, "ranked")
        assert made == page.cursor.partition(".")[0]
        assert multi.conversions.cursor_to_attributes(page.cursor, "ranked")["rank"] == 1
        with pytest.raises(InvalidCursorError, match='pass cursor_from="electrodb"'):
            query.go(cursor=made)
        assert [r.rank for r in query.go(cursor=made, cursor_from="electrodb")] == [2, 3]
        app.close()


@pytest.mark.parametrize("wrong", [None, 5, b"x"])
def test_what_is_no_cursor_is_refused(task: leyden.Entity, wrong: Any) -> None:
    with pytest.raises(InvalidCursorError, match="a cursor is text"):
        task.conversions.cursor_to_keys(wrong)
    with pytest.raises((InvalidCursorError, InputError)):
        task.query.project(project_id="p").params(cursor=wrong or 5)


def test_what_is_no_key_is_refused(task: leyden.Entity) -> None:
    convert = task.conversions
    for wrong in ({}, {"other": "x"}):
        for call in (convert.keys_to_attributes, convert.keys_to_cursor):
            with pytest.raises(InputError, match="none of these is a key field"):
                call(wrong)
    with pytest.raises(InputError, match='"stranger" is not a key field of "tasks"'):
        convert.keys_to_cursor({"pk": "x", "stranger": "y"})
    for value in (None, True, {"S": "x"}):
        with pytest.raises(InputError, match='"pk" holds text, a number or bytes, not'):
            convert.keys_to_cursor({"pk": value})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="by key field, not str"):
        convert.keys_to_attributes("pk")  # type: ignore[arg-type]
    with pytest.raises(InputError, match='"pk" was not made by "tasks"'):
        convert.keys_to_attributes({"pk": "x"})
    with pytest.raises(DecodeError, match="not a raw item"):
        convert.item_to_keys({"pk": "x"})  # type: ignore[dict-item]


HALVES = """
entity: e
version: "1"
service: s
attributes: {a: {type: string, required: true}, b: string, c: string, n: integer}
indexes:
  main: {pk: {field: pk, composite: [a]}, sk: {field: sk, composite: [b, c]}}
  other: {index: gsi1, pk: {field: gsi1pk, composite: [n]}, sk: {field: gsi1sk, composite: [c]}}
"""


def test_keys_of_some_attributes_end_where_these_do() -> None:
    conversions = leyden.load(HALVES, table="t")["e"].conversions
    keys = conversions.attributes_to_keys({"a": "1", "b": "2"}, partial=True)
    assert keys == {
        "pk": "$s#a_1",
        "sk": "$e_1#b_2#c_",
        "gsi1pk": "$s#n_",
        "gsi1sk": "$e_1#c_",
    }
    assert conversions.attributes_to_keys({"a": "1"}, "main", partial=True) == {
        "pk": "$s#a_1",
        "sk": "$e_1#b_",
    }
    with pytest.raises(MissingCompositeError):
        conversions.attributes_to_keys({"a": "1", "b": "2"}, "main")


@pytest.mark.parametrize(
    ("sort_key", "values"),
    [
        ("$e_1#b_2#c_3", {"b": "2", "c": "3"}),
        ("$e_1#b_2#c_", {"b": "2"}),
        ("$e_1#b_2", {"b": "2"}),
        ("$e_1#b_", {}),
        ("$e_1", {}),
    ],
)
def test_keys_that_end_early_give_what_they_have(sort_key: str, values: dict[str, str]) -> None:
    conversions = leyden.load(HALVES, table="t")["e"].conversions
    keys = {"pk": "$s#a_1", "sk": sort_key, "gsi1pk": "$s#n_"}
    assert conversions.keys_to_attributes(keys, partial=True) == {"a": "1", **values}
    with pytest.raises(InputError):
        conversions.keys_to_attributes({"sk": "$other_1#b_2"}, partial=True)
