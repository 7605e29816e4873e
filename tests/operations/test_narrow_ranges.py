"""Ranges over narrow indexes, and values that keys do not tell: nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import leyden
from leyden.errors import DecodeError, InvalidExpressionError
from leyden.program import Request


@pytest.fixture
def engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as engine:
        yield engine


def open_service(
    engine: Any,
    name: dict[str, Any],
    sort: dict[str, Any],
    projection: Any = "keys_only",
    **more: Any,
) -> leyden.Service:
    schema = {
        "entity": "rows",
        "alias": "row",
        "version": "1",
        "service": "narrow",
        **more,
        "attributes": {
            "g": {"type": "string", "required": True},
            "id": {"type": "string", "required": True},
            "n": name,
            "m": {"type": "integer", "required": True},
        },
        "indexes": {
            "main": {
                "pk": {"field": "pk", "composite": ["g"]},
                "sk": {"field": "sk", "composite": ["id"]},
            },
            "by": {
                "index": "gsi1",
                "projection": projection,
                "pk": {"field": "gsi1pk", "composite": ["g"]},
                "sk": {"field": "gsi1sk", **sort},
            },
        },
    }
    app = leyden.load({"entities": [schema]}, table="narrow", engine=engine)
    app.create_table()
    return app


def load(*given: Any, **more: Any) -> Any:
    return open_service(*given, **more)["row"]


def ids(query: Any, **options: Any) -> list[str]:
    return sorted(r["sk"]["S"][-1] for r in query.go(data="raw", pages="all", **options))


REQUIRED = {"type": "string", "required": True}


@pytest.mark.parametrize(
    ("name", "sort", "more"),
    [
        (REQUIRED, {"composite": ["n", "m"]}, {"keys": "strict"}),
        (REQUIRED, {"composite": ["n", "m"], "casing": "none"}, {}),
        (REQUIRED, {"composite": ["n", "m"]}, {}),
        ({"type": ["aσ", "ab", "a"]}, {"composite": ["n", "m"]}, {}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_sigma_in_the_equal_part_of_a_range_is_compared(
    engine: Any, name: dict[str, Any], sort: dict[str, Any], more: dict[str, Any]
) -> None:
    row = load(engine, name, sort, "all", **more)
    for number, text in enumerate(("aσ", "ab", "a")):
        row.put(g="t", id=str(number), n=text, m=1).go()
    query = row.query.by(g="t", n="aσ").between({"m": 0}, {"m": 9})
    assert ids(query) == ["0"]
    assert query.count() == 1


@pytest.mark.parametrize(
    ("kind", "sort"),
    [
        ("integer", {"template": "${n}|${m}"}),
        ("integer", {"template": "X#${n}|${m}"}),
        ("integer", {"composite": ["n"], "cast": "number"}),
        ("string", {"template": "${n}"}),
        ("integer", {"composite": ["n", "m"]}),
    ],
)
def test_an_index_without_identifiers_counts_and_shows_its_items(
    engine: Any, kind: str, sort: dict[str, Any]
) -> None:
    row = load(engine, {"type": kind, "required": True}, sort, ["id", "m", "g"])
    for number in range(4):
        value = number * 5
        row.put(g="t", id=str(number), n=value if kind == "integer" else str(value), m=1).go()
    lowest = 5 if kind == "integer" else "10"
    for query, count in ((row.query.by(g="t"), 4), (row.query.by(g="t").gte(n=lowest), 3)):
        assert len(ids(query)) == count
        assert query.count() == count
        assert len(list(query.iter(attributes=["id"]))) == count
        assert len(query.go(attributes=["id"], ignore_ownership=True)) == count


def test_a_range_over_texts_is_told_by_keys_that_only_some_attributes_were_asked_of(
    engine: Any,
) -> None:
    row = load(engine, {"type": "boolean", "required": True}, {"composite": ["n", "m"]}, "all")
    row.put(g="t", id="0", n=True, m=5).go()
    query = row.query.by(g="t").gte(n=True, m=1)
    assert [r.id for r in query.go(attributes=["id"], ignore_ownership=True)] == ["0"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("decimal", Decimal("1E+25")),
        ("decimal", Decimal("0.0000001")),
        ("decimal", Decimal("-1.25E+30")),
        ("integer", 10**21),
        ("integer", -(10**24) - 1),
        ("number", 10**22 + 1),
    ],
)
@pytest.mark.parametrize("casing", ["default", "upper", "none"])
def test_numbers_that_are_written_with_an_exponent_are_in_ranges_and_read_back(
    engine: Any, kind: str, value: Any, casing: str
) -> None:
    sort = {"composite": ["n", "m"], "casing": casing}
    row = load(engine, {"type": kind, "required": True}, sort)
    row.put(g="t", id="0", n=value, m=2).go()
    assert ids(row.query.by(g="t").gte(n=-(10**31))) == ["0"]
    assert ids(row.query.by(g="t").between({"n": value}, {"n": value})) == ["0"]
    keys = row.conversions.attributes_to_keys({"g": "t", "id": "0", "n": value, "m": 2}, "by")
    assert row.conversions.keys_to_attributes(keys, "by")["n"] == value


def test_a_key_that_cannot_be_taken_apart_is_not_left_out_in_silence(engine: Any) -> None:
    app = open_service(engine, {"type": "integer", "required": True}, {"composite": ["n"]})
    row = app["row"]
    row.put(g="t", id="0", n=5, m=1).go()
    put = row.put(g="t", id="1", n=6, m=1).params()
    put["Item"]["gsi1sk"] = {"S": "$rows_1#n_six"}
    app.driver.send(Request("PutItem", put, "raw"))
    query = row.query.by(g="t").gte(n=1)
    with pytest.raises(DecodeError, match=r'"gsi1sk" of an item cannot be parsed.*"n"'):
        query.go()
    assert ids(query, hydrate=True) == ["0", "1"]


@pytest.mark.parametrize("projection", ["keys_only", ["id", "__edb_e__", "__edb_v__"], "all"])
@pytest.mark.parametrize("keys", ["strict", "electrodb"])
@pytest.mark.filterwarnings("ignore")
def test_an_item_without_a_value_is_in_no_range(engine: Any, projection: Any, keys: str) -> None:
    row = load(engine, {"type": "string"}, {"composite": ["n"]}, projection, keys=keys)
    row.put(g="t", id="0", n="a", m=1).go()
    row.put(g="t", id="1", m=1).go()
    row.put(g="t", id="2", n="", m=1).go()
    for query in (row.query.by(g="t").lte(n="z"), row.query.by(g="t").gte(n="")):
        assert ids(query, hydrate=True) == ["0", "2"]
        if projection == "all":
            assert ids(query) == ["0", "2"]
            continue
        for read in (query.go, query.count):
            with pytest.raises(InvalidExpressionError, match="cannot be told from no value"):
                read()
    assert ids(row.query.by(g="t").gt(n="")) == ["0"]
    assert ids(row.query.by(g="t").between({"n": "a"}, {"n": "b"})) == ["0"]


@pytest.mark.filterwarnings("ignore")
def test_an_empty_text_in_front_of_another_value_is_told_by_the_key(engine: Any) -> None:
    row = load(engine, {"type": "string"}, {"composite": ["n", "m"]})
    row.put(g="t", id="0", n="", m=3).go()
    row.put(g="t", id="2", n="b", m=3).go()
    assert ids(row.query.by(g="t", n="")) == ["0"]
    assert ids(row.query.by(g="t").lte(n="a")) == ["0"]


@pytest.mark.parametrize(
    "sort", [{"composite": ["n", "m"]}, {"composite": ["n"]}, {"template": "X#${n}~${m}#END"}]
)
@pytest.mark.parametrize("projection", ["keys_only", "all"])
def test_an_empty_text_of_a_required_attribute_is_found(
    engine: Any, sort: dict[str, Any], projection: str
) -> None:
    row = load(engine, REQUIRED, sort, projection)
    row.put(g="t", id="0", n="", m=-10).go()
    row.put(g="t", id="1", n="a", m=10).go()
    query = row.query.by(g="t", n="")
    assert ids(query) == ids(query, hydrate=True) == ["0"]
    assert query.count() == 1
    assert ids(row.query.by(g="t").lte(n="")) == ["0"]


@pytest.mark.parametrize("kind", ["boolean", "integer", "decimal", "number", "timestamp", "ttl"])
@pytest.mark.parametrize("keys", ["strict", "electrodb"])
@pytest.mark.filterwarnings("ignore")
def test_a_key_without_a_value_is_no_fault_of_a_range(engine: Any, kind: str, keys: str) -> None:
    value: Any = True if kind == "boolean" else "2026-01-01T00:00:00Z"
    value = 1 if kind in ("integer", "decimal", "number", "ttl") else value
    row = load(engine, {"type": kind}, {"composite": ["n"]}, keys=keys)
    row.put(g="t", id="0", n=value, m=1).go()
    row.put(g="t", id="1", m=1).go()
    assert ids(row.query.by(g="t").lte(n=value)) == ["0"]
    assert ids(row.query.by(g="t").lt(n=value)) == []


def test_explain_says_what_a_narrow_index_cannot_compare(engine: Any) -> None:
    narrow = load(engine, REQUIRED, {"composite": ["n"]}).query.by(g="t", n="a")
    said = str(narrow.explain())
    assert "other values of g, n can share this key" in said
    assert "left out only with `hydrate=True`" in said
    assert "left out after reading" in str(narrow.explain(hydrate=True))
