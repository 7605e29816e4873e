"""A range means what it says of the attributes: it finds what a filter over all items finds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    AmbiguousKeyError,
    InvalidExpressionError,
    MissingCompositeError,
    ValidationError,
)
from tests.conformance.ranging import (
    applied,
    collections,
    entities,
    in_range,
    item_values,
    placing,
    ranges,
    starts_behind_its_end,
)

# Each example writes and reads a table: there is no time to shrink one as well.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
LAYOUT = """
entity: layout
version: "1"
service: ranges
attributes: {part: string, id: string}
indexes:
  main: {pk: {field: pk, composite: [part]}, sk: {field: sk, composite: [id]}}
  sorted:
    index: gsi1
    projection: PROJECTION
    pk: {field: gsi1pk, composite: [part]}
    sk: {field: gsi1sk, composite: [id]}
"""
_parts = itertools.count()


class Rows:
    """Loads generated entities onto one table, each time in a partition of its own."""

    def __init__(self, engine: Any, table: str) -> None:
        self.given = {
            "endpoint_url": engine.endpoint_url,
            "region": engine.region,
            "credentials": engine.credentials,
        }
        self.table = table
        for projection in ("all", "keys_only"):
            layout = LAYOUT.replace("PROJECTION", projection)
            with leyden.load(layout, table=f"{table}-{projection}", **self.given) as app:
                app.create_table()

    def load(self, *schemas: dict[str, Any]) -> leyden.Service:
        projection = schemas[0]["indexes"]["sorted"].get("projection", "all")
        return leyden.load(
            {"entities": list(schemas)}, table=f"{self.table}-{projection}", **self.given
        )


@pytest.fixture(scope="module")
def rows(engine: Any, module_table_name: str) -> Rows:
    return Rows(engine, f"{module_table_name}-{id(engine)}")


def _put(entity: leyden.Entity, part: str, drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that were taken: values that would make an ambiguous key are refused."""
    items = []
    for number, values in enumerate(drawn):
        item = {"part": part, "id": f"{number:02}", **values}
        try:
            entity.put(**item).params()
        except (AmbiguousKeyError, ValidationError):
            continue
        items.append(item)
    if items:
        entity.put(items).go()
    return items


@settings(suppress_health_check=LARGE, max_examples=8, deadline=None, phases=PHASES)
@given(data=st.data())
def test_a_range_finds_what_a_filter_over_all_items_finds(rows: Rows, data: st.DataObject) -> None:
    schema = data.draw(entities(), label="entity")
    index = schema["indexes"]["sorted"]
    names = index["sk"]["composite"]
    drawn = data.draw(st.lists(item_values(tuple(names)), min_size=1, max_size=20), label="items")
    place = placing(schema)
    whole = {"hydrate": True} if "projection" in index else {}
    with rows.load(schema) as app:
        row = app["row"]
        part = f"p{next(_parts)}"
        items = _put(row, part, drawn)
        for _ in range(6):
            equal, operator, limits = data.draw(ranges(names), label="range")
            query = row.query.sorted(part=part, **equal)
            if starts_behind_its_end(place, operator, limits):
                with pytest.raises(InvalidExpressionError, match="after its end"):
                    applied(query, operator, limits).params()
                continue
            query = applied(query, operator, limits)
            note(str(query.explain()))
            wanted = {i["id"] for i in items if in_range(place, i, equal, operator, limits)}
            found = [r.id for r in query.go(pages="all", **whole)]
            assert sorted(found) == sorted(wanted)
            keys = [_key(item) for item in query.go(pages="all", data="raw", **whole)]
            assert keys == sorted(keys)
            backwards = [r.id for r in query.go(pages="all", order="desc", **whole)]
            assert sorted(backwards) == sorted(wanted)
            keys = [_key(item) for item in query.go(pages="all", data="raw", order="desc", **whole)]
            assert keys == sorted(keys, reverse=True)
            assert [r.id for r in query.iter(limit=2, **whole)] == found
            assert [r.id for r in query.go(count=2, order="desc", **whole)] == backwards[:2]
            if whole and not equal and not any("" in item.values() for item in items):
                # The keys alone tell the same, as far as they tell empty from absent.
                narrow = query.go(pages="all", data="raw")
                assert [item["sk"] for item in narrow] == [
                    {"S": f"$rows_1#id_{one}"} for one in found
                ]


@settings(suppress_health_check=LARGE, max_examples=6, deadline=None, phases=PHASES)
@given(data=st.data())
def test_a_range_over_a_collection_finds_the_same(rows: Rows, data: st.DataObject) -> None:
    schemas = data.draw(collections(), label="entities")
    names = {s["alias"]: s["indexes"]["sorted"]["sk"]["composite"] for s in schemas}
    with rows.load(*schemas) as app:
        part = f"p{next(_parts)}"
        items = {}
        for schema in schemas:
            drawn = item_values(tuple(names[schema["alias"]]))
            some = data.draw(st.lists(drawn, min_size=1, max_size=10), label="items")
            items[schema["alias"]] = _put(app[schema["alias"]], part, some)
        for _ in range(5):
            equal, operator, limits = data.draw(ranges(names["row"]), label="range")
            if starts_behind_its_end(placing(schemas[0]), operator, limits):
                continue
            try:
                query = app.collections.both(part=part, **equal)
                query = applied(query, operator, limits)
                note(str(query.explain()))
            except (MissingCompositeError, InvalidExpressionError):
                # The other entity has something else in front of it.
                continue
            wanted = []
            for schema in schemas:
                alias, place = schema["alias"], placing(schema)
                own = {name: value for name, value in equal.items() if name in names[alias]}
                concerned = any(name in names[alias] for limit in limits for name in limit)
                wanted += [
                    (alias, item["id"])
                    for item in items[alias]
                    if (
                        in_range(place, item, own, operator, limits)
                        if concerned
                        else all(item.get(name) == value for name, value in own.items())
                    )
                ]
            found = [(alias, r.id) for alias, r in query.go(pages="all").entries]
            assert sorted(found) == sorted(wanted)
            backwards = query.go(pages="all", order="desc").entries
            assert sorted((alias, r.id) for alias, r in backwards) == sorted(wanted)
            keys = [_key(item) for item in query.go(pages="all", data="raw")]
            assert keys == sorted(keys)
            assert [r.id for r in query.iter(limit=2)] == [one for _, one in found]


RUN_TOGETHER = """
entity: rows
alias: row
version: "1"
service: ranges
attributes:
  id: {type: string, required: true}
  part: {type: string, required: true}
  n: integer
  word: string
indexes:
  main: {pk: {field: pk, composite: [part]}, sk: {field: sk, composite: [id]}}
  sorted:
    index: gsi1
    pk: {field: gsi1pk, composite: [part]}
    sk: {field: gsi1sk, template: "N${n}${word}"}
"""


def test_a_value_that_begins_another_is_not_taken_for_it(rows: Rows) -> None:
    with leyden.load(RUN_TOGETHER, table=f"{rows.table}-all", **rows.given) as app:
        row = app["row"]
        for id_, n, word in (("a", 1, "x"), ("b", 12, "y"), ("c", 1, "z"), ("d", -1, "x")):
            row.put(id=id_, part="together", n=n, word=word).go()
        query = row.query.sorted(part="together", n=1)
        assert [r.id for r in query.go()] == ["a", "c"]
        assert [r.id for r in query.gt(word="x").go()] == ["c"]
        assert [r.id for r in row.query.sorted(part="together").lte(n=1).go()] == ["d", "a", "c"]


def _key(item: dict[str, Any]) -> Any:
    """The sort key of a raw item, as it is ordered."""
    key = item["gsi1sk"]
    return float(key["N"]) if "N" in key else key["S"].encode()
