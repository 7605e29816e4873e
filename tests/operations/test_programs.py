"""Operations as programs, for larger ones to go on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden
from leyden.errors import LeydenError, MissingCompositeError, ThrottledError
from leyden.program import Program, Request

MEMBERS = """
entity: work
version: "1"
service: gallery
attributes:
  artist: {type: string, required: true}
  work_id: {type: string, required: true}
indexes:
  works:
    collection: estate
    type: clustered
    pk: {field: pk, composite: [artist]}
    sk: {field: sk, composite: [work_id]}
"""


@pytest.fixture(scope="module")
def app() -> Iterator[leyden.Service]:
    with leyden.local() as engine, leyden.load(MEMBERS, table="estate", engine=engine) as service:
        service.create_table()
        service.entities.work.put(artist="a", work_id="w1").go()
        yield service


def test_a_program_goes_on_from_the_results_of_others(app: leyden.Service) -> None:
    work = app.entities.work

    def copied() -> Program[list[str]]:
        found = yield from work.get(artist="a", work_id="w1").program()
        yield from work.put(artist=found.artist, work_id="w2").program()
        yield from app.batch_write([work.put(artist="a", work_id="w3")]).program()
        page = yield from work.query.works(artist="a").program(order="desc")
        estate = yield from app.collections.estate(artist="a").program(pages="all")
        batch = yield from app.batch_get([work.get(artist="a", work_id="w2")]).program()
        both = yield from app.transact_get([work.get(artist="a", work_id="w3")]).program()
        scanned = yield from work.scan.program(segments=2)
        return [
            *(one.work_id for one in page),
            *(one.work_id for one in estate),
            *(one.work_id for one in batch),
            *(one.work_id for one in both),
            *sorted(one.work_id for one in scanned),
        ]

    assert app.driver.run(copied()) == [
        *("w3", "w2", "w1"),
        *("w1", "w2", "w3"),
        "w2",
        "w3",
        *("w1", "w2", "w3"),
    ]


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda app: app.entities.work.get(artist="a"), "work.get"),
        (lambda app: app.entities.work.patch(artist="a"), "work.patch"),
        (lambda app: app.entities.work.get([{"artist": "a"}]), "work.batch_get"),
        (lambda app: app.batch_write([app.entities.work.delete(artist="a")]), "batch_write"),
    ],
)
def test_bad_input_is_refused_when_the_program_is_made(
    app: leyden.Service, build: Callable[[Any], Any], name: str
) -> None:
    with pytest.raises(MissingCompositeError) as by_program:
        build(app).program()
    with pytest.raises(MissingCompositeError) as by_go:
        build(app).go()
    assert by_program.value.operation == by_go.value.operation == name
    assert by_program.value.entity == by_go.value.entity == "work"
    assert str(by_program.value) == str(by_go.value)


def test_what_fails_while_a_program_runs_has_the_operation_and_its_entity(
    app: leyden.Service,
) -> None:
    program = app.entities.work.query.works(artist="a").program()
    assert isinstance(next(program), Request)
    with pytest.raises(LeydenError) as raised:
        program.throw(ThrottledError("too much"))
    assert raised.value.operation == "work.query.works"
    assert raised.value.entity == "work"


def test_a_hydrating_scan_in_segments_tells_its_progress_alone(task: leyden.Entity) -> None:
    items = [
        {**task.put(project_id="p", task_id=f"t{n}", employee_id="e").params()["Item"]}
        for n in range(3)
    ]
    told: list[tuple[int, int]] = []
    program = task.scan.index("assigned").program(
        segments=2, hydrate=True, progress=lambda *counts: told.append(counts)
    )
    program.send(None)
    page = {"Items": items[:2], "ScannedCount": 4}, {"Items": items[2:], "ScannedCount": 5}
    whole: Any = program.send(list(page))
    assert [request.api for request in whole.requests] == ["BatchGetItem"]
    with pytest.raises(StopIteration) as ended:
        program.send([{"Responses": {"tasks": items}, "UnprocessedKeys": {}}])
    assert len(ended.value.value) == 3
    assert told == [(3, 9)]
