"""Indexes that hold parts of items, scans of them, and the table read in segments."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import InvalidExpressionError, InvalidOptionError

NOTES = """
entity: notes
alias: note
version: "1"
service: log
attributes:
  id: {type: string, required: true}
  topic: string
  at: integer
  body: string
indexes:
  note: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  by_topic:
    index: gsi1
    projection: keys_only
    pk: {field: gsi1pk, composite: [topic]}
    sk: {field: gsi1sk, composite: [id]}
  by_body:
    index: gsi2
    projection: [body]
    pk: {field: gsi2pk, composite: [topic]}
    sk: {field: gsi2sk, composite: [id]}
---
entity: tags
alias: tag
version: "1"
service: log
attributes:
  id: {type: string, required: true}
  topic: string
indexes:
  tag: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  by_topic:
    index: gsi1
    projection: keys_only
    pk: {field: gsi1pk, composite: [topic]}
    sk: {field: gsi1sk, composite: [id]}
"""


@pytest.fixture
def note(open_service: Any) -> leyden.Entity:
    app = open_service(NOTES)
    note: leyden.Entity = app.entities.note
    note.put([{"id": f"n{n:03}", "topic": "t", "at": n, "body": f"b{n}"} for n in range(230)]).go()
    app.entities.tag.put([{"id": f"n{n:03}", "topic": "t"} for n in range(5)]).go()
    return note


def test_hydration_reads_whole_items_behind_a_narrow_index(note: leyden.Entity) -> None:
    bare = note.query.by_topic(topic="t").go()
    assert len(bare) == 230
    assert not any(hasattr(record, "body") for record in bare)
    page = note.query.by_topic(topic="t").go(hydrate=True, concurrency=2, order="desc")
    assert [record.at for record in page] == [*range(229, -1, -1)]
    assert page[0].body == "b229"
    assert page.requests == bare.requests + 3
    few = note.query.by_topic(topic="t").gte(id="n100").go(hydrate=True, count=3)
    assert [record.at for record in few] == [100, 101, 102]
    rest = note.query.by_topic(topic="t").gte(id="n100").iter(hydrate=True, limit=50)
    assert len(list(rest)) == 130


def test_an_index_gives_what_it_holds(note: leyden.Entity) -> None:
    page = note.query.by_body(topic="t").go(limit=2, attributes=["body"])
    assert [record.body for record in page] == ["b0", "b1"]
    with pytest.raises(InvalidOptionError, match='the index "gsi2" does not hold "at"'):
        note.query.by_body(topic="t").go(attributes=["at"])
    hydrated = note.query.by_body(topic="t").go(limit=2, attributes=["at"], hydrate=True)
    assert [record.at for record in hydrated] == [0, 1]


def test_an_index_can_be_scanned(note: leyden.Entity) -> None:
    found = note.scan.index("by_topic").go(pages="all", hydrate=True)
    assert sorted(record.at for record in found) == [*range(230)]
    assert note.scan.index("by_topic").explain().index == "gsi1"
    with pytest.raises(InvalidExpressionError, match='did you mean "by_topic"'):
        note.scan.index("bytopic")


def test_a_scan_in_segments_finds_every_item_once(note: leyden.Entity) -> None:
    said: list[tuple[int, int]] = []
    page = note.scan.go(segments=4, limit=20, progress=lambda *now: said.append(now))
    assert sorted(record.at for record in page) == [*range(230)]
    assert page.cursor is None
    assert said[-1] == (230, 235)
    assert len(said) > 1
    assert len(list(note.scan.iter(segments=3, limit=50))) == 230
    with pytest.raises(InvalidOptionError, match="does not go with `cursor`"):
        note.scan.go(segments=2, count=5)


COLLECTED = """
entity: tasks
alias: task
version: "1"
service: app
attributes: {project: {type: string, required: true}, id: string, points: number, note: string}
indexes:
  main:
    collection: all
    pk: {field: pk, composite: [project]}
    sk: {field: sk, composite: [id]}
---
entity: members
alias: member
version: "1"
service: app
attributes: {project: {type: string, required: true}, name: string, note: string}
indexes:
  main:
    collection: all
    pk: {field: pk, composite: [project]}
    sk: {field: sk, composite: [name]}
"""


def test_a_condition_in_a_collection_concerns_the_members_that_have_its_attributes(
    open_service: Any,
) -> None:
    app = open_service(COLLECTED)
    task, member = app.entities.task, app.entities.member
    task.put([{"project": "p", "id": f"t{n}", "points": n, "note": "x"} for n in range(6)]).go()
    member.put([{"project": "p", "name": n, "note": n} for n in ("x", "y")]).go()
    everything = app.collections.all(project="p")
    some = everything.where((task.attr.points > 3) | (task.attr.points == 0)).go()
    assert [record.id for record in some.task] == ["t0", "t4", "t5"]
    assert [record.name for record in some.member] == ["x", "y"]
    noted = everything.where(task.attr.note == "x", task.attr.points.between(1, 2)).go()
    assert [record.id for record in noted.task] == ["t1", "t2"]
    assert [record.name for record in noted.member] == ["x"]
    with pytest.raises(InvalidExpressionError, match="no entity of the collection"):
        everything.where((task.attr.points == 1) & (member.attr.name == "x")).go()


def test_a_collection_over_many_pages_gives_every_item_once_in_key_order(
    open_service: Any,
) -> None:
    app = open_service(COLLECTED)
    app.entities.task.put([{"project": "p", "id": f"t{n:02}"} for n in range(40)]).go()
    app.entities.member.put([{"project": "p", "name": f"m{n:02}"} for n in range(30)]).go()
    whole = app.collections.all(project="p").go(pages="all")
    assert len(whole) == 70
    for limit in (1, 7, 69, 70, 71):
        pieces = list(app.collections.all(project="p").iter(limit=limit))
        assert pieces == list(whole.items)
    counted = app.collections.all(project="p").go(count=33)
    rest = app.collections.all(project="p").go(pages="all", cursor=counted.cursor)
    assert [*counted.items, *rest.items] == list(whole.items)
    backwards = app.collections.all(project="p").go(pages="all", order="desc")
    assert list(backwards.items) == list(whole.items)[::-1]


NARROW = """
entity: {name}s
alias: {name}
version: "1"
service: narrow
attributes:
  id: {{type: string, required: true}}
  area: string
  rank: integer
  note: string
indexes:
  main: {{pk: {{field: pk, composite: [id]}}, sk: {{field: sk, composite: []}}}}
  ranked:
    index: gsi1
    type: clustered
    collection: all_ranked
    pk: {{field: gsi1pk, composite: [area]}}
    sk: {{field: gsi1sk, composite: [rank, id]}}
"""


def test_hydration_needs_nothing_of_an_index_but_its_keys(
    open_service: Any, new_table_name: Any
) -> None:
    """The table's index may hold less than the schema says: no filter of ours is on the rest."""
    schema = "---".join(NARROW.format(name=name) for name in ("fox", "owl"))
    table = new_table_name()
    open_service(f"{schema}---\nindexes: {{gsi1: {{projection: keys_only}}}}\n", table=table)
    app = open_service(schema, table=table, create=False)
    fox, owl = app["fox"], app["owl"]
    fox.put([{"id": f"f{n}", "area": "a", "rank": n, "note": f"x{n % 2}"} for n in range(12)]).go()
    owl.put([{"id": "o1", "area": "a", "rank": 3}]).go()

    def ids(found: Any) -> list[str]:
        return [record.id for record in found]

    query = fox.query.ranked(area="a")
    assert ids(query.go(hydrate=True)) == [f"f{n}" for n in (0, 1, 10, 11, *range(2, 10))]
    assert ids(query.gt(rank=9).go(hydrate=True)) == ["f10", "f11"]
    assert ids(query.lt(rank=2).go(hydrate=True, order="desc")) == ["f1", "f0"]
    assert ids(fox.match(area="a", note="x1", rank=3).go(hydrate=True)) == ["f3"]
    assert ids(fox.match(area="a", note="x0").go(hydrate=True, count=20)) == [
        f"f{n}" for n in (0, 10, 2, 4, 6, 8)
    ]
    assert len(fox.scan.index("ranked").go(hydrate=True)) == 12
    together = app.collections.all_ranked(area="a").gte(rank=9).go(hydrate=True)
    assert ids(together.fox) == ["f10", "f11", "f9"]
    assert ids(together.owl) == []


BOARD = """
entity: player
version: "1"
service: games
attributes:
  game: {type: string, required: true}
  name: {type: string, required: true}
  score: {type: integer, field: points}
  rank: integer
indexes:
  players: {pk: {field: pk, composite: [game]}, sk: {field: sk, composite: [name]}}
  top: {index: gsi1, pk: {field: gsi1pk, composite: [game]}, sk: {field: points, SK}}
  ranked: {index: gsi2, pk: {field: g2pk, composite: [game]}, sk: {field: g2sk, composite: [rank]}}
"""


@pytest.mark.parametrize(
    "key", ["composite: [score]", 'template: "${score}"', "composite: [score], cast: number"]
)
def test_a_number_that_is_a_key_itself_is_counted_in_the_table(open_service: Any, key: str) -> None:
    player = open_service(BOARD.replace("SK", key)).entities.player
    for name, score in {"ada": 5, "bob": 100, "eve": None}.items():
        player.create(game="g", name=name, **({} if score is None else {"score": score})).go()
    player.patch(game="g", name="ada").add(score=200).go()
    player.patch(game="g", name="eve").add(score=7).go()
    player.update(game="g", name="new").add(score=9).go()
    player.upsert(game="g", name="newer").add(score=8).go()
    player.patch(game="g", name="bob").subtract(score=60).go()
    player.patch(game="g", name="newer").set(score=(player.attr.score | 0) + 2).go()
    top = player.query.top(game="g").go(order="desc")
    assert [(one.name, one.score) for one in top] == [
        ("ada", 205), ("bob", 40), ("newer", 10), ("new", 9), ("eve", 7),
    ]  # fmt: skip
    assert player.query.top(game="g").gt(score=9).count() == 3
    # A key that Leyden makes of the number as text must know it.
    with pytest.raises(InvalidExpressionError, match='part of the key of "ranked"'):
        player.patch(game="g", name="ada").add(rank=1)
    with pytest.raises(InvalidExpressionError, match='the key of "ranked" needs it'):
        player.patch(game="g", name="ada").set(rank=player.attr.score + 1)
