"""What a search makes of the service's answers, and of its refusals."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pytest

import leyden
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    DecodeError,
    IndexNotReadyError,
    LeydenError,
    TableError,
    TableNotFoundError,
    ThrottledError,
)
from leyden.program import Gather, Pause, Program, Request
from leyden.results import Match
from tests.operations.test_searches import NOTES

READY: Final = {"IndexName": "vec1", "IndexStatus": "ACTIVE", "Backfilling": False}


@pytest.fixture(scope="module")
def note() -> leyden.Entity:
    return leyden.load(NOTES, table="notes").entities.note


def item(note: leyden.Entity, number: int, **more: Any) -> dict[str, Any]:
    """A whole item as it is stored, without its vector."""
    values = {"tenant_id": "t1", "note_id": f"n{number}", "title": f"title {number}", **more}
    return dict(note.put(**values).params()["Item"])


def hit(stored: dict[str, Any], score: float) -> dict[str, Any]:
    return {"Item": stored, "Score": score}


def run(program: Program[Any], answer: Callable[[Request], Any]) -> tuple[Any, list[Any]]:
    """Run a program with answers of ours; gives its result, and what it asked for."""
    asked: list[Any] = []
    said: Any = None
    failed: LeydenError | None = None

    def one(request: Request) -> Any:
        try:
            return answer(request)
        except LeydenError as error:
            return error

    try:
        while True:
            step = program.send(said) if failed is None else program.throw(failed)
            asked.append(step)
            said, failed = None, None
            if isinstance(step, Gather):
                said = [one(request) for request in step.requests]
            elif isinstance(step, Request):
                found = one(step)
                failed = found if isinstance(found, LeydenError) else None
                said = None if failed else found
    except StopIteration as end:
        return end.value, asked


def searching(note: leyden.Entity, *hits: Any, **options: Any) -> Any:
    found, _ = run(
        note.search.similar([1, 0, 0], tenant_id="t1").program(**options),
        lambda request: {
            "SearchResults": [*hits],
            "ConsumedCapacity": {"VectorSearchRequestBytes": 4096.0},
        },
    )
    return found


def test_matches_have_records_scores_and_distances(note: leyden.Entity) -> None:
    found = searching(note, hit(item(note, 1), 0.25), hit(item(note, 2), 2.0))
    assert [(match.record.note_id, match.score, match.distance) for match in found] == [
        ("n1", 0.875, 0.25),
        ("n2", 0.0, 2.0),
    ]
    assert (found.bytes_searched, found.consumed, found.requests) == (4096, None, 1)
    assert (found.found, found.dropped, found.left_out, len(found)) == (2, 0, 0, 2)
    assert found.records == tuple(match.record for match in found)
    assert isinstance(found[0], Match)


def test_scores_are_higher_the_nearer_an_item_is_whatever_the_metric() -> None:
    metrics = {
        metric: leyden.load(
            NOTES.replace("metric: euclidean", f"metric: {metric}"), table="notes"
        ).entities.note
        for metric in ("cosine", "euclidean", "dot_product")
    }
    told = {}
    for metric, entity in metrics.items():
        found, _ = run(
            entity.search.everywhere([1, 2]).program(),
            lambda request, entity=entity: {"SearchResults": [hit(item(entity, 1), 3.0)]},  # type: ignore[misc]
        )
        told[metric] = found[0].score, found[0].distance
        assert found.bytes_searched is None
    assert told == {
        "cosine": (-0.5, 3.0),
        "euclidean": (0.25, 3.0),
        "dot_product": (3.0, None),
    }


def test_records_do_not_show_the_vector_unless_it_is_named(note: leyden.Entity) -> None:
    record = searching(note, hit(item(note, 1), 0.5))[0].record
    assert record.title == "title 1"
    assert record.body is None
    with pytest.raises(leyden.errors.NotReadError, match='"meaning" was not read'):
        record.meaning  # noqa: B018
    stored = item(note, 1, meaning=[1, 0, 0])
    named = searching(note, hit(stored, 0.5), attributes=["meaning"])[0].record
    assert named.meaning == (1.0, 0.0, 0.0)
    with pytest.raises(leyden.errors.NotReadError):
        named.title  # noqa: B018


def test_records_show_what_the_index_holds(note: leyden.Entity) -> None:
    found, _ = run(
        note.search.everywhere([1, 2]).program(),
        lambda request: {"SearchResults": [hit(item(note, 1), 0.5)]},
    )
    record = found[0].record
    assert record.title == "title 1"
    with pytest.raises(leyden.errors.NotReadError):
        record.body  # noqa: B018


def test_items_in_other_forms(note: leyden.Entity) -> None:
    stored = item(note, 1)
    assert searching(note, hit(stored, 0.5), data="raw")[0].record == stored
    with_keys = searching(note, hit(stored, 0.5), data="include_keys")[0].record
    assert with_keys["pk"] == stored["pk"]["S"]
    assert with_keys["title"] == "title 1"


def test_another_services_items_are_dropped_and_counted(note: leyden.Entity) -> None:
    other = leyden.load(NOTES.replace("service: team", "service: teams"), table="notes")
    strange = item(other.entities.note, 1)
    assert note.owns(strange), "the identifiers alone would say so"
    found = searching(note, hit(strange, 0.1), hit(item(note, 2), 0.2))
    assert [record.note_id for record in found.records] == ["n2"]
    assert (found.dropped, found.found) == (1, 2)


def test_a_longer_name_of_another_service_is_no_beginning_of_ours() -> None:
    text = """
entity: note
version: "1"
service: {service}
attributes:
  note_id: {{type: string, required: true}}
  meaning: {{type: vector, dimensions: 2}}
indexes:
  all:
    pk: {{field: pk, composite: []}}
    sk: {{field: sk, composite: [note_id]}}
  similar:
    vector: {{index: vec1, attribute: meaning}}
"""
    ours, theirs = (
        leyden.load(text.format(service=name), table="notes").entities.note
        for name in ("team", "teamwork")
    )
    stored = dict(theirs.put(note_id="n1").params()["Item"])
    found, _ = run(
        ours.search.similar([1, 2]).program(),
        lambda request: {"SearchResults": [hit(stored, 0.5)]},
    )
    assert (len(found), found.dropped) == (0, 1)


def test_where_is_judged_of_what_was_found_and_what_it_leaves_out_is_counted(
    note: leyden.Entity,
) -> None:
    search = note.search.similar([1, 0, 0], tenant_id="t1").where(note.attr.size > 3)
    found, _ = run(
        search.program(),
        lambda request: {
            "SearchResults": [
                hit(item(note, n, size=n) if n else item(note, n), n / 10) for n in range(6)
            ]
        },
    )
    assert [record.note_id for record in found.records] == ["n4", "n5"]
    assert (found.found, found.left_out) == (6, 4)


def test_whole_items_are_read_by_one_batch_in_the_order_of_the_matches(
    note: leyden.Entity,
) -> None:
    whole = {n: item(note, n, body="long", size=n, meaning=[1, 0, 0]) for n in range(5)}
    # One is gone by now, one belongs to another tenant, one does not meet the condition, and one
    # has no vector any more.
    del whole[1]
    whole[5] = item(note, 5, body="long", size=5)
    whole[2] = {**whole[2], "tenant": {"S": "t2"}}
    whole[0] = {**whole[0], "size": {"N": "9.0"}}

    def answer(request: Request) -> Any:
        if request.api == "SearchVectors":
            assert "ProjectionExpression" not in request.params
            keys = [item(note, n) for n in (3, 1, 0, 2, 4, 5)]
            return {"SearchResults": [hit(key, n / 10) for n, key in enumerate(keys)]}
        (entry,) = request.params["RequestItems"].values()
        assert [key["sk"]["S"][-2:] for key in entry["Keys"]] == [
            f"n{n}" for n in (3, 1, 0, 2, 4, 5)
        ]
        return {
            "Responses": {"notes": [*whole.values()]},
            "ConsumedCapacity": [{"TableName": "notes", "CapacityUnits": 2.5}],
        }

    search = note.search.similar([1, 0, 0], tenant_id="t1").where(note.attr.size != 4)
    found, asked = run(search.program(hydrate=True), answer)
    assert [(m.record.note_id, m.record.body, m.distance) for m in found] == [
        ("n3", "long", 0.0),
        ("n0", "long", 0.2),
    ]
    assert (found.consumed, found.requests, found.found, found.left_out) == (2.5, 2, 6, 1)
    assert len(asked) == 2


def test_whole_items_that_cannot_be_read_in_time_end_the_search(note: leyden.Entity) -> None:
    def answer(request: Request) -> Any:
        if request.api == "SearchVectors":
            return {"SearchResults": [hit(item(note, 1), 0.1)]}
        raise ThrottledError("too much")

    with pytest.raises(BatchIncompleteError):
        run(note.search.similar([1, 0, 0], tenant_id="t1").program(hydrate=True, budget=0), answer)


def test_items_that_cannot_be_read_are_refused_or_set_aside(note: leyden.Entity) -> None:
    broken = {**item(note, 1), "size": {"S": "much"}}
    with pytest.raises(DecodeError, match="size"):
        searching(note, hit(broken, 0.1))
    found = searching(note, hit(broken, 0.1), hit(item(note, 2), 0.2), unreadable="collect")
    assert [record.note_id for record in found.records] == ["n2"]
    assert [error.field for error in found.unreadable] == ["size"]


class Table:
    """A table whose index is refused to so many searches, with what DescribeTable says of it."""

    def __init__(
        self, refusals: float, described: Any, refusal: type[TableError] = TableNotFoundError
    ) -> None:
        self.refusals = refusals
        self.described = described
        self.refusal = refusal

    def __call__(self, request: Request) -> Any:
        if request.api == "DescribeTable":
            assert request.params == {"TableName": "notes"}
            if isinstance(self.described, LeydenError):
                raise self.described
            return {"Table": {"VectorIndexes": self.described}}
        self.refusals -= 1
        if self.refusals >= 0:
            raise self.refusal("does not exist there")
        return {"SearchResults": []}


def search_on(note: leyden.Entity, table: Table, **options: Any) -> tuple[Any, list[str]]:
    program = note.search.similar([1, 0, 0], tenant_id="t1").program(**options)
    found, asked = run(program, table)
    return found, [one.api if isinstance(one, Request) else type(one).__name__ for one in asked]


@pytest.mark.parametrize("refusal", [TableNotFoundError, IndexNotReadyError])
def test_a_first_search_that_comes_too_early_is_sent_again(
    note: leyden.Entity, refusal: type[TableError]
) -> None:
    found, asked = search_on(note, Table(2, [READY], refusal))
    assert asked == [
        *("SearchVectors", "DescribeTable", "Pause"),
        *("SearchVectors", "Pause", "SearchVectors"),
    ]
    assert found.requests == 4
    _, asked = search_on(note, Table(1, AwsError("denied", aws_code="AccessDeniedException")))
    assert asked == ["SearchVectors", "DescribeTable", "Pause", "SearchVectors"]


@pytest.mark.parametrize("refusal", [TableNotFoundError, IndexNotReadyError])
def test_a_search_is_sent_again_within_a_bound(
    note: leyden.Entity, monkeypatch: pytest.MonkeyPatch, refusal: type[TableError]
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def passing(table: Table) -> Callable[[Request], Any]:
        def answer(request: Request) -> Any:
            nonlocal now
            now += 1.0
            return table(request)

        return answer

    program = note.search.similar([1, 0, 0], tenant_id="t1").program
    denied = AwsError("denied", aws_code="AccessDeniedException")
    for described, budget, seconds in (([READY], None, 30), ([READY], 3, 3), (denied, None, 5)):
        began = now
        with pytest.raises(refusal):
            run(program(budget=budget), passing(Table(float("inf"), described, refusal)))
        assert seconds <= now - began <= seconds + 2


@pytest.mark.parametrize(
    ("described", "error", "message"),
    [
        ([], TableNotFoundError, 'has no vector index "vec1"'),
        ([{**READY, "IndexName": "vec2"}], TableNotFoundError, 'has no vector index "vec1"'),
        ([{**READY, "IndexStatus": "CREATING"}], IndexNotReadyError, "is creating"),
        ([{**READY, "Backfilling": True}], IndexNotReadyError, "is backfilling"),
        (TableNotFoundError("no table"), TableNotFoundError, "does not exist there"),
    ],
)
def test_where_the_index_is_not_there_nothing_is_sent_again(
    note: leyden.Entity, described: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        search_on(note, Table(9, described))
    assert str(caught.value).startswith("note.search.similar: ")


def test_a_pause_is_short(note: leyden.Entity) -> None:
    program = note.search.similar([1, 0, 0], tenant_id="t1").program()
    _, asked = run(program, Table(12, [READY]))
    assert all(step.seconds <= 1.6 for step in asked if isinstance(step, Pause))
