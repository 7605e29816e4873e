"""Multi-attribute indexes on the embedded engine; DynamoDB Local does not know them."""

from __future__ import annotations

import leyden

SIGHTINGS = """
entity: {name}s
alias: {name}
version: "1"
service: map
attributes:
  id: {{type: string, required: true}}
  region: string
  city: string
  year: number
indexes:
  main: {{pk: {{field: pk, composite: [id]}}, sk: {{field: sk, composite: []}}}}
  places:
    index: gsi1
    type: composite
    collection: everything
    pk: {{composite: [region]}}
    sk: {{composite: [city, year]}}
"""


def test_they_are_made_written_and_queried() -> None:
    schema = "---".join(SIGHTINGS.format(name=name) for name in ("bird", "plant"))
    with leyden.local() as engine, leyden.load(schema, table="t", engine=engine) as app:
        app.create_table()
        bird, plant = app.entities.bird, app.entities.plant
        for n in range(6):
            city = "lyon" if n % 2 else "nice"
            bird.put(id=f"b{n}", region="eu", city=city, year=2000 + n).go()
        plant.put(id="p1", region="eu", city="lyon", year=1990).go()
        bird.put(id="nowhere").go()
        query = bird.query.places
        assert [b.id for b in query(region="eu")] == ["b1", "b3", "b5", "b0", "b2", "b4"]
        assert [b.id for b in query(region="eu", city="lyon").gt(year=2001)] == ["b3", "b5"]
        assert [b.id for b in query(region="eu").begins(city="ni")] == ["b0", "b2", "b4"]
        between = query(region="eu", city="nice").between({"year": 2000}, {"year": 2002})
        assert [b.id for b in between] == ["b0", "b2"]
        first = query(region="eu").go(limit=2)
        rest = query(region="eu").go(cursor=first.cursor, pages="all")
        assert [b.id for b in (*first, *rest)] == ["b1", "b3", "b5", "b0", "b2", "b4"]
        page = app.collections.everything(region="eu", city="lyon").go()
        assert [p.id for p in page.plant] == ["p1"]
        assert [b.id for b in page.bird] == ["b1", "b3", "b5"]
