"""The Python on a chart: it runs, and finds the items that the chart says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import leyden
from leyden.chart.boards import chart_of
from leyden.chart.contents import Chart
from leyden.chart.examples import examples_of, unconnected
from leyden.schema import check_service
from tests.chart.schemas import HOOKS, SCHEMAS, SHOP


@pytest.fixture(scope="module")
def engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as engine:
        yield engine


@pytest.mark.parametrize(
    ("source", "count"),
    [
        (SCHEMAS / "taskapp", 3),
        (SCHEMAS / "taskapp", 6),
        (SCHEMAS / "memory", 3),
        (SHOP, 3),
        (SHOP, 5),
    ],
)
def test_every_call_finds_the_items_that_it_shows(
    engine: leyden.LocalEngine, source: Any, count: int, table_name: str
) -> None:
    spec = check_service(source).service
    assert spec is not None
    chart = chart_of(spec, count, HOOKS)
    examples = examples_of(unconnected(spec, HOOKS), count, spec.entities)
    with leyden.load(source, table=table_name, engine=engine, hooks=HOOKS) as app:
        app.create_table()
        names: dict[str, str] = {}
        for example in examples.items:
            app[example.entity.spec.alias].create(dict(example.values)).go()
            names[_own_key(app, example.item)] = example.name
        calls = [call for board in chart.boards for p in board.patterns for call in p.calls]
        assert all(call.finds for call in calls)
        for call in calls:
            scope = {"app": app, "Decimal": Decimal, **app.entities}
            found = eval(call.text.removesuffix(".go()") + ".go(data='raw')", scope)
            items = [found] if isinstance(found, dict) else found.items
            assert sorted(names[_own_key(app, item)] for item in items) == sorted(call.finds), (
                call.text
            )


def _own_key(app: leyden.Service, item: Any) -> str:
    definition = app.table_definition
    return repr([item[field] for field in (definition.hash, definition.range)])


def test_every_pattern_of_the_schemas_has_a_call() -> None:
    spec = check_service(SCHEMAS / "memory").service
    assert spec is not None
    chart: Chart = chart_of(spec, 3)
    drawn = {(p.alias, p.name) for board in chart.boards for p in board.patterns if p.calls}
    assert drawn == {
        (entity.alias, name) for entity in spec.entities.values() for name in entity.indexes
    }
