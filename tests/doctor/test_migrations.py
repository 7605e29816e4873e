"""At each step of a migration the doctor knows what belongs to it, and finds no fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.doctor.clinic import raw_items, send
from tests.doctor.conftest import Open
from tests.migration.test_running import COUNT, Ground
from tests.operations.migrating.cases import CASES, OLD


@pytest.fixture(params=[pytest.param(case, id=case.name) for case in CASES])
def ground(request: pytest.FixtureRequest, embedded: LocalEngine) -> Iterator[Ground]:
    made = Ground(request.param, embedded, f"migrated-{CASES.index(request.param)}")
    made.fill()
    yield made
    made.close()


def notes(app: leyden.Service) -> dict[str, int]:
    report = app.doctor(full=True)
    assert report.is_healthy
    return {one.code: one.count for one in report.findings}


def test_a_table_is_healthy_at_every_step_of_a_migration(
    ground: Ground, embedded: LocalEngine
) -> None:
    old, new = ground.old, ground.new
    others = {"item.foreign": 1}
    assert notes(old) == others
    assert new.doctor(full=True).findings != old.doctor(full=True).findings, "there is work to do"
    reading_both: dict[str, Any] = {"migrating_from": ground.case.migration}
    with leyden.load(ground.case.new, table=ground.table, engine=embedded, **reading_both) as both:
        assert notes(both) == others | {"item.earlier": COUNT}
        ground.migrate()
        # What rolling back can compute is kept nowhere.
        assert notes(both).keys() <= {*others, "migration.open", "item.uncommitted"}
    assert notes(new)["migration.open"] == 1
    ground.migrate(rollback=True)
    assert notes(old) == others
    ground.migrate()
    ground.migrate(commit=True)
    assert notes(new) == others


def test_a_migration_that_names_an_entity_writes_its_index_keys_again(open_service: Open) -> None:
    app = open_service(OLD)
    task = app.entities.task
    for number in range(3):
        task.create(team="t", id=str(number), kind="bug", employee="e").go()
    first, second, _ = raw_items(app)
    lacking = {name: value for name, value in first.items() if not name.startswith("gsi1")}
    send(app, "PutItem", {"Item": lacking})
    send(app, "PutItem", {"Item": {**second, "gsi1pk": {"S": "$moved#employee_other"}}})
    report = app.doctor(full=True)
    assert [one.code for one in report.faults] == ["entry.differs", "entry.missing"]
    assert all("`leyden migrate` with a migration that" in one.remedy for one in report.faults)
    again = {"migration": "again", "from": OLD, "entities": {"task": {}}}
    assert app.migrate(again).moved == 2
    app.migrate(again, commit=True)
    assert app.doctor(full=True).findings == ()
