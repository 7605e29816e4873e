"""Searches by meaning on engines that have vector indexes, beside a search through all vectors."""

from __future__ import annotations

import asyncio
import math
import random
import string
import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

import leyden
import leyden.events
from leyden.errors import IndexNotReadyError, TableNotFoundError
from leyden.program import Request
from tests.conformance.conftest import Open

NOTES: Final = """
entity: note
version: "1"
service: notes
attributes:
  tenant_id: {type: string, required: true, field: tenant}
  note_id:   {type: string, required: true}
  kind:      {type: [memo, letter], default: memo}
  size:      {type: integer, field: count}
  title:     string
  body:      string
  meaning:   {type: vector, dimensions: 5}
indexes:
  note:
    pk: {field: pk, composite: [tenant_id]}
    sk: {field: sk, composite: [note_id]}
  similar:
    vector: {index: vec1, attribute: meaning, METRIC, partition: tenant_id, filters: [kind, size]}
---
entity: place
version: "1"
service: notes
attributes:
  place_id: {type: string, required: true}
  name:     {type: string}
  story:    string
  around:   {type: vector, dimensions: 2}
indexes:
  place:
    pk: {field: pk, composite: [place_id]}
    sk: {field: sk, composite: []}
  near:
    vector: {index: vec2, attribute: around, metric: euclidean, projection: [name, place_id]}
"""
DISTANCES: Final[dict[str, Callable[[Sequence[float], Sequence[float]], float]]] = {
    "cosine": lambda a, b: 1 - dot(a, b) / math.sqrt(dot(a, a) * dot(b, b)),
    "euclidean": math.dist,
    "dot_product": lambda a, b: -dot(a, b),
}


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def notes(metric: str) -> str:
    return NOTES.replace("METRIC", f"metric: {metric}")


@pytest.fixture
def engine(vector_engine: Any) -> Any:
    """The engines that have vector indexes, for all other fixtures."""
    return vector_engine


@pytest.fixture
def app(open_service: Open) -> leyden.Service:
    return open_service(notes("cosine"))


def some_notes(count: int, seed: int = 1) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {
            "tenant_id": f"t{number % 2}",
            "note_id": f"n{number:03}",
            "kind": chance.choice(("memo", "letter")),
            "size": number % 3,
            "title": f"title {number}",
            "body": "long",
            "meaning": [chance.uniform(-1, 1) for _ in range(5)],
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("metric", DISTANCES)
def test_a_search_finds_what_a_look_at_all_vectors_finds(open_service: Open, metric: str) -> None:
    note = open_service(notes(metric)).entities.note
    written = some_notes(60)
    note.put(written).go()
    chance = random.Random(2)
    for given in ({}, {"kind": "letter"}, {"kind": "memo", "size": 2}):
        vector = [chance.uniform(-1, 1) for _ in range(5)]
        found = note.search.similar(vector, tenant_id="t1", **given).go(top_k=7)
        single = array("f", vector)
        expected = sorted(
            (DISTANCES[metric](single, array("f", one["meaning"])), one["note_id"])
            for one in written
            if one["tenant_id"] == "t1" and given.items() <= one.items()
        )[:7]
        assert [match.record.note_id for match in found] == [name for _, name in expected]
        numbers = [number for number, _ in expected]
        if metric == "dot_product":
            assert [match.score for match in found] == pytest.approx(
                [-number for number in numbers], rel=1e-5
            )
            assert {match.distance for match in found} == {None}
        else:
            assert [match.distance for match in found] == pytest.approx(numbers, abs=1e-5)
        scores = [match.score for match in found]
        assert scores == sorted(scores, reverse=True)
        assert found.found == len(expected)


def test_what_was_changed_or_deleted_is_found_as_it_is(app: leyden.Service) -> None:
    note = app.entities.note

    def ids(**given: Any) -> list[str]:
        found = note.search.similar([1, 0, 0, 0, 0], tenant_id="t1", **given).go()
        return [match.record.note_id for match in found]

    for number in range(3):
        vector = [1, number, 0, 0, 0]
        note.put(tenant_id="t1", note_id=f"n{number}", meaning=vector).go()
    assert ids() == ["n0", "n1", "n2"]
    note.patch(tenant_id="t1", note_id="n0").set(meaning=[-1, 0, 0, 0, 0]).go()
    assert ids() == ["n1", "n2", "n0"]
    note.patch(tenant_id="t1", note_id="n1").set(kind="letter").go()
    assert ids(kind="letter") == ["n1"]
    note.delete(tenant_id="t1", note_id="n2").go()
    note.patch(tenant_id="t1", note_id="n1").remove("meaning").go()
    assert ids() == ["n0"]


def test_records_show_what_the_index_holds(app: leyden.Service) -> None:
    note, place = app.entities.note, app.entities.place
    written = some_notes(1)[0]
    note.put(**written).go()
    search = note.search.similar(written["meaning"], tenant_id="t0")
    record = search.go()[0].record
    assert (record.title, record.size, record.kind) == ("title 0", 0, written["kind"])
    assert not hasattr(record, "meaning")
    named = search.go(attributes=["meaning", "size"])[0].record
    assert array("f", named.meaning) == array("f", written["meaning"])
    assert named.size == 0
    assert not hasattr(named, "title")
    raw = search.go(data="raw")[0].record
    assert raw["tenant"] == {"S": "t0"}
    assert "meaning" not in raw
    place.put(place_id="p1", name="Here", story="long", around=[1, 2]).go()
    near = place.search.near([1, 2])
    (match,) = near.go()
    assert (match.record.place_id, match.record.name, match.distance) == ("p1", "Here", 0)
    assert match.score == 1
    assert not hasattr(match.record, "story")
    assert not hasattr(match.record, "around")
    whole = near.where(place.attr.story == "long").go(hydrate=True)
    assert (whole[0].record.story, whole[0].record.around) == ("long", (1.0, 2.0))
    assert whole.requests == 2
    (deep,) = near.go(attributes=["around"])
    assert deep.record.around == (1.0, 2.0)


def test_where_is_judged_after_the_search(app: leyden.Service) -> None:
    note = app.entities.note
    written = some_notes(20)
    note.put(written).go()
    search = note.search.similar([1, 1, 1, 1, 1], tenant_id="t0")
    every = search.go(top_k=8)
    # By an attribute whose field has another name, and by one that is not projected by name.
    narrowed = search.where(note.attr.size == 2, note.attr.body.exists())
    for options in ({}, {"hydrate": True}, {"attributes": ["note_id"]}):
        some = narrowed.go(top_k=8, **options)
        kept = [m.record.note_id for m in every if m.record.size == 2]
        assert [match.record.note_id for match in some] == kept
        assert (some.found, some.left_out) == (8, 8 - len(kept))


def test_what_a_search_and_a_write_cost_is_told(app: leyden.Service) -> None:
    note = app.entities.note
    heard: list[Any] = []
    with leyden.events.listen(heard.append):
        one, *others = some_notes(4)
        put = note.put(**one).go(data="result")
        batch = note.put(others).go()
        together = app.transact_write([note.put(**one), note.delete(**keys_of(others[0]))]).go()
        found = note.search.similar([1, 1, 1, 1, 1], tenant_id="t0").go()
    assert put.bytes_written >= 1024
    assert batch.bytes_written >= 3 * 1024
    # The same item again changes nothing in the index, and the other one goes out of it.
    assert together.bytes_written >= 1024
    assert found.bytes_searched > 0
    assert found.consumed is None
    answered = [event for event in heard if isinstance(event, leyden.events.ResponseReceived)]
    assert answered[0].bytes_written == put.bytes_written
    assert (answered[-1].bytes_searched, answered[-1].consumed) == (found.bytes_searched, None)
    assert (answered[-1].api, answered[-1].index) == ("SearchVectors", "vec1")


def keys_of(written: dict[str, Any]) -> dict[str, Any]:
    return {name: written[name] for name in ("tenant_id", "note_id")}


def test_a_table_without_the_index_is_refused_in_words(open_service: Open) -> None:
    plain = open_service(
        notes("cosine")
        .partition("\n---")[0]
        .replace(
            "  similar:\n    vector: {index: vec1, attribute: meaning, metric: cosine, "
            "partition: tenant_id, filters: [kind, size]}",
            "",
        )
    )
    app = open_service(notes("cosine"), table=plain.table, create=False)
    with pytest.raises(TableNotFoundError, match='has no vector index "vec1"'):
        app.entities.note.search.similar([1, 1, 1, 1, 1], tenant_id="t0").go()
    gone = open_service(notes("cosine"), create=False)
    with pytest.raises(TableNotFoundError):
        gone.entities.note.search.similar([1, 1, 1, 1, 1], tenant_id="t0").go()


@pytest.mark.parametrize("vector_engine", ["embedded"], indirect=True)
def test_an_index_that_is_being_made_is_refused_until_it_is_ready(open_service: Open) -> None:
    text = notes("cosine")
    start = text.index("  similar:")
    without = open_service(text[:start] + text[text.index("---") :])
    without.entities.note.put(some_notes(3)).go()
    app = open_service(text, table=without.table, create=False)
    search = app.entities.note.search.similar([1, 1, 1, 1, 1], tenant_id="t0")
    driver: Any = app.driver
    params = app.table_definition.add_vector_index_params(app.table, "vec1")
    driver.send(Request("UpdateTable", params))
    found, refused = None, 0
    while found is None:
        try:
            found = search.go()
        except IndexNotReadyError:
            refused += 1
            time.sleep(0.05)
        assert refused < 600
    assert refused
    assert sorted(match.record.note_id for match in found) == ["n000", "n002"]


def test_searches_are_awaited_on_event_loops(engine: Any, app: leyden.Service) -> None:
    app.entities.note.put(some_notes(9)).go()

    async def search() -> tuple[leyden.Matches, leyden.Matches]:
        given = {"region": engine.region, "credentials": engine.credentials}
        async with await leyden.load_async(
            notes("cosine"), table=app.table, endpoint_url=engine.endpoint_url, **given
        ) as service:
            near = service.entities.note.search.similar([1, 1, 1, 1, 1], tenant_id="t0")
            return await near.go(top_k=3), await service.driver.run(near.program(top_k=3))

    plain = app.entities.note.search.similar([1, 1, 1, 1, 1], tenant_id="t0").go(top_k=3)
    assert asyncio.run(search()) == (plain, plain)


def test_large_values_are_put_in_their_places(open_service: Open) -> None:
    text = notes("cosine").replace("body:      string", "body: {type: string, overflow: chunk}")
    note = open_service(text).entities.note
    long = "".join(random.Random(3).choices(string.ascii_letters, k=900_000))
    for number in range(2):
        body = long if number else "short"
        note.put(tenant_id="t1", note_id=f"n{number}", body=body, meaning=[1, number, 0, 0, 0]).go()
    search = note.search.similar([1, 0, 0, 0, 0], tenant_id="t1")
    for options in ({}, {"hydrate": True}, {"attributes": ["note_id", "body"]}):
        found = search.go(**options)
        assert [(m.record.note_id, len(m.record.body)) for m in found] == [
            ("n0", 5),
            ("n1", 900_000),
        ]
        assert found.requests > 1
    small = search.go(attributes=["note_id"])
    assert (len(small), small.requests) == (2, 1)
