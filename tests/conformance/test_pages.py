"""Many items: ranges, pages, cursors and counts, on real tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import InvalidCursorError, InvalidExpressionError, InvalidOptionError

EVENTS = """
entity: events
alias: event
version: "1"
service: log
attributes:
  stream: {type: string, required: true}
  number:
    {type: integer, required: true, min: 0, max: 999999, padding: {length: 6, char: "0"}}
  kind: {type: [even, odd]}
  body: string
indexes:
  stream:
    pk: {field: pk, composite: [stream]}
    sk: {field: sk, composite: [number]}
  kinds:
    index: gsi1
    collection: everything
    pk: {field: gsi1pk, composite: [kind]}
    sk: {field: gsi1sk, composite: [number]}
"""
NOTES = """
entity: notes
alias: note
version: "1"
service: log
attributes:
  stream: {type: string, required: true}
  text: string
indexes:
  stream:
    pk: {field: pk, composite: [stream]}
    sk: {field: sk, composite: [text]}
"""
MANY = 3000


@pytest.fixture(scope="module")
def app(engine: Any) -> Iterator[leyden.Service]:
    """A table with 3,000 events of 600 bytes in one stream, 40 in another, and some notes."""
    service = leyden.load(
        EVENTS + "---" + NOTES,
        table=f"pages-{id(engine)}",
        endpoint_url=engine.endpoint_url,
        region=engine.region,
        credentials=engine.credentials,
    )
    service.create_table()
    event = service.entities.event

    def of(stream: str, count: int, body: str) -> list[dict[str, Any]]:
        return [
            {"stream": stream, "number": n, "kind": "odd" if n % 2 else "even", "body": body}
            for n in range(count)
        ]

    event.put(of("big", MANY, "x" * 600)).go(concurrency=4)
    event.put(of("small", 40, "y")).go()
    service.entities.note.put([{"stream": "small", "text": f"t{n}"} for n in range(30)]).go()
    yield service
    service.close()


@pytest.fixture
def event(app: leyden.Service) -> leyden.Entity:
    return app.entities.event


def numbers(records: Any) -> list[int]:
    return [record.number for record in records]


def test_a_query_over_a_megabyte_is_one_page_of_several(event: leyden.Entity) -> None:
    page = event.query.stream(stream="big").go()
    assert 0 < len(page) < MANY
    assert page.cursor is not None
    assert page.requests == 1
    rest = event.query.stream(stream="big").go(cursor=page.cursor, pages="all")
    assert numbers(page) + numbers(rest) == list(range(MANY))
    assert rest.cursor is None
    assert rest.consumed is not None
    assert rest.consumed > 0


def test_iteration_reads_page_after_page_as_it_goes(event: leyden.Entity) -> None:
    requests = 0

    def count(heard: Any) -> None:
        nonlocal requests
        requests += isinstance(heard, leyden.events.RequestSent)

    with leyden.events.listen(count):
        records = iter(event.query.stream(stream="big"))
        first = next(records)
        assert requests == 1
        assert [first.number, *numbers(records)] == list(range(MANY))
    assert requests > 1


def test_order_and_limit(event: leyden.Entity) -> None:
    page = event.query.stream(stream="small").go(order="desc", limit=3)
    assert numbers(page) == [39, 38, 37]
    assert numbers(event.query.stream(stream="small").iter(order="desc", limit=7)) == [
        *range(39, -1, -1)
    ]


def test_ranges_compare_padded_numbers_as_numbers(event: leyden.Entity) -> None:
    query = event.query.stream(stream="big")
    assert numbers(query.between({"number": 95}, {"number": 105})) == list(range(95, 106))
    assert numbers(query.gt(number=2997)) == [2998, 2999]
    assert numbers(query.gte(number=2998)) == [2998, 2999]
    assert numbers(query.lt(number=2)) == [0, 1]
    assert numbers(query.lte(number=2)) == [0, 1, 2]
    assert numbers(event.query.stream(stream="big", number=7)) == [7]


def test_a_count_reads_on_until_enough_is_found_and_its_cursor_goes_on_right_behind(
    event: leyden.Entity,
) -> None:
    query = event.query.stream(stream="big").where(event.attr.kind == "odd")
    page = query.go(count=1200)
    assert numbers(page) == list(range(1, 2400, 2))
    rest = query.go(count=10_000, cursor=page.cursor)
    assert numbers(rest) == list(range(2401, MANY, 2))
    assert rest.cursor is None


def test_entities_in_one_partition_are_told_apart(app: leyden.Service) -> None:
    assert len(app.entities.note.query.stream(stream="small").go(pages="all")) == 30
    assert len(app.entities.event.query.stream(stream="small").go(pages="all")) == 40
    assert len(app.entities.note.scan.go(pages="all")) == 30


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(limit=st.integers(1, 45), order=st.sampled_from(["asc", "desc"]), index=st.booleans())
def test_pages_put_together_are_the_whole(
    app: leyden.Service, limit: int, order: str, index: bool
) -> None:
    event = app.entities.event
    start: Callable[[], Any] = (
        (lambda: event.query.kinds(kind="odd").lt(number=80))
        if index
        else (lambda: event.query.stream(stream="small"))
    )
    whole = numbers(start().go(order=order, pages="all"))
    pieces: list[int] = []
    cursor = None
    while True:
        page = start().go(order=order, limit=limit, cursor=cursor)
        assert len(page) <= limit
        pieces += numbers(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert pieces == whole
    assert whole


def test_a_cursor_of_another_query_or_a_changed_one_is_refused(event: leyden.Entity) -> None:
    cursor = event.query.stream(stream="small").go(limit=5).cursor
    assert cursor is not None
    with pytest.raises(InvalidCursorError, match="belongs to another query"):
        event.query.stream(stream="big").go(cursor=cursor)
    with pytest.raises(InvalidCursorError, match="belongs to another query"):
        event.query.stream(stream="small").where(event.attr.kind == "odd").go(cursor=cursor)
    with pytest.raises(InvalidCursorError):
        event.scan.go(cursor=cursor)
    for broken in (cursor[:-3], "x" + cursor, "", "%%%", cursor[2:], cursor.upper()):
        with pytest.raises((InvalidCursorError, InvalidOptionError)):
            event.query.stream(stream="small").go(cursor=broken)


def test_a_cursor_as_electrodb_writes_it_is_taken_when_asked(event: leyden.Entity) -> None:
    theirs = event.conversions.attributes_to_cursor({"stream": "small", "number": 9}, "stream")
    assert "." not in theirs
    query = event.query.stream(stream="small")
    found = query.go(cursor=theirs, cursor_from="electrodb")
    assert numbers(found) == list(range(10, 40))
    listed = query.iter(cursor=theirs, cursor_from="electrodb", limit=20)
    assert numbers(listed) == list(range(10, 40))
    with pytest.raises(InvalidCursorError, match="has no checksum"):
        query.go(cursor=theirs)
    with pytest.raises(InvalidCursorError, match="does not fit the query"):
        event.query.kinds(kind="odd").go(cursor=theirs, cursor_from="electrodb")
    with pytest.raises(InvalidOptionError, match='"leyden", "electrodb"'):
        query.go(cursor=theirs, cursor_from="elsewhere")


@pytest.mark.parametrize("kind", ["query", "scan", "collection"])
def test_a_cursor_without_its_checksum_is_refused(app: leyden.Service, kind: str) -> None:
    event = app["event"]
    reads = {
        "query": event.query.stream(stream="small"),
        "scan": event.scan,
        "collection": app.collections.everything(kind="odd"),
    }
    read = reads[kind]
    cursor = read.go(limit=3).cursor
    assert cursor is not None
    stripped = cursor.partition(".")[0]
    for changed in (stripped, f"{stripped}."):
        with pytest.raises(InvalidCursorError):
            read.go(cursor=changed)
    assert len(read.go(cursor=stripped, cursor_from="electrodb", limit=3)) > 0
    with pytest.raises(InvalidCursorError, match="another query"):
        read.go(cursor=f"{stripped}.", cursor_from="electrodb")


@pytest.mark.parametrize("kind", ["query", "collection"])
def test_a_cursor_goes_on_in_the_direction_that_it_came_from(
    app: leyden.Service, kind: str
) -> None:
    event = app["event"]
    reads = {
        "query": event.query.stream(stream="small"),
        "collection": app.collections.everything(kind="odd"),
    }
    read = reads[kind]
    up, down = read.go(limit=5).cursor, read.go(limit=5, order="desc").cursor
    assert len(read.go(limit=5, cursor=up, order="asc")) == 5
    with pytest.raises(InvalidCursorError, match="from a read in ascending order, and this one"):
        read.go(limit=5, cursor=up, order="desc")
    with pytest.raises(InvalidCursorError, match="from a read in descending order, and this one"):
        read.go(limit=5, cursor=down)


def test_match_uses_an_index_and_filters_and_find_does_not_filter(event: leyden.Entity) -> None:
    assert numbers(event.match(stream="small", kind="odd", body="y")) == list(range(1, 40, 2))
    assert len(list(event.find(stream="small", kind="odd"))) == 40
    assert event.match(body="y").explain().scans


def test_an_index_cannot_be_read_consistently(event: leyden.Entity) -> None:
    with pytest.raises(InvalidOptionError, match="cannot be read consistently"):
        event.query.kinds(kind="odd").go(consistent=True)
    assert numbers(event.query.stream(stream="small", number=1).go(consistent=True)) == [1]


def test_a_range_that_ends_before_it_starts_is_refused(event: leyden.Entity) -> None:
    with pytest.raises(InvalidExpressionError, match="starts after its end"):
        event.query.stream(stream="small").between({"number": 5}, {"number": 4}).go()


def test_a_batch_gives_what_is_there_in_order(event: leyden.Entity) -> None:
    keys = [{"stream": "big", "number": n} for n in [*range(250, 0, -2), 9999]]
    found = event.get(keys).go(concurrency=3)
    assert [r.number if r else None for r in found] == [*range(250, 0, -2), None]
    assert found.unprocessed == ()
