"""Reads of multi-attribute indexes: ranges over several attributes, and their own keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

import leyden
from leyden.errors import InvalidExpressionError, InvalidOptionError

STAYS = """
entity: stays
alias: stay
version: "1"
service: map
attributes:
  id: {type: string, required: true}
  region: string
  city: string
  year: integer
  note: string
indexes:
  main: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  places:
    index: gsi1
    type: composite
    projection: keys_only
    pk: {composite: [region]}
    sk: {composite: [city, year]}
"""
ROWS = [(city, year) for city in ("a", "B", "a b") for year in (-5, 2, 10, 100)]


@pytest.fixture(scope="module")
def stay() -> Iterator[leyden.Entity]:
    with leyden.local() as engine, leyden.load(STAYS, table="t", engine=engine) as app:
        app.create_table()
        stay = app["stay"]
        stay.put(
            [
                {"id": f"{city}{year}", "region": "eu", "city": city, "year": year, "note": "n"}
                for city, year in ROWS
            ]
        ).go()
        yield stay


@pytest.mark.parametrize(("city", "year"), [("a", 2), ("a", None), ("B", 100), ("a b", -5)])
def test_ranges_over_several_attributes_compare_them_in_turn(
    stay: leyden.Entity, city: str, year: int | None
) -> None:
    limit = {"city": city, **({} if year is None else {"year": year})}

    def side(row: tuple[str, int]) -> int:
        mine, other = row[: len(limit)], tuple(limit.values())
        return (mine > other) - (mine < other)

    query = stay.query.places(region="eu")
    tests = {"gt": (1,), "gte": (0, 1), "lt": (-1,), "lte": (-1, 0)}
    for operator, sides in tests.items():
        wanted = sorted(row for row in ROWS if side(row) in sides)
        ranged = getattr(query, operator)(**limit)
        found = [(r.city, r.year) for r in ranged.go(attributes=["city", "year"], pages="all")]
        assert found == wanted, operator
        backwards = [(r.city, r.year) for r in ranged.iter(order="desc", limit=2)]
        assert backwards == wanted[::-1], operator


def test_both_ends_of_a_between_may_name_different_attributes(stay: leyden.Entity) -> None:
    query = stay.query.places(region="eu")
    ends: list[dict[str, object]] = [{"city": c} for c in ("a", "B", "a b")]
    ends += [{"city": c, "year": y} for c, y in ROWS]
    for start, end in itertools.product(ends, ends):
        low, high = tuple(start.values()), tuple(end.values())
        shared = min(len(low), len(high))
        if low[:shared] > high[:shared]:
            with pytest.raises(InvalidExpressionError, match="starts after its end"):
                query.between(start, end).params()
            continue
        wanted = sorted(r for r in ROWS if r[: len(low)] >= low and r[: len(high)] <= high)
        found = query.between(start, end).go(pages="all")
        assert [(r.city, r.year) for r in found] == wanted, (start, end)


def test_electrodb_compares_the_last_attribute_alone(stay: leyden.Entity) -> None:
    query = stay.query.places(region="eu").gt(city="a", year=2)
    assert [r.year for r in query.go(compare="keys")] == [10, 100]


def test_the_attributes_that_are_its_keys_can_be_read_and_filtered_where_they_may_be(
    stay: leyden.Entity,
) -> None:
    page = stay.query.places(region="eu", city="B").go(attributes=["region", "city", "year"])
    assert [(r.region, r.city, r.year) for r in page] == [("eu", "B", y) for y in (-5, 2, 10, 100)]
    scanned = stay.scan.index("places").where(stay.attr.year > 2).go(attributes=["year"])
    assert sorted(r.year for r in scanned) == [10, 10, 10, 100, 100, 100]
    with pytest.raises(InvalidOptionError, match='does not hold "note"'):
        stay.query.places(region="eu").go(attributes=["note"])
    with pytest.raises(InvalidExpressionError, match="DynamoDB does not filter by keys"):
        stay.query.places(region="eu").where(stay.attr.year > 2).go()
    hydrated = stay.query.places(region="eu", city="B").gte(year=10).go(hydrate=True)
    assert [r.note for r in hydrated] == ["n", "n"]
