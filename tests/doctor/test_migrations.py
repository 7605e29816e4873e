"""At each step of a migration the doctor knows what belongs to it, and finds no fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.migration.test_running import COUNT, Ground
from tests.operations.migrating.cases import CASES


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
